"""Voices of a whole recording told apart without knowing any of them.

A recording teaches what to listen for: pieces of one stretch of speech differ in what is said
and never in who says it. What varies within stretches is made to count less (whitening by the
within-class scatter, as linear discriminant analysis does), stretches are joined bottom-up
(Ward), and there are as many voices as centres remain different once chance is taken out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]
Labels = NDArray[np.intp]

_GROUP_S: Final = 3.0
"""Speech that is averaged before it is compared: 1.5 s alone say more about the words."""
_APART: Final = 3
"""Pieces of a section that far from each other share no sound."""
_SHRINKAGE: Final = 0.3
_DIMENSIONS: Final = 10
_PAIRS: Final = 20
"""Fewer pairs say too little about how a voice varies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteringConfig:
    """When two centres are two voices.

    Attributes:
        most: voices there may be.
        same: cosine of two centres, chance taken out, from which they are one voice. Of panels
            of six, two voices reached 0.93, halves of one began at 0.95.
        least_s: speech of a voice; less is left to the others.
    """

    most: int = 6
    same: float = 0.94
    least_s: float = 4.0


@dataclass(frozen=True, slots=True)
class Pieces:
    """What is to be told apart.

    Attributes:
        embeddings: shape (n, 192), rows of length 1, in order of time.
        sections: shape (n,), equal for neighbours that segmentation takes for one voice.
        durations_s: shape (n,), the speech each stands for.
    """

    embeddings: Rows
    sections: Labels
    durations_s: Rows


def separate(pieces: Pieces, config: ClusteringConfig | None = None) -> Rows:
    """Return the centre of every voice, shape (voices, 192), rows of length 1, longest first."""
    config = config or ClusteringConfig()
    groups = list(_groups(pieces))
    if not groups:
        return np.zeros((0, pieces.embeddings.shape[1]))
    seen = contrasted(pieces)
    rows = unit(np.array([seen[group].mean(0) for group in groups]))
    means = np.array([pieces.embeddings[group].mean(0) for group in groups])
    lengths_s = np.array([pieces.durations_s[group].sum() for group in groups])
    best = _best(rows, means, lengths_s, config)
    order = sorted(best, key=lambda members: -float(lengths_s[members].sum()))
    return unit(np.array([lengths_s[members] @ means[members] for members in order]))


def contrasted(pieces: Pieces) -> Rows:
    """Return the embeddings in few dimensions, where voices differ more than their words do."""
    weights = pieces.durations_s / max(1e-9, float(pieces.durations_s.sum()))
    centred = pieces.embeddings - weights @ pieces.embeddings
    pairs = _differences(pieces)
    if len(pairs) >= _PAIRS:
        scatter = pairs.T @ pairs / (2 * len(pairs))
        size = len(scatter)
        scatter = (1 - _SHRINKAGE) * scatter
        level = _SHRINKAGE / (1 - _SHRINKAGE) * np.trace(scatter) / size
        scatter += np.eye(size) * max(1e-9, level)
        centred = np.linalg.solve(np.linalg.cholesky(scatter), centred.T).T
    _, axes = np.linalg.eigh(centred.T @ (weights[:, None] * centred))
    return np.asarray(centred @ axes[:, ::-1][:, :_DIMENSIONS])


def unit(rows: Rows) -> Rows:
    """Return the rows at length 1."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-9))


def _differences(pieces: Pieces) -> Rows:
    """Return what differs between pieces of a section that share no sound."""
    rows, sections = pieces.embeddings, pieces.sections
    same = np.flatnonzero(sections[_APART:] == sections[:-_APART])
    return rows[same] - rows[same + _APART]


def _groups(pieces: Pieces) -> Iterator[list[int]]:
    """Yield neighbours of one section, about 3 s together."""
    group: list[int] = []
    held_s = 0.0
    for i, (section, duration_s) in enumerate(
        zip(pieces.sections, pieces.durations_s, strict=True)
    ):
        if group and (section != pieces.sections[group[0]] or held_s + duration_s > _GROUP_S):
            yield group
            group, held_s = [], 0.0
        group.append(i)
        held_s += float(duration_s)
    if group:
        yield group


def _best(
    rows: Rows, means: Rows, lengths_s: Rows, config: ClusteringConfig
) -> Sequence[NDArray[np.intp]]:
    """Return the members of each voice, in the division with most voices that are different."""
    everybody = np.arange(len(rows))
    best: list[NDArray[np.intp]] = [everybody]
    if len(rows) < 2:
        return best
    # Imported where it is needed: it takes 50 MB, which no room needs before its end.
    from scipy.cluster.hierarchy import fcluster, linkage

    tree = linkage(rows, "ward")
    # Some more clusters than voices: short noises take clusters of their own.
    for count in range(2, min(2 * config.most, len(rows)) + 1):
        labels = fcluster(tree, count, "maxclust")
        members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        large = [each for each in members if lengths_s[each].sum() >= config.least_s]
        if len(best) < len(large) <= config.most and _alike(means, large) < config.same:
            best = large
    return best


def _alike(means: Rows, voices: Sequence[NDArray[np.intp]]) -> float:
    """Return the highest cosine of two centres, as if infinitely much had been heard of each."""
    centres = [means[members].mean(0) for members in voices]
    lengths = [_length(means[members]) for members in voices]
    cosines = [
        float(centres[i] @ centres[j]) / (lengths[i] * lengths[j])
        for i in range(len(voices))
        for j in range(i)
    ]
    return max(cosines, default=0.0)


def _length(rows: Rows) -> float:
    """Return the length of the true centre; that of the mean holds chance as well."""
    count = len(rows)
    if count < 2:
        return float(np.linalg.norm(rows[0]))
    total = rows.sum(0)
    square = (total @ total - (rows * rows).sum()) / (count * (count - 1))
    return float(np.sqrt(max(square, 0.05)))
