"""What commands lead to, what is refused, and what an erasure takes away."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.evaluation.keywords import KeywordEvaluator
from server import decisions
from server.entries import Entry, encode_body
from server.erasure import erasure
from server.errors import ClientError, ErrorCode
from server.events import (
    APPLICANTS,
    SEATS,
    Blank,
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    Joined,
    Muted,
    NoteAdded,
    NoteEdited,
    SeatConfig,
    Segment,
    SegmentEdited,
    SessionConfig,
    SessionCreated,
    Unmuted,
    UtteranceFinal,
    VoiceAssigned,
    VoiceForgotten,
    VoicesMerged,
)
from server.messages import MAX_NOTE_BYTES, SpeakerNote
from server.session import Life, Session, fold
from tests.server.stories import (
    CLOSED,
    CONFIG,
    CREATED,
    after_erasure,
    any_story,
    entry,
    interview,
    moved,
    note,
    said,
    seated,
    split,
    spoken_in,
    story,
    texts,
)
from tests.server.stories import SEATS as STORY_SEATS


def told(*events: Event) -> Session:
    return fold("s", story(*events))


def seats(*names: str) -> SessionConfig:
    return SessionConfig(seats=tuple(SeatConfig(seat=name) for name in names))


# A session


def test_a_session_is_created_with_the_seats_that_were_asked_for() -> None:
    assert decisions.create(CONFIG) == CREATED
    assert decisions.create(SessionConfig()).config.seats == tuple(
        SeatConfig(seat=seat) for seat in SEATS
    )


@pytest.mark.parametrize("config", [seats(), seats("지원자_1", "지원자_1"), seats("지원자_4")])
def test_seats_that_cannot_be_are_refused(config: SessionConfig) -> None:
    with pytest.raises(ClientError) as caught:
        decisions.create(config)
    assert caught.value.code is ErrorCode.BAD_REQUEST


# Notes


def test_a_note_is_anchored_at_its_receipt_and_keeps_the_clients_time() -> None:
    command = SpeakerNote(speaker="지원자_1", note=" 좋음 ", timestamp="어제")
    assert decisions.note(told(CREATED), command, 12.5) == NoteAdded(
        note=" 좋음 ", about="지원자_1", media_at=12.5, client_timestamp="어제"
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SpeakerNote(speaker="지원자_3", note="없는 자리"), ErrorCode.UNKNOWN_SEAT),
        (SpeakerNote(speaker="누구", note="없는 자리"), ErrorCode.UNKNOWN_SEAT),
        (SpeakerNote(speaker="지원자_1", note=" \n"), ErrorCode.BAD_MESSAGE),
        (
            SpeakerNote(speaker="지원자_1", note="가" * (MAX_NOTE_BYTES // 3 + 1)),
            ErrorCode.TOO_LARGE,
        ),
        (
            SpeakerNote(speaker="지원자_1", note="가", timestamp="9" * MAX_NOTE_BYTES),
            ErrorCode.TOO_LARGE,
        ),
        (
            SpeakerNote(speaker="지원자_1", note="\x01" * (MAX_NOTE_BYTES // 6)),
            ErrorCode.TOO_LARGE,
        ),
    ],
)
def test_a_note_that_cannot_be_is_refused_with_its_reason(
    command: SpeakerNote, code: ErrorCode
) -> None:
    with pytest.raises(ClientError) as caught:
        decisions.note(told(CREATED), command, 1.0)
    assert caught.value.code is code


def test_the_longest_note_is_taken() -> None:
    command = SpeakerNote(speaker="지원자_1", note="가" * (MAX_NOTE_BYTES // 3 - 8))
    assert decisions.note(told(CREATED), command, 1.0).note == command.note


def test_an_ended_session_takes_neither_notes_nor_changes_of_a_microphone() -> None:
    over = told(CREATED, CLOSED)
    with pytest.raises(ClientError) as caught:
        decisions.note(over, SpeakerNote(speaker="지원자_1", note="늦음"), 1.0)
    assert caught.value.code is ErrorCode.SESSION_OVER
    with pytest.raises(ClientError) as caught:
        decisions.mute(over, "지원자_1", True)
    assert caught.value.code is ErrorCode.SESSION_OVER


@pytest.mark.parametrize(
    ("media_at", "kept"), [(0.0, 0.0), (3.25, 3.25), (12.5, 12.5), (-1.0, 0.0), (1e300, 12.5)]
)
def test_a_note_is_about_the_moment_its_author_says_between_the_beginning_and_now(
    media_at: float, kept: float
) -> None:
    command = SpeakerNote(speaker="지원자_1", note="여기", media_at=media_at)
    assert decisions.note(told(CREATED), command, 12.5).media_at == kept


# Microphones


def test_muting_is_said_once_and_unmuting_is_too() -> None:
    session = told(CREATED)
    assert decisions.mute(session, "지원자_1", False) == ()
    assert decisions.mute(session, "지원자_1", True) == (Muted(track="지원자_1"),)
    muted = told(CREATED, Muted(track="지원자_1"))
    assert decisions.mute(muted, "지원자_1", True) == ()
    assert decisions.mute(muted, "지원자_1", False) == (Unmuted(track="지원자_1"),)
    assert decisions.mute(muted, "지원자_2", False) == ()


# Voices


def test_an_own_microphone_keeps_its_voice_beside_others_of_the_same_seat() -> None:
    session = told(
        CREATED,
        seated("v7", "지원자_1"),
        VoiceAssigned(voice="v2", seat="지원자_1", reason="own_microphone"),
    )
    assert decisions.voice_of(session, "지원자_1") == ("v2", ())


def test_an_own_microphone_gets_a_voice_once() -> None:
    voice, assigned = decisions.voice_of(told(CREATED), "지원자_1")
    assert assigned == (VoiceAssigned(voice=voice, seat="지원자_1", reason="own_microphone"),)
    session = told(CREATED, *assigned)
    assert decisions.voice_of(session, "지원자_1") == (voice, ())
    other, _ = decisions.voice_of(session, "지원자_2")
    assert other != voice


# Evaluations


def test_an_evaluation_refers_to_the_words_and_copies_none() -> None:
    session = fold("s", interview()[:7])
    one, two = decisions.evaluations(session, KeywordEvaluator(), 65.0)
    assert (one.applicant, two.applicant) == ("지원자_1", "지원자_2")
    assert (one.tick, one.through_seq) == (2, 7)
    assert (one.evaluator, one.criteria) == ("keywords/1", "legacy/1")
    text = session.segments["u1.1"].segment.text
    found = {
        level.criterion: [text[e.start : e.end] for e in level.evidence] for level in one.levels
    }
    assert found == {"기술": ["개발"], "경험": ["업무", "담당"], "인성": [], "동기": []}
    assert all(level.level is None for level in one.levels)
    assert "개발" not in encode_body(one).decode()


def test_only_applicants_with_new_words_are_evaluated() -> None:
    entries = interview()
    assert decisions.evaluations(fold("s", entries), KeywordEvaluator(), 70.0) == []
    asked = told(CREATED, seated("v1", "면접관_1"), said("u1", "프로젝트 경험이 있나요"))
    assert decisions.evaluations(asked, KeywordEvaluator(), 70.0) == []


# Erasure


@pytest.mark.parametrize("seat", ["지원자_1", None])
def test_a_live_session_cannot_be_erased(seat: str | None) -> None:
    entries = interview()[:-1]
    with pytest.raises(ClientError) as caught:
        erasure(fold("s", entries), entries, seat)
    assert caught.value.code is ErrorCode.SESSION_LIVE


def test_a_seat_that_does_not_exist_cannot_be_erased() -> None:
    entries = interview()
    with pytest.raises(ClientError) as caught:
        erasure(fold("s", entries), entries, "지원자_3")
    assert caught.value.code is ErrorCode.UNKNOWN_SEAT


def test_an_erased_applicant_leaves_neither_name_nor_words_nor_notes_nor_evaluations() -> None:
    before = interview()
    after = erased(before, "지원자_1")
    said_after = texts(item.event for item in after)
    for trace in ("김하나", "자신감", "개발 업무", "담당했습니다", "u1.1"):
        assert trace not in said_after
    session = fold("s", after)
    assert session.life is Life.REVIEW
    assert list(session.newest) == ["지원자_2"]
    assert [item.by for item in after[:-1]] == [item.by for item in before]


def test_other_people_keep_everything() -> None:
    session = fold("s", erased(interview(), "지원자_1"))
    assert [place.name for place in session.config.seats if place.name] == ["한 팀장", "이두리"]
    assert [spoken.segment.text for spoken in session.spoken] == [
        "제 목표는 소통입니다",
        "누구세요",
    ]
    assert [n.text for n in session.notes] == ["침착함"]
    assert session.newest["지원자_2"].evaluation.levels


def test_an_erased_interviewer_takes_along_the_notes_they_wrote() -> None:
    session = fold("s", erased(interview(), "면접관_1"))
    assert [n.text for n in session.notes] == ["침착함"]
    assert [place.name for place in session.config.seats if place.name] == ["김하나", "이두리"]
    assert len(session.spoken) == 3


def test_of_an_utterance_of_two_people_one_part_stays() -> None:
    theirs, others = (
        said("u1", "내 비밀").segments[0],
        said("u2", "남의 말", voice="v2").segments[0],
    )
    both = UtteranceFinal(utterance="u1", track="t1", start=0, end=2, segments=(theirs, others))
    entries = story(CREATED, seated("v1", "지원자_1"), seated("v2", "지원자_2"), both, CLOSED)
    session = fold("s", erased(entries, "지원자_1"))
    assert [spoken.segment for spoken in session.spoken] == [others]


def test_words_that_came_to_a_person_by_a_correction_are_theirs() -> None:
    entries = story(
        CREATED, seated("v1", "지원자_2"), said("u1", "내 비밀"), seated("v1", "지원자_1"), CLOSED
    )
    session = fold("s", erased(entries, "지원자_1"))
    assert session.spoken == []
    # Nothing that is heard late in this voice may go to whom it belonged by mistake.
    assert session.voices.get("v1") is None


def test_words_that_were_taken_from_a_person_by_a_correction_are_not_theirs() -> None:
    entries = story(
        CREATED, seated("v1", "지원자_1"), said("u1", "남의 말"), seated("v1", "지원자_2"), CLOSED
    )
    session = fold("s", erased(entries, "지원자_1"))
    assert [spoken.segment.text for spoken in session.words_of("지원자_2")] == ["남의 말"]


def test_presence_and_consent_of_the_person_go_too() -> None:
    entries = story(
        CREATED,
        Joined(connection="c1", role="applicant", seat="지원자_1"),
        Joined(connection="c2", role="applicant", seat="지원자_2"),
        ConsentGiven(seat="지원자_1"),
        ConsentWithdrawn(seat="지원자_1"),
        ConsentGiven(seat="지원자_1", keep_audio_days=30),
        ConsentGiven(seat="지원자_2", keep_audio_days=30),
        CLOSED,
    )
    session = fold("s", erased(entries, "지원자_1"))
    assert list(session.present) == ["c2"]
    assert (session.consents, session.withdrawn) == ({"지원자_2"}, set())
    assert session.keeps == {"지원자_2": 30}
    assert [agreed.seat for agreed in session.agreed] == ["지원자_2"]


def test_erasing_everything_blanks_every_body_and_names_it_in_the_receipt() -> None:
    before = interview()
    bodies, receipt = erasure(fold("s", before), before, None)
    assert bodies == dict.fromkeys(range(1, len(before) + 1))
    assert (receipt.seat, receipt.events) == (None, tuple(bodies))
    after = after_erasure(before, bodies, receipt)
    session = fold("s", after)
    assert session.life is Life.ERASED
    assert all(isinstance(item.event, Blank) for item in after[:-1])


def test_what_was_erased_is_not_erased_again_but_the_rest_can_be() -> None:
    after = erased(interview(), "지원자_1")
    bodies, _ = erasure(fold("s", after), after, "지원자_1")
    assert bodies == {}
    bodies, receipt = erasure(fold("s", after), after, None)
    whole = after_erasure(after, bodies, receipt)
    assert fold("s", whole).life is Life.ERASED
    assert len(bodies) < len(after)


def test_a_name_of_one_letter_can_be_erased() -> None:
    config = SessionConfig(seats=(SeatConfig(seat="지원자_1", name="A"),))
    entries = story(SessionCreated(config=config), CLOSED)
    bodies, _ = erasure(fold("s", entries), entries, "지원자_1")
    assert_fits(entries, bodies)
    assert not fold("s", erased(entries, "지원자_1")).config.seats[0].name


@given(
    entries=any_story,
    seat=st.sampled_from(STORY_SEATS),
    names=st.tuples(*[st.none() | st.text(max_size=3)] * 3),
)
@settings(deadline=None, max_examples=100, derandomize=True, database=None)
def test_whatever_happened_the_person_is_gone_and_the_others_words_stay(
    entries: list[Entry], seat: str, names: tuple[str | None, ...]
) -> None:
    config = SessionConfig(
        seats=tuple(
            SeatConfig(seat=place, name=name)
            for place, name in zip(STORY_SEATS, names, strict=True)
        )
    )
    entries = [
        entry(1, SessionCreated(config=config)),
        *entries[1:],
        entry(len(entries) + 1, CLOSED),
    ]
    before = fold("s", entries)
    bodies, receipt = erasure(before, entries, seat)
    assert_fits(entries, bodies)
    after = fold("s", after_erasure(entries, bodies, receipt))
    assert list(after.words_of(seat)) == []
    assert all(seat not in (n.by, n.about) for n in after.notes)
    assert seat not in after.newest
    assert seat not in {joined.seat for joined in after.present.values()}
    assert not any(place.name for place in after.config.seats if place.seat == seat)
    assert after.revision == before.revision + 1
    for other in {*STORY_SEATS, *APPLICANTS} - {seat}:
        assert spoken_by(after, other) == spoken_by(before, other)


def spoken_by(session: Session, seat: str) -> list[Segment]:
    found = sorted(session.words_of(seat), key=lambda spoken: spoken.seq)
    return [spoken.segment for spoken in found]


def erased(entries: list[Entry], seat: str | None) -> list[Entry]:
    bodies, receipt = erasure(fold("s", entries), entries, seat)
    assert_fits(entries, bodies)
    return after_erasure(entries, bodies, receipt)


def assert_fits(entries: list[Entry], bodies: dict[int, Event | None]) -> None:
    """The journal overwrites bodies in place: none may grow."""
    for seq, event in bodies.items():
        old = encode_body(entries[seq - 1].event)
        assert event is None or len(encode_body(event)) <= len(old)


# Erasure of what was put right


CORRECTED = (
    CREATED,
    seated("v1", "지원자_1"),
    seated("v2", "지원자_2"),
    spoken_in("t1", 0.0, 9.0, ("v1", 0.0, 4.0), ("v2", 5.0, 9.0)),
    said("u1", "내 비밀 남의 말"),
    ("operator", split("u1.1", 2, 2)),
    ("operator", moved("u1.1.9.2", "v2")),
    ("operator", SegmentEdited(segment="u1.1.9.1", text="내 큰 비밀")),
    ("operator", SegmentEdited(segment="u1.1.9.2", text="남의 좋은 말")),
    ("면접관_1", note("수상함")),
    ("면접관_1", NoteEdited(of=10, note="더 수상함")),
    VoiceForgotten(seat="지원자_1"),
    CLOSED,
)


def test_of_a_line_that_was_split_the_others_part_stays_as_it_was_put_right() -> None:
    after = erased(story(*CORRECTED), "지원자_1")
    session = fold("s", after)
    [line] = session.spoken
    assert (session.speaker(line.segment), line.segment.text) == ("지원자_2", "남의 좋은 말")
    assert line.heard is not None
    assert line.heard.text == "남의 말"
    for trace in ("비밀", "수상함", "'v1'", "지원자_1'"):
        assert trace not in texts(item.event for item in after[1:-1])


def test_of_a_line_that_was_split_the_persons_part_stays_when_the_other_is_erased() -> None:
    after = erased(story(*CORRECTED), "지원자_2")
    session = fold("s", after)
    assert [line.segment.text for line in session.words_of("지원자_1")] == ["내 큰 비밀"]
    assert "남의" not in texts(item.event for item in after)
    assert [n.text for n in session.notes] == ["더 수상함"]
    assert [span.voice for span in session.account.speech["t1"]] == ["v1"]


def test_who_wrote_a_correction_is_not_whose_words_it_is_about() -> None:
    entries = story(
        CREATED,
        seated("v1", "지원자_1"),
        said("u1", "하나"),
        ("면접관_1", SegmentEdited(segment="u1.1", text="둘")),
        CLOSED,
    )
    session = fold("s", erased(entries, "면접관_1"))
    assert [line.segment.text for line in session.spoken] == ["둘"]


def test_a_voice_that_was_merged_into_an_erased_persons_is_nobodys() -> None:
    entries = story(
        CREATED,
        seated("v1", "지원자_1"),
        said("u1", "하나", voice="v2"),
        ("operator", VoicesMerged(voice="v2", into="v1")),
        said("u2", "둘", voice="v3"),
        CLOSED,
    )
    session = fold("s", erased(entries, "지원자_1"))
    assert [line.segment.text for line in session.spoken] == ["둘"]
    assert (session.voices, session.account.naming.merged) == ({}, {})
