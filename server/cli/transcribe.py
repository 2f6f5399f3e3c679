"""``daedam transcribe``: the same pipeline over a recording, without a server."""

import argparse
import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import BinaryIO, TextIO

from tqdm import tqdm

from pipeline.assembly import Ears
from pipeline.audio import Samples, seconds
from pipeline.containers import decode
from pipeline.inference import JobTranscriber
from pipeline.jobs import EngineError, Priority
from pipeline.models import Registry
from pipeline.processes import LocalConfig
from pipeline.routing import RoutedExecutor, voice_problem
from pipeline.runner import (
    ENGINE_FAILED,
    Dropped,
    Heard,
    Segmenter,
    Understood,
    Utterance,
    in_turn,
    understand,
)
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.job_models import JobVoiceModels
from server.cli import voices
from server.cli.attributing import Attributing
from server.cli.transcript import (
    RTTM,
    Line,
    Names,
    as_json,
    attributed,
    piece,
    rttm,
    spoken,
    unattributed,
    voiced,
)
from server.cli.voices import Party, Reading
from server.errors import ClientError, ErrorCode
from server.settings import Settings

READY_S = 120.0
FILE = "file"

Step = tuple[Samples | None, list[Utterance]]


@dataclass(slots=True)
class Writer:
    """The file that is written, and what was written to it."""

    out: TextIO
    to: str
    written: list[Line] = field(default_factory=list)

    def tell(self, told: list[Line], names: Names | None = None) -> None:
        """Write lines at once: an interrupted work keeps its fruits."""
        for line in told:
            self.written.append(line)
            self.out.write(piece(line, len(self.written), self.to, names))
        self.out.flush()


def transcribe(settings: Settings, options: argparse.Namespace) -> int:
    """Write what is said in a recording, and who says it."""
    registry = Registry.default(settings.models)
    if options.format != RTTM:
        registry.path("whisper-base")
    _check(options)
    enrolments = [(one, voices.load(one.file)) for one in options.enrol]
    if options.speakers is not None and (problem := voice_problem(registry)) is not None:
        print(voices.not_told_apart(problem), file=sys.stderr)
        options.speakers = None
        if options.format == RTTM:
            return 1
    if options.output is not None:
        options.output.open("ab").close()  # A wrong path is told before the work, not after it.
    with contextlib.ExitStack() as files:
        source = files.enter_context(options.file.open("rb"))
        out = files.enter_context(options.output.open("w")) if options.output else sys.stdout
        work = _Work(settings, options, source, Writer(out, options.format))
        asyncio.run(work.run(enrolments))
        if not work.is_found:
            print("No speech was found.", file=sys.stderr)
    return 0


def _check(options: argparse.Namespace) -> None:
    voices.check_readings(options.enrol, options.speakers)
    if options.format == RTTM and options.speakers is None:
        raise ClientError(
            ErrorCode.BAD_REQUEST, "--format rttm needs --speakers, for instance --speakers 3+3."
        )


class _Work:
    """One recording on its way to a file."""

    def __init__(
        self, settings: Settings, options: argparse.Namespace, source: BinaryIO, writer: Writer
    ) -> None:
        self._settings = settings
        self._party: Party | None = options.speakers
        self._is_final = self._party is not None and not options.no_final_pass
        self._name: str = options.file.name
        self._stem: str = options.file.stem
        self._source = source
        self._writer = writer
        self._heard: list[Understood] = []
        self.is_found = False

    async def run(self, enrolments: list[tuple[Reading, Samples]]) -> None:
        ears = await asyncio.to_thread(Ears.load, Registry.default(self._settings.models))
        config = LocalConfig(models=self._settings.models)
        if self._settings.workers is not None:
            config = replace(config, workers=self._settings.workers)
        try:
            async with RoutedExecutor(config) as executor:
                if self._writer.to != RTTM:
                    await executor.wait_ready(READY_S)
                attributing = await self._attributing(executor, enrolments)
                await self._listen(executor, ears, attributing, config.workers + 1)
                if attributing is not None:
                    await self._finish(ears, attributing)
                else:
                    self._end()
        finally:
            ears.close()

    async def _attributing(
        self, executor: RoutedExecutor, enrolments: list[tuple[Reading, Samples]]
    ) -> Attributing | None:
        """Learn the voices that are enrolled; None: speakers are not told apart."""
        if self._party is None:
            return None
        models = JobVoiceModels(executor, FILE, priority=Priority.RECORDING)
        gallery = Gallery(self._party.most)
        try:
            for warning in await voices.enrol(gallery, enrolments, models):
                print(warning, file=sys.stderr)
        except EngineError as error:
            self._give_up(error)
            return None
        return Attributing(gallery, models)

    async def _listen(
        self, executor: RoutedExecutor, ears: Ears, attributing: Attributing | None, width: int
    ) -> None:
        transcriber = JobTranscriber(executor, FILE, priority=Priority.RECORDING)

        async def hear(utterance: Utterance) -> Heard:
            return await understand(utterance, transcriber)

        names = Names(attributing.seats) if attributing is not None else None
        with self._bar(self._name) as bar:
            steps = self._utterances(ears.segmenter(), ears, attributing, bar)
            if self._writer.to == RTTM:
                async for _ in steps:
                    self.is_found = True
            async for heard in in_turn(steps, hear, width):
                if isinstance(heard, Understood):
                    self.is_found = True
                    self._heard.append(heard)
                    self._tell(heard, attributing, names)
                elif heard.reason == ENGINE_FAILED:
                    raise EngineError(_failure(executor, heard))
            bar.update(bar.total - bar.n)

    def _tell(
        self, heard: Understood, attributing: Attributing | None, names: Names | None
    ) -> None:
        if attributing is None:
            self._writer.tell(unattributed(heard))
        elif not self._is_final:
            self._writer.tell(attributed(heard, attributing.turns), names)

    async def _utterances(
        self,
        segmenter: Segmenter,
        ears: Ears,
        attributing: Attributing | None,
        bar: "tqdm[None]",
    ) -> AsyncIterator[Utterance]:
        def blocks() -> Iterator[Step]:
            for block in decode(self._source):
                yield block, segmenter.push(block)
            yield None, segmenter.flush()

        steps = blocks()
        loop = asyncio.get_running_loop()
        while (step := await loop.run_in_executor(ears.threads, next, steps, None)) is not None:
            block, found = step
            bar.update(min(self._source.tell(), bar.total) - bar.n)
            if attributing is not None and block is not None:
                attributing.push(block)
            for utterance in found:
                if attributing is not None:
                    # Awaited before more is read: of sound a minute old nothing can be asked.
                    await attributing.tell(utterance)
                yield utterance

    async def _finish(self, ears: Ears, attributing: Attributing) -> None:
        names = Names(attributing.seats)
        if self._is_final:
            with self._bar(f"{self._name}: who speaks") as bar:
                await attributing.revise(self._source, ears.threads, bar)
                bar.update(bar.total - bar.n)
            for heard in self._heard:
                self._writer.tell(attributed(heard, attributing.turns), names)
        await attributing.close()
        if attributing.problem is not None:
            self._give_up(attributing.problem)
        self._end(attributing, names)

    def _give_up(self, problem: EngineError | str) -> None:
        """Say that speakers are not told apart; an error where nothing else was asked for."""
        sentence = voices.not_told_apart(problem)
        if self._writer.to == RTTM:
            raise EngineError(sentence)
        print(sentence, file=sys.stderr)

    def _end(self, attributing: Attributing | None = None, names: Names | None = None) -> None:
        """Write what needs all of it."""
        names = names or Names(())
        turns = attributing.turns if attributing is not None else []
        out, written = self._writer.out, self._writer.written
        if self._writer.to == RTTM:
            out.write(rttm(turns, names, self._stem))
        elif self._writer.to == "json":
            spans = [spoken(each.utterance.start, each.utterance.end) for each in self._heard]
            told = [voiced(turn, names) for turn in turns] if attributing is not None else spans
            out.write(as_json(written, told, names))

    def _bar(self, doing: str) -> "tqdm[None]":
        """Show progress in bytes: how long a recording is cannot be known before its end."""
        total = os.fstat(self._source.fileno()).st_size
        return tqdm(total=total, unit="B", unit_scale=True, desc=doing)


def _failure(executor: RoutedExecutor, heard: Dropped) -> str:
    problems = "; ".join(executor.problems().values())
    at_s = seconds(heard.utterance.start)
    return problems or f"The speech at {at_s:.1f} s could not be transcribed."
