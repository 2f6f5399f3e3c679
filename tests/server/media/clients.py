"""A browser's part, played by aiortc on 127.0.0.1, and a listener that notes all it is told."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack
from av import AudioFrame

from pipeline.audio import RATE_HZ, Samples
from server.media.addresses import bound_to
from server.media.channels import CHANNELS
from server.media.frames import Frame
from server.media.peer import End, Peer, PeerConfig
from server.media.tally import Tally

LOOPBACK = "127.0.0.1"
CONFIG = PeerConfig(bind_address=LOOPBACK)
FRAME = 320
"""20 ms at 16 kHz."""


class SpokenTrack(MediaStreamTrack):
    """A microphone into which given samples are spoken, over and over, in real time."""

    kind = "audio"

    def __init__(self, samples: Samples) -> None:
        super().__init__()
        self._pcm = np.tile((samples * 32767).astype(np.int16), 1 + FRAME // samples.size)
        self._started = time.monotonic()
        self._count = 0
        self.speaking = asyncio.Event()
        """While it is cleared its packets are lost on their way."""
        self.speaking.set()

    async def recv(self) -> AudioFrame:
        due_s = self._started + self._count * FRAME / RATE_HZ
        await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        start = self._count * FRAME
        pcm = self._pcm.take(np.arange(start, start + FRAME), mode="wrap")
        # Two channels already: aiortc would make one into two quieter ones.
        frame = AudioFrame.from_ndarray(np.repeat(pcm, 2).reshape(1, -1), "s16", "stereo")
        frame.sample_rate, frame.pts = RATE_HZ, start
        frame.time_base = Fraction(1, RATE_HZ)
        self._count += 1
        return frame


def tone(hz: float, duration_s: float = 1.0) -> Samples:
    moments = np.arange(int(duration_s * RATE_HZ)) / RATE_HZ
    return (0.5 * np.sin(2 * np.pi * hz * moments)).astype(np.float32)


@dataclass
class Noted:
    """Everything a listener was told, in order; ``until`` waits for it."""

    frames: list[Frame] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    events: list[tuple[str, ...]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_connected(self) -> None:
        self._note("connected")

    def on_sound(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.changed.set()

    def on_reception(self, tally: Tally) -> None:
        self.tallies.append(tally)
        self.changed.set()

    def on_text(self, channel: str, text: str) -> None:
        self._note("text", channel, text)

    def on_open(self, channel: str) -> None:
        self._note("open", channel)

    def on_close(self, channel: str) -> None:
        self._note("close", channel)

    def on_end(self, reason: End) -> None:
        self._note("end", reason)

    def tally(self, name: str) -> float:
        """Return the sum of one count over all that was told."""
        return float(sum(getattr(tally, name) for tally in self.tallies))

    async def until_tally(self, name: str, count: int) -> None:
        """Wait until so much has been counted."""
        async with asyncio.timeout(10):
            while self.tally(name) < count:
                await self.change()

    def _note(self, *event: str) -> None:
        self.events.append(event)
        self.changed.set()

    async def until(self, *event: str) -> None:
        """Wait until it has been told."""
        async with asyncio.timeout(10):
            while event not in self.events:
                await self.change()

    async def until_sound(self, duration_s: float) -> Samples:
        """Wait for so much sound and return it."""
        async with asyncio.timeout(10):
            while sum(frame.samples.size for frame in self.frames) < duration_s * RATE_HZ:
                await self.change()
        return np.concatenate([frame.samples for frame in self.frames])

    async def change(self) -> None:
        """Wait until it is told anything more."""
        self.changed.clear()
        await self.changed.wait()


class Client:
    """What a page does: one microphone, two channels, one offer."""

    def __init__(self, *, speaks: Samples | None = None, channels: tuple[str, ...] = CHANNELS):
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.received: asyncio.Queue[tuple[str, str | bytes]] = asyncio.Queue()
        self.tracks: list[MediaStreamTrack] = []
        self.connection.on("track", self.tracks.append)
        self.microphone = None if speaks is None else SpokenTrack(speaks)
        if self.microphone is not None:
            self.connection.addTrack(self.microphone)
        self.channels = {name: self._channel(name) for name in channels}

    async def offer(self) -> str:
        with bound_to(LOOPBACK):
            await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        if self.microphone is not None:
            self._let_packets_be_lost(self.microphone)

    async def say(self, channel: str, message: str | bytes) -> None:
        """Send once the channel is open."""
        await eventually(lambda: self.channels[channel].readyState == "open")
        self.channels[channel].send(message)

    async def close(self) -> None:
        await self.connection.close()

    def _let_packets_be_lost(self, microphone: SpokenTrack) -> None:
        transport = self.connection.getSenders()[0].transport
        send = transport._send_rtp

        async def send_or_lose(data: bytes) -> None:
            if microphone.speaking.is_set():
                await send(data)

        transport._send_rtp = send_or_lose  # type: ignore[method-assign]

    def _channel(self, name: str) -> RTCDataChannel:
        channel = self.connection.createDataChannel(name)
        channel.on("message", lambda data: self.received.put_nowait((name, data)))
        return channel


async def eventually(is_true: Callable[[], object]) -> None:
    """Wait for what aiortc has no event for."""
    for _ in range(2000):
        if is_true():
            return
        await asyncio.sleep(0.005)
    raise TimeoutError


@asynccontextmanager
async def connected(
    client: Client, noted: Noted, config: PeerConfig = CONFIG
) -> AsyncIterator[Peer]:
    """Offer, answer, connect; close both sides in the end."""
    try:
        peer, answer = await Peer.answer(await client.offer(), noted, config)
        try:
            await client.take(answer)
            await noted.until("connected")
            await eventually(lambda: client.connection.connectionState == "connected")
            yield peer
        finally:
            await peer.close()
    finally:
        await client.close()
