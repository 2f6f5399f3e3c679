"""Who the two are that speak at once."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import samples
from pipeline.speakers.activity import Span, Window
from pipeline.speakers.turns import VoiceTurn

_ACTIVE: Final = 0.3
"""Share of an overlap in which a local speaker must be heard to be one of the two."""
_ALONE: Final = samples(0.4)
_SHARE: Final = 0.6
_NEAR: Final = samples(1.0)
_REACH: Final = samples(10.0)
"""A window's length: what it holds around an overlap is no further away."""


def overlapping(
    overlaps: Sequence[Span], windows: Iterable[Window], turns: Sequence[VoiceTurn]
) -> list[VoiceTurn]:
    """Return the second voice of every overlap whose second voice can be told.

    A window's local speakers are heard alone before or after: ``turns`` tell whose those are.

    Args:
        overlaps: where two speak.
        windows: what was heard around them.
        turns: one voice at a time, in their order.
    """
    windows = list(windows)
    spans = np.array([(window.start, window.end) for window in windows]).reshape(-1, 2)
    starts, ends = [turn.start for turn in turns], [turn.end for turn in turns]
    found: list[VoiceTurn] = []
    for start, end in overlaps:
        near = turns[bisect_left(ends, start - _REACH) : bisect_right(starts, end + _REACH)]
        main = _voice_in(near, start, end)
        if main is None:
            continue
        around = np.flatnonzero((spans[:, 0] <= start) & (end <= spans[:, 1]))
        local = _local(start, end, [windows[i] for i in around], near)
        for voice, sure in [*local, *_neighbours(start, end, near)]:
            if voice != main.voice:
                found.append(VoiceTurn(voice, start, end, 0.8 * min(sure, main.confidence)))
                break
    return found


def _local(
    start: int, end: int, around: Sequence[Window], turns: Sequence[VoiceTurn]
) -> list[tuple[str, float]]:
    """Return whose the local speakers of the best placed window are, the most certain first."""
    if not around:
        return []
    window = min(around, key=lambda one: abs(one.start + one.end - start - end))
    speakers, step = window.activity.speakers, window.activity.step
    inside = speakers[int((start - window.start) / step) : int((end - window.start) / step) + 1]
    alone = speakers.sum(1) == 1
    found: list[tuple[str, float]] = []
    for local in np.flatnonzero(inside.mean(0) >= _ACTIVE) if len(inside) else ():
        frames = np.flatnonzero(alone & (speakers[:, local] > 0))
        found.extend(_majority(window.start + frames * step, step, turns))
    return sorted(found, key=lambda one: -one[1])


def _majority(
    at: NDArray[np.floating[Any]], step: float, turns: Sequence[VoiceTurn]
) -> list[tuple[str, float]]:
    """Return the voice that most of the samples ``at`` are in, if it is most of them."""
    shares: dict[str, float] = {}
    sure: dict[str, float] = {}
    for turn in turns:
        if turn.voice is not None:
            inside = int(((at >= turn.start) & (at < turn.end)).sum())
            shares[turn.voice] = shares.get(turn.voice, 0.0) + inside
            sure[turn.voice] = max(sure.get(turn.voice, 0.0), turn.confidence)
    total = sum(shares.values())
    if total * step < _ALONE:
        return []
    voice = max(shares, key=lambda one: shares[one])
    return [(voice, sure[voice])] if shares[voice] >= _SHARE * total else []


def _neighbours(start: int, end: int, turns: Sequence[VoiceTurn]) -> list[tuple[str, float]]:
    """Return who speaks right before and after; an overlap at a change is these two."""
    before = [turn for turn in turns if turn.start < start and start - turn.end <= _NEAR]
    after = [turn for turn in turns if turn.end > end and turn.start - end <= _NEAR]
    return [
        (turn.voice, 0.8 * turn.confidence)
        for turn in (*before[-1:], *after[:1])
        if turn.voice is not None
    ]


def _voice_in(turns: Sequence[VoiceTurn], start: int, end: int) -> VoiceTurn | None:
    """Return the turn that shares most of the stretch."""
    shared = [(min(end, turn.end) - max(start, turn.start), i) for i, turn in enumerate(turns)]
    best, index = max(shared, default=(0, 0))
    return turns[index] if best > 0 else None
