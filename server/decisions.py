"""What a command leads to: pure functions from the session as it is to events, or a refusal."""

from collections.abc import Sequence

import msgspec

from pipeline.evaluation.evaluator import Answer, Evaluator
from server.entries import Entry
from server.errors import ClientError, ErrorCode, SessionOver
from server.events import (
    APPLICANTS,
    SEATS,
    Blank,
    ConsentGiven,
    ConsentWithdrawn,
    Erased,
    Evaluation,
    Event,
    Evidence,
    Joined,
    Level,
    Muted,
    NoteAdded,
    SessionConfig,
    SessionCreated,
    Unmuted,
    UtteranceFinal,
    VoiceAssigned,
)
from server.messages import MAX_NOTE_BYTES, SpeakerNote
from server.session import Life, Session

MAX_NAME_CHARACTERS = 200
TICK_S = 30.0
"""Session seconds between evaluations."""


def create(config: SessionConfig) -> SessionCreated:
    """Return the first event of a session.

    Raises:
        ClientError: ``bad_request``: seats that do not exist or stand twice, an endless name.
    """
    seats = [seat.seat for seat in config.seats]
    if not seats or len(set(seats)) != len(seats) or not set(seats) <= set(SEATS):
        raise ClientError(
            ErrorCode.BAD_REQUEST, f"seats must be different ones of {', '.join(SEATS)}."
        )
    if any(len(seat.name or "") > MAX_NAME_CHARACTERS for seat in config.seats):
        raise ClientError(
            ErrorCode.BAD_REQUEST, f"A name can have {MAX_NAME_CHARACTERS} characters at most."
        )
    return SessionCreated(config=config)


def note(session: Session, command: SpeakerNote, at: float) -> NoteAdded:
    """Return the note anchored where its author says, else at its receipt.

    Raises:
        ClientError: ``session_over``, ``unknown_seat``, ``bad_message``, ``too_large``.
    """
    check_live(session)
    check_seat(session, command.speaker)
    if not command.note.strip():
        raise ClientError(ErrorCode.BAD_MESSAGE, "The note is empty.")
    if len(msgspec.json.encode((command.note, command.timestamp))) > MAX_NOTE_BYTES:
        raise ClientError(
            ErrorCode.TOO_LARGE, f"A note can have {MAX_NOTE_BYTES // 1024} KiB at most."
        )
    return NoteAdded(
        note=command.note,
        about=command.speaker,
        media_at=at if command.media_at is None else round(min(max(0.0, command.media_at), at), 3),
        client_timestamp=command.timestamp,
    )


def mute(session: Session, track: str, is_muted: bool) -> tuple[Muted | Unmuted, ...]:
    """Return what changes for the microphone ``track``.

    Raises:
        ClientError: ``session_over``.
    """
    check_live(session)
    if is_muted == (track in session.muted):
        return ()
    return (Muted(track=track) if is_muted else Unmuted(track=track),)


def check_live(session: Session) -> None:
    """Refuse what only a live session takes.

    Raises:
        SessionOver: the session is in review or erased.
    """
    if session.is_over:
        raise SessionOver


def check_seat(session: Session, seat: str) -> None:
    """Refuse a seat the session does not have.

    Raises:
        ClientError: ``unknown_seat``.
    """
    if seat not in session.seats:
        raise ClientError(
            ErrorCode.UNKNOWN_SEAT,
            f"This interview has no such seat; its seats are {', '.join(session.seats)}.",
        )


def voice_of(session: Session, seat: str) -> tuple[str, tuple[VoiceAssigned, ...]]:
    """Return the voice an own microphone of ``seat`` speaks as, and how it came to be if new."""
    for voice, owner in session.voices.items():
        if owner == seat:
            return voice, ()
    voice = f"v{session.voices_named + 1}"
    return voice, (VoiceAssigned(voice=voice, seat=seat, reason="own_microphone"),)


def evaluations(session: Session, evaluator: Evaluator, at: float) -> list[Evaluation]:
    """Return one evaluation per applicant whose words changed since the last."""
    return [_evaluation(session, evaluator, seat, at) for seat in session.unevaluated(APPLICANTS)]


def _evaluation(session: Session, evaluator: Evaluator, seat: str, at: float) -> Evaluation:
    answers = [
        Answer(spoken.segment.segment, spoken.segment.text) for spoken in session.words_of(seat)
    ]
    levels = tuple(
        Level(
            criterion=finding.criterion,
            level=finding.level,
            evidence=tuple(
                Evidence(segment=hit.segment, start=hit.start, end=hit.end)
                for hit in finding.evidence
            ),
        )
        for finding in evaluator.evaluate(answers)
    )
    return Evaluation(
        applicant=seat,
        tick=int(at // TICK_S),
        evaluator=evaluator.name,
        criteria=evaluator.criteria,
        through_seq=session.seq,
        levels=levels,
    )


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
    bodies: dict[int, Event | None] = {}
    for entry in entries:
        if isinstance(entry.event, (Blank, Erased)):
            continue
        kept = None if seat is None else _without(session, entry, seat)
        if kept is not entry.event:
            bodies[entry.seq] = kept
    return bodies, Erased(seat=seat, events=tuple(bodies))


def _without(session: Session, entry: Entry, seat: str) -> Event | None:
    """Return the event without the person of ``seat``: itself, a smaller one, or None."""
    match entry.event:
        case SessionCreated(config=config):
            return (
                SessionCreated(config=_nameless(config, seat))
                if any(place.seat == seat and place.name for place in config.seats)
                else entry.event
            )
        case NoteAdded(about=about):
            return None if seat in (about, entry.by) else entry.event
        case UtteranceFinal():
            return _without_words(session, entry.event, seat)
        case (
            Evaluation(applicant=about)
            | Joined(seat=about)
            | ConsentGiven(seat=about)
            | ConsentWithdrawn(seat=about)
        ):
            return None if about == seat else entry.event
        case VoiceAssigned(voice=voice, seat=about):
            # Every assignment of the person's voice: an older one would name somebody else.
            is_theirs = about == seat or session.voices.get(voice) == seat
            return None if is_theirs else entry.event
        case _:
            return entry.event


def _nameless(config: SessionConfig, seat: str) -> SessionConfig:
    return msgspec.structs.replace(
        config,
        seats=tuple(
            # Not null, which is longer than a name of one letter.
            msgspec.structs.replace(place, name="") if place.seat == seat else place
            for place in config.seats
        ),
    )


def _without_words(session: Session, event: UtteranceFinal, seat: str) -> Event | None:
    kept = tuple(s for s in event.segments if session.speaker(s) != seat)
    if len(kept) == len(event.segments):
        return event
    return msgspec.structs.replace(event, segments=kept) if kept else None
