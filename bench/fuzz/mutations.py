"""Damage for fuzzing: bytes and texts, changed as a seeded random source says."""

from collections.abc import Sequence
from random import Random
from typing import Final

_INTERESTING: Final = (
    0,
    1,
    2,
    3,
    4,
    0x0F,
    0x10,
    0x40,
    0x7F,
    0x80,
    0xBE,
    0xC8,
    0xCB,
    0xDE,
    0xFE,
    0xFF,
)
"""Bytes at which lengths, counts and flags turn over in RTP, RTCP and Opus."""
_LONGEST: Final = 1500
"""No datagram is longer on an Ethernet."""
_WORDS: Final = ("", "0", "-1", "²", "٣", ":", " ", "\0", "9" * 40, "말", "\udc80", "a=", "x" * 300)


def damaged(random: Random, corpus: Sequence[bytes], most: int = 6) -> bytes:
    """Return one of ``corpus`` with up to ``most`` damages; sometimes with none."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.randint(0, most)):
        _damage(random, data, corpus)
    return bytes(data[:_LONGEST])


def _damage(random: Random, data: bytearray, corpus: Sequence[bytes]) -> None:
    at = random.randint(0, len(data))
    # Headers are where parsers err.
    if random.random() < 0.5:
        at = min(at, random.randint(0, 24))
    length = random.choice((1, 1, 2, 4, random.randint(0, 64)))
    match random.randrange(8):
        case 0 if at < len(data):
            data[at] ^= 1 << random.randrange(8)
        case 1 if at < len(data):
            data[at] = random.choice(_INTERESTING)
        case 2:
            del data[at : at + length]
        case 3:
            data[at:at] = random.randbytes(length)
        case 4:
            del data[at:]
        case 5:
            data[at:at] = data[at : at + length] * random.randint(1, 8)
        case 6:
            other = random.choice(corpus)
            start = random.randint(0, len(other))
            data[at:] = other[start:]
        case _:
            data[at : at + length] = bytes((random.choice(_INTERESTING),)) * length


def damaged_text(random: Random, corpus: Sequence[str], most: int = 6) -> str:
    """Return one of ``corpus`` with up to ``most`` of its lines dropped, doubled or changed."""
    lines = random.choice(corpus).split("\r\n")
    for _ in range(random.randint(0, most)):
        if not lines:
            break
        _damage_line(random, lines)
    return random.choice(("\r\n", "\r\n", "\r\n", "\n", "\r", "\u2028")).join(lines)


def _damage_line(random: Random, lines: list[str]) -> None:
    index, other = random.randrange(len(lines)), random.randrange(len(lines))
    line = lines[index]
    at = random.randint(0, len(line))
    match random.randrange(8):
        case 0:
            del lines[index]
        case 1:
            lines.insert(other, line)
        case 2:
            lines[index], lines[other] = lines[other], line
        case 3:
            lines[index] = line[:at]
        case 4:
            lines[index] = line[:at] + random.choice(_WORDS) + line[at:]
        case 5:
            lines[index] = line.partition(":")[0] + ":" + random.choice(_WORDS)
        case 6:
            value = lines[other].partition(":")[2]
            lines[index] = line.partition(":")[0] + ":" + value
        case _:
            # A wrong number where one was.
            digits = "".join(letter for letter in line if letter.isdigit())
            if digits:
                wrong = str(
                    random.choice((0, -1, 255, 2**16, 2**32, 2**64, random.getrandbits(20)))
                )
                lines[index] = line.replace(digits[: random.randint(1, len(digits))], wrong)
