"""The final pass: after the interview its room microphones are heard once more, as a whole.

Whoever holds the session does it, and nobody else: a pass that was interrupted, because the
process died or the session was erased, is not begun again, and the record stays as it was.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

import numpy as np

from pipeline.audio import samples, seconds
from pipeline.jobs import EngineError, Priority
from pipeline.models import Registry
from pipeline.speakers.diarized import MODEL as COMMUNITY
from pipeline.speakers.diarized import JobDiarizer, diarized_pass
from pipeline.speakers.job_models import JobVoiceModels
from pipeline.speakers.models import VoiceModels
from pipeline.speakers.turns import VoiceTurn
from pipeline.speakers.whole import Known, WholeResult, whole_pass
from server import revising
from server.errors import ClientError
from server.events import SYSTEM, Event, SpeakersChecked, VoiceSpan
from server.hearing.voices import SessionVoices, expected
from server.ledger import Committed, Decide, Ledger
from server.record import Spoken
from server.revising import Heard
from server.services import Services
from server.session import Session
from server.store.decoding import KeptSound
from server.store.protocol import MediaStore
from server.store.retention import is_own

log = logging.getLogger(__name__)

FINAL_PASS_S = 540.0
"""Nine minutes after the end whatever is not done is left: after ten no voice may be known."""
BEFORE_END_S = 15.0
"""So long before that the models stop: what they found has to be written down."""
AT_ONCE = 100
"""Segments that are looked at before anybody else has a turn."""
WHOLE = "whole"
"""The method where no pipeline of others is there: the own pass over everything."""


class FinalPass:
    """One session's final pass; ``run`` it once, when its last words are written down."""

    def __init__(
        self,
        ledger: Ledger,
        voices: SessionVoices,
        store: MediaStore,
        models: VoiceModels,
        diarize: JobDiarizer | None = None,
        until: float | None = None,
    ) -> None:
        """Nothing is heard yet.

        Args:
            ledger: the ended session's, which is still held.
            voices: of the session.
            store: has the sound.
            models: tell voices apart.
            diarize: a whole pipeline that does; None: there is none.
            until: the second of ``time.monotonic`` at which it has to be done; None: as long from
                now as a session's end leaves.
        """
        self._ledger = ledger
        self._voices = voices
        self._store = store
        self._models = models
        self._diarize = diarize
        self._until = time.monotonic() + FINAL_PASS_S if until is None else until

    @property
    def _method(self) -> str:
        return WHOLE if self._diarize is None else self._diarize.model

    async def attempt(self, evaluate: Callable[[], Awaitable[None]]) -> None:
        """``run``, and ``evaluate`` what has changed; whatever fails, the record stays."""
        session = self._ledger.session.id
        try:
            if await self.run():
                await evaluate()
        except (ClientError, EngineError, TimeoutError) as error:
            log.warning("session %s: no final pass: %r", session, error)
        except Exception:
            log.exception("session %s: the final pass failed", session)

    async def run(self) -> bool:
        """Hear every room microphone, as far as there is time, and write down what changes.

        Returns:
            Whether there was anything to hear.

        Raises:
            ClientError: nobody knows which sound there is, or the journal fails.
        """
        began = time.monotonic()
        heard, is_all = await self._hear_all()
        if not heard:
            return False
        count = 0
        for one in heard:
            count += await self._revise(one)
        through = min(one.end for one in heard) if is_all else 0.0
        checked = SpeakersChecked(method=self._method, through=round(through, 3), changed=count)
        await self._commit(lambda *_: (checked,))
        log.info(
            "session %s: the final pass took %.0f s and changed %d segments",
            self._ledger.session.id,
            time.monotonic() - began,
            count,
        )
        return True

    async def _hear_all(self) -> tuple[list[Heard], bool]:
        """Return what was heard of each room microphone, and whether none had to be left out."""
        session = self._ledger.session.id
        heard: list[Heard] = []
        is_all = True
        for track in await self._store.tracks(session):
            left_s = self._until - BEFORE_END_S - time.monotonic()
            if is_own(track):
                continue
            if left_s <= 0:
                is_all = False
                continue
            try:
                found = await self._hear(track, left_s)
            except (ClientError, EngineError, TimeoutError) as error:
                # What was heard of the others counts.
                log.warning("session %s: no final pass of %s: %r", session, track, error)
                is_all = False
                continue
            if found is not None:
                heard.append(found)
        return heard, is_all

    async def _hear(self, track: str, left_s: float) -> Heard | None:
        sound = await KeptSound.open(self._store, self._ledger.session.id, track)
        if sound is None:
            return None
        known = known_of(self._ledger.session, track, sound.start_s, left_s)
        async with asyncio.timeout(left_s + BEFORE_END_S / 2):
            result = await self._whole(sound, known)
        return heard_of(track, sound.start_s, result)

    async def _whole(self, sound: KeptSound, known: Known) -> WholeResult:
        gallery = self._voices.gallery
        if self._diarize is None:
            return await whole_pass(sound.blocks(), self._models, gallery, known)
        # A pipeline takes all sound at once: half a gigabyte for two hours.
        everything = np.concatenate([block async for block in sound.blocks()])
        return await diarized_pass(everything, self._diarize, self._models, gallery, known)

    async def _revise(self, heard: Heard) -> int:
        """Write down what was heard of one track; return how many segments it changes."""
        await self._commit(
            lambda session, _: [
                *revising.introductions(session, heard.turns),
                *revising.speech(heard),
            ]
        )
        said = [one for one in self._ledger.session.spoken if one.track == heard.track]
        count = 0
        for first in range(0, len(said), AT_ONCE):
            count += await self._revise_some(heard, said[first : first + AT_ONCE])
            await asyncio.sleep(0)
        return count

    async def _revise_some(self, heard: Heard, said: list[Spoken]) -> int:
        count = 0

        def decide(session: Session, at: float) -> list[Event]:
            nonlocal count
            del at
            events = revising.revisions(session, heard, said)
            count = revising.changed(session, events)
            return events

        await self._commit(decide)
        return count

    async def _commit(self, decide: Decide) -> Committed:
        return await self._ledger.commit(decide, by=SYSTEM, as_holder=True)


async def final_pass(
    services: Services, ledger: Ledger, voices: SessionVoices, until: float
) -> FinalPass:
    """Return the final pass of an ended session with what this machine has for it."""
    session, executor = ledger.session.id, services.executor
    models = JobVoiceModels(executor, session, priority=Priority.RECORDING)
    diarize = None
    with contextlib.suppress(EngineError):
        await asyncio.to_thread(Registry.default(services.settings.models).path, COMMUNITY)
        diarize = JobDiarizer(executor, session)
    return FinalPass(ledger, voices, services.store, models, diarize, until)


def known_of(session: Session, track: str, start_s: float, deadline_s: float) -> Known:
    """Return what the record says of a track, for those who hear it again.

    Args:
        session: as it is now.
        track: its name.
        start_s: session second of the first sample they hear.
        deadline_s: how long they may take.
    """
    told = [_turn(span, start_s) for span in session.account.speech.get(track, ())]
    corrected = [
        VoiceSpan(
            voice=session.voice(spoken.segment),
            start=spoken.segment.words[0][0],
            end=spoken.segment.words[-1][1],
            confidence=1.0,
        )
        for spoken in session.spoken
        if spoken.track == track and spoken.is_moved and spoken.segment.words
    ]
    return Known(
        expected=expected(session.config),
        heard=tuple(sorted(told, key=lambda turn: turn.start)),
        anchors=tuple(_turn(span, start_s) for span in corrected if span.voice is not None),
        deadline_s=deadline_s,
    )


def heard_of(track: str, start_s: float, result: WholeResult) -> Heard:
    """Return what was heard on the session's clock."""
    shift = samples(start_s)
    return Heard(
        track=track,
        start=start_s,
        end=start_s + seconds(result.through),
        turns=tuple(
            replace(turn, start=turn.start + shift, end=turn.end + shift) for turn in result.turns
        ),
    )


def _turn(span: VoiceSpan, start_s: float) -> VoiceTurn:
    start, end = (max(0, samples(at - start_s)) for at in (span.start, span.end))
    return VoiceTurn(span.voice, start, end, span.confidence)
