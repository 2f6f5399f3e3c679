"""One live microphone: captions while somebody speaks, words for the record when they pause."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import assert_never

import numpy as np

from pipeline.audio import Samples, seconds
from pipeline.captions import Interim, Lag, LagKind, LiveEvent
from pipeline.endpointing import Resumed, Started
from pipeline.finals import Finals, Guessed
from pipeline.inference import Executor, JobTranscriber
from pipeline.interims import InterimConfig, Interims
from pipeline.jobs import Priority
from pipeline.runner import Closed, Guess, Heard, Segmenter, TrackEvent, Understood, Utterance
from pipeline.screening import Screen
from pipeline.voicing import Attributor

_BEHIND = 2
"""Complete utterances without words from which on interims give way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveConfig:
    """How a track is understood while it lasts.

    Attributes:
        model: name of the transcription model.
        waiting: utterances that may wait for their words at once; each is at most 28 s long.
    """

    model: str = "whisper-base"
    waiting: int = 8
    interims: InterimConfig = field(default_factory=InterimConfig)


class LiveTrack:
    """Understands one live microphone, on the event loop; listening never waits for it.

    Every utterance ends in one `Understood` or `Dropped`, in their order. `Interim` tells of the
    utterance that is still open. At a pause interims give way to the final decode, which begins
    on the guess that the utterance has ended. What is held is bounded, however long it lasts::

        speech       ######################..########.......
        interims          i     i     i        i
        final decode                        f->void      f------>published
    """

    def __init__(
        self,
        name: str,
        segmenter: Segmenter,
        executor: Executor,
        session: str,
        publish: Callable[[LiveEvent], None],
        config: LiveConfig | None = None,
        screen: Screen | None = None,
        voices: Attributor | None = None,
    ) -> None:
        """Listen to the track ``name`` of ``session``; ``publish`` must not block.

        ``screen`` takes out what is not its speaker's own; None: everything is heard.
        ``voices`` tells who speaks; None: nobody asks.
        """
        config = config or LiveConfig()
        self._segmenter = segmenter
        self._executor = executor
        self._publish = publish
        quick = JobTranscriber(
            executor,
            session,
            model=config.model,
            priority=Priority.INTERIM,
            key=f"interim-{name}",
            deadline_s=config.interims.longest_period_s,
        )
        final = JobTranscriber(executor, session, model=config.model)
        self._interims = Interims(segmenter, quick, self._publish_interim, config.interims, screen)
        self._finals = Finals(final, self._publish_final, config.waiting, screen, voices)
        self.voices = voices
        self._renewed_at: int | None = None
        """Position at the last interim of the open utterance."""
        self._is_closed = False

    @property
    def position(self) -> int:
        """Samples taken so far."""
        return self._segmenter.position

    @property
    def waiting(self) -> int:
        """Complete utterances whose words are not published yet."""
        return len(self._finals)

    @property
    def oldest(self) -> Utterance | None:
        """The first complete utterance whose words are not published yet."""
        return self._finals.oldest

    @property
    def is_behind(self) -> bool:
        """Whether understanding does not keep up: interims are thinned out, or finals pile up."""
        return self._interims.is_thinned or self.waiting >= _BEHIND

    def push(self, block: Samples) -> None:
        """Listen to the next samples; once closed, ignore them.

        Raises:
            EngineError: voice activity could not be computed.
        """
        if not self._is_closed:
            if self.voices is not None:
                self.voices.push(block)
            self._follow(self._segmenter.follow(block))
            if self.waiting < _BEHIND:
                self._interims.ask()

    def finish(self) -> None:
        """Close the open utterance: the microphone is muted or gone; pushing may go on."""
        if self._is_closed:
            return
        position = self.position
        events = self._segmenter.finish()
        if self.voices is not None:
            # The last window was filled up with silence; both count samples alike.
            self.voices.push(np.zeros(self.position - position, np.float32))
        self._follow(events, is_cut_off=True)
        if self.voices is not None:
            self.voices.reset()

    async def close(self, patience_s: float) -> None:
        """End the track; what has no words after ``patience_s`` is dropped as late."""
        self.finish()
        self._is_closed = True
        await self._interims.close()
        await self._finals.close(patience_s)
        if self.voices is not None:
            await self.voices.close()

    def _follow(self, events: Iterable[TrackEvent], *, is_cut_off: bool = False) -> None:
        for event in events:
            match event:
                case Started():
                    self._renewed_at = None
                    self._interims.open(event.start)
                case Guess():
                    self._pause(event.utterance)
                case Resumed():
                    self._resume()
                case Closed():
                    self._interims.end()
                    self._finals.end(event.utterance, None if is_cut_off else event.speech_end)
                case _:
                    assert_never(event)

    def _pause(self, utterance: Utterance) -> None:
        if not self._is_prompt:
            self._interims.take_back()
        guess = self._finals.guess(utterance)
        if guess is not None:
            guess.task.add_done_callback(lambda _: self._suggest(guess))

    def _resume(self) -> None:
        """Void the guess; one that is under way already still makes a good interim."""
        guess = self._finals.take_guess()
        if guess is None or guess.task.done():
            return
        if self._is_prompt:
            self._interims.adopt(guess.task)
        else:
            guess.task.cancel()

    @property
    def _is_prompt(self) -> bool:
        """Whether no job waits: what was asked is being done, and taking it back frees nobody."""
        return not self._executor.backlog().queued

    def _suggest(self, guess: Guessed) -> None:
        """Show the words of a guess whose utterance is open yet."""
        if guess.task.cancelled() or guess.task.exception() is not None:
            return
        heard, utterance = guess.task.result(), guess.utterance
        if isinstance(heard, Understood):
            self._interims.suggest(
                utterance.start, heard.transcript, utterance.start, utterance.end
            )

    def _publish_interim(self, interim: Interim) -> None:
        self._publish(interim)
        last, self._renewed_at = self._renewed_at, self.position
        if last is None:
            self._lag(LagKind.FIRST_INTERIM, interim.start)
        else:
            self._lag(LagKind.REFRESH, last)

    def _publish_final(self, heard: Heard, speech_end: int | None) -> None:
        self._publish(heard)
        # Where the stream was cut off nothing arrives that the delay could be counted by.
        if isinstance(heard, Understood) and speech_end is not None:
            self._lag(LagKind.FINAL, speech_end)

    def _lag(self, kind: LagKind, since: int) -> None:
        self._publish(Lag(kind, seconds(self.position - since)))
