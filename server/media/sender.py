"""The sender of what one client hears, in aiortc's place: no task, no queue, no frames.

A packet that is ready goes its whole way, from ``play`` to the socket, in one call on the event
loop. aiortc makes one of these instead of its own sender inside ``sending``; docs/media.md tells
why.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import aiortc.rtcpeerconnection
import pylibsrtp
from aiortc import RTCDtlsTransport, RTCRtpSender
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtpSendParameters
from aiortc.stats import RTCStatsReport

from server.media.delivery import Delivery
from server.media.ice import QuietConnection
from server.media.outgoing import Outgoing, Source
from server.media.rtcp import ReportBlock

REPORT_S: Final = (2.5, 7.5)
"""A report leaves after a time between these: RFC 3550, section 6.2."""
FIRST_REPORT_S: Final = 1.0

_is_sending: ContextVar[bool] = ContextVar("is_sending", default=False)


@contextmanager
def sending() -> Iterator[None]:
    """Let connections that this task makes have ``VoiceSender``s."""
    before = _is_sending.set(True)
    try:
        yield
    finally:
        _is_sending.reset(before)


class VoiceSender:
    """What one client hears: what ``RTCPeerConnection`` needs of a sender, and nothing else."""

    def __init__(self, transport: RTCDtlsTransport) -> None:
        """Wait for ``send``."""
        self.transport = transport
        # What aiortc reads and writes: the answer names the source and its stream, and whether it
        # may send at all; it asks for ``send`` only if so. There is no track.
        self.track: MediaStreamTrack | None = None
        self._ssrc = random.getrandbits(32)
        self._stream_id = self._track_id = str(uuid.uuid4())
        self._enabled = True
        self._link: QuietConnection | None = None
        self._session: pylibsrtp.Session | None = None
        self._outgoing: Outgoing | None = None
        self._delivery = Delivery()
        self._alarm: asyncio.TimerHandle | None = None
        self._is_finished = False

    @property
    def loss(self) -> float:
        """The share of packets that the client says it did not get lately, 0 to 1."""
        return self._delivery.loss

    def setTransport(self, transport: RTCDtlsTransport) -> None:
        """Take the transport that the offer's sections share."""
        self.transport = transport

    async def getStats(self) -> RTCStatsReport:
        """Return the transport's; how the sound arrives is ``loss``."""
        return self.transport._get_stats()

    async def send(self, parameters: RTCRtpSendParameters) -> None:
        """Begin: the handshake is done. aiortc asks for it more than once."""
        if self._link is not None or self._is_finished:
            return
        link = self.transport.transport._connection
        assert isinstance(link, QuietConnection)
        self._link, self._session = link, self.transport._tx_srtp
        payload_type, cname = parameters.codecs[0].payloadType or 0, parameters.rtcp.cname or ""
        self._outgoing = Outgoing(Source(self._ssrc, payload_type, cname))
        self._report_in(FIRST_REPORT_S)

    async def stop(self) -> None:
        """Say goodbye and send nothing any more; idempotent."""
        if self._alarm is not None:
            self._alarm.cancel()
        if self._outgoing is not None and not self._is_finished:
            self._tell(self._outgoing.goodbye(time.monotonic(), time.time()))
        self._is_finished = True

    def play(self, packet: bytes, at: int) -> None:
        """Send an Opus packet at once; nothing happens before ``send`` and after ``stop``.

        What the socket cannot take now is lost: sound that waits is late anyway.

        Args:
            packet: Opus.
            at: on the listener's time, 48 kHz, never before the packet before it.
        """
        outgoing, link, session = self._outgoing, self._link, self._session
        if outgoing is None or link is None or session is None or self._is_finished:
            return
        link.send_at_once(session.protect(outgoing.packet(packet, at, time.monotonic())))

    def heard(self, blocks: Iterable[ReportBlock]) -> None:
        """Take the client's reports; those about other sources mean nothing."""
        for block in blocks:
            if block.ssrc == self._ssrc:
                self._delivery.push(block)

    def _report_in(self, delay_s: float) -> None:
        self._alarm = asyncio.get_running_loop().call_later(delay_s, self._report)

    def _report(self) -> None:
        self._report_in(random.uniform(*REPORT_S))
        if self._outgoing is not None and self._outgoing.has_sent:
            self._tell(self._outgoing.report(time.monotonic(), time.time()))

    def _tell(self, compound: bytes) -> None:
        if self._link is not None and self._session is not None:
            self._link.send_at_once(self._session.protect_rtcp(compound))


def make_sender(track_or_kind: MediaStreamTrack | str, transport: RTCDtlsTransport) -> Any:
    """Return the sender that aiortc asks for."""
    if _is_sending.get() and track_or_kind == "audio":
        return VoiceSender(transport)
    return RTCRtpSender(track_or_kind, transport)


# The one place where this is changed; the self-test sees to it that aiortc still uses it.
aiortc.rtcpeerconnection.RTCRtpSender = make_sender  # type: ignore[assignment, attr-defined]
