"""Two people with microphones of their own in one room: nobody's words are another's."""

import time

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples, seconds
from server.events import (
    SYSTEM,
    ConsentGiven,
    Event,
    SegmentVoiced,
    UtteranceDropped,
    UtteranceFinal,
)
from server.hearing.leaking import DUPLICATE, Leaks
from server.hearing.tracks import Tracks
from server.journal.sqlite.journal import SqliteJournal
from server.ledger import Ledger
from server.media.frames import Frame
from server.session import fold
from tests.server.hearing.coming import come
from tests.server.hearing.phones import SEAT
from tests.server.stories import CREATED, said, seated, story
from tests.server.talk import eventually
from tests.speech.clips import load

OTHER = "지원자_2"
BLOCK = 320
TEXT = "저는 지난 삼 년 동안 서버를 개발했습니다."
CLIP = load("applicant1_skills.flac").samples
SILENCE = np.zeros(RATE_HZ, np.float32)


def quieter(sound: Samples, level_db: float) -> Samples:
    return np.asarray(sound * 10 ** (level_db / 20), np.float32)


async def kept(journal: SqliteJournal, count: int) -> list[UtteranceFinal | UtteranceDropped]:
    """Wait for so many utterances in the journal."""

    async def all_of() -> list[UtteranceFinal | UtteranceDropped]:
        events = [entry.event for entry in await journal.read("s1")]
        return [one for one in events if isinstance(one, UtteranceFinal | UtteranceDropped)]

    async def are_there() -> bool:
        return len(await all_of()) >= count

    await eventually(are_there)
    return await all_of()


async def test_a_neighbours_words_are_written_once(
    room: Tracks, ledger: Ledger, journal: SqliteJournal
) -> None:
    await ledger.commit(lambda *_: (ConsentGiven(seat=OTHER),), by=SYSTEM)
    sound = np.concatenate((SILENCE, CLIP, SILENCE))
    near, far = come(room, "c1", SEAT), come(room, "c2", OTHER)
    began = time.monotonic() - seconds(sound.size)
    for start in range(0, sound.size - BLOCK + 1, BLOCK):
        arrived = began + seconds(start + BLOCK)
        block = sound[start : start + BLOCK]
        near.hear(Frame(block, start, arrived))
        far.hear(Frame(quieter(block, -12), start, arrived))
    utterances = await kept(journal, 2)
    (written,) = (one for one in utterances if isinstance(one, UtteranceFinal))
    (dropped,) = (one for one in utterances if isinstance(one, UtteranceDropped))
    assert written.track == near.track.name
    assert (dropped.track, dropped.reason) == (far.track.name, "leakage")


@pytest.fixture
def leaks() -> Leaks:
    """Two microphones heard the same four seconds, "far" 12 dB quieter than "near"."""
    leaks = Leaks()
    leaks.screen("near", SEAT, seconds)
    leaks.screen("far", OTHER, seconds)
    sound = np.resize(CLIP, 4 * RATE_HZ)
    leaks.hear("near", 10.0, sound)
    leaks.hear("far", 10.0, quieter(sound, -12))
    return leaks


def words(track: str, text: str, voice: str) -> UtteranceFinal:
    """Return a final on ``track``, named like it."""
    return replace_track(said(track, text, voice=voice, start=10.0), track)


def replace_track(final: UtteranceFinal, track: str) -> UtteranceFinal:
    return UtteranceFinal(
        utterance=final.utterance,
        track=track,
        start=final.start,
        end=final.end,
        segments=final.segments,
    )


def after(leaks: Leaks, first: Event, second: UtteranceFinal) -> list[Event]:
    """Return what is kept of ``second`` when ``first`` is in the record already."""
    session = fold("s", story(CREATED, seated("v1", SEAT), seated("v2", OTHER), first))
    return list(leaks.without_duplicate(session, (second,)))


def test_the_same_words_heard_from_afar_are_dropped(leaks: Leaks) -> None:
    (event,) = after(leaks, words("near", TEXT, "v1"), words("far", TEXT, "v2"))
    assert isinstance(event, UtteranceDropped)
    assert (event.track, event.reason) == ("far", DUPLICATE)


def test_words_that_the_wrong_microphone_wrote_first_are_given_to_who_said_them(
    leaks: Leaks,
) -> None:
    given, dropped = after(leaks, words("far", TEXT, "v2"), words("near", TEXT, "v1"))
    assert given == SegmentVoiced(segment="far.1", voice="v1", confidence=1.0)
    assert isinstance(dropped, UtteranceDropped)
    assert dropped.track == "near"


def test_who_said_more_keeps_it_all(leaks: Leaks) -> None:
    more = words("near", f"{TEXT} 그리고 여러 사람과 함께 일하는 법을 배웠습니다.", "v1")
    kept_, given = after(leaks, words("far", TEXT, "v2"), more)
    assert kept_ == more
    assert given == SegmentVoiced(segment="far.1", voice="v1", confidence=1.0)


def test_a_neighbour_with_words_of_their_own_keeps_them(leaks: Leaks) -> None:
    own = words("far", "서버를 개발했습니다. 아닙니다, 제가 한 일은 다른 일이었습니다.", "v2")
    assert after(leaks, words("near", TEXT, "v1"), own) == [own]


def test_two_people_who_say_the_same_at_once_are_two(leaks: Leaks) -> None:
    leaks.hear("near", 20.0, np.resize(CLIP, 4 * RATE_HZ))
    other = np.resize(load("question_motive.flac").samples, 4 * RATE_HZ)
    leaks.hear("far", 20.0, quieter(other, -12))
    first, second = (
        replace_track(said(track, TEXT, voice=voice, start=20.0), track)
        for track, voice in (("near", "v1"), ("far", "v2"))
    )
    assert after(leaks, first, second) == [second]


def test_a_microphone_nobody_follows_is_left_alone(leaks: Leaks) -> None:
    room_ = words("room", TEXT, "v3")
    assert after(leaks, words("near", TEXT, "v1"), room_) == [room_]
