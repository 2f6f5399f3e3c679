"""What a command leads to: pure functions from the session as it is to events, or a refusal."""

from typing import Literal

import msgspec

from pipeline.evaluation.evaluator import Answer, Evaluator
from server.errors import ClientError, ErrorCode, SessionOver
from server.events import (
    APPLICANTS,
    SEATS,
    Evaluation,
    Evidence,
    Level,
    Muted,
    NoteAdded,
    SessionConfig,
    SessionCreated,
    Timestamp,
    Unmuted,
    VoiceAssigned,
)
from server.messages import MAX_NOTE_BYTES, SpeakerNote
from server.session import Session

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
    check_note(command.note, command.timestamp)
    return NoteAdded(
        note=command.note,
        about=command.speaker,
        media_at=at if command.media_at is None else round(min(max(0.0, command.media_at), at), 3),
        client_timestamp=command.timestamp,
    )


def check_note(note: str, timestamp: Timestamp | None) -> None:
    """Refuse a note that says nothing, or too much for one message.

    Raises:
        ClientError: ``bad_message``, ``too_large``.
    """
    if not note.strip():
        raise ClientError(ErrorCode.BAD_MESSAGE, "The note is empty.")
    if len(msgspec.json.encode((note, timestamp))) > MAX_NOTE_BYTES:
        raise ClientError(
            ErrorCode.TOO_LARGE, f"A note can have {MAX_NOTE_BYTES // 1024} KiB at most."
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


def voice_of(
    session: Session, seat: str, reason: Literal["own_microphone", "person"] = "own_microphone"
) -> tuple[str, tuple[VoiceAssigned, ...]]:
    """Return the voice ``seat`` speaks as, its own microphone's first, and how it came if new."""
    naming = session.account.naming
    for voice in (session.own_voices.get(seat), *session.voices):
        if voice and naming.voices.get(voice) == seat and naming.root(voice) == voice:
            return voice, ()
    voice = f"v{session.voices_named + 1}"
    return voice, (VoiceAssigned(voice=voice, seat=seat, reason=reason),)


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
