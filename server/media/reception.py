"""Statistics of what came from one source (RFC 3550, sections 6.4.1 and A.1, A.3, A.8).

Senders act on them: browsers put copies of lost frames into Opus only when told of losses.
"""

from typing import Final

from server.media.opus_packet import OPUS_HZ
from server.media.rtcp import ReportBlock, SenderReport
from server.media.sender_count import MAX_STEP, signed

_MAX_MISORDER: Final = 100
_MAX_LOST: Final = 0x7FFFFF
_MAX_TRANSIT_STEP: Final = 10 * OPUS_HZ
"""More than any network holds a packet up: the sender's timestamps have jumped."""


class Reception:
    """Counts one source's packets; depends on nothing but what it is told."""

    def __init__(self, ssrc: int) -> None:
        """Start before the source's first packet."""
        self.ssrc = ssrc
        self._first = self._highest = -1
        """Sequence numbers that do not wrap."""
        self._received = 0
        self._foreign: int | None = None
        """What would prove that the sender counts from elsewhere now."""
        self._transit: float | None = None
        self._jitter = 0.0
        self._reported_expected = self._reported_received = 0
        self._last_report = 0
        self._last_report_at_s = 0.0

    def push(self, sequence: int, timestamp: int, now_s: float) -> None:
        """Count a packet that arrived just now."""
        step = sequence - self._highest & 0xFFFF
        if self._received == 0:
            self._begin(sequence)
        elif step < MAX_STEP:
            self._highest += step
        elif step <= 0x10000 - _MAX_MISORDER:
            # Far off: only the one after it proves that the sender has begun anew (A.1).
            if sequence != self._foreign:
                self._foreign = sequence + 1 & 0xFFFF
                return
            self._begin(sequence)
        self._received += 1
        self._measure_jitter(timestamp, now_s)

    def heard(self, report: SenderReport, now_s: float) -> None:
        """Remember when the source's own report came."""
        self._last_report = report.ntp >> 16 & 0xFFFFFFFF
        self._last_report_at_s = now_s

    def report(self, now_s: float) -> ReportBlock | None:
        """Return the next report; None if nothing came since the one before."""
        if self._received == self._reported_received:
            return None
        expected = self._highest - self._first + 1
        newly_expected = expected - self._reported_expected
        newly_lost = newly_expected - (self._received - self._reported_received)
        self._reported_expected, self._reported_received = expected, self._received
        since = round((now_s - self._last_report_at_s) * 65_536) if self._last_report else 0
        return ReportBlock(
            ssrc=self.ssrc,
            fraction_lost=min(255, (newly_lost << 8) // newly_expected) if newly_lost > 0 else 0,
            lost=max(-_MAX_LOST - 1, min(expected - self._received, _MAX_LOST)),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=min(int(self._jitter), 0xFFFFFFFF),
            last_report=self._last_report,
            since_last_report=min(max(0, since), 0xFFFFFFFF),
        )

    def _begin(self, sequence: int) -> None:
        self._first = self._highest = sequence
        self._received = self._reported_expected = self._reported_received = 0
        self._foreign = self._transit = None

    def _measure_jitter(self, timestamp: int, now_s: float) -> None:
        transit = now_s * OPUS_HZ - timestamp
        if self._transit is not None:
            step = abs(signed(round(transit - self._transit), 32))
            if step < _MAX_TRANSIT_STEP:
                self._jitter += (step - self._jitter) / 16
        self._transit = transit
