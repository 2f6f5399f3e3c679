"""What the journal keeps of one utterance: whose words, who spoke when."""

import numpy as np
import pytest

from pipeline.audio import samples
from pipeline.endpointing import Span
from pipeline.runner import Dropped, Understood, Utterance
from pipeline.speakers.turns import VoiceTurn
from pipeline.transcription import Transcript, Word
from server.entries import Entry
from server.events import (
    SYSTEM,
    Event,
    SessionConfig,
    SessionCreated,
    Speech,
    UtteranceDropped,
    UtteranceFinal,
    VoiceAssigned,
)
from server.hearing.finals import final_events
from server.hearing.streams import Placed, Timeline
from server.session import Session

TRACK, SEAT = "room-1", "지원자_1"
START = samples(20.0)
"""Where the utterance begins in its track, which began at session second 100."""
UTTERANCE = Utterance(START, START + samples(4.0), np.zeros(samples(4.0), np.float32))
PLACED = Placed(UTTERANCE, Timeline((0,), (100.0,)))


def heard(*turns: VoiceTurn, suppressed: tuple[Span, ...] = ()) -> Understood:
    """Return four words, one a second."""
    words = tuple(Word(at + 0.1, at + 0.8, f"말{at}", 0.9) for at in range(4))
    transcript = Transcript(words, "말0 말1 말2 말3", -0.2, 0.0, 1.0)
    return Understood(UTTERANCE, transcript, suppressed, turns)


def turn(voice: str | None, start_s: float, end_s: float, confidence: float = 0.8) -> VoiceTurn:
    return VoiceTurn(voice, START + samples(start_s), START + samples(end_s), confidence)


def session(*events: Event) -> Session:
    state = Session("s1")
    for event in (SessionCreated(config=SessionConfig()), *events):
        state.apply(
            Entry(
                seq=state.seq + 1,
                at=0.0,
                wall=0.0,
                by=SYSTEM,
                v=event.VERSION,
                type=event.type(),
                cmd=None,
                event=event,
            )
        )
    return state


def final(events: object) -> UtteranceFinal:
    assert isinstance(events, tuple)
    found = events[-1]
    assert isinstance(found, UtteranceFinal)
    return found


def test_the_words_of_two_voices_are_two_segments() -> None:
    found = heard(turn("a", 0, 1.95), turn("b", 1.95, 4.0, 0.7))
    events = final_events(session(), "u1", TRACK, None, PLACED, found)
    assert [type(event) for event in events] == [
        VoiceAssigned,
        VoiceAssigned,
        Speech,
        UtteranceFinal,
    ]
    segments = final(events).segments
    assert [(one.segment, one.voice, len(one.words)) for one in segments] == [
        ("u1.1", "a", 2),
        ("u1.2", "b", 2),
    ]
    assert segments[1].words[0][:2] == (122.1, 122.8)
    assert segments[1].voice_confidence == pytest.approx(0.7)


def test_who_spoke_when_is_kept_with_overlaps_and_within_the_utterance() -> None:
    found = heard(turn("a", -1.0, 2.5), turn("b", 2.0, 5.0))
    events = final_events(session(), "u1", TRACK, None, PLACED, found)
    [speech] = [event for event in events if isinstance(event, Speech)]
    assert (speech.track, speech.start, speech.end) == (TRACK, 120.0, 124.0)
    assert [(one.voice, one.start, one.end) for one in speech.spans] == [
        ("a", 120.0, 122.5),
        ("b", 122.0, 124.0),
    ]


def test_a_voice_is_introduced_once() -> None:
    known = session(VoiceAssigned(voice="a", seat=SEAT, reason="enrolment"))
    events = final_events(known, "u1", TRACK, None, PLACED, heard(turn("a", 0, 4)))
    assert [type(event) for event in events] == [Speech, UtteranceFinal]


def test_nobody_known_is_nobody() -> None:
    events = final_events(session(), "u1", TRACK, None, PLACED, heard(turn(None, 0, 4)))
    [segment] = final(events).segments
    assert (segment.voice, segment.voice_confidence) == (None, 0.0)


def test_words_without_voices_are_kept_as_one_segment_of_nobody() -> None:
    events = final_events(session(), "u1", TRACK, None, PLACED, heard())
    assert [type(event) for event in events] == [UtteranceFinal]
    [segment] = final(events).segments
    assert (segment.voice, len(segment.words)) == (None, 4)


def test_an_own_microphone_is_its_seats_whatever_else_it_heard() -> None:
    cut = Span(START + samples(3.0), START + samples(4.0))
    events = final_events(session(), "u1", SEAT, SEAT, PLACED, heard(suppressed=(cut,)))
    assert isinstance(events[0], VoiceAssigned)
    [segment] = final(events).segments
    assert (segment.voice, segment.voice_confidence) == (events[0].voice, 1.0)
    assert final(events).suppressed == ((123.0, 124.0),)


def test_what_was_kept_before_is_not_kept_again() -> None:
    state = session(*final_events(session(), "u1", TRACK, None, PLACED, heard()))
    assert final_events(state, "u1", TRACK, None, PLACED, heard()) == ()


def test_an_utterance_without_words_leaves_why() -> None:
    [event] = final_events(session(), "u1", TRACK, None, PLACED, Dropped(UTTERANCE, "empty"))
    assert isinstance(event, UtteranceDropped)
