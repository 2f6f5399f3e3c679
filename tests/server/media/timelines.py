"""Packets of a microphone as text, and what a jitter buffer makes of them as text.

A line has a column for every 20 ms. In it stand the packets that arrive then: ``3`` is the fourth
that was sent, ``3c`` the same with a copy of the one before, ``3@9`` one whose timestamp is that
of the tenth, ``a3`` belongs to another count of the sender, ``4,3`` are two at once and ``.``
is none. What comes out reads ``3`` for a packet, ``r c l p`` with milliseconds for what is
recovered, concealed, lost or a pause, and ``|`` for a restart.
"""

import re
from collections.abc import Iterable, Sequence
from typing import assert_never

from server.media.jitter import JitterBuffer
from server.media.opus_packet import duration_of
from server.media.rtp import VoicePacket
from server.media.steps import Conceal, Lost, Pause, Play, Recover, Restart, Step

COLUMN_S = 0.02
_TOKEN = re.compile(r"([a-z]?)(-?\d+)(?:@(-?\d+))?([cdt]*)")
_COUNTS = {"": (65_530, 2**32 - 2000), "a": (20_000, 7), "b": (65_480, 3_000_000_000)}
"""Sequence number and timestamp of a count's packet 0; two of them soon wrap."""

Arrival = tuple[float, VoicePacket]
Timed = tuple[float, Step]


def opus(size: int = 960, *, copy: bool = False) -> bytes:
    """The beginning of a packet of speech, which is all that is looked at."""
    config, flag = {480: (8, 0x40), 960: (9, 0x40), 1920: (10, 0x20), 2880: (11, 0x10)}[size]
    return bytes([config << 3, flag if copy else 0]) + b"speech"


def packet(token: str) -> VoicePacket:
    """Make the packet a token stands for; ``t`` is one of 60 ms, ``d`` one of nothing (DTX)."""
    match = _TOKEN.fullmatch(token)
    assert match is not None, token
    count, number, place, kind = match.groups()
    sequence, timestamp = _COUNTS[count]
    payload = opus(2880 if "t" in kind else 960, copy="c" in kind)
    return VoicePacket(
        sequence + int(number) & 0xFFFF,
        timestamp + 960 * int(place or number) & 0xFFFFFFFF,
        payload[:1] if "d" in kind else payload,
        None,
    )


def arrivals(line: str) -> list[Arrival]:
    """Return what arrives, and when."""
    return [
        (column * COLUMN_S, packet(token))
        for column, tokens in enumerate(line.split())
        for token in tokens.split(",")
        if token != "."
    ]


def listen(buffer: JitterBuffer, arriving: Iterable[Arrival]) -> list[Timed]:
    """Let packets arrive and the buffer's deadlines pass, until nothing is due any more."""
    timed: list[Timed] = []
    for now_s, arrived in arriving:
        timed += _until(buffer, now_s)
        timed += [(now_s, step) for step in buffer.push(arrived, now_s)]
    return timed + _until(buffer, float("inf"))


def _until(buffer: JitterBuffer, end_s: float) -> list[Timed]:
    timed: list[Timed] = []
    while buffer.deadline_s is not None and buffer.deadline_s < end_s:
        due_s = buffer.deadline_s
        steps = buffer.advance(due_s)
        assert steps, "A deadline passed and nothing was done."
        assert not buffer.advance(due_s), "Not everything was done at once."
        timed += [(due_s, step) for step in steps]
    return timed


def drawn(line: str, steps: Sequence[Step]) -> str:
    """Draw steps with the tokens of the line that led to them."""
    names = {packet(token): token for token in line.replace(",", " ").split() if token != "."}
    return " ".join(_drawn(step, names) for step in steps)


def _drawn(step: Step, names: dict[VoicePacket, str]) -> str:
    match step:
        case Play(played):
            return names[played]
        case Recover(size=size):
            return f"r{size // 48}"
        case Conceal(size=size):
            return f"c{size // 48}"
        case Lost(size=size):
            return f"l{size // 48}"
        case Pause(size=size):
            return f"p{size // 48}"
        case Restart():
            return "|"
        case _:
            assert_never(step)


def heard(line: str, buffer: JitterBuffer | None = None) -> str:
    """Draw what comes out when a line comes in."""
    timed = listen(buffer or JitterBuffer(), arrivals(line))
    return drawn(line, [step for _, step in timed])


def stretches(steps: Iterable[Step]) -> list[list[Step]]:
    """Divide steps at the restarts."""
    divided: list[list[Step]] = [[]]
    for step in steps:
        if isinstance(step, Restart):
            divided.append([])
        else:
            divided[-1].append(step)
    return divided


def size_of(step: Step) -> int:
    """Return how long a step sounds."""
    match step:
        case Play(played):
            return duration_of(played.payload)
        case Restart():
            return 0
        case _:
            return step.size
