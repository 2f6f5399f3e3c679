"""What people take back: whole commands, of corrections anybody's, of notes their own."""

from collections.abc import Sequence

from server.errors import ClientError, ErrorCode
from server.events import (
    SYSTEM,
    Event,
    NoteAdded,
    NoteEdited,
    Retracted,
    SegmentVoiced,
    VoiceAssigned,
)
from server.messages import Retract
from server.session import Session


def retract(session: Session, command: Retract, by: str) -> Sequence[Event]:
    """Return what takes back the events that ``by`` names, each with its whole command.

    Raises:
        ClientError: ``not_yours``.
    """
    whole = [seq for of in command.of for seq in (of, *_companions(session, of))]
    for of in whole:
        _check_retractable(session, of, by)
    retracted = session.account.retractions.retracted
    needed = _needed(session, whole)
    return [
        Retracted(of=of) for of in dict.fromkeys(whole) if of not in retracted and of not in needed
    ]


def _needed(session: Session, whole: Sequence[int]) -> set[int]:
    """Return which of the events ``whole`` gave a voice its seat that other lines were moved to."""
    facts = [(of, session.account.facts[of].event) for of in whole]
    moves = [fact for _, fact in facts if isinstance(fact, SegmentVoiced)]
    segments = {move.segment for move in moves}
    others = {
        line.segment.voice
        for line in session.spoken
        if moves and line.is_moved and line.segment.segment not in segments
    }
    given = others & {move.voice for move in moves}
    return {of for of, fact in facts if isinstance(fact, VoiceAssigned) and fact.voice in given}


def _companions(session: Session, of: int) -> list[int]:
    """Return the events of the same command: half of a swap would be no undo.

    After the end nobody is sent the events, and whoever corrects knows only the first.
    """
    facts = session.account.facts
    stated = facts.get(of)
    if stated is None or stated.cmd is None:
        return []
    return [seq for seq, other in facts.items() if other.cmd == stated.cmd]


def _check_retractable(session: Session, of: int, by: str) -> None:
    """Refuse to take back what machines heard, and the notes of others.

    Raises:
        ClientError: ``not_yours``.
    """
    facts = session.account.facts
    stated, about = facts.get(of), facts.get(session.account.retractions.root(of))
    if stated is None or about is None or SYSTEM in (stated.by, about.by):
        raise ClientError(
            ErrorCode.NOT_YOURS, "Only corrections and notes can be undone.", status=403
        )
    if isinstance(about.event, (NoteAdded, NoteEdited)) and about.by != by:
        raise not_yours()
    if isinstance(about.event, VoiceAssigned) and about.event.reason != "person":
        raise ClientError(
            ErrorCode.NOT_YOURS,
            "Whose microphone or enrolled voice it is cannot be undone; name the voice instead.",
            status=403,
        )


def not_yours() -> ClientError:
    """Return the refusal to change somebody else's note."""
    return ClientError(
        ErrorCode.NOT_YOURS, "Somebody else wrote this note; only they can change it.", status=403
    )
