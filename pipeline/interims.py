"""First words of the utterance that is still open, renewed as often as understanding keeps up."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.agreement import Agreement
from pipeline.audio import Samples, samples, seconds
from pipeline.captions import Interim
from pipeline.guards import objection
from pipeline.jobs import EngineError
from pipeline.pacing import Pace
from pipeline.runner import Segmenter
from pipeline.screening import Screen
from pipeline.transcription import Transcriber, Transcript

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterimConfig:
    """How often an open utterance is heard (docs/findings.md).

    Attributes:
        first_s: after speech is certain, until its first interim is asked for, and between
            attempts while there are no words to show.
        period_s: between interims of one utterance; 0.5 where a GPU hears.
        longest_period_s: between interims when understanding is behind.
        tail_s: an interim hears at most the last so many seconds.
        context_s: of these at most so many repeat words that are committed already.
    """

    first_s: float = 0.6
    period_s: float = 1.0
    longest_period_s: float = 4.0
    tail_s: float = 6.0
    context_s: float = 2.0


class Interims:
    """At most one decode of one track's open utterance at a time; time is its sample count."""

    def __init__(
        self,
        segmenter: Segmenter,
        transcriber: Transcriber,
        publish: Callable[[Interim], None],
        config: InterimConfig,
        screen: Screen | None = None,
    ) -> None:
        """Hear the open utterance of ``segmenter``; ``publish`` must not block."""
        self._screen = screen
        self._segmenter = segmenter
        self._transcriber = transcriber
        self._publish = publish
        self._config = config
        self.pace = Pace(samples(config.period_s), samples(config.longest_period_s))
        self._agreement: Agreement | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        """What makes the next interim: a decode of its own, a guess that was void, seldom both."""

    def open(self, start: int) -> None:
        """An utterance has begun."""
        config = self._config
        self._agreement = Agreement(start, samples(config.tail_s), samples(config.context_s))
        self.pace.wait(self._segmenter.end + samples(self._config.first_s))

    @property
    def is_thinned(self) -> bool:
        """Whether the open utterance is heard less often than it should be."""
        return self._agreement is not None and self.pace.is_thinned

    def take_back(self) -> None:
        """Give up what is under way: something better needs its place."""
        for task in self._tasks:
            task.cancel()

    def end(self) -> None:
        """The utterance has ended; nothing more is published about it."""
        self.take_back()
        self._agreement = None

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Ask for nothing before ``task`` is done, whose words `suggest` will bring."""
        self._tasks.add(task)
        task.add_done_callback(self._leave)

    def ask(self) -> None:
        """Begin the next decode if it is due; in silence there is nothing new to hear."""
        now = self._segmenter.end
        if self._agreement is None or not all(task.cancelling() for task in self._tasks):
            return
        if self._segmenter.is_speaking and self.pace.is_due(now):
            start = self._agreement.tail(now)
            tail = self._segmenter.since(start)
            self.pace.begin(now)
            self.adopt(asyncio.create_task(self._renew(start, tail), name="interim"))

    def suggest(self, utterance_start: int, transcript: Transcript, start: int, end: int) -> None:
        """Publish what a decode of samples ``start`` to ``end`` adds, if still of interest."""
        agreement = self._agreement
        if agreement is not None and agreement.start == utterance_start:
            agreement.take(transcript.words, start)
            if agreement.has_words:
                self._publish(
                    Interim(agreement.start, agreement.committed, agreement.tentative, end)
                )

    async def close(self) -> None:
        """Take back what is under way."""
        self.end()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _renew(self, start: int, tail: Samples) -> None:
        agreement, asked_at = self._agreement, self._segmenter.end
        assert agreement is not None
        own: Samples | None = tail
        if self._screen is not None:
            own = (await self._screen(start, tail, is_final=False)).samples
        if own is None:  # Others are heard; when one's own speech joins in, there is a next time.
            self.pace.answered(self._segmenter.end - asked_at)
            return
        try:
            transcript = await self._transcriber(own)
        except EngineError:  # Stale or overloaded; if the model is broken the final will tell.
            self.pace.missed(self._segmenter.end)
            return
        self.pace.answered(self._segmenter.end - asked_at)
        if objection(transcript, seconds(tail.size)) is None:
            self.suggest(agreement.start, transcript, start, start + tail.size)
        if not agreement.has_words and not self.pace.is_thinned:
            self.pace.wait(asked_at + samples(self._config.first_s))

    def _leave(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an interim could not be made", exc_info=error)
