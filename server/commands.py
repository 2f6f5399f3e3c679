"""Carries out what a client asks, whichever door it came through."""

import logging
from typing import assert_never

from server import consent, corrections, decisions, holders
from server.access import Principal
from server.attendance import Connection
from server.corrections import CAUSES, Correction
from server.errors import ClientError, JournalUnavailable, SessionOver
from server.events import (
    SYSTEM,
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    Muted,
    NoteAdded,
    RoomConfirmed,
    Unmuted,
)
from server.holding import no_microphone
from server.ledger import Committed, Decide, seq_of
from server.messages import (
    Answer,
    AnyCommand,
    AudioChunk,
    ConfirmRoom,
    Consent,
    Done,
    EditNote,
    EditSegment,
    EvaluationRequest,
    MergeVoices,
    MoveSegment,
    Mute,
    NameVoice,
    NoteSaved,
    Retract,
    SessionEnd,
    SpeakerNote,
    SplitSegment,
    Subscribe,
    SwapVoices,
    WithdrawConsent,
    type_of,
)
from server.room import Room

log = logging.getLogger(__name__)


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
            return _saved(await note(room, principal, command), cmd)
        case Consent():
            return _done(await _consent(room, principal, command), cmd, ConsentGiven)
        case WithdrawConsent():
            return _done(await _withdraw(room, principal, cmd), cmd, ConsentWithdrawn)
        case ConfirmRoom():
            committed = await _commit(room, principal, cmd, lambda s, _: consent.confirm(s))
            return _done(committed, cmd, RoomConfirmed)
        case Mute():
            kind = Muted if command.is_muted else Unmuted
            return _done(await _mute(room, connection, command), cmd, kind)
        case (
            NameVoice()
            | SwapVoices()
            | MergeVoices()
            | MoveSegment()
            | SplitSegment()
            | EditSegment()
            | EditNote()
            | Retract()
        ):
            committed = await _correct(room, principal, command)
            return _done(committed, cmd, CAUSES[type(command)])
        case EvaluationRequest() | SessionEnd() | AudioChunk():
            return await holders.ask(room, connection, command)
        case Subscribe():
            if room.session.is_over:
                raise SessionOver
            raise AssertionError("a door subscribes by itself")
        case _:
            assert_never(command)


async def note(room: Room, principal: Principal, command: SpeakerNote) -> Committed:
    """Keep a note."""
    return await _commit(
        room, principal, command.id, lambda s, at: (decisions.note(s, command, at),)
    )


async def _correct(room: Room, principal: Principal, command: Correction) -> Committed:
    """Put the record right; in review nothing else looks whose words that has changed."""
    committed = await _commit(
        room, principal, command.id, lambda s, _: corrections.decide(s, command, principal.author)
    )
    if room.session.is_over:
        evaluator = room.services.evaluator
        try:
            # Whoever comes first does it: the journal takes nothing that was decided on less.
            await room.ledger.commit(
                lambda s, at: decisions.evaluations(s, evaluator, at), by=SYSTEM
            )
        except ClientError as error:
            log.warning("%s could not be evaluated anew: %s", room.id, error.code)
    return committed


async def _consent(room: Room, principal: Principal, command: Consent) -> Committed:
    days, offered = command.keep_audio_days, room.services.settings.keep_audio_days
    return await _commit(
        room,
        principal,
        command.id,
        lambda s, _: consent.give(s, principal, days, offered),
    )


async def _withdraw(room: Room, principal: Principal, cmd: str | None) -> Committed:
    """Keep the end of a person's consent; nobody listens from then on, kept or not."""
    try:
        return await _commit(room, principal, cmd, lambda s, _: consent.withdraw(s, principal))
    except JournalUnavailable:
        if room.holding is not None:
            room.holding.tracks.refuse(principal.seat)
        raise


async def _mute(room: Room, connection: Connection, command: Mute) -> Committed:
    """Mute the microphone that the connection carries, see ``Holding.mute``."""
    if room.holding is None and not room.session.is_over:
        raise no_microphone()
    return await room.held().mute(connection, command)


async def _commit(room: Room, principal: Principal, cmd: str | None, decide: Decide) -> Committed:
    return await room.ledger.commit(decide, by=principal.author, cmd=cmd)


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
