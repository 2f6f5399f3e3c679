"""aiortc's own way of hearing, as it is used without a receiver of ours: what to measure against.

A buffer that counts packets, a decoder thread per track, 48 kHz stereo through a queue, then a
resampler to 16 kHz mono. ``StockPeer`` is the whole of it over a connection; ``StockVoice`` the
same parts in virtual time.
"""

import asyncio
import contextlib
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias, cast

import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.opus import OpusDecoder
from aiortc.jitterbuffer import JitterBuffer
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtcrtpreceiver import TimestampMapper
from aiortc.rtp import RtpPacket
from av import AudioFrame, AudioResampler, FFmpegError, Packet
from av.stream import Stream

from pipeline.audio import RATE_HZ, Samples
from server.media.addresses import bound_to
from server.media.opus_packet import OPUS_HZ, SILENT_FRAME
from server.media.sdp import clean_offer, finish_answer

Block: TypeAlias = tuple[Samples, int]
"""16 kHz mono, and the track time of its first sample, 0 at the track's first."""


class StockResampler:
    """Decoded frames in, 16 kHz mono out, each block where its RTP time says it lies."""

    def __init__(self) -> None:
        self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        self._origin: int | None = None
        self._frame_end = 0
        self._position = 0

    def push(self, frame: AudioFrame) -> list[Block]:
        """Return the blocks that are complete with ``frame``, most often one."""
        blocks: list[Block] = []
        timestamp = frame.pts or 0
        if self._origin is None:
            self._origin = timestamp
        start = (timestamp - self._origin) * RATE_HZ // frame.sample_rate
        if start != self._frame_end:
            blocks += self._collect(self._resampler.resample(None))
            self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
            self._position = start
        self._frame_end = start + frame.samples * RATE_HZ // frame.sample_rate
        frame.pts = None  # Gaps are gaps; the resampler would fill them on its own.
        return blocks + self._collect(self._resampler.resample(frame))

    def _collect(self, frames: list[AudioFrame]) -> list[Block]:
        blocks = []
        for frame in frames:
            samples = frame.to_ndarray().reshape(-1).astype(np.float32)
            samples /= 32768
            blocks.append((samples, self._position))
            self._position += samples.size
        return blocks


class SilentTrack(MediaStreamTrack):
    """Ready-made silent packets for the browser, one in 0.4 s."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    async def recv(self) -> "Packet[Stream]":
        if self._count:
            await asyncio.sleep(0.4)
        if self.readyState != "live":
            raise MediaStreamError
        packet = Packet(SILENT_FRAME)
        packet.pts, packet.time_base = self._count * 2 * OPUS_HZ // 5, Fraction(1, OPUS_HZ)
        self._count += 1
        return packet


class StockPeer:
    """A connection that aiortc's own receiver hears; the server's stock path of before."""

    def __init__(self, on_block: Callable[[Samples, int], None]) -> None:
        self._on_block = on_block
        self._hearing: list[asyncio.Task[None]] = []
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    @classmethod
    async def answer(
        cls,
        offer: str,
        on_block: Callable[[Samples, int], None],
        sends: MediaStreamTrack | None = None,
    ) -> "tuple[StockPeer, str]":
        """Answer as the server does; return the SDP too.

        Args:
            offer: the browser's.
            on_block: takes what is heard.
            sends: what the browser hears; without it silence.
        """
        peer = cls(on_block)
        connection = peer._connection
        connection.on("track", peer._on_track)
        with bound_to("127.0.0.1"):
            connection.addTrack(sends or SilentTrack())
            await connection.setRemoteDescription(
                RTCSessionDescription(clean_offer(offer), "offer")
            )
            await connection.setLocalDescription(await connection.createAnswer())
        return peer, finish_answer(connection.localDescription.sdp, None)

    async def close(self) -> None:
        await self._connection.close()
        await asyncio.gather(*self._hearing)

    def _on_track(self, track: MediaStreamTrack) -> None:
        self._hearing.append(asyncio.create_task(self._hear(track)))

    async def _hear(self, track: MediaStreamTrack) -> None:
        resampler = StockResampler()
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = cast(AudioFrame, await track.recv())
                for samples, at in resampler.push(frame):
                    self._on_block(samples, at)


class StockVoice:
    """What becomes of packets between aiortc's audio receiver and the end of its track."""

    def __init__(self) -> None:
        self._buffer = JitterBuffer(capacity=16, prefetch=4)
        self._times = TimestampMapper()
        self._decoder = OpusDecoder()
        self._resampler = StockResampler()
        self.decoded = 0
        """Packets whose sound came out."""

    def push(self, sequence: int, timestamp: int, payload: bytes) -> list[Block]:
        """Return what comes out because a packet came in; nothing comes out at other times."""
        packet = RtpPacket(sequence_number=sequence, timestamp=timestamp, payload=payload)
        packet._data = payload  # type: ignore[attr-defined]  # aiortc's receiver sets it, too
        _, encoded = self._buffer.add(packet)
        if encoded is None:
            return []
        encoded.timestamp = self._times.map(encoded.timestamp)
        try:
            frames = self._decoder.decode(encoded)
        except FFmpegError:
            return []
        self.decoded += 1
        return [
            block for frame in frames for block in self._resampler.push(cast(AudioFrame, frame))
        ]
