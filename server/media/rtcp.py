"""RTCP: what senders say about themselves, and what is reported back (RFC 3550, section 6)."""

from struct import Struct
from typing import Final, NamedTuple

_HEADER: Final = Struct("!BBH")
_SENDER_REPORT: Final = Struct("!IQI")
_REPORT_BLOCK: Final = Struct("!IIIIII")
_VERSION = 0b10
_PADDED = 0b10_0000
_COUNT = 0b1_1111
_SR, _RR, _BYE = 200, 201, 203
_MAX_PACKETS = 32
"""In a compound packet; browsers send fewer than ten."""


class SenderReport(NamedTuple):
    """When a source was at which RTP timestamp.

    Attributes:
        ssrc: the source.
        ntp: 64 bits, NTP format: seconds in the upper half.
        timestamp: RTP, the same instant.
    """

    ssrc: int
    ntp: int
    timestamp: int


class Goodbye(NamedTuple):
    """These sources have stopped sending, perhaps for a while only."""

    sources: tuple[int, ...]


class ReportBlock(NamedTuple):
    """How one source was received (RFC 3550, section 6.4.1).

    Attributes:
        ssrc: the source.
        fraction_lost: of what it sent since the report before, in 1/256.
        lost: packets so far; less than 0 if duplicates came.
        highest_sequence: with the times it wrapped in the upper half.
        jitter: in samples at 48 kHz.
        last_report: the middle half of ``SenderReport.ntp``; 0: none came.
        since_last_report: how long ago that came, in 1/65536 s.
    """

    ssrc: int
    fraction_lost: int
    lost: int
    highest_sequence: int
    jitter: int
    last_report: int
    since_last_report: int


def read_compound(data: bytes) -> list[SenderReport | Goodbye]:
    """Read what concerns us of a compound packet, up to the first nonsense."""
    found: list[SenderReport | Goodbye] = []
    start = 0
    for _ in range(_MAX_PACKETS):
        body = start + _HEADER.size
        if body > len(data):
            break
        first, kind, words = _HEADER.unpack_from(data, start)
        end = body + 4 * words
        if first >> 6 != _VERSION or end > len(data):
            break
        start = end
        if first & _PADDED and words:
            end -= data[end - 1]
        count = first & _COUNT
        if kind == _SR and body + _SENDER_REPORT.size <= end:
            found.append(SenderReport(*_SENDER_REPORT.unpack_from(data, body)))
        elif kind == _BYE and 0 < 4 * count <= end - body:
            sources = (int.from_bytes(data[body + 4 * i : body + 4 * i + 4]) for i in range(count))
            found.append(Goodbye(tuple(sources)))
    return found


def receiver_report(own_ssrc: int, block: ReportBlock) -> bytes:
    """Return a receiver report, of reduced size: without our own name (RFC 5506).

    It needs to be negotiated and is not; browsers read it all the same, as they do aiortc's.

    Args:
        own_ssrc: who reports.
        block: about whom.
    """
    body = own_ssrc.to_bytes(4) + _block(block)
    return _HEADER.pack(_VERSION << 6 | 1, _RR, len(body) // 4) + body


def _block(block: ReportBlock) -> bytes:
    return _REPORT_BLOCK.pack(
        block.ssrc,
        block.fraction_lost << 24 | block.lost & 0xFFFFFF,
        block.highest_sequence,
        block.jitter,
        block.last_report,
        block.since_last_report,
    )
