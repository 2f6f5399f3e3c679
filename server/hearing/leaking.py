"""What own microphones of one room hear of each other: taken out before words, and after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.audio import Samples
from pipeline.screening import Screen
from pipeline.speakers.leakage import Leakage
from pipeline.speakers.models import Embedding
from pipeline.speakers.own import OwnSpeech, Voices
from server import decisions
from server.events import Event, SegmentVoiced, UtteranceDropped, UtteranceFinal
from server.hearing.duplicates import Said, is_within, same
from server.hearing.voices import SessionVoices
from server.session import Session

DUPLICATE = "duplicate"
"""Why an utterance is dropped: its words were heard, louder, by another's own microphone."""
_RECENT = 60
"""Lines that something said now may repeat; words come at most two minutes late."""
_ALIKE = 0.6
"""Correlation of levels from which on two tracks hold the same sound (docs/speakers.md)."""
_LOUDER_DB = 3.0
"""Between somebody's own microphone and a neighbour's, at least (docs/speakers.md)."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Words in the record, and whose microphone heard them."""

    said: Said
    segments: tuple[str, ...]


class Leaks:
    """The own microphones of one room; nothing here blocks."""

    def __init__(self, voices: SessionVoices | None = None) -> None:
        """Start without microphones; ``voices``: who was enrolled, if anybody could be."""
        self._leakage = Leakage()
        self._voices = voices
        self._seats: dict[str, str] = {}
        """Track → the seat whose own microphone it is, of those that were heard."""

    def screen(self, track: str, seat: str, session_s: Callable[[int], float]) -> Screen:
        """Begin to follow an own microphone; return what takes others' speech out of it.

        Args:
            track: its name.
            seat: whose it is.
            session_s: gives the session second of a sample of the track.
        """
        self._leakage.forget(track)
        self._seats[track] = seat
        voices = None
        if self._voices is not None and self._voices.is_on:
            voices = Voices(self._enrolled, self._voices.models)
        return OwnSpeech(self._leakage, track, session_s, voices)

    def hear(self, track: str, start_s: float, sound: Samples) -> None:
        """Take the next sound of a microphone at session second ``start_s``."""
        if track in self._seats:
            self._leakage.hear(track, start_s, sound)

    def without_duplicate(self, session: Session, events: Sequence[Event]) -> Sequence[Event]:
        """Return what is kept of an utterance, given what other own microphones heard.

        The words stay with whose microphone heard them louder. If that was heard later, what is
        in the record already is given to them.
        """
        final = events[-1] if events else None
        if not isinstance(final, UtteranceFinal) or final.track not in self._seats:
            return events
        said = _said(final)
        lines = _recent(session, self._seats.keys() - {final.track})
        repeated = set(same(said, [line.said for line in lines]))
        for line in [line for line in lines if line.said in repeated]:
            louder_db = self._louder_db(said, line.said)
            if louder_db is None:
                continue
            if louder_db <= -_LOUDER_DB and is_within(said, line.said):
                return (_dropped(final),)
            if louder_db >= _LOUDER_DB and is_within(line.said, said):
                return self._given(session, events, line, said)
        return events

    def _given(
        self, session: Session, events: Sequence[Event], line: _Line, said: Said
    ) -> Sequence[Event]:
        voice, assigned = decisions.voice_of(session, self._seats[said.track])
        given = (SegmentVoiced(segment=name, voice=voice, confidence=1.0) for name in line.segments)
        if not is_within(said, line.said):
            return (*events, *given)
        final = events[-1]
        assert isinstance(final, UtteranceFinal)
        return (*assigned, *given, _dropped(final))

    def _louder_db(self, said: Said, other: Said) -> float | None:
        """Return by how much ``said`` is louder; None: the two are not the same sound."""
        start_s, end_s = max(said.start, other.start), min(said.end, other.end)
        likeness = self._leakage.compare(said.track, other.track, start_s, end_s)
        if likeness is None or likeness.correlation < _ALIKE:
            return None
        return likeness.louder_db

    def _enrolled(self, track: str) -> Embedding | None:
        seat = self._seats.get(track)
        if seat is None or self._voices is None:
            return None
        return self._voices.embedding_of(seat)


def _said(final: UtteranceFinal) -> Said:
    text = " ".join(segment.text for segment in final.segments)
    return Said(final.track, final.start, final.end, text)


def _recent(session: Session, tracks: set[str]) -> list[_Line]:
    """Return the latest utterances of some tracks, as they are in the record."""
    names = dict.fromkeys(
        spoken.utterance for spoken in session.spoken[-_RECENT:] if spoken.track in tracks
    )
    found = []
    for name in names:
        spoken = session.utterances[name]
        text = " ".join(one.segment.text for one in spoken)
        first = spoken[0]
        said = Said(first.track, first.start, first.end, text)
        found.append(_Line(said, tuple(one.segment.segment for one in spoken)))
    return found


def _dropped(final: UtteranceFinal) -> UtteranceDropped:
    return UtteranceDropped(
        utterance=final.utterance,
        track=final.track,
        start=final.start,
        end=final.end,
        reason=DUPLICATE,
    )
