"""One track on its way to words: windows to utterances, utterances to what was heard."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np

from pipeline.audio import WINDOW, Samples, WindowCutter, seconds
from pipeline.endpointing import Ended, Endpointer, Span, SpeechEvent, Started, energies
from pipeline.guards import DropReason, objection
from pipeline.jobs import EngineError
from pipeline.transcription import Transcriber, Transcript
from pipeline.vad import Vad

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

ENGINE_FAILED = "engine_failed"


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech between two endpoints: samples ``start`` to ``end`` of its track."""

    start: int
    end: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class Understood:
    """An utterance and its words."""

    utterance: Utterance
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class Dropped:
    """An utterance without words, and why."""

    utterance: Utterance
    reason: str


Heard: TypeAlias = Understood | Dropped


class Segmenter:
    """Cuts a track's samples into utterances; blocking, its only clock is the sample count."""

    def __init__(self, vad: Vad, endpointer: Endpointer) -> None:
        self._vad = vad
        self._endpointer = endpointer
        self._cutter = WindowCutter()
        self._kept: deque[Samples] = deque()
        self._kept_from = 0
        """Sample position of the first kept window."""
        self._end = 0
        self._open_from: int | None = None

    @property
    def position(self) -> int:
        """Samples taken so far, those that wait for a whole window included."""
        return self._end + self._cutter.pending

    @property
    def is_open(self) -> bool:
        """Whether an utterance has begun that has not ended."""
        return self._open_from is not None

    def push(self, block: Samples) -> list[Utterance]:
        """Return the utterances that ended within ``block``."""
        return self._windows(self._cutter.push(block))

    def flush(self) -> list[Utterance]:
        """Return what was still open as the stream pauses or ends; pushing may go on."""
        utterances = self._windows(self._cutter.flush())
        return utterances + self._take(self._endpointer.flush())

    def _windows(self, windows: Samples) -> list[Utterance]:
        if not len(windows):
            return []
        utterances: list[Utterance] = []
        probabilities = self._vad(windows)
        for window, probability, energy in zip(
            windows, probabilities, energies(windows), strict=True
        ):
            self._kept.append(window)
            self._end += WINDOW
            utterances += self._take(self._endpointer.push(float(probability), float(energy)))
            self._forget()
        return utterances

    def _take(self, events: Iterable[SpeechEvent]) -> list[Utterance]:
        utterances = []
        for event in events:
            if isinstance(event, Ended):
                utterances.append(self._cut(event.span))
                self._open_from = None
            elif isinstance(event, Started):
                self._open_from = event.start
        return utterances

    def _cut(self, span: Span) -> Utterance:
        joined = np.concatenate(self._kept)
        samples = joined[span.start - self._kept_from : span.end - self._kept_from]
        return Utterance(span.start, span.end, samples)

    def _forget(self) -> None:
        """Keep the open utterance, or as much silence as padding can ask for."""
        needed = self._end - PRE_ROLL if self._open_from is None else self._open_from
        while self._kept and self._kept_from + WINDOW <= needed:
            self._kept.popleft()
            self._kept_from += WINDOW


PRE_ROLL = 16 * WINDOW
"""Samples (0.5 s) kept in silence: more than the endpointer's pre-roll plus shortest speech."""


async def understand(utterance: Utterance, transcriber: Transcriber) -> Heard:
    """Return the words of ``utterance``, or why there are none."""
    try:
        transcript = await transcriber(utterance.samples)
    except EngineError:
        return Dropped(utterance, ENGINE_FAILED)
    reason = objection(transcript, seconds(utterance.end - utterance.start))
    if reason is None and not transcript.words:
        reason = DropReason.EMPTY
    return Understood(utterance, transcript) if reason is None else Dropped(utterance, reason)


async def in_turn(
    items: AsyncIterator[Item], work: Callable[[Item], Awaitable[Outcome]], width: int
) -> AsyncIterator[Outcome]:
    """Yield the outcome of every item in order, with at most ``width`` in work at a time."""
    tasks: deque[asyncio.Future[Outcome]] = deque()
    try:
        async for item in items:
            tasks.append(asyncio.ensure_future(work(item)))
            if len(tasks) >= width:
                yield await _first(tasks)
        while tasks:
            yield await _first(tasks)
    finally:
        for task in tasks:
            task.cancel()


async def _first(tasks: deque[asyncio.Future[Outcome]]) -> Outcome:
    """Await the oldest; it stays in the line until then, so that it is cancelled with the rest."""
    try:
        return await tasks[0]
    finally:
        if tasks[0].done():
            _ = tasks.popleft()
