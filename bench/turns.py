"""Speech with known beginnings and ends, and how late what was told about it came."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.corpus import Clip, clips, monologue
from bench.results import Row
from bench.serving import percentile
from pipeline.audio import RATE_HZ, Samples, samples, seconds
from tests.speech.clips import all_clips

_EDGE = samples(0.05)
"""Silence that `monologue` leaves around the sound of a clip; 0.1 s more follow it."""
_LONG_S = (12.0, 18.0)
_LONG_EVERY = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """Speech from sample ``start`` to ``end`` of the track, and what is said in it."""

    start: int
    end: int
    clips: tuple[Clip, ...]

    @property
    def text(self) -> str:
        return " ".join(clip.text for clip in self.clips)

    @property
    def is_long(self) -> bool:
        return _LONG_S[0] <= seconds(self.end - self.start) <= _LONG_S[1]


@dataclass(slots=True)
class Told:
    """What came about one track: seconds of the replay, and which speech it was about.

    Attributes:
        interims: (came at, speech began at).
        finals: (came at, utterance ended at, its words).
    """

    interims: list[tuple[float, float]] = field(default_factory=list)
    finals: list[tuple[float, float, str]] = field(default_factory=list)
    dropped: int = 0

    @property
    def text(self) -> str:
        return " ".join(words for _, _, words in self.finals)


def measuring_speech(folder: Path | None) -> list[Clip]:
    """Return the clips of ``folder``, or the generated ones when there is none."""
    if folder is not None:
        return clips(folder)
    print("DAEDAM_SPEECH names no measuring speech: generated clips instead")
    return [Clip(clip.speaker, clip.text, clip.samples) for clip in all_clips()]


def interview(speech: list[Clip], minutes: float, seed: int = 3) -> tuple[list[Turn], Samples]:
    """Join clips into turns 1.5-2.5 s apart, every fifth one 12-18 s long."""
    random = np.random.default_rng(seed)
    left = [speech[i] for i in random.permutation(len(speech))]
    turns: list[Turn] = []
    pieces = [np.zeros(RATE_HZ, np.float32)]
    size = RATE_HZ
    while left and size < minutes * 60 * RATE_HZ:
        turn = [left.pop()]
        if len(turns) % _LONG_EVERY == _LONG_EVERY - 1:
            while left and seconds(monologue(turn).size) < _LONG_S[0]:
                turn.append(left.pop())
        sound = monologue(turn)
        end = size + sound.size - samples(0.1) - _EDGE
        turns.append(Turn(size + _EDGE, end, tuple(turn)))
        pieces += [sound, np.zeros(samples(random.uniform(1.5, 2.5)), np.float32)]
        size += pieces[-2].size + pieces[-1].size
    return turns, np.concatenate([*pieces, np.zeros(2 * RATE_HZ, np.float32)])


def delays(tracks: list[tuple[list[Turn], Told]]) -> list[Row]:
    """Return the rows of the latency table, all tracks pooled."""
    first: list[float] = []
    short: list[float] = []
    long: list[float] = []
    refresh: list[float] = []
    for turns, told in tracks:
        ends = [*(seconds(turn.start) for turn in turns[1:]), float("inf")]
        for turn, next_s in zip(turns, ends, strict=True):
            start_s, end_s = seconds(turn.start), seconds(turn.end)
            mine = [one for one in told.interims if start_s - 1 <= one[1] < next_s - 1]
            first += [came_s - start_s for came_s, _ in mine[:1]]
            refresh += [
                two[0] - one[0]
                for one, two in zip(mine, mine[1:], strict=False)
                if one[1] == two[1]
            ]
            finals = [came_s for came_s, at_s, _ in told.finals if start_s < at_s < next_s]
            (long if turn.is_long else short).extend(came_s - end_s for came_s in finals[-1:])
    return [
        spread("final after the end of speech (s)", short),
        spread("the same, turns of 12-18 s (s)", long),
        spread("first interim after speech starts (s)", first),
        spread("interim refresh (s)", refresh),
    ]


def spread(name: str, values: list[float]) -> Row:
    """Return one row: how many, median, 95th percentile, worst."""
    if not values:
        return {"measured": name, "count": 0}
    return {
        "measured": name,
        "count": len(values),
        "p50": percentile(values, 0.5),
        "p95": percentile(values, 0.95),
        "max": max(values),
    }
