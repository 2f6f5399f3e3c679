"""RTP packets as they come from a peer and leave to it (RFC 3550, section 5.1; RFC 8285).

Read fifty times a second for every microphone; nothing here raises, whatever the bytes.
"""

from struct import Struct
from typing import Final, NamedTuple

from server.media.opus_packet import duration_of

_FIXED: Final = Struct("!BBHII")
_VERSION = 0b10
_PADDED = 0b10_0000
_EXTENDED = 0b01_0000
_SOURCES = 0b1111
_MARKED = 0b1000_0000
_RTCP: Final = range(192, 224)
"""What stands in RTCP where RTP has marker and payload type (RFC 5761, section 4)."""
_ONE_BYTE_ELEMENTS = 0xBEDE
_TWO_BYTE_ELEMENTS = 0x100


class Header(NamedTuple):
    """The part of an RTP packet that SRTP leaves readable (RFC 3711, section 3.1)."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int


class VoicePacket(NamedTuple):
    """One Opus packet and what its RTP header said.

    Attributes:
        sequence: 16 bits.
        timestamp: 32 bits, 48 kHz (RFC 7587, section 4.1).
        payload: Opus, of a valid duration.
        level: the sender's own idea of its loudness in dBov, 0 to -127 (RFC 6464); None: not told.
    """

    sequence: int
    timestamp: int
    payload: bytes
    level: int | None = None


def read_header(data: bytes) -> Header | None:
    """Read the fixed header; None if ``data`` is no RTP packet. Works on SRTP as well."""
    if len(data) < _FIXED.size:
        return None
    first, second, sequence, timestamp, ssrc = _FIXED.unpack_from(data)
    if first >> 6 != _VERSION or second in _RTCP:
        return None
    return Header(second & 0x7F, sequence, timestamp, ssrc)


def read_packet(data: bytes, level_extension: int | None) -> VoicePacket | None:
    """Read a packet after SRTP; None if it is malformed or holds no Opus of a valid duration.

    Args:
        data: the whole packet.
        level_extension: the number under which ssrc-audio-level was negotiated.
    """
    size = len(data)
    if size <= _FIXED.size:
        return None
    first, second, sequence, timestamp, _ = _FIXED.unpack_from(data)
    if first >> 6 != _VERSION or second in _RTCP:
        return None
    start = _FIXED.size + 4 * (first & _SOURCES)
    level = None
    if first & _EXTENDED:
        elements = start + 4
        if elements > size:
            return None
        start = elements + 4 * (data[elements - 2] << 8 | data[elements - 1])
        if start > size:
            return None
        if level_extension is not None:
            level = _level(data, elements, start, level_extension)
    if first & _PADDED:
        padding = data[-1]
        # Padding counts its own last byte, so it is never 0.
        payload = data[start : max(0, size - padding)] if padding else b""
    else:
        payload = data[start:]
    if not duration_of(payload):
        return None
    return VoicePacket(sequence, timestamp, payload, level)


def write_packet(header: Header, payload: bytes, *, is_first: bool) -> bytes:
    """Return a packet without header extensions.

    Args:
        header: its numbers; they must fit.
        payload: Opus.
        is_first: whether it begins a talkspurt, which the marker bit says (RFC 7587, section 4.1).
    """
    kind, sequence, timestamp, ssrc = header
    marked = kind | _MARKED if is_first else kind
    return _FIXED.pack(_VERSION << 6, marked, sequence, timestamp, ssrc) + payload


def _level(data: bytes, start: int, end: int, number: int) -> int | None:
    """Find the audio level among header extensions; nonsense ends the search."""
    profile = data[start - 4] << 8 | data[start - 3]
    if profile == _ONE_BYTE_ELEMENTS:
        return _level_of_one_byte_elements(data, start, end, number)
    # The lower four bits are for the application (RFC 8285, section 4.3).
    if profile >> 4 == _TWO_BYTE_ELEMENTS:
        return _level_of_two_byte_elements(data, start, end, number)
    return None


def _level_of_one_byte_elements(data: bytes, start: int, end: int, number: int) -> int | None:
    """RFC 8285, section 4.2: number and length - 1 share a byte; 0 is padding, 15 the end."""
    while start < end:
        tag = data[start]
        if tag >> 4 == number:
            # One byte: whether it is voice, and minus the level (RFC 6464, section 3).
            return -(data[start + 1] & 0x7F) if not tag & 0xF and start + 1 < end else None
        if tag >> 4 == 15:
            return None
        start += 2 + (tag & 0xF) if tag else 1
    return None


def _level_of_two_byte_elements(data: bytes, start: int, end: int, number: int) -> int | None:
    """RFC 8285, section 4.3: a byte for the number, a byte for the length; 0 is padding."""
    while start + 1 < end:
        tag, length = data[start], data[start + 1]
        if tag == number:
            return -(data[start + 2] & 0x7F) if length == 1 and start + 2 < end else None
        start += 2 + length if tag else 1
    return None
