"""What the second hearing changes: pure events from turns, and never what a person said."""

from pipeline.audio import RATE_HZ
from pipeline.speakers.turns import VoiceTurn
from server.entries import Entry
from server.events import (
    SYSTEM,
    Event,
    Segment,
    SegmentEdited,
    SegmentSplit,
    SegmentVoiced,
    SessionConfig,
    SessionCreated,
    Speech,
    UtteranceFinal,
    VoiceAssigned,
    VoicesMerged,
)
from server.revising import SPANS, Heard, changed, introductions, revisions, speech
from server.session import Session

TRACK = "room-1"


def session(*events: tuple[str, Event]) -> Session:
    """Return a session in which ``a`` said four words from second 1 to 5; then ``events``."""
    state = Session("s1")
    words = tuple((float(at), at + 0.8, f"말{at}", 0.9) for at in range(1, 5))
    segment = Segment(
        segment="u1.1", voice="a", words=words, text_confidence=0.9, voice_confidence=0.9
    )
    final = UtteranceFinal(utterance="u1", track=TRACK, start=0.8, end=5.0, segments=(segment,))
    first: list[tuple[str, Event]] = [
        (SYSTEM, SessionCreated(config=SessionConfig())),
        (SYSTEM, VoiceAssigned(voice="a", seat=None, reason="heard")),
        (SYSTEM, VoiceAssigned(voice="b", seat=None, reason="heard")),
        (SYSTEM, final),
    ]
    for by, event in [*first, *events]:
        entry = Entry(
            seq=state.seq + 1,
            at=0.0,
            wall=0.0,
            by=by,
            v=event.VERSION,
            type=event.type(),
            cmd=None,
            event=event,
        )
        state.apply(entry)
    return state


def turn(voice: str | None, start_s: float, end_s: float, confidence: float = 0.9) -> VoiceTurn:
    return VoiceTurn(voice, round(start_s * RATE_HZ), round(end_s * RATE_HZ), confidence)


def heard(*turns: VoiceTurn, end: float = 10.0) -> Heard:
    return Heard(TRACK, 0.0, end, turns)


def revised(state: Session, found: Heard) -> list[Event]:
    return revisions(state, found, list(state.spoken))


def test_a_segment_of_the_same_voice_stays_as_it_is() -> None:
    assert revised(session(), heard(turn("a", 0.5, 6))) == []


def test_a_segment_of_another_voice_is_given_to_it() -> None:
    before = session()
    events = revised(before, heard(turn("b", 0.5, 6)))
    assert events == [SegmentVoiced(segment="u1.1", voice="b", confidence=0.9)]
    assert changed(before, events) == 1


def test_a_segment_that_nobody_known_said_is_unknown() -> None:
    [event] = revised(session(), heard(turn(None, 0.5, 6)))
    assert event == SegmentVoiced(segment="u1.1", voice=None, confidence=0.0)


def test_where_no_sound_was_kept_the_words_stay_with_whom_they_were_heard_of() -> None:
    assert revised(session(), heard(turn("b", 7, 9))) == []


def test_a_segment_of_two_voices_is_split_between_words() -> None:
    [event] = revised(session(), heard(turn("a", 0.5, 2.9), turn("b", 2.9, 6)))
    assert isinstance(event, SegmentSplit)
    assert [(part.segment, part.words, part.voice) for part in event.parts] == [
        ("u1.1.1", 2, "a"),
        ("u1.1.2", 2, "b"),
    ]
    state = session((SYSTEM, event))
    assert [spoken.segment.voice for spoken in state.spoken] == ["a", "b"]


def test_what_a_person_said_is_never_changed() -> None:
    found = heard(turn("b", 0.5, 6))
    for word in (
        SegmentVoiced(segment="u1.1", voice="a"),
        SegmentEdited(segment="u1.1", text="말씀드리면 그렇습니다"),
    ):
        assert revised(session(("operator", word)), found) == []


def test_voices_that_a_person_took_for_one_are_one() -> None:
    merged = VoicesMerged(voice="a", into="b")
    assert revised(session(("operator", merged)), heard(turn("b", 0.5, 6))) == []


def test_what_was_not_reached_in_time_stays() -> None:
    assert revised(session(), heard(turn("b", 0.5, 3), end=3.0)) == []


def test_a_confidence_that_is_quite_another_is_told() -> None:
    before = session()
    events = revised(before, heard(turn("a", 0.5, 6, 0.5)))
    assert events == [SegmentVoiced(segment="u1.1", voice="a", confidence=0.5)]
    assert changed(before, events) == 0
    assert revised(session(), heard(turn("a", 0.5, 6, 0.8))) == []


def test_voices_that_are_new_are_introduced_once() -> None:
    turns = (turn("new", 0, 1), turn(None, 1, 2), turn("new", 2, 3), turn("a", 3, 4))
    assert introductions(session(), turns) == [
        VoiceAssigned(voice="new", seat=None, reason="heard")
    ]


def test_speech_is_told_in_stretches_without_gaps_or_losses() -> None:
    turns = [turn("a", at * 0.5, at * 0.5 + 0.7) for at in range(2 * SPANS + 10)]
    events = speech(heard(*turns, end=250.0))
    assert all(isinstance(event, Speech) and len(event.spans) <= SPANS for event in events)
    told = [event for event in events if isinstance(event, Speech)]
    assert (told[0].start, told[-1].end) == (0.0, 250.0)
    assert all(one.end == other.start for one, other in zip(told, told[1:], strict=False))
    length = sum(span.end - span.start for event in told for span in event.spans)
    assert round(length, 2) == round(0.7 * len(turns), 2)
    assert all(
        event.start <= span.start < span.end <= event.end for event in told for span in event.spans
    )


def test_silence_is_told_as_well() -> None:
    assert speech(heard(end=4.0)) == [Speech(track=TRACK, start=0.0, end=4.0, spans=())]
