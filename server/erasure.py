"""What an erasure takes out of a journal. Pure functions."""

from collections.abc import Sequence

import msgspec

from server.account import Told
from server.decisions import check_seat
from server.entries import Entry
from server.errors import ClientError, ErrorCode
from server.events import (
    Blank,
    ConsentGiven,
    ConsentWithdrawn,
    Erased,
    Evaluation,
    Event,
    Joined,
    NoteAdded,
    NoteEdited,
    Retracted,
    Segment,
    SegmentEdited,
    SegmentPart,
    SegmentSplit,
    SegmentVoiced,
    SessionConfig,
    SessionCreated,
    Speech,
    UtteranceFinal,
    VoiceAssigned,
    VoiceForgotten,
    VoicesMerged,
)
from server.record import Spoken
from server.session import Life, Session


def erasure(
    session: Session, entries: Sequence[Entry], seat: str | None
) -> tuple[dict[int, Event | None], Erased]:
    """Return which bodies to replace (None: blank) and the receipt.

    Args:
        session: the fold of ``entries``; it says whose every word is now.
        entries: the whole journal of the session.
        seat: whose person is erased; None: everybody, the whole session.

    Raises:
        ClientError: ``session_live`` before review; ``unknown_seat``.
    """
    if session.life not in (Life.REVIEW, Life.ERASED):
        raise ClientError(
            ErrorCode.SESSION_LIVE,
            "A live interview cannot be erased; end it first (daedam end SESSION).",
            status=409,
        )
    if seat is not None:
        check_seat(session, seat)
    eraser = None if seat is None else _Eraser(session, entries, seat)
    bodies: dict[int, Event | None] = {}
    for entry in entries:
        if isinstance(entry.event, (Blank, Erased)):
            continue
        kept = None if eraser is None else eraser.without(entry)
        if kept is not entry.event:
            bodies[entry.seq] = kept
    return bodies, Erased(seat=seat, events=tuple(bodies))


class _Eraser:
    """Takes one person out of events: each stays as it is, gets smaller, or goes."""

    def __init__(self, session: Session, entries: Sequence[Entry], seat: str) -> None:
        self._session = session
        self._seat = seat
        self._voices = {voice for voice, owner in session.voices.items() if owner == seat}
        self._notes = {
            entry.seq
            for entry in entries
            if isinstance(entry.event, NoteAdded) and seat in (entry.event.about, entry.by)
        }
        self._lines = list(session.words_of(seat))
        self._wholes = {session.account.lines.whole(line.segment.segment) for line in self._lines}

    def without(self, entry: Entry) -> Event | None:
        """Return the event without the person: itself, a smaller one, or None."""
        event = entry.event
        if isinstance(event, Told):
            return self._told(entry, event)
        match event:
            case SessionCreated(config=config):
                return (
                    SessionCreated(config=_nameless(config, self._seat))
                    if any(place.seat == self._seat and place.name for place in config.seats)
                    else event
                )
            case (
                Evaluation(applicant=about)
                | Joined(seat=about)
                | ConsentGiven(seat=about)
                | ConsentWithdrawn(seat=about)
                | VoiceForgotten(seat=about)
            ):
                return None if about == self._seat else event
            case _:
                return event

    def _told(self, entry: Entry, event: Told) -> Event | None:
        match event:
            case UtteranceFinal():
                return self._utterance(entry.seq, event)
            case Speech():
                return self._speech(event)
            case NoteAdded():
                return None if entry.seq in self._notes else event
            case NoteEdited():
                return None if event.of in self._notes else event
            case VoiceAssigned():
                # Every assignment of the person's voice: an older one would name somebody else.
                is_theirs = event.seat == self._seat or event.voice in self._voices
                return None if is_theirs else event
            case VoicesMerged():
                return None if event.voice in self._voices else event
            case SegmentVoiced() | SegmentEdited() | SegmentSplit():
                return self._line(entry.seq, event)
            case Retracted():
                return event

    def _line(self, seq: int, event: SegmentVoiced | SegmentEdited | SegmentSplit) -> Event | None:
        lines = self._session.account.lines
        if lines.whole(event.segment) not in self._wholes:
            # Nothing of theirs is there; it may have been taken for theirs.
            if isinstance(event, SegmentSplit):
                return self._split(event)
            is_theirs = isinstance(event, SegmentVoiced) and event.voice in self._voices
            return None if is_theirs else event
        if isinstance(event, SegmentSplit):
            claim = lines.split(event.segment, self._session.account.retractions.retracted)
            return self._split(event) if claim is not None and claim.seq == seq else None
        line = self._session.segments.get(event.segment)
        is_others = line is not None and self._session.speaker(line.segment) != self._seat
        if isinstance(event, SegmentVoiced) and event.voice in self._voices:
            return None
        return event if is_others else None

    def _split(self, event: SegmentSplit) -> Event | None:
        """Return the split of what is left; a part of which nothing is left has no words."""
        parts = tuple(self._part(part) for part in event.parts)
        if parts == event.parts:
            return event
        return msgspec.structs.replace(event, parts=parts) if any(p.words for p in parts) else None

    def _part(self, part: SegmentPart) -> SegmentPart:
        left = sum(self._left(part.segment, part.words))
        if left and part.voice not in self._voices:
            return msgspec.structs.replace(part, words=left)
        confidence = None if part.confidence is None else 0.0
        return msgspec.structs.replace(part, words=left, voice=None, confidence=confidence)

    def _left(self, segment: str, count: int) -> list[bool]:
        """Return of each of the ``count`` words heard in ``segment`` whether it stays."""
        lines = self._session.account.lines
        claim = lines.split(segment, self._session.account.retractions.retracted)
        if claim is not None and sum(part.words for part in claim.value.parts) == count:
            return [
                stays
                for part in claim.value.parts
                for stays in self._left(part.segment, part.words)
            ]
        line = self._session.segments.get(segment)
        stays = line is None or self._session.speaker(line.segment) != self._seat
        return [stays] * count

    def _utterance(self, seq: int, event: UtteranceFinal) -> Event | None:
        kept = tuple(
            left for segment in event.segments if (left := self._segment(seq, segment)) is not None
        )
        if kept == event.segments:
            return event
        return msgspec.structs.replace(event, segments=kept) if kept else None

    def _segment(self, seq: int, segment: Segment) -> Segment | None:
        lines = self._session.account.lines.of(seq, segment.segment)
        theirs = [line for line in lines if self._session.speaker(line.segment) == self._seat]
        if theirs and len(theirs) == len(lines):
            return None
        if theirs:
            stays = self._left(segment.segment, len(segment.words))
            words = tuple(word for word, stay in zip(segment.words, stays, strict=True) if stay)
            segment = msgspec.structs.replace(segment, words=words)
        if segment.voice in self._voices:
            # It was heard as theirs, and is somebody else's.
            segment = msgspec.structs.replace(segment, voice=None, voice_confidence=0.0)
        return segment

    def _speech(self, event: Speech) -> Event:
        theirs = [line for line in self._lines if line.track == event.track]
        spans = tuple(
            span
            for span in event.spans
            if span.voice not in self._voices
            and not any(_covers(line, span.start, span.end) for line in theirs)
        )
        return event if spans == event.spans else msgspec.structs.replace(event, spans=spans)


def _covers(line: Spoken, start: float, end: float) -> bool:
    """Whether most of a span was a line that a person moved: it was heard as somebody else."""
    if not line.is_moved or not line.segment.words:
        return False
    first, last = line.segment.words[0][0], line.segment.words[-1][1]
    return min(end, last) - max(start, first) > (end - start) / 2


def _nameless(config: SessionConfig, seat: str) -> SessionConfig:
    return msgspec.structs.replace(
        config,
        seats=tuple(
            # Not null, which is longer than a name of one letter.
            msgspec.structs.replace(place, name="") if place.seat == seat else place
            for place in config.seats
        ),
    )
