"""Voices as levels of sound, and models that hear them: a drawing is a whole interview.

``A..BBX`` is half a second of A, a second of silence, a second of B, half a second of A and B.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import Samples, samples
from pipeline.speakers.models import Activity, Embedding
from pipeline.speakers.turns import VoiceTurn

EACH_S: Final = 0.5
STEP: Final = 160_000 / 589
WIDTH: Final = 24
_LEVEL: Final = 0.05
_BOTH: Final = 9
VOICES: Final = "ABCDEF"


def sing(timeline: str) -> Samples:
    """Return the sound of what is drawn."""
    levels = [_LEVEL * _number(letter) for letter in timeline]
    return np.repeat(np.array(levels, np.float32), samples(EACH_S))


def embedding(voice: str, spread: float = 0.0, seed: int = 0) -> Embedding:
    """Return what ``voice`` sounds like; all voices have much in common, as real ones do."""
    row = np.zeros(WIDTH)
    row[0], row[1 + VOICES.index(voice)] = 0.6, 0.8
    row[1 + len(VOICES) :] = spread * np.random.default_rng(seed).standard_normal(
        WIDTH - 1 - len(VOICES)
    )
    return np.asarray(row / np.linalg.norm(row), np.float32)


class ChorusModels:
    """``VoiceModels`` for `sing`; remembers what it was asked."""

    def __init__(self, spread: float = 0.15) -> None:
        self.spread = spread
        self.windows = 0
        self.pieces = 0

    async def activity(self, sound: Samples) -> Activity:
        self.windows += 1
        frames = (np.arange(round(sound.size / STEP)) * STEP).astype(np.int64)
        numbers = np.round(sound[frames] / _LEVEL).astype(int)
        speakers = np.zeros((frames.size, 3), np.float32)
        order: list[int] = []
        for frame, number in enumerate(numbers):
            for one in (1, 2) if number == _BOTH else (number,) if number else ():
                if one not in order:
                    order.append(one)
                # Which local speaker is whom changes from window to window, as it really does.
                speakers[frame, (order.index(one) + self.windows) % 3] = 1
        return Activity(speakers, STEP)

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        rows = []
        for piece in pieces:
            self.pieces += 1
            numbers = np.round(piece[piece > 0] / _LEVEL).astype(int)
            counts = np.bincount(numbers, minlength=10)
            if not numbers.size:
                rows.append(embedding("A", 9.0, self.pieces))
                continue
            voice = VOICES[int(counts[1:7].argmax())]
            rows.append(embedding(voice, self.spread, self.pieces))
        return np.array(rows, np.float32)


def drawn(turns: Sequence[VoiceTurn], length: int, letters: dict[str | None, str]) -> str:
    """Draw who speaks in the middle of every half second; ``X``: two at once."""
    line = ""
    for i in range(length):
        at = samples((i + 0.5) * EACH_S)
        now = {turn.voice for turn in turns if turn.start <= at < turn.end}
        line += "." if not now else letters[now.pop()] if len(now) == 1 else "X"
    return line


def _number(letter: str) -> int:
    return {"X": _BOTH, ".": 0}.get(letter, VOICES.find(letter) + 1)
