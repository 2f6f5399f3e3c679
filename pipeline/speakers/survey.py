"""A whole recording heard once: where there is speech, and what each cell of it sounds like."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np

from pipeline.audio import Samples, samples
from pipeline.speakers.activity import STEP, RunningActivity, Span, Window
from pipeline.speakers.cells import Cell, cells
from pipeline.speakers.history import Heard, History
from pipeline.speakers.models import Activity, Embedding, VoiceModels

Sound: TypeAlias = Samples | Iterable[Samples] | AsyncIterator[Samples]
"""A track from its sample 0, whole or in blocks of any length; gaps are zeros."""

WINDOW: Final = samples(10)
_HOP_FRAMES: Final = 147
HOP: Final = round(_HOP_FRAMES * STEP)
"""About 2.5 s, in whole frames: every frame is heard four times. On pyannote's sample 5 s cost
8 points of DER, and 1 s gained nothing."""
_CHUNK: Final = samples(40)
"""Sound that is settled at once; less than `RunningActivity` remembers."""
_PIECES: Final = 16
_FRAMES: Final = round(WINDOW / STEP)


@dataclass(slots=True)
class Survey:
    """What was heard of a recording up to sample ``through``.

    Attributes:
        embeddings: of each cell; None where two speak at once.
        overlaps: where two speak.
        windows: what the segmentation said around them.
    """

    through: int = 0
    cells: list[Cell] = field(default_factory=list)
    embeddings: list[Embedding | None] = field(default_factory=list)
    overlaps: list[Span] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)

    @property
    def is_heard(self) -> bool:
        """Whether anything is known of a voice."""
        return any(row is not None for row in self.embeddings)

    @property
    def width(self) -> int:
        """Numbers in an embedding."""
        return next((row.size for row in self.embeddings if row is not None), 0)


class Surveyor:
    """Hears sound in order, and holds no more of it than the models still need."""

    def __init__(
        self, models: VoiceModels, history: History | None = None, edges: Iterable[int] = ()
    ) -> None:
        """Prepare; ``edges`` are samples at which people said that another voice begins."""
        self.survey = Survey()
        self._models = models
        self._edges = sorted(edges)
        self._known = Heard()
        if history is not None:
            for span, row in zip(history.spans.tolist(), history.embeddings, strict=True):
                self._known.put((span[0], span[1]), row.astype(np.float32))
        self._activity = RunningActivity()
        self._sound: Samples = np.zeros(0, np.float32)
        self._from = 0
        """Sample at which `_sound` begins."""
        self._count = 0
        self._next = 0
        """Where the next window begins."""

    async def hear(self, sound: Sound, deadline_s: float | None = None) -> Survey:
        """Hear ``sound`` to its end, or as far as ``deadline_s`` seconds allow.

        Raises:
            EngineError: a model failed or is missing.
        """
        now = asyncio.get_running_loop().time
        until = None if deadline_s is None else now() + deadline_s
        async for block in _blocks(sound):
            self._sound = np.concatenate((self._sound, block)) if self._sound.size else block
            while self._next + WINDOW <= self._end:
                if until is not None and now() >= until:
                    return self.survey
                await self._window(self._next)
                self._count += 1
                # On the grid of frames, so that windows add up frame by frame.
                self._next = round(self._count * _HOP_FRAMES * STEP)
                await self._settle(self._next)
        await self._finish()
        return self.survey

    @property
    def _end(self) -> int:
        return self._from + self._sound.size

    async def _finish(self) -> None:
        if self._end > self.survey.through:
            # The last window looks back: of a window cut short the models know less.
            start = max(self._from, self._end - WINDOW)
            if self._next < self._end:
                await self._window(start)
            await self._settle(self._end, is_last=True)

    async def _window(self, start: int) -> None:
        sound = self._sound[start - self._from : start - self._from + WINDOW]
        if sound.any():
            activity = await self._models.activity(sound)
        else:
            # A gap: nothing was received, so there is nothing to ask about.
            activity = Activity(np.zeros((_FRAMES, 3), np.float32), STEP)
        self._activity.add(start, activity)
        self.survey.windows.append(Window(start, activity))

    async def _settle(self, frontier: int, *, is_last: bool = False) -> None:
        """Decide about the cells before ``frontier``, which no later window will touch."""
        start = self.survey.through
        if not is_last and frontier - start < _CHUNK:
            return
        regions = self._activity.speech(start, frontier)
        through = frontier
        if not is_last and regions and regions[-1][1] >= frontier - HOP // 2:
            # Speech goes on here; only somebody who never pauses is cut in the midst.
            through = regions[-1][0] if regions[-1][0] > start + HOP else frontier
        regions = [region for region in regions if region[1] <= through]
        overlaps = self._activity.overlaps(start, through)
        edges = [edge for edge in self._edges if start <= edge < through]
        found = cells(regions, [*self._activity.changes(start, through), *edges], overlaps)
        self.survey.embeddings += await self._embedded(found)
        self.survey.cells += found
        self.survey.overlaps += overlaps
        self.survey.through = through
        kept = min(through, self._next) - WINDOW
        if kept > self._from:
            self._sound = self._sound[kept - self._from :].copy()
            self._from = kept

    async def _embedded(self, found: list[Cell]) -> list[Embedding | None]:
        rows = [None if cell.heard is None else self._known.get(cell.heard) for cell in found]
        asked: list[tuple[int, Samples]] = []
        for i, (cell, row) in enumerate(zip(found, rows, strict=True)):
            if row is None and cell.heard is not None:
                low, high = cell.heard
                asked.append((i, self._sound[max(0, low - self._from) : high - self._from]))
        for first in range(0, len(asked), _PIECES):
            batch = asked[first : first + _PIECES]
            heard = await self._models.embed([piece for _, piece in batch])
            for (i, _), row in zip(batch, heard, strict=True):
                rows[i] = row
        return rows


async def _blocks(sound: Sound) -> AsyncIterator[Samples]:
    """Yield ``sound`` in blocks of about the hop of windows, so that little is copied often."""
    held: list[Samples] = []
    async for block in _parts(sound):
        held.append(block)
        if sum(each.size for each in held) >= HOP:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)


async def _parts(sound: Sound) -> AsyncIterator[Samples]:
    if isinstance(sound, np.ndarray):
        for start in range(0, sound.size, HOP):
            yield sound[start : start + HOP]
    elif isinstance(sound, AsyncIterator):
        async for block in sound:
            yield block
    else:
        for block in sound:
            yield block
