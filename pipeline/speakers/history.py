"""What the models said about a track, kept small for the pass at the end."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import samples
from pipeline.speakers.activity import Span
from pipeline.speakers.models import EMBEDDING_SIZE, Embedding

_TOLERANCE: Final = samples(0.1)
_RECENT: Final = samples(75.0)
_BATCH: Final = 128


@dataclass(frozen=True, slots=True)
class History:
    """What the models have said about a track, kept for the whole pass.

    Attributes:
        spans: shape (n, 2), the samples each embedding has heard, in order of beginning.
        embeddings: shape (n, 192), float16.
        activity: shape (frames,), 0 to 255: how surely somebody speaks.
        overlap: shape (frames,), 0 to 255: how surely two do.
        step: samples between frames, not a whole number.
    """

    spans: NDArray[np.int64]
    embeddings: NDArray[np.float16]
    activity: NDArray[np.uint8]
    overlap: NDArray[np.uint8]
    step: float


class Heard:
    """The embeddings of one track by what they have heard; old ones are packed."""

    def __init__(self) -> None:
        self._recent: dict[Span, tuple[Span, Embedding]] = {}
        self._spans: list[NDArray[np.int64]] = []
        self._packed: list[NDArray[np.float16]] = []

    def get(self, heard: Span) -> Embedding | None:
        """Return the embedding of about this stretch, if there is one."""
        low, high = _slot(heard)
        for key in ((low + i, high + j) for i in (0, -1, 1) for j in (0, -1, 1)):
            kept = self._recent.get(key)
            if kept is not None and _is_near(kept[0], heard):
                return kept[1]
        return None

    def put(self, heard: Span, embedding: Embedding) -> None:
        self._recent[_slot(heard)] = (heard, np.asarray(embedding, np.float32))

    def forget(self, now: int) -> None:
        """Pack what is older than a minute, a batch at a time."""
        old = [key for key, kept in self._recent.items() if kept[0][1] < now - _RECENT]
        if len(old) >= _BATCH:
            spans, rows = self._pack([self._recent.pop(key) for key in old])
            self._spans.append(spans)
            self._packed.append(rows)

    def all(self) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        """Return every stretch and its embedding, in order of beginning."""
        spans, rows = self._pack(list(self._recent.values()))
        spans = np.concatenate([*self._spans, spans])
        rows = np.concatenate([*self._packed, rows])
        order = np.argsort(spans[:, 0], kind="stable")
        return spans[order], rows[order]

    @staticmethod
    def _pack(
        kept: list[tuple[Span, Embedding]],
    ) -> tuple[NDArray[np.int64], NDArray[np.float16]]:
        if not kept:
            return np.zeros((0, 2), np.int64), np.zeros((0, EMBEDDING_SIZE), np.float16)
        spans = np.array([span for span, _ in kept], np.int64)
        return spans, np.array([row for _, row in kept], np.float16)


def _slot(heard: Span) -> Span:
    return heard[0] // _TOLERANCE, heard[1] // _TOLERANCE


def _is_near(one: Span, other: Span) -> bool:
    return abs(one[0] - other[0]) <= _TOLERANCE and abs(one[1] - other[1]) <= _TOLERANCE
