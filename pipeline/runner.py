"""One track on its way to words: windows to utterances, utterances to what was heard."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias, TypeVar, assert_never

import numpy as np

from pipeline.audio import WINDOW, Samples, WindowCutter, seconds
from pipeline.endpointing import (
    Ended,
    Endpointer,
    Paused,
    Resumed,
    Span,
    SpeechEvent,
    SpeechState,
    Started,
    energies,
)
from pipeline.guards import DropReason, objection
from pipeline.jobs import EngineError
from pipeline.speakers.turns import VoiceTurn
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
    """An utterance and its words.

    ``suppressed``: stretches of its track that were others' speech, heard from afar.
    ``turns``: who spoke when, in samples of the track; empty: nobody can tell.
    """

    utterance: Utterance
    transcript: Transcript
    suppressed: tuple[Span, ...] = ()
    turns: tuple[VoiceTurn, ...] = ()


@dataclass(frozen=True, slots=True)
class Dropped:
    """An utterance without words, and why."""

    utterance: Utterance
    reason: str


Heard: TypeAlias = Understood | Dropped


@dataclass(frozen=True, slots=True)
class Guess:
    """The speaker pauses: unless speech resumes, ``utterance`` will be the one that closes."""

    utterance: Utterance


@dataclass(frozen=True, slots=True)
class Closed:
    """``utterance`` is complete; its last speech ended at sample ``speech_end``."""

    utterance: Utterance
    speech_end: int


TrackEvent: TypeAlias = Started | Guess | Resumed | Closed


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
    def end(self) -> int:
        """Samples heard so far: whole windows."""
        return self._end

    @property
    def is_open(self) -> bool:
        """Whether an utterance has begun that has not ended."""
        return self._open_from is not None

    @property
    def is_speaking(self) -> bool:
        """Whether the open utterance goes on: no silence has begun that may end it."""
        return self._endpointer.state is SpeechState.SPEAKING

    def push(self, block: Samples) -> list[Utterance]:
        """Return the utterances that ended within ``block``."""
        return _closed(self.follow(block))

    def flush(self) -> list[Utterance]:
        """Return what was still open as the stream pauses or ends; pushing may go on."""
        return _closed(self.finish())

    def follow(self, block: Samples) -> list[TrackEvent]:
        """`push`, telling also what happens while an utterance is open."""
        return self._windows(self._cutter.push(block))

    def finish(self) -> list[TrackEvent]:
        """`flush`, telling also what happens while an utterance is open."""
        events = self._windows(self._cutter.flush())
        return events + self._take(self._endpointer.flush())

    def since(self, start: int) -> Samples:
        """Return the open utterance from sample ``start`` on, as far as windows are complete."""
        skipped = (start - self._kept_from) // WINDOW
        recent = [np.zeros(0, np.float32), *islice(self._kept, skipped, None)]
        return np.concatenate(recent)[start - self._kept_from - skipped * WINDOW :]

    def _windows(self, windows: Samples) -> list[TrackEvent]:
        if not len(windows):
            return []
        events: list[TrackEvent] = []
        probabilities = self._vad(windows)
        for window, probability, energy in zip(
            windows, probabilities, energies(windows), strict=True
        ):
            self._kept.append(window)
            self._end += WINDOW
            events += self._take(self._endpointer.push(float(probability), float(energy)))
            self._forget()
        return events

    def _take(self, events: Iterable[SpeechEvent]) -> list[TrackEvent]:
        return [self._event(event) for event in events]

    def _event(self, event: SpeechEvent) -> TrackEvent:
        match event:
            case Started():
                self._open_from = event.start
                return event
            case Paused():
                return Guess(self._cut(event.span))
            case Resumed():
                return event
            case Ended():
                self._open_from = None
                utterance = self._cut(event.span)
                return Closed(utterance, min(self._endpointer.speech_end, utterance.end))
            case _:
                assert_never(event)

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


def _closed(events: Iterable[TrackEvent]) -> list[Utterance]:
    return [event.utterance for event in events if isinstance(event, Closed)]


PRE_ROLL = 16 * WINDOW
"""Samples (0.5 s) kept in silence: more than the endpointer's pre-roll plus shortest speech."""


async def understand(utterance: Utterance, transcriber: Transcriber) -> Heard:
    """Return the words of ``utterance``, or why there are none."""
    try:
        transcript = await transcriber(utterance.samples)
    except EngineError:
        return Dropped(utterance, ENGINE_FAILED)
    return judged(utterance, transcript)


def judged(utterance: Utterance, transcript: Transcript) -> Heard:
    """Let the guards decide whether ``transcript`` is what was said."""
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
