"""Which voices a held session knows, and for how long."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.audio import Samples
from pipeline.inference import Stale
from pipeline.jobs import EngineError
from pipeline.models import ModelMissing
from pipeline.speakers.models import Activity, Embedding
from server.entries import Draft, Entry
from server.events import (
    SYSTEM,
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    SeatConfig,
    SessionConfig,
    SessionCreated,
    VoiceAssigned,
    VoiceForgotten,
    VoicesMerged,
)
from server.hearing.health import Health
from server.hearing.voices import SessionVoices, expected
from server.session import Session
from server.store.voices import VoiceFiles

FIRST, SECOND = "지원자_1", "지원자_2"
Make = Callable[..., SessionVoices]


def voice(*parts: float) -> Embedding:
    vector = np.zeros(192, np.float32)
    vector[: len(parts)] = parts
    return vector / np.float32(np.linalg.norm(vector))


class Models:
    """``VoiceModels`` that fail as a test says."""

    error: EngineError | None = None

    async def activity(self, sound: Samples) -> Activity:
        if self.error is not None:
            raise self.error
        return Activity(np.zeros((sound.size // 270, 3), np.float32), 270.0)

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        return np.stack([voice(1.0) for _ in pieces])


def happen(session: Session, *events: Event, by: str = SYSTEM) -> None:
    for event in events:
        draft = Draft(at=0.0, wall=0.0, by=by, event=event)
        session.apply(
            Entry(
                seq=session.seq + 1,
                at=draft.at,
                wall=draft.wall,
                by=by,
                v=event.VERSION,
                type=event.type(),
                cmd=None,
                event=event,
            )
        )


@pytest.fixture
def session() -> Session:
    session = Session("s1")
    happen(session, SessionCreated(config=SessionConfig()), ConsentGiven(seat=FIRST))
    return session


@pytest.fixture
def models() -> Models:
    return Models()


@pytest.fixture
def make(session: Session, models: Models, tmp_path: Path) -> Make:
    def make(is_wanted: bool = True) -> SessionVoices:
        return SessionVoices(session, models, VoiceFiles(tmp_path), is_wanted=is_wanted)

    return make


def enrol(voices: SessionVoices, session: Session, seat: str, embedding: Embedding) -> str:
    """Do what the endpoint does."""
    name = voices.enrol(seat, embedding)
    happen(session, VoiceAssigned(voice=name, seat=seat, reason="enrolment"), by=seat)
    voices.follow()
    return name


async def test_an_enrolled_voice_is_known_until_it_is_forgotten(
    make: Make, session: Session
) -> None:
    voices = make()
    await voices.begin()
    name = enrol(voices, session, FIRST, voice(1.0))
    assert voices.enrolled == {FIRST}
    assert enrol(voices, session, FIRST, voice(0.0, 1.0)) == name  # Read again: the same voice.
    assert voices.embedding_of(FIRST) == pytest.approx(voice(0.0, 1.0))
    voices.forget(FIRST)
    assert voices.enrolled == frozenset()
    assert name not in voices.gallery.voices
    await voices.close()


async def test_a_restart_knows_the_enrolled_voices_and_nobody_elses(
    make: Make, session: Session, tmp_path: Path
) -> None:
    before = make()
    await before.begin()
    name = enrol(before, session, FIRST, voice(1.0))
    stranger = before.gallery.found(voice(0.0, 0.0, 1.0))
    happen(session, VoiceAssigned(voice=stranger, seat=None, reason="heard"))
    await before.close()
    after = make()
    await after.begin()
    assert list(after.gallery.voices) == [name]
    assert after.enrolled == {FIRST}
    await after.end()
    assert after.gallery.voices == {}
    assert await VoiceFiles(tmp_path).sessions() == {}
    await after.close()
    assert await VoiceFiles(tmp_path).sessions() == {}


async def test_an_enrolment_that_the_journal_does_not_know_is_not_remembered(
    make: Make, tmp_path: Path
) -> None:
    voices = make()
    await voices.begin()
    voices.enrol(FIRST, voice(1.0))
    await voices.close()
    after = make()
    await after.begin()
    assert after.gallery.voices == {}
    await after.close()
    assert await VoiceFiles(tmp_path).sessions() == {}


async def test_who_withdraws_consent_is_forgotten_in_the_file_too(
    make: Make, session: Session, tmp_path: Path
) -> None:
    voices = make()
    await voices.begin()
    enrol(voices, session, FIRST, voice(1.0))
    happen(session, ConsentWithdrawn(seat=FIRST))
    voices.follow()
    assert voices.enrolled == frozenset()
    await voices.close()
    assert await VoiceFiles(tmp_path).sessions() == {}


async def test_a_voice_that_a_person_merged_is_one_voice(make: Make, session: Session) -> None:
    voices = make()
    one, other = (voices.gallery.found(embedding) for embedding in (voice(1.0), voice(1.0, 1.0)))
    for name in (one, other):
        happen(session, VoiceAssigned(voice=name, seat=None, reason="heard"))
    happen(session, VoicesMerged(voice=other, into=one), by=FIRST)
    voices.follow()
    assert list(voices.gallery.voices) == [one]


async def test_a_voice_that_a_person_named_is_given_up_no_more(
    make: Make, session: Session
) -> None:
    voices = make()
    name = voices.gallery.found(voice(1.0))
    happen(session, VoiceAssigned(voice=name, seat=FIRST, reason="person"), by="operator")
    voices.follow()
    assert voices.gallery.voices[name].is_enrolled
    assert voices.enrolled == frozenset()  # Its person has let nobody learn it.
    assert enrol(voices, session, FIRST, voice(1.0, 0.1)) == name
    assert voices.enrolled == {FIRST}
    await voices.close()


async def test_enrolling_tells_whose_voice_is_alike(make: Make, session: Session) -> None:
    voices = make()
    enrol(voices, session, FIRST, voice(1.0))
    assert voices.alike(SECOND, voice(1.0, 0.2)) == (FIRST,)
    assert voices.alike(SECOND, voice(0.0, 1.0)) == ()
    assert voices.alike(FIRST, voice(1.0)) == ()
    await voices.close()


async def test_everybody_is_told_why_voices_are_not_told_apart(make: Make, models: Models) -> None:
    off = make(is_wanted=False)
    assert off.attribution() is None
    assert off.health(None) == Health("off", "disabled")
    voices = make()
    track = voices.attribution()
    assert voices.health(track) == Health("on")
    models.error = ModelMissing("fetch it")
    with pytest.raises(ModelMissing):
        await voices.models.activity(np.zeros(100, np.float32))
    assert voices.health(track) == Health("off", "missing")
    assert not voices.is_on
    models.error = EngineError("broken")
    with pytest.raises(EngineError):
        await voices.models.activity(np.zeros(100, np.float32))
    assert voices.health(track) == Health("off", "failed")
    models.error = None
    await voices.models.activity(np.zeros(100, np.float32))
    models.error = Stale("too late")
    with pytest.raises(Stale):
        await voices.models.activity(np.zeros(100, np.float32))
    assert voices.health(track) == Health("on")


@pytest.mark.parametrize(("rooms", "voices"), [(0, 6), (1, 2), (4, 4), (6, 6)])
def test_as_many_voices_are_expected_as_share_the_microphone(rooms: int, voices: int) -> None:
    seats = SessionConfig().seats
    shared = [SeatConfig(seat=place.seat, microphone="room") for place in seats[:rooms]]
    assert expected(SessionConfig(seats=(*shared, *seats[rooms:]))) == voices


@pytest.mark.parametrize("seat", [None, SECOND])
async def test_who_withdraws_is_forgotten_though_others_gave_their_voice_away(
    make: Make, session: Session, tmp_path: Path, seat: str | None
) -> None:
    voices = make()
    await voices.begin()
    name = enrol(voices, session, FIRST, voice(1.0))
    happen(session, VoiceAssigned(voice=name, seat=seat, reason="person"), by="operator")
    voices.follow()
    assert name in voices.gallery.voices
    happen(session, ConsentWithdrawn(seat=FIRST))
    voices.follow()
    assert voices.gallery.voices == {}
    await voices.close()
    assert await VoiceFiles(tmp_path).sessions() == {}


async def test_who_asks_is_forgotten_though_others_took_their_voice_for_another(
    make: Make, session: Session
) -> None:
    voices = make()
    name = enrol(voices, session, FIRST, voice(1.0))
    found = voices.gallery.found(voice(0.0, 1.0))
    happen(session, VoiceAssigned(voice=found, seat=None, reason="heard"))
    happen(session, VoicesMerged(voice=name, into=found), by="operator")
    voices.follow()
    assert voices.forget(FIRST)
    assert voices.gallery.voices == {}
    assert not voices.forget(FIRST)
    await voices.close()


async def test_a_voice_that_was_forgotten_is_not_known_after_a_restart_either(
    make: Make, session: Session, tmp_path: Path
) -> None:
    voices = make()
    await voices.begin()
    enrol(voices, session, FIRST, voice(1.0))
    await voices.close()
    # The process died after the journal had it, and before the file had gone.
    happen(session, VoiceForgotten(seat=FIRST), by=FIRST)
    after = make()
    await after.begin()
    assert after.gallery.voices == {}
    await after.close()
    assert await VoiceFiles(tmp_path).sessions() == {}


async def test_where_voices_are_not_told_apart_any_more_none_is_kept(
    make: Make, session: Session, tmp_path: Path
) -> None:
    voices = make()
    await voices.begin()
    enrol(voices, session, FIRST, voice(1.0))
    await voices.close()
    off = make(is_wanted=False)
    await off.begin()
    assert await VoiceFiles(tmp_path).sessions() == {}
    await off.close()
