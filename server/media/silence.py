"""Silence for a browser to receive, so that hearing each other later needs no new handshake."""

import asyncio
from fractions import Fraction

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import Packet
from av.stream import Stream

from server.media.opus_packet import OPUS_HZ

INTERVAL_S = 0.4
"""Opus itself sends a packet so often when nothing is said (RFC 7587, section 3.1.3); a receiver
fills the time between with the same silence. Twenty times cheaper than fifty packets a second."""
SILENT_FRAME_S = 0.02
SILENT_FRAME = b"\xf8\xff\xfe"
"""20 ms of digital silence as Opus packs it: configuration 31, mono (RFC 6716, section 3.1)."""


class SilenceTrack(MediaStreamTrack):
    """An audio track of ready-made silent packets; nothing is encoded."""

    kind = "audio"

    def __init__(self) -> None:
        """Start at packet 0."""
        super().__init__()
        self._count = 0

    async def recv(self) -> "Packet[Stream]":
        """Return the next packet when it is due.

        Raises:
            MediaStreamError: the track was stopped.
        """
        if self._count:
            await asyncio.sleep(INTERVAL_S)
        if self.readyState != "live":
            raise MediaStreamError
        packet = Packet(SILENT_FRAME)
        packet.pts = round(self._count * INTERVAL_S * OPUS_HZ)
        packet.time_base = Fraction(1, OPUS_HZ)
        self._count += 1
        return packet
