"""Who speaks in a recording: told with every utterance, and once more when all is heard."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from typing import BinaryIO

from tqdm import tqdm

from pipeline.audio import Samples
from pipeline.containers import decode
from pipeline.jobs import EngineError
from pipeline.runner import Utterance
from pipeline.speakers.attribution import Attribution
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.models import VoiceModels
from pipeline.speakers.turns import VoiceTurn
from pipeline.speakers.whole import Known, whole_pass


class Attributing:
    """The voices of one recording; when the models fail it says so once and tells nothing more."""

    def __init__(self, gallery: Gallery, models: VoiceModels) -> None:
        """Know the voices of ``gallery``; ask ``models``."""
        self._gallery = gallery
        self._models = models
        self._attribution = Attribution(models, gallery)
        self.problem: str | None = None
        self.turns: list[VoiceTurn] = []
        """Who spoke, as far as it was told."""

    @property
    def seats(self) -> list[str]:
        """The voices that were enrolled."""
        return [name for name, voice in self._gallery.voices.items() if voice.is_enrolled]

    def push(self, block: Samples) -> None:
        """Hear the next block."""
        self._attribution.push(block)

    async def tell(self, utterance: Utterance) -> None:
        """Add who spoke in ``utterance``."""
        if self.problem is None:
            self.turns += await self._attribution.turns(utterance.start, utterance.end)
            self.problem = self._attribution.failure

    async def revise(self, source: BinaryIO, threads: Executor, bar: "tqdm[None]") -> None:
        """Hear the whole recording once more and tell everything anew."""
        if self.problem is not None:
            return
        known = Known(
            self._gallery.expected, tuple(self.turns), history=self._attribution.history()
        )
        sound = _sound(source, threads, bar)
        try:
            self.turns = list((await whole_pass(sound, self._models, self._gallery, known)).turns)
        except EngineError as error:
            self.problem = str(error)

    async def close(self) -> None:
        """End the work under way."""
        await self._attribution.close()


async def _sound(source: BinaryIO, threads: Executor, bar: "tqdm[None]") -> AsyncIterator[Samples]:
    source.seek(0)
    blocks = decode(source)
    loop = asyncio.get_running_loop()
    while (block := await loop.run_in_executor(threads, next, blocks, None)) is not None:
        bar.update(min(source.tell(), bar.total) - bar.n)
        yield block
