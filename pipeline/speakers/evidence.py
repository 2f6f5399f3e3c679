"""What the models have heard on one track, asked of them as far as it is not known yet."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np

from pipeline.audio import Samples, samples
from pipeline.speakers.activity import STEP, RunningActivity, Span
from pipeline.speakers.cells import Cell, cells
from pipeline.speakers.history import Heard, History
from pipeline.speakers.models import Embedding, VoiceModels

WINDOW: Final = samples(10.0)
_KEPT: Final = samples(60.0)
_MOST_PIECES: Final = 16
"""Pieces in one job, so that nobody waits long behind it."""


class RecentSound:
    """The last minute of a track."""

    def __init__(self) -> None:
        self.position = 0
        self._blocks: list[Samples] = []
        self._held = 0

    @property
    def first(self) -> int:
        """The oldest sample that is still there."""
        return self.position - self._held

    def push(self, block: Samples) -> None:
        self._blocks.append(block)
        self._held += block.size
        self.position += block.size
        while self._held - self._blocks[0].size >= _KEPT:
            self._held -= self._blocks.pop(0).size
        if len(self._blocks) > 256:
            self._join()

    def _join(self) -> None:
        """Make one block of all, without what is too old: one block is never dropped whole."""
        if len(self._blocks) > 1:
            self._blocks = [np.concatenate(self._blocks)[-_KEPT:]]
            self._held = self._blocks[0].size

    def between(self, start: int, end: int) -> Samples:
        """Return the samples from ``start`` to ``end``, fewer where they are not there."""
        if not self._blocks:
            return np.zeros(0, np.float32)
        self._join()
        first = self.first
        return self._blocks[0][max(0, start - first) : max(0, end - first)]


class TrackEvidence:
    """Asks the models about a track's sound and keeps their answers."""

    def __init__(self, models: VoiceModels) -> None:
        self._models = models
        self.sound = RecentSound()
        self._activity = RunningActivity()
        self._heard = Heard()
        self._cuts = [0]
        self.heard_until = 0
        """Where the newest window that was heard ends."""

    @property
    def activity(self) -> RunningActivity:
        return self._activity

    def cut(self) -> None:
        """Let no window hold sound of before and after this moment."""
        if self.sound.position > self._cuts[-1]:
            self._cuts.append(self.sound.position)
        while len(self._cuts) > 1 and self._cuts[1] <= self.sound.first:
            del self._cuts[0]

    def uncut(self, at: int) -> Span:
        """Return the stretch around sample ``at`` that can be asked about: no cut is in it."""
        place = max(1, bisect_right(self._cuts, at))
        last = self._cuts[place] if place < len(self._cuts) else self.sound.position
        return max(self._cuts[place - 1], self.sound.first), last

    async def hear(self, end: int) -> None:
        """Ask who speaks when in the 10 s up to ``end``.

        Raises:
            EngineError: the model failed.
        """
        start = max(self.uncut(end - 1)[0], end - WINDOW)
        # On the grid of frames, so that windows add up frame by frame.
        start = math.ceil(math.ceil(start / STEP) * STEP)
        piece = self.sound.between(start, end)
        if piece.size >= samples(0.5):
            heard = await self._models.activity(piece)
            self._activity.add(start, heard)
        self.heard_until = max(self.heard_until, end)
        self._heard.forget(self.sound.position)

    async def cover(self, start: int, end: int, hop: int) -> None:
        """Hear what of a stretch has not been heard, every ``hop`` samples.

        Raises:
            EngineError: the model failed.
        """
        for first, last in self._activity.unheard(max(start, self.uncut(end - 1)[0]), end):
            # A frame at the edge belongs to no window; no new one is asked for its sake.
            at = first
            while last - at > 2 * STEP:
                at = min(at + hop, end)
                await self.hear(at)

    def cells(self, start: int, end: int) -> list[Cell]:
        """Return the cells of all speech between two samples."""
        start = max(start, self.uncut(end - 1)[0])
        return cells(
            self._activity.speech(start, end),
            self._activity.changes(start, end),
            self._activity.overlaps(start, end),
        )

    async def listen(self, wanted: Sequence[Cell]) -> None:
        """Ask what those cells sound like whose voice was not asked for yet.

        Raises:
            EngineError: the model failed.
        """
        spans = [cell.heard for cell in wanted if cell.heard is not None]
        missing = [span for span in spans if self._heard.get(span) is None]
        asked = [span for span in missing if self._is_there(span)]
        for i in range(0, len(asked), _MOST_PIECES):
            batch = asked[i : i + _MOST_PIECES]
            rows = await self._models.embed([self.sound.between(a, b) for a, b in batch])
            for span, row in zip(batch, rows, strict=True):
                self._heard.put(span, row)

    def embeddings(self, of: Sequence[Cell]) -> list[Embedding | None]:
        """Return what each cell sounds like, as far as it is known."""
        return [None if cell.heard is None else self._heard.get(cell.heard) for cell in of]

    def history(self) -> History:
        spans, rows = self._heard.all()
        activity, overlap = self._activity.frames()
        return History(spans, rows, activity, overlap, STEP)

    def _is_there(self, span: Span) -> bool:
        return self.uncut(sum(span) // 2)[0] <= span[0] and span[1] <= self.sound.position
