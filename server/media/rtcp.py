"""RTCP: what senders say about themselves, and what is reported back (RFC 3550, section 6)."""

from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple, TypeAlias

from server.media.sender_count import signed

_HEADER: Final = Struct("!BBH")
_SENDER_REPORT: Final = Struct("!IQI")
_SENDER_COUNTS: Final = Struct("!II")
_BLOCK: Final = Struct("!IIIIII")
_VERSION = 0b10
_PADDED = 0b10_0000
_COUNT = 0b1_1111
_SR, _RR, _SDES, _BYE = 200, 201, 202, 203
_CNAME = 1
_MAX_PACKETS = 32
"""In a compound packet; browsers send fewer than ten."""
_NTP_EPOCH_S: Final = 2_208_988_800
"""From 1900, where NTP counts from, to 1970."""


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


Said: TypeAlias = SenderReport | ReportBlock | Goodbye


def read_compound(data: bytes) -> list[Said]:
    """Read what concerns us of a compound packet, up to the first nonsense."""
    found: list[Said] = []
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
            blocks = body + _SENDER_REPORT.size + _SENDER_COUNTS.size
            found += _read_blocks(data, blocks, end, count)
        elif kind == _RR:
            found += _read_blocks(data, body + 4, end, count)
        elif kind == _BYE and 0 < 4 * count <= end - body:
            sources = (int.from_bytes(data[body + 4 * i : body + 4 * i + 4]) for i in range(count))
            found.append(Goodbye(tuple(sources)))
    return found


def _read_blocks(data: bytes, start: int, end: int, count: int) -> Iterator[ReportBlock]:
    """Read report blocks, as many as there are of those that were announced."""
    for at in range(start, min(start + count * _BLOCK.size, end - _BLOCK.size + 1), _BLOCK.size):
        ssrc, losses, *rest = _BLOCK.unpack_from(data, at)
        yield ReportBlock(ssrc, losses >> 24, signed(losses, 24), *rest)


def ntp_time(unix_s: float) -> int:
    """Return a time as RTCP has it: 64 bits, seconds since 1900 in the upper half."""
    return int((unix_s + _NTP_EPOCH_S) * 2**32) & 0xFFFFFFFF_FFFFFFFF


def sender_report(report: SenderReport, packets: int, octets: int) -> bytes:
    """Return a sender report without report blocks.

    Args:
        report: who, and when it was at which timestamp.
        packets: sent so far.
        octets: of payload, sent so far.
    """
    counts = _SENDER_COUNTS.pack(packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    return _packet(_SR, 0, _SENDER_REPORT.pack(*report) + counts)


def source_description(ssrc: int, cname: str) -> bytes:
    """Return the canonical name of a source (RFC 3550, section 6.5.1); at most 255 bytes of it."""
    name = cname.encode()[:255]
    chunk = ssrc.to_bytes(4) + bytes((_CNAME, len(name))) + name
    # At least one zero ends the list, and more of them the word.
    return _packet(_SDES, 1, chunk + bytes(4 - len(chunk) % 4))


def goodbye(ssrc: int) -> bytes:
    """Return the last word of a source."""
    return _packet(_BYE, 1, ssrc.to_bytes(4))


def receiver_report(own_ssrc: int, block: ReportBlock) -> bytes:
    """Return a receiver report, of reduced size: without our own name (RFC 5506).

    It needs to be negotiated and is not; browsers read it all the same, as they do aiortc's.

    Args:
        own_ssrc: who reports.
        block: about whom.
    """
    return _packet(_RR, 1, own_ssrc.to_bytes(4) + _block(block))


def _packet(kind: int, count: int, body: bytes) -> bytes:
    return _HEADER.pack(_VERSION << 6 | count, kind, len(body) // 4) + body


def _block(block: ReportBlock) -> bytes:
    return _BLOCK.pack(
        block.ssrc,
        block.fraction_lost << 24 | block.lost & 0xFFFFFF,
        block.highest_sequence,
        block.jitter,
        block.last_report,
        block.since_last_report,
    )
