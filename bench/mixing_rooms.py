"""Rooms in which people hear each other, without the server around them: ours, and of stock parts.

A stock room is what one writes with aiortc alone: ``recv()`` and a resampler for every microphone,
and a track for every listener that adds the others up and sends them as frames.
"""

import asyncio
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Final, Protocol, TypeAlias

import numpy as np
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

from bench.stock import StockPeer
from pipeline.audio import RATE_HZ, Samples, samples
from server.media.frames import Frame
from server.media.opus_packet import OPUS_HZ
from server.media.peer import End, Peer, PeerConfig
from server.media.tally import Tally
from server.mixing.stage import Stage

_FRAME_S: Final = 0.02
_FRAME: Final = samples(_FRAME_S)
_PREFILL: Final = 3 * _FRAME
"""What a stock listener waits for before a microphone is played, at first and when it has run dry:
decoder threads hand sound over in bursts."""
_MOST: Final = samples(0.3)
_CONFIG: Final = PeerConfig(bind_address="127.0.0.1")


class Room(Protocol):
    """Who is answered here hears all others that are."""

    frames: int
    """Blocks of sound that were heard so far."""

    async def answer(self, offer: str) -> str:
        """Let one more person in."""

    async def close(self) -> None:
        """End every connection."""


class OurRoom:
    """Peers and a stage, as the server has them."""

    def __init__(self, rate_hz: int = RATE_HZ) -> None:
        self.frames = 0
        self._stage = Stage(rate_hz)
        self._peers: list[Peer] = []

    async def answer(self, offer: str) -> str:
        name = f"track {len(self._peers)}"
        seat = _Seat(self, name)
        peer, answer = await Peer.answer(offer, seat, _CONFIG)
        self._peers.append(peer)
        seat.peer = peer
        return answer

    async def close(self) -> None:
        self._stage.close()
        await asyncio.gather(*(peer.close() for peer in self._peers))

    def enter(self, name: str, peer: Peer) -> None:
        """Let a connected peer hear all others."""
        self._stage.enter(name, peer, lambda track: track != name)

    def take(self, name: str, frame: Frame) -> None:
        """Let the others hear what was said."""
        self.frames += 1
        self._stage.take(name, frame)


class _Seat:
    """The listener of one peer of ours."""

    def __init__(self, room: OurRoom, name: str) -> None:
        self.peer: Peer | None = None
        self._room = room
        self._name = name

    def on_connected(self) -> None:
        assert self.peer is not None
        self._room.enter(self._name, self.peer)

    def on_sound(self, frame: Frame) -> None:
        self._room.take(self._name, frame)

    def on_text(self, channel: str, text: str) -> None: ...
    def on_open(self, channel: str) -> None: ...
    def on_close(self, channel: str) -> None: ...
    def on_reception(self, tally: Tally) -> None: ...
    def on_end(self, reason: End) -> None: ...


class StockRoom:
    """Connections of aiortc's own."""

    def __init__(self) -> None:
        self.frames = 0
        self._voices: list[Voice] = []
        self._peers: list[StockPeer] = []

    async def answer(self, offer: str) -> str:
        voice = Voice()
        others = MixTrack(lambda: [one for one in self._voices if one is not voice])

        def on_block(block: Samples, _at: int) -> None:
            self.frames += 1
            voice.push(block)

        peer, answer = await StockPeer.answer(offer, on_block, others)
        self._voices.append(voice)
        self._peers.append(peer)
        return answer

    async def close(self) -> None:
        await asyncio.gather(*(peer.close() for peer in self._peers))


class Voice:
    """The newest of one microphone."""

    def __init__(self) -> None:
        self.end = 0
        self._ring = np.zeros(RATE_HZ, np.float32)

    def push(self, block: Samples) -> None:
        self._ring[np.arange(self.end, self.end + block.size) % RATE_HZ] = block
        self.end += block.size

    def read(self, at: int) -> Samples:
        return self._ring.take(np.arange(at, at + _FRAME), mode="wrap")


class MixTrack(MediaStreamTrack):
    """What one listener hears, as frames for aiortc's sender."""

    kind = "audio"

    def __init__(self, others: Callable[[], list[Voice]]) -> None:
        super().__init__()
        self._others = others
        self._read: dict[Voice, int] = {}
        self._began_s: float | None = None
        self._count = 0

    async def recv(self) -> AudioFrame:
        if self._began_s is None:
            self._began_s = time.perf_counter()
        due_s = self._began_s + self._count * _FRAME_S
        await asyncio.sleep(max(0.0, due_s - time.perf_counter()))
        if self.readyState != "live":
            raise MediaStreamError
        pcm = (np.clip(self._mixed(), -1, 1) * 32767).astype(np.int16)
        # Two channels already: aiortc would make one into two quieter ones.
        frame = AudioFrame.from_ndarray(np.repeat(pcm, 2).reshape(1, -1), "s16", "stereo")
        frame.sample_rate, frame.pts = RATE_HZ, self._count * _FRAME
        frame.time_base = Fraction(1, RATE_HZ)
        self._count += 1
        return frame

    def _mixed(self) -> Samples:
        mixed = np.zeros(_FRAME, np.float32)
        for voice in self._others():
            at = self._read.get(voice)
            if at is None and voice.end >= _PREFILL:
                at = voice.end - _PREFILL
            if at is not None and voice.end - at > _MOST:
                at = voice.end - _PREFILL
            if at is None or at + _FRAME > voice.end:
                self._read.pop(voice, None)
                continue
            mixed += voice.read(at)
            self._read[voice] = at + _FRAME
        return mixed


MakeRoom: TypeAlias = Callable[[], Room]

ROOMS: Final[dict[str, MakeRoom]] = {
    "stock": StockRoom,
    "ours": OurRoom,
    "ours, fullband": lambda: OurRoom(OPUS_HZ),
}
