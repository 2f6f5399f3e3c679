"""Looks into an Opus packet without decoding it (RFC 6716, section 3)."""

from typing import Final, NamedTuple

OPUS_HZ: Final = 48_000
"""The clock of Opus in RTP, whatever was recorded (RFC 7587, section 4.1)."""
MAX_DURATION: Final = 5760
"""120 ms at 48 kHz: no packet sounds longer (section 3.2.5, R5)."""
MAX_FRAME_BYTES: Final = 1275
SILENT_FRAME: Final = b"\xf8\xff\xfe"
"""20 ms of digital silence as Opus packs it: configuration 31, mono (section 3.1)."""

_SILK = (480, 960, 1920, 2880)
_HYBRID = (480, 960)
_CELT = (120, 240, 480, 960)
_FRAMES: Final = tuple(
    (3 * _SILK + 2 * _HYBRID + 4 * _CELT)[first_byte >> 3] for first_byte in range(256)
)
"""How long each frame of a packet sounds, by the packet's first byte (section 3.1, table 2)."""
_FIRST_OF_CELT = 16 << 3
_STEREO = 0b100
_SEVERAL = 0b11
_SILK_FRAME = 960


class _Framing(NamedTuple):
    """How many frames a packet holds, and where the first one lies."""

    frames: int
    start: int
    size: int


def duration_of(payload: bytes) -> int:
    """Return how long a packet sounds in samples at 48 kHz; 0 if it is no valid packet."""
    if not payload:
        return 0
    first_byte = payload[0]
    if not first_byte & _SEVERAL:
        return _FRAMES[first_byte] if len(payload) <= 1 + MAX_FRAME_BYTES else 0
    framing = _framing(payload)
    return framing.frames * _FRAMES[first_byte] if framing else 0


def frame_duration(payload: bytes) -> int:
    """Return how long each frame of a valid packet sounds, in samples at 48 kHz."""
    return _FRAMES[payload[0]]


def carries_previous(payload: bytes) -> bool:
    """Return whether a packet holds a coarser copy of the frame before its first (LBRR).

    The copy sounds as long as each frame of this packet does.
    """
    if not payload or payload[0] >= _FIRST_OF_CELT:
        return False
    framing = _framing(payload)
    if framing is None or framing.size == 0:
        return False
    # Section 4.2.3: a channel's flags are one bit per 20 ms for voice activity, then one for LBRR.
    # They open the frame with even odds, so the range coder leaves them readable.
    flags = payload[framing.start]
    activity = max(1, _FRAMES[payload[0]] // _SILK_FRAME)
    copies = 0x80 >> activity
    if payload[0] & _STEREO:
        copies |= copies >> activity + 1
    return bool(flags & copies)


def _framing(payload: bytes) -> _Framing | None:
    """Read how a packet is divided (section 3.2); None if it cannot be."""
    match payload[0] & _SEVERAL:
        case 0:
            framing, last = _Framing(1, 1, len(payload) - 1), len(payload) - 1
        case 1:
            last, odd = divmod(len(payload) - 1, 2)
            framing = _Framing(2, 1, last)
            if odd:
                return None
        case 2:
            size, start = _frame_size(payload, 1, len(payload))
            framing, last = _Framing(2, start, size), len(payload) - start - size
        case _:
            return _framing_of_any_number(payload)
    return framing if 0 <= last <= MAX_FRAME_BYTES else None


def _framing_of_any_number(payload: bytes) -> _Framing | None:
    """Read a packet of code 3 (section 3.2.5)."""
    if len(payload) < 2:
        return None
    count = payload[1] & 0x3F
    if not 0 < count * _FRAMES[payload[0]] <= MAX_DURATION:
        return None
    start, end = 2, len(payload)
    if payload[1] & 0x40:
        start, end = _without_padding(payload)
    if not payload[1] & 0x80:
        size, rest = divmod(end - start, count)
        return _Framing(count, start, size) if 0 <= size <= MAX_FRAME_BYTES and not rest else None
    sizes = []
    for _ in range(count - 1):
        size, start = _frame_size(payload, start, end)
        sizes.append(size)
    last = end - start - sum(sizes)
    return _Framing(count, start, [*sizes, last][0]) if 0 <= last <= MAX_FRAME_BYTES else None


def _without_padding(payload: bytes) -> tuple[int, int]:
    """Return from where to where a padded packet has anything but padding."""
    start, end = 2, len(payload)
    while start < len(payload):
        length = payload[start]
        start += 1
        if length < 255:
            return start, end - length
        end -= 254
    return start, -1


def _frame_size(payload: bytes, start: int, end: int) -> tuple[int, int]:
    """Read a frame's size (section 3.2.1); return it and where reading goes on.

    Of a size that is cut off, one is made up that is too large for any packet.
    """
    if start < end and payload[start] < 252:
        return payload[start], start + 1
    if start + 1 < end:
        return payload[start] + 4 * payload[start + 1], start + 2
    return len(payload) + 1, end
