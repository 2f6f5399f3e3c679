"""Final words of one track's utterances, in order, begun as early as a guess allows."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any

from pipeline.inference import Overloaded
from pipeline.jobs import EngineError
from pipeline.runner import ENGINE_FAILED, Dropped, Heard, Understood, Utterance, judged
from pipeline.screening import LEAKAGE, Screen, Screened
from pipeline.transcription import Transcriber
from pipeline.voicing import Attributor, voiced

log = logging.getLogger(__name__)

OVERLOADED = "overloaded"
LATE = "late"


async def attempt(
    utterance: Utterance, transcriber: Transcriber, screen: Screen | None = None
) -> Heard:
    """Like `understand`, but tells a full queue from a failing model; ``screen`` comes first."""
    screened = Screened(utterance.samples)
    if screen is not None:
        screened = await screen(utterance.start, utterance.samples, is_final=True)
    if screened.samples is None:
        return Dropped(utterance, LEAKAGE)
    try:
        heard = judged(utterance, await transcriber(screened.samples))
    except Overloaded:
        return Dropped(utterance, OVERLOADED)
    except EngineError:
        return Dropped(utterance, ENGINE_FAILED)
    if isinstance(heard, Understood) and screened.suppressed:
        heard = replace(heard, suppressed=screened.suppressed)
    return heard


@dataclass(frozen=True, slots=True, eq=False)
class Guessed:
    """A final decode begun before its utterance has certainly ended."""

    utterance: Utterance
    task: asyncio.Task[Heard]

    def fits(self, utterance: Utterance) -> bool:
        """Whether this decodes exactly ``utterance`` and has not failed already."""
        mine = self.utterance
        if (mine.start, mine.end) != (utterance.start, utterance.end):
            return False
        heard = _result(self.task) if self.task.done() else None
        is_failure = isinstance(heard, Dropped) and heard.reason in (ENGINE_FAILED, OVERLOADED)
        return not self.task.done() or (heard is not None and not is_failure)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A complete utterance until its words are published."""

    utterance: Utterance
    answer: asyncio.Future[Heard]
    speech_end: int | None

    def heard(self) -> Heard:
        if self.answer.cancelled():
            return Dropped(self.utterance, LATE)
        # A bug on the way (logged) must not lose the utterance without a word.
        return _result(self.answer) or Dropped(self.utterance, ENGINE_FAILED)


class Finals:
    """Every utterance given to `end` is published once, in order; at most ``limit`` wait."""

    def __init__(
        self,
        transcriber: Transcriber,
        publish: Callable[[Heard, int | None], None],
        limit: int,
        screen: Screen | None = None,
        voices: Attributor | None = None,
    ) -> None:
        """``publish`` gets what was heard and the utterance's ``speech_end``; must not block."""
        self._screen = screen
        self._voices = voices
        self._transcriber = transcriber
        self._publish = publish
        self._limit = limit
        self._tasks: set[asyncio.Task[Any]] = set()
        self._waiting: deque[_Waiting] = deque()
        self._guess: Guessed | None = None

    def __len__(self) -> int:
        """Complete utterances whose words are not published yet."""
        return len(self._waiting)

    @property
    def oldest(self) -> Utterance | None:
        """The first complete utterance whose words are not published yet."""
        return self._waiting[0].utterance if self._waiting else None

    def guess(self, utterance: Utterance) -> Guessed | None:
        """Begin to decode what will probably be the next utterance, if there is room."""
        if len(self._waiting) < self._limit:
            self._guess = Guessed(utterance, self._spawn(self._attempt(utterance)))
        return self._guess

    def take_guess(self) -> Guessed | None:
        """Give the guess away: its utterance is not what was guessed."""
        guess, self._guess = self._guess, None
        return guess

    def end(self, utterance: Utterance, speech_end: int | None) -> None:
        """Decode ``utterance``, unless the guess has done so, and publish it in its turn."""
        answer = self._answer(utterance, self.take_guess())
        if self._voices is not None:
            answer = self._spawn(voiced(answer, utterance, self._voices))
        self._waiting.append(_Waiting(utterance, answer, speech_end))
        answer.add_done_callback(self._settle)

    async def close(self, patience_s: float) -> None:
        """Publish everything; what is not understood within ``patience_s`` is dropped as late."""
        answers = [waiting.answer for waiting in self._waiting]
        try:
            if answers:
                await asyncio.wait(answers, timeout=patience_s)
        finally:
            for task in self._tasks:
                task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._settle()

    def _attempt(self, utterance: Utterance) -> Coroutine[Any, Any, Heard]:
        return attempt(utterance, self._transcriber, self._screen)

    def _answer(self, utterance: Utterance, guess: Guessed | None) -> asyncio.Future[Heard]:
        if guess is not None:
            if guess.fits(utterance):
                return guess.task
            guess.task.cancel()
        if len(self._waiting) < self._limit:
            return self._spawn(self._attempt(utterance))
        answer: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        answer.set_result(Dropped(utterance, OVERLOADED))
        return answer

    def _settle(self, _: asyncio.Future[Heard] | None = None) -> None:
        """Publish what is understood, up to the first utterance that is not."""
        while self._waiting and self._waiting[0].answer.done():
            waiting = self._waiting.popleft()
            self._publish(waiting.heard(), waiting.speech_end)

    def _spawn(self, work: Coroutine[Any, Any, Heard]) -> asyncio.Task[Heard]:
        task = asyncio.create_task(work, name="final")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _result(answer: asyncio.Future[Heard]) -> Heard | None:
    """Return what a finished decode says; None if cancelled or ended by a bug, which is logged."""
    if answer.cancelled():
        return None
    error = answer.exception()
    if error is None:
        return answer.result()
    log.error("an utterance could not be understood", exc_info=error)
    return None
