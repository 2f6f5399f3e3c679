"""From what was heard to what is kept: the events of one final utterance."""

from collections.abc import Sequence

from pipeline.endpointing import Span
from pipeline.runner import Dropped, Heard, Understood
from pipeline.speakers.joining import VoicedWords, join
from pipeline.speakers.turns import VoiceTurn
from server import decisions
from server.events import (
    Event,
    Segment,
    Speech,
    UtteranceDropped,
    UtteranceFinal,
    VoiceAssigned,
    VoiceSpan,
)
from server.hearing.streams import Placed
from server.session import Session


def final_events(
    session: Session, name: str, track: str, speaker: str | None, item: Placed, heard: Heard
) -> Sequence[Event]:
    """Return what the journal keeps of one utterance; its words are the last event.

    Args:
        session: the session as it is; it says which voice the speaker has.
        name: the utterance's name, unique in the session.
        track: where it was heard.
        speaker: the seat whose own microphone it is; None: nobody known.
        item: its place on the session's clock.
        heard: its words, or why there are none.
    """
    if name in session.utterances:
        return ()  # Kept before, though the journal's answer was lost.
    if isinstance(heard, Dropped):
        return (
            UtteranceDropped(
                utterance=name,
                track=track,
                start=item.start,
                end=item.end,
                reason=heard.reason,
            ),
        )
    if speaker is not None:
        voice, assigned = decisions.voice_of(session, speaker)
        voiced: Sequence[VoicedWords] = (VoicedWords(voice, 1.0, heard.transcript.words),)
        before: tuple[Event, ...] = assigned
    elif heard.turns:
        voiced = join(heard.transcript.words, heard.turns, heard.utterance.start)
        before = (*_introductions(session, voiced, heard.turns), _speech(track, item, heard.turns))
    else:
        voiced = (VoicedWords(None, 0.0, heard.transcript.words),)
        before = ()
    return (*before, _final(name, track, item, heard, voiced))


def _final(
    name: str, track: str, item: Placed, heard: Understood, voiced: Sequence[VoicedWords]
) -> UtteranceFinal:
    return UtteranceFinal(
        utterance=name,
        track=track,
        start=round(item.start, 3),
        end=round(item.end, 3),
        segments=tuple(
            _segment(f"{name}.{number}", item, heard, part) for number, part in enumerate(voiced, 1)
        ),
        is_late=item.is_late,
        suppressed=tuple(_seconds(item, span) for span in heard.suppressed),
    )


def _segment(name: str, item: Placed, heard: Understood, part: VoicedWords) -> Segment:
    return Segment(
        segment=name,
        voice=part.voice,
        words=tuple(
            (round(start, 3), round(end, 3), word.text, round(word.p, 3))
            for word in part.words
            for start, end in (item.word(word.start, word.end),)
        ),
        text_confidence=round(heard.transcript.text_confidence, 3),
        voice_confidence=round(part.confidence, 3) if part.voice is not None else 0.0,
    )


def _introductions(
    session: Session, voiced: Sequence[VoicedWords], turns: Sequence[VoiceTurn]
) -> list[VoiceAssigned]:
    """Return that voices were heard of which the session does not know yet."""
    heard = dict.fromkeys(
        voice for voice in [part.voice for part in voiced] + [turn.voice for turn in turns]
    )
    return [
        VoiceAssigned(voice=voice, seat=None, reason="heard")
        for voice in heard
        if voice is not None and voice not in session.voices
    ]


def _speech(track: str, item: Placed, turns: Sequence[VoiceTurn]) -> Speech:
    utterance = item.utterance
    spans = []
    for turn in turns:
        span = Span(max(turn.start, utterance.start), min(turn.end, utterance.end))
        if span.start < span.end:
            start, end = _seconds(item, span)
            confidence = round(turn.confidence, 3)
            spans.append(VoiceSpan(voice=turn.voice, start=start, end=end, confidence=confidence))
    start, end = round(item.start, 3), round(item.end, 3)
    return Speech(track=track, start=start, end=end, spans=tuple(spans))


def _seconds(item: Placed, span: Span) -> tuple[float, float]:
    """Return a stretch of the track on the session's clock."""
    return round(item.timeline.at(span.start), 3), round(item.timeline.until(span.end), 3)
