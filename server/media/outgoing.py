"""One source's packets as they leave: numbered, on the listener's time, and accounted for."""

import random
from dataclasses import dataclass

from server.media.opus_packet import OPUS_HZ, duration_of
from server.media.rtcp import SenderReport, goodbye, ntp_time, sender_report, source_description
from server.media.rtp import Header, write_packet


@dataclass(frozen=True, slots=True)
class Source:
    """What a source is known by.

    Attributes:
        ssrc: its number.
        payload_type: of Opus, as negotiated.
        cname: who sends, for RTCP.
    """

    ssrc: int
    payload_type: int
    cname: str


class Outgoing:
    """Numbers packets and reports on them; depends on nothing but what it is told and on chance."""

    def __init__(self, source: Source) -> None:
        """Start anywhere (RFC 3550, section 5.1)."""
        self._source = source
        # The lower half: a receiver whose first packets were lost must not miss the first wrap,
        # which it would need for its keys (RFC 3711, section 3.3.1).
        self._sequence = random.getrandbits(15)
        self._base = random.getrandbits(32)
        self._end: int | None = None
        self._at = 0
        self._sent_s = 0.0
        self._packets = self._octets = 0

    def packet(self, payload: bytes, at: int, now_s: float) -> bytes:
        """Return the RTP packet of an Opus packet; they are counted in the order of these calls.

        Args:
            payload: Opus.
            at: on the listener's time, 48 kHz.
            now_s: any clock, the one of ``report``.
        """
        source = self._source
        header = Header(source.payload_type, self._sequence, self._stamp(at), source.ssrc)
        is_first, self._end = at != self._end, at + duration_of(payload)
        self._sequence = self._sequence + 1 & 0xFFFF
        self._at, self._sent_s = at, now_s
        self._packets += 1
        self._octets += len(payload)
        return write_packet(header, payload, is_first=is_first)

    def report(self, now_s: float, unix_s: float) -> bytes:
        """Return a sender report with the canonical name; a receiver finds its clocks by it.

        Args:
            now_s: the clock of ``packet``.
            unix_s: the same instant since 1970.
        """
        source = self._source
        stamp = self._stamp(self._at + round((now_s - self._sent_s) * OPUS_HZ))
        said = SenderReport(source.ssrc, ntp_time(unix_s), stamp)
        name = source_description(source.ssrc, source.cname)
        return sender_report(said, self._packets, self._octets) + name

    def goodbye(self, now_s: float, unix_s: float) -> bytes:
        """Return the last report and the farewell."""
        return self.report(now_s, unix_s) + goodbye(self._source.ssrc)

    @property
    def has_sent(self) -> bool:
        """Whether there is anything to report on."""
        return self._packets > 0

    def _stamp(self, at: int) -> int:
        return self._base + at & 0xFFFFFFFF
