"""Whose each cell of speech is, given the voices that are known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import seconds
from pipeline.speakers.cells import HOP, Cell
from pipeline.speakers.confidence import Evidence, confidence
from pipeline.speakers.lattice import likeliest
from pipeline.speakers.models import Embedding


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelConfig:
    """What labels cost and need.

    Attributes:
        scale: score of a cosine of 1 over half a second.
        change: what it costs that a voice follows another in the midst of speech.
        follow: the same where segmentation hears a change, or after a pause.
        unknown: cosine that somebody whom nobody knows is taken to have with every cell.
        stranger: the same where nobody is enrolled, so that every voice has to be found.
        least: confidence below which a run is not said to be an enrolled voice's.
        same: cosine below which a run is not said to be a found voice's.
    """

    scale: float = 20.0
    change: float = 3.0
    follow: float = 1.0
    unknown: float = 0.45
    stranger: float = 0.66
    least: float = 0.5
    same: float = 0.64


@dataclass(frozen=True, slots=True)
class Known:
    """The voices to choose from, rows of ``centres`` in the order of ``names``."""

    names: Sequence[str]
    centres: NDArray[np.float32]
    enrolled: frozenset[str]
    is_exclusive: bool


@dataclass(frozen=True, slots=True)
class Run:
    """Cells ``first`` to before ``last`` that are one voice's; None: nobody's who is known.

    Attributes:
        mean: what it sounds like; None: nothing of it could be compared.
        likely: confidence in the enrolled voice that is most alike, though it may be too low.
    """

    voice: str | None
    first: int
    last: int
    confidence: float
    mean: Embedding | None
    heard_s: float
    likely: float


def label(
    cells: Sequence[Cell],
    heard: Sequence[Embedding | None],
    known: Known,
    config: LabelConfig,
) -> list[Run]:
    """Return runs that cover ``cells``; ``heard`` is what each sounds like, None: not known."""
    if not cells:
        return []
    path = likeliest(_scores(cells, heard, known, config), _penalties(cells, config))
    return [
        _judged(cells, heard, known, config, int(path[first]), first, last)
        for first, last in _pieces(path, cells, known)
    ]


def _scores(
    cells: Sequence[Cell], heard: Sequence[Embedding | None], known: Known, config: LabelConfig
) -> NDArray[np.float32]:
    scores = np.zeros((len(cells), len(known.names) + 1), np.float32)
    nobody = config.unknown if known.enrolled else config.stranger
    for i, (cell, embedding) in enumerate(zip(cells, heard, strict=True)):
        if embedding is not None:
            weight = config.scale * min(1.5, max(0.3, (cell.end - cell.start) / HOP))
            scores[i, -1] = nobody * weight
            if known.names:
                scores[i, :-1] = (known.centres @ embedding) * weight
    return scores


def _penalties(cells: Sequence[Cell], config: LabelConfig) -> NDArray[np.float32]:
    costs = [config.follow if cell.follows else config.change for cell in cells[1:]]
    return np.array(costs, np.float32)


def _judged(
    cells: Sequence[Cell],
    heard: Sequence[Embedding | None],
    known: Known,
    config: LabelConfig,
    column: int,
    first: int,
    last: int,
) -> Run:
    """Look at a run as a whole: it is better evidence than each of its cells."""
    rows = [
        (cells[i].end - cells[i].start, row)
        for i, row in enumerate(heard[first:last], first)
        if row is not None
    ]
    name = known.names[column] if column < len(known.names) else None
    if not rows:
        return Run(name, first, last, 0.3 if name else 0.0, None, 0.0, 0.0)
    lengths = np.array([length for length, _ in rows], np.float32)
    mean = lengths @ np.array([row for _, row in rows], np.float32) / lengths.sum()
    unit = np.asarray(mean / max(1e-9, float(np.linalg.norm(mean))), np.float32)
    heard_s = seconds(int(lengths.sum()))
    cosines = known.centres @ mean
    sure = [_sure(cosines, i, heard_s, known) for i in range(len(known.names))]
    pairs = zip(known.names, sure, strict=True)
    likely = max((one for voice, one in pairs if voice in known.enrolled), default=0.0)
    if name is not None:
        is_enrolled = name in known.enrolled
        if sure[column] >= config.least if is_enrolled else cosines[column] >= config.same:
            return Run(name, first, last, sure[column], unit, heard_s, likely)
    return Run(None, first, last, 0.0, unit, heard_s, likely)


def _sure(cosines: NDArray[np.float32], column: int, heard_s: float, known: Known) -> float:
    cosine = float(cosines[column])
    margin = cosine - float(np.delete(cosines, column).max(initial=0.0))
    is_enrolled = known.names[column] in known.enrolled
    return confidence(Evidence(cosine, margin, heard_s, is_enrolled, known.is_exclusive))


def _pieces(
    path: NDArray[np.intp], cells: Sequence[Cell], known: Known
) -> Iterator[tuple[int, int]]:
    """Yield where the path stays with one voice.

    A voice nobody enrolled is judged from change to change: its centre is rough, and a run of it
    may hold several people.
    """
    rough = [i >= len(known.names) or known.names[i] not in known.enrolled for i in path]
    first = 0
    for i in range(1, path.size + 1):
        if i == path.size or path[i] != path[first] or (rough[i] and cells[i].follows):
            yield first, i
            first = i
