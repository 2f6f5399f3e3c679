"""Carries out what a client asks, whichever door it came through."""

from typing import assert_never

from server import holders
from server.attendance import Connection
from server.errors import SessionOver
from server.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    Muted,
    NoteAdded,
    RoomConfirmed,
    Unmuted,
)
from server.ledger import Committed, seq_of
from server.messages import (
    Answer,
    AnyCommand,
    AudioChunk,
    ConfirmRoom,
    Consent,
    Done,
    EvaluationRequest,
    Mute,
    NoteSaved,
    SessionEnd,
    SpeakerNote,
    Subscribe,
    WithdrawConsent,
    type_of,
)
from server.room import Room


async def execute(room: Room, connection: Connection, command: AnyCommand) -> Answer:
    """Do it and return its answer.

    Raises:
        ClientError: it may not be done; nothing was changed.
    """
    principal = connection.principal
    principal.check_command(type_of(command))
    cmd = command.id
    match command:
        case SpeakerNote():
            return _saved(await room.note(principal, command), cmd)
        case Consent():
            return _done(await room.consent(principal, command), cmd, ConsentGiven)
        case WithdrawConsent():
            return _done(await room.withdraw(principal, command), cmd, ConsentWithdrawn)
        case ConfirmRoom():
            return _done(await room.confirm(principal, command), cmd, RoomConfirmed)
        case Mute():
            kind = Muted if command.is_muted else Unmuted
            return _done(await room.mute(connection, command), cmd, kind)
        case EvaluationRequest() | SessionEnd() | AudioChunk():
            return await holders.ask(room, connection, command)
        case Subscribe():
            if room.session.is_over:
                raise SessionOver
            raise AssertionError("a door subscribes by itself")
        case _:
            assert_never(command)


def _saved(committed: Committed, cmd: str | None) -> NoteSaved:
    seq = seq_of(committed, cmd, NoteAdded)
    kept = committed.entries[0].event
    if not isinstance(kept, NoteAdded):
        raise SessionOver  # A repeat of a note that was erased meanwhile.
    return NoteSaved(
        speaker=kept.about,
        note=kept.note,
        timestamp=kept.client_timestamp,
        reply_to=cmd,
        seq=seq,
    )


def _done(committed: Committed, cmd: str | None, kind: type[Event]) -> Done:
    return Done(reply_to=cmd, seq=seq_of(committed, cmd, kind))
