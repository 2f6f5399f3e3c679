"""What overlapping windows say about who speaks when, added up along one track."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import samples
from pipeline.speakers.models import Activity

Span = tuple[int, int]
"""From which sample to which."""

STEP: Final = 160_000 / 589
"""Samples between frames: what segmentation-3.0 answers for 10 s."""

_FILL_S: Final = 0.25
_DROP_S: Final = 0.2
_OVERLAP_S: Final = 0.15
_KEPT_S: Final = 75.0
_SPREAD: Final = 6
"""Frames by which windows may differ about where one voice follows another."""

_SPEECH, _OVERLAP, _CHANGE, _WEIGHT = range(4)


@dataclass(frozen=True, slots=True)
class Window:
    """What was heard of a track from sample ``start`` on."""

    start: int
    activity: Activity

    @property
    def end(self) -> int:
        return self.start + round(len(self.activity.speakers) * self.activity.step)


class RunningActivity:
    """Adds windows up, their middles counting most; the last minute is kept, the rest rounded."""

    def __init__(self) -> None:
        self.windows: deque[Window] = deque()
        self._first = 0
        """Frame of the first column of `_sums`."""
        self._sums: NDArray[np.float32] = np.zeros((4, 0), np.float32)
        self._old: list[NDArray[np.uint8]] = []

    def add(self, start: int, heard: Activity) -> None:
        """Count what was ``heard`` from sample ``start`` on."""
        frames = len(heard.speakers)
        first = round(start / STEP)
        if not frames or first < self._first:
            return
        self._grow(first + frames)
        rows = _rows(heard.speakers)
        # Never 0, so that what only the edge of a window has heard is known too.
        weight = np.hamming(frames).astype(np.float32)
        column = first - self._first
        self._sums[:, column : column + frames] += weight * rows
        self.windows.append(Window(start, heard))
        self._forget(first + frames)

    def speech(self, start: int, end: int) -> list[Span]:
        """Return where somebody speaks between two samples, short pauses filled."""
        return self._runs(_SPEECH, start, end, _FILL_S, _DROP_S)

    def overlaps(self, start: int, end: int) -> list[Span]:
        """Return where two speak at once."""
        return self._runs(_OVERLAP, start, end, _OVERLAP_S, _OVERLAP_S)

    def changes(self, start: int, end: int) -> list[int]:
        """Return the samples at which one voice follows another."""
        return [(a + b) // 2 for a, b in self._runs(_CHANGE, start, end, 0.0, 0.0)]

    def unheard(self, start: int, end: int) -> list[Span]:
        """Return what no window has covered; what is too old to be kept counts as heard."""
        first, last = self._columns(start, end)
        blank = np.ones(max(0, last - first), bool)
        have = self._sums[_WEIGHT, max(0, first) : max(0, last)]
        offset = max(0, -first)
        blank[offset : offset + have.size] = have <= 0
        blank[:offset] = False
        return [(self._at(first + a), self._at(first + b)) for a, b in _true_runs(blank)]

    def frames(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return how surely somebody, and two, speak in every frame of the track: 0 to 255."""
        parts = [*self._old, self._rounded(self._sums)]
        joined = np.concatenate(parts, axis=1)
        return joined[0], joined[1]

    def _runs(self, row: int, start: int, end: int, fill_s: float, drop_s: float) -> list[Span]:
        first, last = (max(0, column) for column in self._columns(start, end))
        part = self._sums[:, first:last]
        found: list[Span] = []
        for a, b in _true_runs(part[row] > 0.5 * np.maximum(part[_WEIGHT], 1e-6)):
            begin, stop = self._at(first + a), self._at(first + b)
            if found and begin - found[-1][1] < samples(fill_s):
                found[-1] = (found[-1][0], stop)
            else:
                found.append((begin, stop))
        kept = [(max(a, start), min(b, end)) for a, b in found if b - a >= samples(drop_s)]
        return [(a, b) for a, b in kept if b > a]

    def _columns(self, start: int, end: int) -> Span:
        return round(start / STEP) - self._first, round(end / STEP) - self._first

    def _at(self, column: int) -> int:
        return round((column + self._first) * STEP)

    def _grow(self, last: int) -> None:
        missing = last - self._first - self._sums.shape[1]
        if missing > 0:
            self._sums = np.pad(self._sums, ((0, 0), (0, missing)))

    def _forget(self, last: int) -> None:
        """Round what is older than a minute; some seconds at once, as each time all is copied."""
        kept = round(samples(_KEPT_S) / STEP)
        surplus = last - kept - self._first
        if surplus > kept // 4:
            self._old.append(self._rounded(self._sums[:, :surplus]))
            self._sums = self._sums[:, surplus:].copy()
            self._first += surplus
        while self.windows and self.windows[0].start < self._first * STEP:
            self.windows.popleft()

    @staticmethod
    def _rounded(sums: NDArray[np.float32]) -> NDArray[np.uint8]:
        share = sums[[_SPEECH, _OVERLAP]] / np.maximum(sums[_WEIGHT], 1e-6)
        return np.asarray(255 * np.clip(share, 0, 1), np.uint8)


def changes(speakers: NDArray[np.float32]) -> Iterator[int]:
    """Yield the frames of a window between the last of one voice alone and the first of another."""
    alone = np.flatnonzero(speakers.sum(1) == 1)
    who = speakers[alone].argmax(1)
    for i in np.flatnonzero(np.diff(who)):
        yield int(alone[i] + alone[i + 1] + 1) // 2


def _rows(speakers: NDArray[np.float32]) -> NDArray[np.float32]:
    count = speakers.sum(1)
    rows = np.zeros((4, len(speakers)), np.float32)
    rows[_SPEECH], rows[_OVERLAP], rows[_WEIGHT] = count >= 1, count >= 2, 1
    for frame in changes(speakers):
        rows[_CHANGE, max(0, frame - _SPREAD) : frame + _SPREAD] = 1
    return rows


def _true_runs(flags: NDArray[np.bool_]) -> list[Span]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
