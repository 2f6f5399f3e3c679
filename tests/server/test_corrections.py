"""What people put right: what their commands lead to, and what is refused."""

from collections.abc import Sequence

import msgspec
import pytest

from server.corrections import MAX_LINE_CHARACTERS, Correction, decide
from server.entries import Entry
from server.errors import ClientError, ErrorCode
from server.events import (
    Erased,
    Event,
    NoteEdited,
    Retracted,
    SegmentEdited,
    SegmentSplit,
    SegmentVoiced,
    VoiceAssigned,
    VoicesMerged,
)
from server.messages import (
    MAX_NOTE_BYTES,
    EditNote,
    EditSegment,
    MergeVoices,
    MoveSegment,
    NameVoice,
    Retract,
    SplitSegment,
    SwapVoices,
)
from server.session import Session, fold
from tests.server.stories import CLOSED, CREATED, entry, note, said, story

BY = "면접관_1"
OTHER = "operator"
HEARD = VoiceAssigned(voice="v3", seat=None, reason="heard")


def interview() -> list[Entry]:
    """Return a journal: two named voices, an unknown one, and a note of ``BY`` (seq 8)."""
    return story(
        CREATED,
        VoiceAssigned(voice="v1", seat="지원자_1", reason="enrolment"),
        VoiceAssigned(voice="v2", seat="지원자_2", reason="enrolment"),
        HEARD,
        said("u1", "저는 개발 경험이 있습니다"),
        said("u2", "제 꿈은 큽니다", voice="v2", start=5.0),
        said("u3", "누구 말일까요", voice="v3", start=9.0),
        (BY, note("차분함")),
    )


def done(
    entries: Sequence[Entry], command: Correction, by: str = BY
) -> tuple[list[Entry], Sequence[Event]]:
    """Return the journal with what ``command`` leads to, and that."""
    events = decide(fold("s", entries), command, by)
    kept = list(entries)
    for event in events:
        kept.append(entry(len(kept) + 1, event, by=by))
    return kept, events


def record(entries: Sequence[Entry]) -> list[tuple[str, str | None, str]]:
    session = fold("s", entries)
    return [
        (spoken.segment.segment, session.speaker(spoken.segment), spoken.segment.text)
        for spoken in session.spoken
    ]


def refused(entries: Sequence[Entry], command: Correction, by: str = BY) -> ErrorCode:
    with pytest.raises(ClientError) as caught:
        decide(fold("s", entries), command, by)
    return caught.value.code


# Voices


def test_an_unknown_voice_becomes_a_seat_with_all_it_said_and_will_say() -> None:
    entries, events = done(interview(), NameVoice(voice="v3", seat="면접관_1"))
    assert events == (VoiceAssigned(voice="v3", seat="면접관_1", reason="person"),)
    entries.append(entry(len(entries) + 1, said("u4", "또 저예요", voice="v3", start=12.0)))
    session = fold("s", entries)
    assert [line.segment.text for line in session.words_of("면접관_1")] == [
        "누구 말일까요",
        "또 저예요",
    ]


def test_what_a_person_said_once_is_no_second_event_but_confirms_a_machine() -> None:
    entries, events = done(interview(), NameVoice(voice="v3", seat=None))
    assert len(events) == 1
    assert done(entries, NameVoice(voice="v3", seat=None))[1] == ()


def test_swapped_voices_have_each_others_seats_and_one_undo_takes_both_back() -> None:
    before = record(interview())
    entries, events = done(interview(), SwapVoices(voice="v1", other="v2"))
    assert [seat for _, seat, _ in record(entries)] == ["지원자_2", "지원자_1", None]
    seqs = tuple(range(len(entries) - len(events) + 1, len(entries) + 1))
    entries, undone = done(entries, Retract(of=seqs))
    assert undone == [Retracted(of=seq) for seq in seqs]
    assert record(entries) == before
    assert done(entries, Retract(of=seqs))[1] == []


def test_an_undo_of_one_event_of_a_command_undoes_the_command_and_so_does_its_own_undo() -> None:
    before = interview()
    swapped = decide(fold("s", before), SwapVoices(voice="v1", other="v2"), BY)
    first = len(before) + 1
    entries = [
        *before,
        *(entry(first + place, event, by=BY, cmd="swap") for place, event in enumerate(swapped)),
    ]
    undone = decide(fold("s", entries), Retract(of=(first + 1,)), BY)
    assert set(undone) == {Retracted(of=first), Retracted(of=first + 1)}
    kept = len(entries) + 1
    entries += [entry(kept + place, event, by=BY, cmd="undo") for place, event in enumerate(undone)]
    assert record(entries) == record(before)
    again = decide(fold("s", entries), Retract(of=(kept,)), BY)
    assert {event.of for event in again if isinstance(event, Retracted)} == {kept, kept + 1}


def test_a_line_that_a_person_gave_to_a_seat_stays_there_when_voices_are_swapped() -> None:
    entries, _ = done(interview(), MoveSegment(segment="u1.1", seat="지원자_2"))
    before = record(entries)
    entries, events = done(entries, SwapVoices(voice="v1", other="v2"))
    assert [seat for _, seat, _ in record(entries)] == ["지원자_2", "지원자_1", None]
    seqs = tuple(range(len(entries) - len(events) + 1, len(entries) + 1))
    entries, _ = done(entries, Retract(of=seqs))
    assert record(entries) == before


@pytest.mark.parametrize("seat", ["면접관_1", None])
def test_a_line_that_a_person_gave_to_a_seat_stays_there_when_its_voice_gets_another(
    seat: str | None,
) -> None:
    entries, _ = done(interview(), MoveSegment(segment="u3.1", seat="지원자_1"))
    entries, events = done(entries, NameVoice(voice="v1", seat=seat))
    assert events[0] == VoiceAssigned(voice="v1", seat=seat, reason="person")
    assert [seat for _, seat, _ in record(entries)] == [seat, "지원자_2", "지원자_1"]
    # And where somebody else's voice is theirs as well, it is that one.
    both, _ = done(interview(), NameVoice(voice="v2", seat="지원자_1"))
    both, _ = done(both, MoveSegment(segment="u3.1", seat="지원자_1"))
    both, events = done(both, NameVoice(voice="v1", seat=seat))
    assert events[1:] == (SegmentVoiced(segment="u3.1", voice="v2"),)


def test_a_voice_swaps_with_an_unknown_one_and_two_unknown_ones_have_nothing_to_swap() -> None:
    entries, _ = done(interview(), SwapVoices(voice="v3", other="v1"))
    assert [seat for _, seat, _ in record(entries)] == [None, "지원자_2", "지원자_1"]
    both, _ = done(interview(), NameVoice(voice="v1", seat=None))
    assert done(both, SwapVoices(voice="v1", other="v3"))[1] == ()


@pytest.mark.parametrize(("voice", "into"), [("v3", "v1"), ("v1", "v3")])
def test_merged_voices_are_one_person_and_keep_the_name_that_one_had(voice: str, into: str) -> None:
    entries, events = done(interview(), MergeVoices(voice=voice, into=into))
    assert events[0] == VoicesMerged(voice=voice, into=into)
    session = fold("s", entries)
    assert [seat for _, seat, _ in record(entries)] == ["지원자_1", "지원자_2", "지원자_1"]
    assert session.voice(session.spoken[0].segment) == into
    assert session.voices_heard == [into, "v2"]
    # Each of their names is the same voice from now on.
    assert done(entries, NameVoice(voice=voice, seat=None))[1] == (
        VoiceAssigned(voice=into, seat=None, reason="person"),
    )
    assert refused(entries, MergeVoices(voice=into, into=voice)) is ErrorCode.BAD_MESSAGE


# Lines


def test_one_line_moves_alone_and_the_voice_stays() -> None:
    entries, events = done(interview(), MoveSegment(segment="u1.1", seat="지원자_2"))
    assert events == (SegmentVoiced(segment="u1.1", voice="v2"),)
    assert [seat for _, seat, _ in record(entries)] == ["지원자_2", "지원자_2", None]
    assert fold("s", entries).voices["v1"] == "지원자_1"
    assert done(entries, MoveSegment(segment="u1.1", seat="지원자_2"))[1] == ()


def test_undoing_one_move_leaves_another_to_the_same_seat_alone() -> None:
    entries, first = done(interview(), MoveSegment(segment="u1.1", seat="면접관_1"))
    seqs = tuple(range(len(entries) - len(first) + 1, len(entries) + 1))
    assert len(seqs) == 2  # Nobody had heard them before.
    entries, _ = done(entries, MoveSegment(segment="u2.1", seat="면접관_1"))
    entries, undone = done(entries, Retract(of=seqs))
    assert undone == [Retracted(of=seqs[0])]
    assert [seat for _, seat, _ in record(entries)] == ["지원자_1", "면접관_1", None]


def test_a_line_moves_to_nobody_and_to_a_seat_that_nobody_has_heard() -> None:
    entries, _ = done(interview(), MoveSegment(segment="u1.1", seat=None))
    assert record(entries)[0] == ("u1.1", None, "저는 개발 경험이 있습니다")
    entries, events = done(entries, MoveSegment(segment="u1.1", seat="면접관_1"))
    assert [type(event) for event in events] == [SegmentVoiced, VoiceAssigned]
    assert record(entries)[0][1] == "면접관_1"
    assert record(entries)[1:] == record(interview())[1:]


def test_a_split_line_is_two_of_the_same_voice_and_each_can_move_and_split_again() -> None:
    entries, _ = done(interview(), SplitSegment(segment="u1.1", word=1))
    (first, *_), (second, seat, text) = record(entries)[:2]
    assert (seat, text) == ("지원자_1", "개발 경험이 있습니다")
    assert "u1.1" not in fold("s", entries).segments
    entries, _ = done(entries, MoveSegment(segment=second, seat="지원자_2"))
    entries, _ = done(entries, SplitSegment(segment=second, word=2))
    assert [(seat, text) for _, seat, text in record(entries)] == [
        ("지원자_1", "저는"),
        ("지원자_2", "개발 경험이"),
        ("지원자_2", "있습니다"),
        ("지원자_2", "제 꿈은 큽니다"),
        (None, "누구 말일까요"),
    ]
    assert len({name for name, _, _ in record(entries)}) == 5
    assert refused(entries, MoveSegment(segment="u1.1", seat=None)) is ErrorCode.UNKNOWN_SEGMENT
    assert record(entries)[0][0] == first


def test_an_edited_line_that_is_split_keeps_what_was_written_in_both_parts() -> None:
    edited, _ = done(interview(), EditSegment(segment="u1.1", text="저는 게임 개발 경험이 있어요"))
    entries, events = done(edited, SplitSegment(segment="u1.1", word=2))
    assert [text for _, _, text in record(entries)][:2] == ["저는 게임 개발", "경험이 있어요"]
    seqs = tuple(range(len(edited) + 1, len(edited) + 1 + len(events)))
    entries, _ = done(entries, Retract(of=seqs))
    assert record(entries) == record(edited)


def test_a_part_gets_a_name_that_no_part_has_had() -> None:
    entries, events = done(interview(), SplitSegment(segment="u1.1", word=1))
    entries, _ = done(entries, Retract(of=(len(entries),)))
    entries, again = done(entries, SplitSegment(segment="u1.1", word=3))
    names = [
        part.segment
        for event in (*events, *again)
        if isinstance(event, SegmentSplit)
        for part in event.parts
    ]
    assert len(set(names)) == 4


def test_the_words_of_a_line_are_put_right_and_their_times_stay() -> None:
    entries, events = done(
        interview(), EditSegment(segment="u1.1", text=" 저는  개발\n경력이 있다 ")
    )
    assert events == (SegmentEdited(segment="u1.1", text="저는 개발 경력이 있다"),)
    [line] = [one for one in fold("s", entries).spoken if one.segment.segment == "u1.1"]
    heard = fold("s", interview()).segments["u1.1"].segment
    assert [word[:2] for word in line.segment.words] == [word[:2] for word in heard.words]
    assert (line.is_edited, line.heard) == (True, heard)
    assert done(entries, EditSegment(segment="u1.1", text="저는 개발 경력이 있다"))[1] == ()


@pytest.mark.parametrize(
    "text", ["아니", "저는 오래 개발 경험이 있습니다", "하나 둘 셋 넷 다섯 여섯"]
)
def test_more_or_fewer_words_share_the_time_of_those_that_were_heard(text: str) -> None:
    entries, _ = done(interview(), EditSegment(segment="u1.1", text=text))
    words = fold("s", entries).segments["u1.1"].segment.words
    heard = fold("s", interview()).segments["u1.1"].segment.words
    assert " ".join(word[2] for word in words) == text
    times = [second for word in words for second in word[:2]]
    assert times == sorted(times)
    assert heard[0][0] <= times[0]
    assert times[-1] <= heard[-1][1]


# Notes


def test_a_note_is_edited_and_withdrawn_by_its_author_and_comes_back() -> None:
    entries, events = done(interview(), EditNote(of=8, note="차분하고 분명함"))
    assert events == (NoteEdited(of=8, note="차분하고 분명함"),)
    [kept] = fold("s", entries).notes
    assert (kept.seq, kept.text, kept.is_edited, kept.at) == (8, "차분하고 분명함", True, 0.0)
    gone, _ = done(entries, Retract(of=(8,)))
    assert fold("s", gone).notes == []
    assert refused(gone, EditNote(of=8, note="또")) is ErrorCode.BAD_MESSAGE
    again, _ = done(gone, Retract(of=(len(gone),)))
    assert [one.text for one in fold("s", again).notes] == ["차분하고 분명함"]


def test_a_note_of_somebody_else_is_theirs_whichever_way_it_is_asked() -> None:
    entries, _ = done(interview(), EditNote(of=8, note="둘"))
    entries, _ = done(entries, Retract(of=(8,)))
    for command in (Retract(of=(8,)), Retract(of=(9,)), Retract(of=(10,))):
        assert refused(entries, command, OTHER) is ErrorCode.NOT_YOURS
    assert refused(interview(), EditNote(of=8, note="둘"), OTHER) is ErrorCode.NOT_YOURS


# What is refused


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (NameVoice(voice="v9", seat="지원자_1"), ErrorCode.UNKNOWN_VOICE),
        (NameVoice(voice="v1", seat="지원자_3"), ErrorCode.UNKNOWN_SEAT),
        (SwapVoices(voice="v1", other="v9"), ErrorCode.UNKNOWN_VOICE),
        (SwapVoices(voice="v1", other="v1"), ErrorCode.BAD_MESSAGE),
        (MergeVoices(voice="v9", into="v1"), ErrorCode.UNKNOWN_VOICE),
        (MergeVoices(voice="v1", into="v1"), ErrorCode.BAD_MESSAGE),
        (MoveSegment(segment="u9.1", seat=None), ErrorCode.UNKNOWN_SEGMENT),
        (MoveSegment(segment="u1.1", seat="지원자_3"), ErrorCode.UNKNOWN_SEAT),
        (SplitSegment(segment="u9.1", word=1), ErrorCode.UNKNOWN_SEGMENT),
        (SplitSegment(segment="u1.1", word=4), ErrorCode.BAD_MESSAGE),
        (EditSegment(segment="u9.1", text="말"), ErrorCode.UNKNOWN_SEGMENT),
        (EditSegment(segment="u1.1", text=" \n "), ErrorCode.BAD_MESSAGE),
        (EditSegment(segment="u1.1", text="가" * (MAX_LINE_CHARACTERS + 1)), ErrorCode.BAD_MESSAGE),
        # Millions of words are not even told apart.
        (EditSegment(segment="u1.1", text="가" + " " * MAX_LINE_CHARACTERS), ErrorCode.BAD_MESSAGE),
        (EditNote(of=7, note="이건 메모가 아님"), ErrorCode.BAD_MESSAGE),
        (EditNote(of=8, note=" "), ErrorCode.BAD_MESSAGE),
        (EditNote(of=8, note="가" * MAX_NOTE_BYTES), ErrorCode.TOO_LARGE),
        (Retract(of=(5,)), ErrorCode.NOT_YOURS),
        (Retract(of=(2,)), ErrorCode.NOT_YOURS),
        (Retract(of=(99,)), ErrorCode.NOT_YOURS),
        (Retract(of=(8, 5)), ErrorCode.NOT_YOURS),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(command: Correction, code: ErrorCode) -> None:
    assert refused(interview(), command) is code


def test_an_enrolled_voice_is_not_undone_by_anybody() -> None:
    entries = [msgspec.structs.replace(one, by=BY) if one.seq == 2 else one for one in interview()]
    assert refused(entries, Retract(of=(2,))) is ErrorCode.NOT_YOURS


def test_corrections_work_in_review_and_end_with_an_erasure() -> None:
    over = [*interview(), entry(9, CLOSED)]
    entries, events = done(over, NameVoice(voice="v3", seat="면접관_1"))
    assert len(events) == 1
    assert fold("s", entries).revision == fold("s", over).revision + 1
    erased = [*over, entry(10, Erased(seat=None, events=()))]
    assert refused(erased, NameVoice(voice="v3", seat=None)) is ErrorCode.SESSION_OVER


# Who is to be evaluated anew


@pytest.mark.parametrize(
    ("command", "touched"),
    [
        (NameVoice(voice="v1", seat="지원자_2"), {"지원자_1", "지원자_2"}),
        (NameVoice(voice="v3", seat="지원자_2"), {"지원자_2"}),
        (SwapVoices(voice="v1", other="v2"), {"지원자_1", "지원자_2"}),
        (MergeVoices(voice="v3", into="v2"), {"지원자_2"}),
        (MoveSegment(segment="u1.1", seat="지원자_2"), {"지원자_1", "지원자_2"}),
        (MoveSegment(segment="u3.1", seat="지원자_1"), {"지원자_1"}),
        (SplitSegment(segment="u1.1", word=1), {"지원자_1"}),
        (EditSegment(segment="u2.1", text="제 목표는 큽니다"), {"지원자_2"}),
        (EditSegment(segment="u3.1", text="누구"), set()),
        (EditNote(of=8, note="다시"), set()),
    ],
)
def test_a_correction_moves_the_words_of_whom_it_touches_and_its_undoing_does_so_again(
    command: Correction, touched: set[str]
) -> None:
    entries, events = done(interview(), command)
    first = len(interview()) + 1
    assert moved_since(entries, first) == touched
    undone, _ = done(entries, Retract(of=tuple(range(first, first + len(events)))))
    assert moved_since(undone, len(entries) + 1) == touched
    assert record(undone) == record(interview())


def moved_since(entries: Sequence[Entry], seq: int) -> set[str]:
    session: Session = fold("s", entries)
    return {seat for seat, last in session.heard_seq.items() if last >= seq}


def test_what_steers_a_terminal_or_a_player_is_no_word() -> None:
    _, (event,) = done(interview(), EditSegment(segment="u1.1", text="새\x00로 \u202e쓴\n말"))
    assert isinstance(event, SegmentEdited)
    assert event.text == "새 로 쓴 말"
