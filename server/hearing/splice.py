"""A hole in a stream of samples and what its page kept: what goes where. Pure.

::

    heard      ##########........############     tail | hole | head
    piece 1          ~~~~~~~~                     laid by what it has in common with the tail
    piece 2                  ~~~~~~~~~            laid by what it has in common with the head
    filled               ####.####                what is still missing stays missing

The page's clock and ours agree within some tenths of a second, which would double a syllable or
cut one off. What was heard on both ways says to the sample where a piece belongs; where nothing
was said at an edge, or nothing is known of it, the clocks have to do, and nobody can hear it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipeline.audio import Samples, samples, seconds
from server.hearing.alignment import find

REACH_S = 1.0
"""A page's idea of a session second is wrong by less."""
COMPARED_S = 2.0
"""How much of either edge is compared; a page sends no more from before the hole."""
MAX_TWICE_S = 1.0
"""A new connection begins to carry at most this much of what the older one carried too."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Nothing is known of a track between two session seconds.

    Attributes:
        reason: ``no_packets``: its connection lived; ``reconnected``: it came back over another.
    """

    start_s: float
    end_s: float
    reason: Literal["no_packets", "reconnected"]

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound that a page kept, and the session second of its first sample as the page believes."""

    start_s: float
    samples: Samples

    @property
    def end_s(self) -> float:
        return self.start_s + seconds(self.samples.size)


@dataclass(frozen=True, slots=True)
class Run:
    """Sound that fills a hole from its sample ``start`` on; ``is_late``: its page sent it again."""

    start: int
    samples: Samples
    is_late: bool = True

    @property
    def end(self) -> int:
        return self.start + self.samples.size


@dataclass(frozen=True, slots=True)
class Filling:
    """What a hole turned out to be.

    Attributes:
        size: its samples; more or fewer than the clocks had it.
        runs: what there is of it, in order, none over another.
        twice: samples at the head's beginning that are in the tail already.
    """

    size: int
    runs: tuple[Run, ...]
    twice: int = 0


def fill(
    hole: Hole,
    tail: Samples,
    head: Samples,
    pieces: Sequence[Piece],
    spare: Sequence[Piece] = (),
) -> Filling:
    """Return what fills the hole.

    Args:
        hole: by the clocks.
        tail: what was heard just before it; may be empty.
        head: what was heard just after it; may be empty.
        pieces: what its page sent; any order, and they may overlap.
        spare: sound whose place is known, for where no piece is.
    """
    size = samples(hole.length_s)
    laid = [_lay(piece, hole, tail, head) for piece in pieces if piece.samples.size]
    for one in laid:
        if one.left is not None and one.right is not None:
            size = one.right - one.left
    wrong = [error for one in laid for error in one.errors(size)]
    error = wrong[int(np.argmin(np.abs(wrong)))] if wrong else 0
    found = [Run(-one.start(size, error), one.piece.samples) for one in laid]
    found.sort(key=lambda run: run.start)
    known = [Run(samples(one.start_s - hole.start_s), one.samples, False) for one in spare]
    twice = min(max(0, -size), samples(MAX_TWICE_S))
    return Filling(max(0, size), _without_overlap(found, known, max(0, size)), twice)


@dataclass(frozen=True, slots=True)
class _Laid:
    """A piece, and which of its samples are the hole's first and the head's first.

    ``left`` and ``right`` as heard, None where that cannot be; ``believed`` by the clocks.
    """

    piece: Piece
    believed: int
    left: int | None
    right: int | None

    def errors(self, size: int) -> list[int]:
        """Return by how much the page's clock was wrong at either edge, as far as known."""
        edges = ((self.left, 0), (self.right, size))
        return [at - self.believed - offset for at, offset in edges if at is not None]

    def start(self, size: int, error: int) -> int:
        """Return which sample is the hole's first."""
        if self.left is not None:
            return self.left
        return self.believed + error if self.right is None else self.right - size


def _lay(piece: Piece, hole: Hole, tail: Samples, head: Samples) -> _Laid:
    before, after = tail[-samples(COMPARED_S) :], head[: samples(COMPARED_S)]
    first = samples(hole.start_s - piece.start_s)
    last = samples(hole.end_s - piece.start_s)
    reach = samples(REACH_S)
    left = find(before, piece.samples, first - before.size, reach)
    right = find(after, piece.samples, last, reach)
    return _Laid(
        piece,
        first,
        None if left is None else left.at + before.size,
        None if right is None else right.at,
    )


def _without_overlap(found: Sequence[Run], known: Sequence[Run], size: int) -> tuple[Run, ...]:
    """Return what of the runs lies in the hole, each sample once; ``known`` where none is found."""
    runs: list[Run] = []
    for run in (*found, *known):
        for start, end in _free(runs, size):
            first, last = max(start, run.start), min(end, run.end)
            if first < last:
                part = run.samples[first - run.start : last - run.start]
                runs.append(Run(first, part, run.is_late))
        runs.sort(key=lambda one: one.start)
    return tuple(runs)


def _free(runs: Sequence[Run], size: int) -> list[tuple[int, int]]:
    """Return the stretches of the hole that no run covers; the runs are in order."""
    starts = [0, *(run.end for run in runs)]
    ends = [*(run.start for run in runs), size]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]
