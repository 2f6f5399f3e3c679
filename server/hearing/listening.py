"""What a room hears: audio chunks become finals in the journal, whoever still waits for them.

Chunks of one (connection, speaker) are taken in their order; different ones do not wait for each
other. The work belongs to the room: a connection that dies loses its answer, never its words.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from pipeline.assembly import Ears
from pipeline.containers import NotAudio
from pipeline.inference import Executor, JobTranscriber
from pipeline.jobs import Priority
from pipeline.runner import (
    ENGINE_FAILED,
    Dropped,
    Heard,
    Segmenter,
    Understood,
    in_turn,
    understand,
)
from server import consent, decisions, legacy
from server.access import Principal, Right
from server.errors import (
    HeldElsewhere,
    Overloaded,
    SessionOver,
    id_of_another_command,
)
from server.events import SYSTEM, AudioTaken, UtteranceFinal, is_applicant
from server.hearing.ear import Ear, Voiced
from server.hearing.finals import final_events
from server.hearing.outcomes import Outcome, Outcomes
from server.hearing.streams import Placed, Stream, decode_base64
from server.hearing.voices import SessionVoices
from server.ledger import Ledger
from server.messages import AudioChunk, AudioProcessed
from server.operations.metrics import Metrics
from server.reports import Backlog
from server.tasks import Tasks

log = logging.getLogger(__name__)
Given = TypeVar("Given")
Got = TypeVar("Got")

MAX_STREAMS = 32
"""Streams of one room; six seats on several connections need fewer."""
WIDTH = 4
"""Utterances of one stream in work at once: enough for several workers, bounded in memory."""

_NOT_TRANSCRIBED = "Some of this sound could not be transcribed; the record marks the place."
_LATE = "The interview ended before this sound was understood; it will be in the record."


class Listening:
    """The ears of one room."""

    def __init__(
        self,
        ledger: Ledger,
        ears: Ears,
        executor: Executor,
        evaluate: Callable[[], Awaitable[None]],
        metrics: Metrics,
        voices: SessionVoices | None = None,
    ) -> None:
        """Start open.

        Args:
            ledger: where the words go.
            ears: the listening models and their threads.
            executor: runs transcription.
            evaluate: called when words came after the session's end.
            metrics: counts what is dropped.
            voices: those of the room; None: nobody tells them apart.
        """
        self._ledger = ledger
        self._models = ears
        self._executor = executor
        self._evaluate = evaluate
        self._metrics = metrics
        self._voices = voices
        self._is_open = True
        self._ears: dict[tuple[str, str | None], Ear] = {}
        self._tasks = Tasks(f"listening {ledger.session.id}")
        self._outcomes = Outcomes()

    @property
    def is_busy(self) -> bool:
        return len(self._tasks) > 0

    def lag(self) -> Backlog:
        """Return the backlog as the status shows it."""
        backlog = self._executor.backlog(self._ledger.session.id)
        return {
            "queued": backlog.queued,
            "running": backlog.running,
            "lag_s": round(backlog.oldest_wait_s, 3),
            "chunks": len(self._tasks),
        }

    async def chunk(
        self, connection: str, principal: Principal, command: AudioChunk
    ) -> AudioProcessed:
        """Understand a chunk and answer what was said in it.

        Raises:
            ClientError: it may not be sent, or not now.
        """
        speaker = command.speaker
        principal.check_audio(speaker)
        received_s = self._ledger.now()
        task = self._outcomes.get(command.id, principal.author)
        if task is None:
            self._check(speaker)
            ear = self._ear(connection, speaker)
            task = self._tasks.spawn(
                self._understand(ear, command, principal.author, received_s), "chunk"
            )
            self._outcomes.put(command.id, principal.author, task)
        outcome = await self._answered(task)
        return self._answer(command, principal, outcome)

    async def settle(self, patience_s: float) -> None:
        """Take no more sound, finish every open utterance, wait for all work, but not for ever."""
        self._is_open = False
        for ear in self._ears.values():
            self._tasks.start(self._finish(ear), "finish")
        self._ears.clear()
        await self._tasks.wait(patience_s)

    def reopen(self) -> None:
        """Take sound again: the session could not be ended."""
        self._is_open = True

    def forget(self, connection: str) -> None:
        """Finish the streams of a connection that is gone: nothing can continue them."""
        for key in [key for key in self._ears if key[0] == connection]:
            self._tasks.start(self._finish(self._ears.pop(key)), "finish")

    async def close(self) -> None:
        await self._tasks.close()

    def _check(self, speaker: str | None) -> None:
        session = self._ledger.session
        if not self._is_open or session.is_over:
            raise SessionOver
        if speaker is not None:
            decisions.check_seat(session, speaker)
        consent.check(session, speaker)

    def _ear(self, connection: str, speaker: str | None) -> Ear:
        key = (connection, speaker)
        if key not in self._ears:
            if len(self._ears) >= MAX_STREAMS:
                raise Overloaded("This interview has too many sound streams open.")
            ears = self._models
            track = speaker or f"room-{connection}"

            def segmenter() -> Segmenter:
                return ears.segmenter(is_applicant=is_applicant(speaker))

            room = self._voices if speaker is None else None
            voices = None if room is None else room.attribution()
            stream = Stream(track, segmenter, is_taped=voices is not None)
            self._ears[key] = Ear(stream, speaker, ears.threads, voices)
        return self._ears[key]

    async def _answered(self, task: asyncio.Task[Outcome]) -> Outcome:
        """Wait for the outcome, or for the session's end if that comes first."""
        closed = asyncio.ensure_future(self._ledger.closed.wait())
        try:
            await asyncio.wait({task, closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closed.cancel()
        if task.cancelled():
            raise HeldElsewhere  # The ears of this process were closed: others hear the session.
        return task.result() if task.done() else Outcome(error=_LATE, code="late")

    async def _understand(
        self, ear: Ear, command: AudioChunk, author: str, received_s: float
    ) -> Outcome:
        # Nothing is awaited before the turn: what came later must not overtake this chunk.
        async with ear.turn:
            if command.id is not None and (first := await self._ledger.first(command.id, author)):
                taken = first.entries[0].event
                if not isinstance(taken, AudioTaken):
                    raise id_of_another_command()
                error = None if taken.is_whole else _NOT_TRANSCRIBED
                return Outcome(taken.utterances, error, first.seq)
            try:
                data = await self._in_thread(decode_base64, command.audio_data)
                voiced = ear.steps(ear.stream.take(data, received_s))
                outcome = await self._keep_all(ear, voiced, command.id)
            except NotAudio as error:
                return Outcome(error=str(error), code="not_audio")
        if command.id is not None:
            outcome = await self._mark(ear, command.id, author, outcome)
        await self._evaluate_if_late()
        return outcome

    async def _finish(self, ear: Ear) -> None:
        async with ear.turn:
            await self._keep_all(ear, ear.steps(ear.stream.finish()), None)
        await self._evaluate_if_late()

    async def _evaluate_if_late(self) -> None:
        """Words of an ended session make a new revision; its evaluation follows them."""
        if self._ledger.session.is_over:
            await self._evaluate()

    async def _keep_all(self, ear: Ear, voiced: AsyncIterator[Voiced], cmd: str | None) -> Outcome:
        """Understand utterance after utterance and journal each as soon as it is its turn."""
        transcriber = JobTranscriber(
            self._executor, self._ledger.session.id, priority=Priority.RECORDING
        )

        async def hear(item: Voiced) -> tuple[Placed, Heard]:
            heard = await understand(item.placed.utterance, transcriber)
            if isinstance(heard, Understood):
                heard = replace(heard, turns=item.turns)
            return item.placed, heard

        kept: list[str] = []
        error = None
        count = 0
        async for item, heard in in_turn(voiced, hear, WIDTH):
            # Sent again after a crash the chunk has no recording before it to end.
            part = None
            if cmd is not None and not item.is_earlier:
                count += 1
                part = f"{cmd}.{count}"
            name = await self._keep(ear, item, heard, part)
            if name is not None:
                kept.append(name)
            elif isinstance(heard, Dropped) and heard.reason == ENGINE_FAILED:
                error = _NOT_TRANSCRIBED
        return Outcome(tuple(kept), error)

    async def _keep(self, ear: Ear, item: Placed, heard: Heard, cmd: str | None) -> str | None:
        """Journal one utterance; return its name if it has words."""
        name = f"u{secrets.token_hex(6)}"
        if isinstance(heard, Dropped):
            self._metrics.count_drop(heard.reason)
        committed = await self._ledger.commit(
            lambda session, _: final_events(
                session, name, ear.stream.track, ear.speaker, item, heard
            ),
            by=SYSTEM,
            cmd=cmd,
            as_holder=True,
        )
        final = committed.entries[-1].event
        return final.utterance if isinstance(final, UtteranceFinal) else None

    async def _mark(self, ear: Ear, cmd: str, author: str, outcome: Outcome) -> Outcome:
        committed = await self._ledger.commit(
            lambda *_: (
                AudioTaken(
                    track=ear.stream.track,
                    utterances=outcome.utterances,
                    is_whole=outcome.error is None,
                ),
            ),
            by=author,
            cmd=cmd,
        )
        return Outcome(outcome.utterances, outcome.error, committed.seq)

    def _answer(
        self, command: AudioChunk, principal: Principal, outcome: Outcome
    ) -> AudioProcessed:
        session = self._ledger.session
        spoken = [item for name in outcome.utterances for item in session.utterances.get(name, ())]
        result = legacy.audio_processed(
            session,
            spoken,
            timestamp=command.timestamp if command.timestamp is not None else time.time(),
            speaker=command.speaker,
            shows_words=principal.has(Right.SEE_ROOM),
            shows_evaluation=principal.has(Right.SEE_JUDGEMENT),
            error=outcome.error,
            code=outcome.code or (ENGINE_FAILED if outcome.error else None),
        )
        return AudioProcessed(result=result, reply_to=command.id, seq=outcome.seq)

    async def _in_thread(self, work: Callable[[Given], Got], given: Given) -> Got:
        threads = self._models.threads
        return await asyncio.get_running_loop().run_in_executor(threads, work, given)
