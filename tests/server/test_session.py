"""The fold: what a session's events add up to."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.entries import Entry
from server.events import (
    APPLICANTS,
    AudioTaken,
    Blank,
    ConsentGiven,
    ConsentWithdrawn,
    Erased,
    Event,
    Gap,
    Joined,
    Left,
    Muted,
    RoomConfirmed,
    SessionConfig,
    Unknown,
    Unmuted,
    UtteranceDropped,
)
from server.session import Life, Session, fold
from tests.server.stories import (
    CLOSED,
    CREATED,
    WALL,
    any_story,
    entry,
    evaluated,
    note,
    read_line,
    said,
    seated,
    story,
)


def told(*events: Event | tuple[str, Event]) -> Session:
    return fold("s", story(*events))


def words(session: Session, seat: str) -> list[str]:
    return [spoken.segment.text for spoken in session.words_of(seat)]


# Life


def test_a_session_without_events_does_not_exist() -> None:
    session = told()
    assert not session.exists
    assert not session.is_over


def test_a_session_lives_from_its_creation_to_its_close() -> None:
    live, over = told(CREATED), told(CREATED, note("1"), CLOSED)
    assert (live.life, live.is_over, live.duration_s, live.revision) == (Life.LIVE, False, None, 0)
    assert (over.life, over.is_over, over.duration_s, over.revision) == (Life.REVIEW, True, 3.0, 1)
    assert over.created_wall == WALL + 1
    assert over.closed_wall == WALL + 3
    assert live.seats == ("면접관_1", "지원자_1", "지원자_2")


def test_a_second_close_changes_nothing() -> None:
    once, twice = told(CREATED, CLOSED), told(CREATED, CLOSED, CLOSED)
    assert (twice.closed_at, twice.closed_wall, twice.revision) == (
        once.closed_at,
        once.closed_wall,
        once.revision,
    )


def test_entries_must_follow_each_other() -> None:
    session = told(CREATED)
    for seq in (1, 3):
        with pytest.raises(ValueError, match=f"entry {seq} does not follow 1"):
            session.apply(entry(seq, note("1")))
    assert session.seq == 1


def test_session_time_never_goes_back() -> None:
    session = fold("s", [entry(1, CREATED, at=5.0), entry(2, note("1"), at=3.0)])
    assert session.at == 5.0


# Presence and consent


def test_people_are_present_until_they_leave() -> None:
    one = Joined(connection="c1", role="applicant", seat="지원자_1")
    two = Joined(connection="c2", role="operator")
    session = told(CREATED, one, two, Left(connection="c1"), Left(connection="c9"))
    assert session.present == {"c2": two}


def test_who_has_ever_come_is_known_when_they_have_left() -> None:
    session = told(
        CREATED,
        Joined(connection="c1", role="applicant", seat="지원자_1"),
        Joined(connection="c2", role="observer"),
        Left(connection="c1", reason="closed"),
    )
    assert session.came == {"지원자_1"}


def test_consent_is_remembered_by_seat() -> None:
    session = told(CREATED, ConsentGiven(seat="지원자_1"), ConsentGiven(seat="지원자_1"))
    assert session.consents == {"지원자_1"}


def test_consent_goes_with_its_withdrawal_and_takes_the_rooms_along() -> None:
    before = (CREATED, ConsentGiven(seat="지원자_1"), RoomConfirmed())
    assert told(*before).is_room_confirmed
    session = told(*before, ConsentWithdrawn(seat="지원자_1"))
    assert (session.consents, session.withdrawn) == (set(), {"지원자_1"})
    assert not session.is_room_confirmed
    again = told(*before, ConsentWithdrawn(seat="지원자_1"), ConsentGiven(seat="지원자_1"))
    assert (again.consents, again.withdrawn) == ({"지원자_1"}, set())
    assert not again.is_room_confirmed


def test_a_voice_may_be_kept_while_its_persons_newest_consent_says_so() -> None:
    no, yes = ConsentGiven(seat="지원자_1"), ConsentGiven(seat="지원자_1", keep_audio_days=30)
    withdrawn = ConsentWithdrawn(seat="지원자_1")
    other = ConsentGiven(seat="지원자_2", keep_audio_days=30)
    assert told(CREATED, no).keeps == {}
    assert told(CREATED, no, yes, other).keeps == {"지원자_1": 30, "지원자_2": 30}
    assert told(CREATED, yes, other, no).keeps == {"지원자_2": 30}
    assert told(CREATED, yes, withdrawn).keeps == {}
    assert told(CREATED, yes, withdrawn, no).keeps == {}


# Microphones


def test_a_track_is_muted_until_it_is_unmuted() -> None:
    muted = (CREATED, Muted(track="지원자_1"), Muted(track="room-1"))
    assert told(*muted).muted == {"지원자_1", "room-1"}
    assert told(*muted, Unmuted(track="지원자_1"), Unmuted(track="x")).muted == {"room-1"}


def test_gaps_are_remembered_in_their_order() -> None:
    gaps = [
        Gap(track="지원자_1", start=1.0, end=2.5, reason="no_packets"),
        Gap(track="지원자_1", start=4.0, end=9.0, reason="reconnected"),
    ]
    assert told(CREATED, *gaps).gaps == gaps


# Notes


def test_notes_keep_their_author_their_order_and_their_anchor() -> None:
    session = told(
        CREATED, ("면접관_2", note("하나", at=0.5)), ("operator", note("둘", "지원자_2", at=0.25))
    )
    assert [(n.seq, n.by, n.about, n.text, n.at) for n in session.notes] == [
        (2, "면접관_2", "지원자_1", "하나", 0.5),
        (3, "operator", "지원자_2", "둘", 0.25),
    ]


# Words and voices


def test_words_belong_to_the_seat_of_their_voice() -> None:
    session = told(CREATED, seated("v1", "지원자_1"), said("u1", "제 꿈은"), said("u2", "네"))
    assert words(session, "지원자_1") == ["제 꿈은", "네"]
    assert words(session, "지원자_2") == []
    assert session.heard_seq == {"지원자_1": 4}


def test_words_without_a_voice_or_a_seat_belong_to_nobody() -> None:
    session = told(CREATED, said("u1", "누구", voice=None), said("u2", "누구", voice="v7"))
    assert [session.speaker(spoken.segment) for spoken in session.spoken] == [None, None]
    assert session.heard_seq == {}


def test_a_voice_that_gets_its_seat_later_brings_its_earlier_words() -> None:
    session = told(CREATED, said("u1", "앞"), seated("v1", "지원자_1"), said("u2", "뒤"))
    assert words(session, "지원자_1") == ["앞", "뒤"]
    assert session.heard_seq == {"지원자_1": 4}


def test_a_voice_that_changes_its_seat_takes_its_words_along_and_both_are_heard_anew() -> None:
    session = told(CREATED, seated("v1", "지원자_1"), said("u1", "나"), seated("v1", "지원자_2"))
    assert words(session, "지원자_1") == []
    assert words(session, "지원자_2") == ["나"]
    assert session.heard_seq == {"지원자_1": 4, "지원자_2": 4}


def test_a_voice_can_lose_its_seat() -> None:
    session = told(CREATED, seated("v1", "지원자_1"), said("u1", "나"), seated("v1", None))
    assert words(session, "지원자_1") == []
    assert session.heard_seq == {"지원자_1": 4}


def test_a_seat_without_words_yet_is_not_heard_by_getting_a_voice() -> None:
    assert told(CREATED, seated("v1", "지원자_1")).heard_seq == {}


def test_segments_are_found_by_their_name_and_their_utterance() -> None:
    session = told(CREATED, said("u1", "하나"), said("u2", "둘"))
    assert session.segments["u2.1"].segment.text == "둘"
    assert [spoken.segment.text for spoken in session.utterances["u1"]] == ["하나"]


def test_what_yielded_no_words_is_counted() -> None:
    dropped = UtteranceDropped(utterance="u1", track="t1", start=0, end=1, reason="silence")
    session = told(CREATED, dropped, dropped, AudioTaken(track="t1", utterances=("u1",)))
    assert session.lost == [dropped, dropped]
    assert session.spoken == []


# Evaluations


def test_who_said_something_since_the_newest_evaluation_is_unevaluated() -> None:
    events: list[Event] = [CREATED, seated("v1", "지원자_1"), seated("v2", "지원자_2")]
    assert told(*events).unevaluated(APPLICANTS) == []
    events += [said("u1", "나"), said("u2", "저", voice="v2")]
    assert told(*events).unevaluated(APPLICANTS) == ["지원자_1", "지원자_2"]
    events += [evaluated("지원자_1", 5)]
    assert told(*events).unevaluated(APPLICANTS) == ["지원자_2"]
    events += [said("u3", "또")]
    assert told(*events).unevaluated(APPLICANTS) == ["지원자_1", "지원자_2"]


def test_words_that_came_while_an_evaluation_was_made_are_still_unevaluated() -> None:
    session = told(
        CREATED,
        seated("v1", "지원자_1"),
        said("u1", "하나"),
        said("u2", "둘"),
        evaluated("지원자_1", 3),
    )
    assert session.unevaluated(APPLICANTS) == ["지원자_1"]


def test_the_newest_evaluation_counts_and_all_are_kept() -> None:
    session = told(CREATED, evaluated("지원자_1", 1), evaluated("지원자_1", 2))
    assert session.newest["지원자_1"].seq == 3
    assert [judged.seq for judged in session.evaluations] == [2, 3]


# Review


def test_words_that_are_finished_late_raise_the_revision() -> None:
    before = told(CREATED, seated("v1", "지원자_1"), CLOSED)
    after = told(CREATED, seated("v1", "지원자_1"), CLOSED, said("u1", "늦은 말"))
    assert (before.revision, after.revision) == (1, 2)
    assert words(after, "지원자_1") == ["늦은 말"]
    assert after.closed_at == before.closed_at
    assert after.life is Life.REVIEW


def test_presence_in_review_is_no_new_revision() -> None:
    session = told(CREATED, CLOSED, Joined(connection="c1", role="operator"), Left(connection="c1"))
    assert session.revision == 1


def test_an_erasure_never_takes_a_revision_back() -> None:
    """The number names a record; the same number must not name another one."""
    entries = story(CREATED, CLOSED, said("u1", "늦은 말"), note("비밀"))
    before = fold("s", entries).revision
    blanked = [msgspec.structs.replace(e, event=Blank()) if e.seq > 2 else e for e in entries]
    after = fold("s", [*blanked, entry(5, Erased(seat="지원자_1", events=(3, 4)))])
    assert after.revision == before + 1


# Erased


def test_blanked_events_count_and_leave_nothing_behind() -> None:
    entries = story(CREATED, note("비밀"), said("u1", "비밀"), evaluated("지원자_1", 1), CLOSED)
    blanked = [msgspec.structs.replace(item, event=Blank()) for item in entries]
    session = fold("s", [*blanked, entry(6, Erased(seat=None, events=(1, 2, 3, 4, 5)))])
    assert session.life is Life.ERASED
    assert session.is_over
    assert session.erased_events == 5
    assert (session.notes, session.spoken, session.evaluations) == ([], [], [])
    assert session.config == SessionConfig()
    assert (session.created_wall, session.closed_wall) == (WALL + 1, WALL + 5)


def test_erasing_one_person_leaves_the_session_in_review() -> None:
    session = told(CREATED, CLOSED, Erased(seat="지원자_1", events=()))
    assert (session.life, session.revision) == (Life.REVIEW, 2)


# Unknown


def test_what_this_release_does_not_know_is_skipped_and_counted() -> None:
    unknown = Unknown(body=msgspec.Raw(b'{"sky":"blue"}'))
    known = told(CREATED, note("1"))
    mixed = told(CREATED, unknown, note("1"), unknown)
    assert mixed.unknown_events == 2
    assert mixed.seq == 4
    assert [n.text for n in mixed.notes] == [n.text for n in known.notes]


# Any story


@given(entries=any_story, page=st.integers(1, 10))
@settings(deadline=None, max_examples=60, derandomize=True, database=None)
def test_reading_the_exported_journal_in_pages_folds_to_the_same_session(
    entries: list[Entry], page: int
) -> None:
    session = Session("s")
    for start in range(0, len(entries), page):
        exported = b"\n".join(item.to_wire() for item in entries[start : start + page])
        for line in exported.splitlines():
            session.apply(read_line(line))
    assert session == fold("s", entries)


@given(entries=any_story)
@settings(deadline=None, max_examples=60, derandomize=True, database=None)
def test_whatever_happens_the_fold_keeps_its_promises(entries: list[Entry]) -> None:
    session, revision = Session("s"), 0
    for item in entries:
        session.apply(item)
        assert session.revision >= revision
        revision = session.revision
        assert session.is_over == (session.revision > 0)
    assert session.seq == len(entries)
    attributed = [spoken for seat in (*APPLICANTS, "면접관_1") for spoken in session.words_of(seat)]
    nobodys = [spoken for spoken in session.spoken if session.speaker(spoken.segment) is None]
    assert len(attributed) + len(nobodys) == len(session.spoken)
