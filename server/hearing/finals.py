"""From what was heard to what is kept: the events of one final utterance."""

from collections.abc import Sequence

from pipeline.runner import Dropped, Heard
from server import decisions
from server.events import Event, Segment, UtteranceDropped, UtteranceFinal
from server.hearing.streams import Placed
from server.session import Session


def final_events(
    session: Session, name: str, track: str, speaker: str | None, item: Placed, heard: Heard
) -> Sequence[Event]:
    """Return what the journal keeps of one utterance.

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
    voice, assigned = decisions.voice_of(session, speaker) if speaker is not None else (None, ())
    transcript = heard.transcript
    segment = Segment(
        segment=f"{name}.1",
        voice=voice,
        words=tuple(
            (round(start, 3), round(end, 3), word.text, round(word.p, 3))
            for word in transcript.words
            for start, end in (item.word(word.start, word.end),)
        ),
        text_confidence=round(transcript.text_confidence, 3),
        voice_confidence=1.0 if voice is not None else 0.0,
    )
    return (
        *assigned,
        UtteranceFinal(
            utterance=name,
            track=track,
            start=round(item.start, 3),
            end=round(item.end, 3),
            segments=(segment,),
            is_late=item.is_late,
        ),
    )
