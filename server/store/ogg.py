"""A track as a file that any player opens: Ogg Opus (RFC 7845), the packets as they came."""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream

from server.media.opus_packet import SILENT_FRAME, duration_of
from server.store.protocol import Kept

RATE_HZ = 48_000
"""Of every time in Opus, whatever was sampled (RFC 7845, section 4)."""
FRAME = 960
"""20 ms; what lies closer to its place stays where it is, as clocks drift."""
PRE_SKIP_AT = 10
"""Where the header has the samples that a player drops (RFC 7845, section 5.1)."""
BATCH = 500
"""Packets that are written at a time."""


class Alignment:
    """Lays packets end to end so that each lies where it was heard, from session second 0 on.

    A file cannot say that nothing is known: gaps are silence. What would lie over the packet
    before it by a frame or more is left out; a clock that is 100 ppm too fast costs one packet
    in 200 s.
    """

    def __init__(self) -> None:
        self.end = 0
        """Where the next packet begins, in samples at 48 kHz."""

    def push(self, kept: Kept) -> Iterator[tuple[int, int, bytes]]:
        """Yield what follows: where it begins, how long it sounds, and the packet."""
        size = duration_of(kept.packet)
        missing = round(kept.start_s * RATE_HZ) - self.end
        if not size or missing <= -FRAME:
            return
        for _ in range(missing // FRAME):
            yield self._next(FRAME, SILENT_FRAME)
        yield self._next(size, kept.packet)

    def _next(self, size: int, packet: bytes) -> tuple[int, int, bytes]:
        at, self.end = self.end, self.end + size
        return at, size, packet


class OggFile:
    """Writes a track into a file; for one thread at a time, because it waits for the disk."""

    def __init__(self, path: Path) -> None:
        """Begin a file, in place of one that is there.

        Raises:
            OSError: it cannot be written.
        """
        # Voices are for nobody else; and PyAV's own errors have no sentence for people.
        path.touch(mode=0o600)
        self._alignment = Alignment()
        self._file = av.open(str(path), "w", format="ogg")
        self._stream, self._lead = _stream(self._file)

    @property
    def duration_s(self) -> float:
        return self._alignment.end / RATE_HZ

    def write(self, packets: list[Kept]) -> None:
        """Write the next packets of the track."""
        for kept in packets:
            for at, size, data in self._alignment.push(kept):
                packet: av.Packet[Any] = av.Packet(data)
                packet.stream, packet.time_base = self._stream, Fraction(1, RATE_HZ)
                packet.pts = packet.dts = at - self._lead
                packet.duration = size
                self._file.mux(packet)

    def close(self) -> None:
        self._file.close()


async def write_ogg(packets: AsyncIterator[Kept], path: Path) -> float:
    """Write a track into a file and return how many seconds it lasts.

    Raises:
        OSError: the file cannot be written.
        StoreUnavailable: the track cannot be read.
    """
    file = await asyncio.to_thread(OggFile, path)
    try:
        batch: list[Kept] = []
        async for kept in packets:
            batch.append(kept)
            if len(batch) == BATCH:
                await asyncio.to_thread(file.write, batch)
                batch = []
        await asyncio.to_thread(file.write, batch)
    finally:
        await asyncio.to_thread(file.close)
    return file.duration_s


def _stream(file: "av.container.OutputContainer") -> tuple[AudioStream, int]:
    """Return a stream for packets that are there already, and what its times are ahead by.

    PyAV adds streams by their encoder. This one encodes nothing, but its header says, and its
    times count, that players drop the encoder's delay at the beginning, which would move
    everything. So the header says 0, and times are moved back. To be deleted when PyAV's
    ``add_mux_stream`` takes a header.
    """
    stream = file.add_stream("libopus", rate=RATE_HZ, layout="mono")
    assert isinstance(stream, AudioStream)
    stream.codec_context.open()
    head = stream.codec_context.extradata
    assert head is not None
    (lead,) = struct.unpack_from("<H", head, PRE_SKIP_AT)
    stream.codec_context.extradata = head[:PRE_SKIP_AT] + bytes(2) + head[PRE_SKIP_AT + 2 :]
    return stream, lead
