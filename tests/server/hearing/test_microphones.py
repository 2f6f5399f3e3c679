"""How a microphone is: open, silent, lost; drawn as what arrives in each second."""

import numpy as np
import pytest

from server.hearing.microphones import (
    LOST_S,
    REPEAT_S,
    SILENT_DBFS,
    SILENT_S,
    MicrophoneState,
    MicrophoneWatch,
    power,
)

LOUD, ZERO = 1e-4, 0.0
STEP_S = 0.25


def states(drawing: str) -> str:
    """Return the state at the end of each second: o(pen), s(ilent), l(ost).

    In the drawing, a ``#`` is a second of sound, a ``.`` one of digital silence, a space one
    without packets.
    """
    watch = MicrophoneWatch("t", 0.0)
    found = ""
    for second, kind in enumerate(drawing):
        for part in range(1, 5):
            now_s = second + part * STEP_S
            if kind != " ":
                watch.hear(LOUD if kind == "#" else ZERO, now_s)
            watch.look(now_s)
        found += watch.state[0]
    return found


@pytest.mark.parametrize(
    ("drawing", "expected"),
    [
        ("######", "oooooo"),
        ("#.......", "ooooosss"),
        ("#.......#..", "ooooosssooo"),
        ("#....#....", "oooooooooo"),
        ("#     ##", "oooolloo"),
        ("      ", "ooolll"),
        ("#.......    .......", "ooooossssssloooooss"),
    ],
)
def test_the_state_follows_what_arrives(drawing: str, expected: str) -> None:
    assert states(drawing) == expected


def test_nobody_is_called_lost_or_silent_a_moment_too_early() -> None:
    watch = MicrophoneWatch("t", 100.0)
    assert watch.look(100.0 + LOST_S) is MicrophoneState.OPEN
    assert watch.look(100.01 + LOST_S) is MicrophoneState.LOST
    watch = MicrophoneWatch("t", 0.0)
    watch.hear(LOUD, 1.0)
    watch.hear(ZERO, 1.0 + SILENT_S - 0.01)
    assert watch.look(1.0 + SILENT_S) is MicrophoneState.OPEN


def test_a_state_is_told_at_every_change_and_again_after_a_while() -> None:
    watch = MicrophoneWatch("t", 0.0)
    assert watch.look(0.0) is MicrophoneState.OPEN
    watch.hear(LOUD, 0.5)
    assert watch.look(0.5) is None
    assert watch.look(REPEAT_S) is MicrophoneState.OPEN
    assert watch.look(REPEAT_S + 0.1) is None
    assert watch.look(0.6 + LOST_S) is MicrophoneState.LOST
    assert watch.look(0.7 + LOST_S) is None
    watch.hear(LOUD, 0.8 + LOST_S)
    assert watch.look(0.8 + LOST_S) is MicrophoneState.OPEN


@pytest.mark.parametrize(("dbfs", "state"), [(-74.0, "open"), (-76.0, "silent")])
def test_only_what_is_quieter_than_any_microphone_is_silence(dbfs: float, state: str) -> None:
    assert SILENT_DBFS == -75.0
    level = 10 ** (dbfs / 20)
    block = np.full(320, level, np.float32)
    block[::2] = -level
    watch = MicrophoneWatch("t", 0.0)
    for moment in range(8):
        watch.hear(power(block), float(moment))
    watch.look(7.0)
    assert watch.state == state
