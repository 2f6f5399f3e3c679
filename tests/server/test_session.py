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
    Evidence,
    Gap,
    Joined,
    Left,
    Level,
    Muted,
    Retracted,
    RoomConfirmed,
    SegmentEdited,
    SessionConfig,
    Unknown,
    Unmuted,
    UtteranceDropped,
    UtteranceFinal,
    VoiceAssigned,
    VoiceForgotten,
    VoicesMerged,
)
from server.session import Life, Session, fold
from tests.server.stories import (
    CLOSED,
    CREATED,
    WALL,
    any_story,
    entry,
    evaluated,
    moved,
    note,
    read_line,
    said,
    seated,
    split,
    spoken_in,
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


# Corrections


def by(author: str, event: Event) -> tuple[str, Event]:
    return author, event


def lines(session: Session) -> list[tuple[str, str | None, str]]:
    return [
        (line.segment.segment, session.speaker(line.segment), line.segment.text)
        for line in session.spoken
    ]


def test_a_persons_word_on_a_voice_beats_the_machines_whatever_the_order() -> None:
    persons, machines = by("operator", seated("v1", "지원자_1")), seated("v1", "지원자_2")
    for order in ((persons, machines), (machines, persons)):
        assert told(CREATED, *order).voices == {"v1": "지원자_1"}
    later = by("면접관_1", seated("v1", None))
    assert told(CREATED, persons, later, machines).voices == {"v1": None}


def test_a_persons_word_on_a_line_beats_the_machines_whatever_the_order() -> None:
    before = (CREATED, seated("v1", "지원자_1"), seated("v2", "지원자_2"), said("u1", "나"))
    persons, machines = by("operator", moved("u1.1", "v2")), moved("u1.1", None)
    for order in ((persons, machines), (machines, persons)):
        session = told(*before, *order)
        assert lines(session) == [("u1.1", "지원자_2", "나")]
        [line] = session.spoken
        assert (line.is_moved, line.segment.voice_confidence) == (True, 1.0)
    assert lines(told(*before, machines)) == [("u1.1", None, "나")]


def test_what_was_retracted_never_was_and_a_retraction_can_be_retracted() -> None:
    events: list[Event | tuple[str, Event]] = [CREATED, seated("v1", "지원자_1"), said("u1", "나")]
    events.append(by("operator", moved("u1.1", None)))
    for count, seat in enumerate(("지원자_1", None, "지원자_1"), 4):
        events.append(by("operator", Retracted(of=count)))
        assert lines(told(*events)) == [("u1.1", seat, "나")]


def test_many_undoings_of_undoings_are_folded() -> None:
    undoings = [by("operator", Retracted(of=seq)) for seq in range(3, 3003)]
    session = told(CREATED, said("u1", "나"), by("operator", moved("u1.1", "v9")), *undoings)
    assert session.spoken[0].segment.voice == "v9"


def test_nothing_retracts_itself_or_what_comes_later() -> None:
    session = told(
        CREATED,
        said("u1", "나"),
        by("operator", Retracted(of=4)),
        by("operator", moved("u1.1", "v2")),
        by("operator", Retracted(of=5)),
    )
    assert session.spoken[0].segment.voice == "v2"


def test_merged_voices_are_one_all_along_and_no_ring_is_closed() -> None:
    session = told(
        CREATED,
        seated("v3", "지원자_1"),
        said("u1", "하나"),
        said("u2", "둘", voice="v2"),
        VoicesMerged(voice="v1", into="v2"),
        VoicesMerged(voice="v2", into="v3"),
        VoicesMerged(voice="v3", into="v1"),
    )
    assert words(session, "지원자_1") == ["하나", "둘"]
    assert session.voices_heard == ["v3"]
    assert session.heard_seq == {"지원자_1": 6}


def test_a_split_that_does_not_have_all_the_words_is_none() -> None:
    heard = said("u1", "하나 둘 셋")
    for sizes in ((1, 1), (2, 2), (3, 1)):
        assert lines(told(CREATED, heard, split("u1.1", *sizes))) == [("u1.1", None, "하나 둘 셋")]
    assert len(told(CREATED, heard, split("u1.1", 1, 2)).spoken) == 2


def test_nothing_can_be_a_part_of_itself() -> None:
    parts = split("u1.1.9.1", 1, 1)
    ring = msgspec.structs.replace(
        parts, parts=(msgspec.structs.replace(parts.parts[0], segment="u1.1"), parts.parts[1])
    )
    session = told(CREATED, said("u1", "하나 둘 셋"), split("u1.1", 2, 1), ring)
    assert [text for _, _, text in lines(session)] == ["하나 둘", "셋"]


def test_parts_stand_where_their_whole_stood_with_times_of_their_own() -> None:
    session = told(
        CREATED,
        said("u1", "하나 둘 셋 넷", start=1.0),
        said("u2", "끝", start=9.0),
        split("u1.1", 3, 1),
        by("operator", split("u1.1.9.1", 1, 2)),
    )
    assert [(line.segment.text, line.start) for line in session.spoken] == [
        ("하나", 1.0),
        ("둘 셋", 1.5),
        ("넷", 2.5),
        ("끝", 9.0),
    ]
    assert [line.segment.text for line in session.utterances["u1"]] == ["하나", "둘 셋", "넷"]


def test_a_seat_is_enrolled_until_its_voice_is_forgotten() -> None:
    enrolled = VoiceAssigned(voice="v7", seat="지원자_1", reason="enrolment")
    assert told(CREATED, enrolled).enrolled == {"지원자_1": "v7"}
    forgotten = told(CREATED, enrolled, VoiceForgotten(seat="지원자_1"))
    assert (forgotten.enrolled, forgotten.voices) == ({}, {"v7": "지원자_1"})


def test_a_voice_without_a_seat_keeps_its_place_among_the_unknown_when_another_is_named() -> None:
    session = told(
        CREATED,
        said("u1", "나", voice="v5"),
        said("u2", "너", voice="v6"),
        by("operator", seated("v5", "지원자_1")),
    )
    assert list(session.account.found) == ["v5", "v6"]


def test_what_was_said_of_a_stretch_later_replaces_what_was_said_before() -> None:
    session = told(
        CREATED,
        spoken_in("room-1", 0.0, 10.0, ("v1", 1.0, 6.0), ("v2", 5.0, 9.0)),
        spoken_in("room-1", 20.0, 30.0, ("v1", 21.0, 29.0)),
        spoken_in("room-1", 4.0, 22.0, ("v3", 3.0, 8.0)),
    )
    spans = [(one.voice, one.start, one.end) for one in session.account.speech["room-1"]]
    assert spans == [("v1", 1.0, 4.0), ("v3", 4.0, 8.0), ("v1", 22.0, 29.0)]
    inside = told(
        CREATED,
        spoken_in("room-1", 0.0, 10.0, ("v1", 0.0, 10.0)),
        spoken_in("room-1", 4.0, 5.0),
    )
    spans = [(one.voice, one.start, one.end) for one in inside.account.speech["room-1"]]
    assert spans == [("v1", 0.0, 4.0), ("v1", 5.0, 10.0)]


def test_evidence_counts_as_it_was_judged_whatever_is_put_right_later() -> None:
    judged = msgspec.structs.replace(
        evaluated("지원자_1", 3),
        levels=(
            Level(
                criterion="기술",
                level=None,
                evidence=(Evidence(segment="u1.1", start=0, end=2),),
            ),
        ),
    )
    before = (CREATED, seated("v1", "지원자_1"), said("u1", "개발 경험"), judged)
    edited = by("operator", SegmentEdited(segment="u1.1", text="계발"))
    for session in (told(*before), told(*before, edited), told(*before, split("u1.1", 1, 1))):
        assert session.newest["지원자_1"].hits == {"기술": 1}


@given(entries=any_story)
@settings(deadline=None, max_examples=60, derandomize=True, database=None)
def test_lines_are_the_same_whether_they_were_put_right_step_by_step_or_at_once(
    entries: list[Entry],
) -> None:
    """What counts depends on the journal, not on when somebody looked."""
    session = fold("s", entries)
    assert [line for seat in session.utterances.values() for line in seat] == sorted(
        session.spoken, key=lambda line: list(session.utterances).index(line.utterance)
    )
    assert {line.segment.segment: line for line in session.spoken} == session.segments
    undone = [*entries]
    facts = [
        seq for seq in session.account.facts if seq not in session.account.retractions.retracted
    ]
    for of in reversed(facts):
        undone.append(entry(len(undone) + 1, Retracted(of=of), by="operator"))
    heard = [
        (segment.segment, segment.text)
        for one in entries
        if isinstance(one.event, UtteranceFinal)
        for segment in one.event.segments
    ]
    taken_back = fold("s", undone)
    assert [(line.segment.segment, line.segment.text) for line in taken_back.spoken] == heard
    assert set(taken_back.voices.values()) <= {None}


@pytest.mark.parametrize("reason", ["leakage", "duplicate"])
def test_a_neighbour_heard_from_afar_is_suppressed_and_not_lost(reason: str) -> None:
    dropped = UtteranceDropped(utterance="u1", track="t1", start=3.0, end=4.5, reason=reason)
    session = fold("s1", story(CREATED, dropped))
    assert session.lost == []
    (stretch,) = session.account.suppressed
    assert (stretch.track, stretch.start, stretch.end) == ("t1", 3.0, 4.5)
