"""What only the holder of a session carries out, and the way to it from any other process."""

import asyncio
import secrets
from typing import TypeAlias, assert_never

import msgspec

from server import legacy
from server.access import Principal
from server.attendance import Connection
from server.errors import ClientError, HeldElsewhere, JournalUnavailable, Refusal
from server.events import SessionClosed
from server.ledger import Committed, seq_of
from server.messages import (
    Answer,
    AudioChunk,
    AudioProcessed,
    EvaluationRequest,
    EvaluationSummary,
    SessionEnd,
    SessionEnded,
    type_of,
)
from server.paths import session_path
from server.room import Room

Errand: TypeAlias = AudioChunk | SessionEnd | EvaluationRequest
"""A command that needs the session's ears, clock or end."""


class Relayed(msgspec.Struct, frozen=True):
    """An errand on its way to the holder, and the connection that it came over."""

    connection: str
    command: Errand


_HALF_KEPT = (
    "Another server took this interview over while the sound was understood; look at what was kept "
    "before you send it again."
)
_ANSWERS: msgspec.json.Decoder[AudioProcessed | SessionEnded | EvaluationSummary] = (
    msgspec.json.Decoder(AudioProcessed | SessionEnded | EvaluationSummary)
)


async def ask(room: Room, connection: Connection, command: Errand) -> Answer:
    """Have it carried out, here or where the session is held.

    Raises:
        ClientError: it may not be done; nobody could be found who holds the session.
    """
    if isinstance(command, AudioChunk) and room.holding is None:
        # What continues a recording must not overtake its beginning on the way.
        async with connection.turns.setdefault(command.speaker, asyncio.Lock()):
            return await _ask(room, connection, command)
    return await _ask(room, connection, command)


async def _ask(room: Room, connection: Connection, command: Errand) -> Answer:
    principal = connection.principal

    async def here() -> Answer:
        if not room.session.is_over:
            room.held()  # Nothing has been done yet where this raises.
        try:
            return await _carry_out(room, connection.id, principal, command)
        except HeldElsewhere:
            if isinstance(command, AudioChunk) and command.id is None:
                # Its first words may have been kept, and nobody could tell them from a repeat.
                raise JournalUnavailable(_HALF_KEPT) from None
            raise

    # With an id it can be asked for again: when its holder dies, the next one goes on.
    known = command if command.id else _named(command)

    async def there(holder: str) -> Answer:
        body = msgspec.json.encode(Relayed(connection.id, known))
        path = session_path(room.id, "command")
        reply = await room.services.relay.ask(holder, principal, type_of(command), path, body)
        if reply.status != 200:
            raise refused(reply.status, reply.body)
        answer = _ANSWERS.decode(reply.body)
        return answer if command.id else msgspec.structs.replace(answer, reply_to=None, seq=None)

    return await room.where_held(here, there)


async def receive(room: Room, principal: Principal, relayed: Relayed) -> Answer:
    """Carry out what a client of another process asks.

    Raises:
        HeldElsewhere: the session is not held here.
        ClientError: it may not be done.
    """
    principal.check_command(type_of(relayed.command))
    if await room.hold() is not None:
        raise HeldElsewhere
    if room.holding is not None:
        room.holding.receive(relayed.connection)
    return await _carry_out(room, relayed.connection, principal, relayed.command)


def refused(status: int, body: bytes) -> ClientError:
    """Return the error that another process answered."""
    try:
        refusal = msgspec.json.decode(body, type=Refusal)
    except msgspec.MsgspecError:
        return HeldElsewhere()
    return ClientError(refusal.code, refusal.detail, status=status)


async def _carry_out(room: Room, connection: str, principal: Principal, command: Errand) -> Answer:
    cmd = command.id
    match command:
        case EvaluationRequest():
            if not room.session.is_over:
                await room.held().evaluate()
            return EvaluationSummary(summary=legacy.summary(room.session, room.now()), reply_to=cmd)
        case SessionEnd():
            await room.end(principal.author, cmd)
            committed = await room.ledger.first(cmd, principal.author) if cmd else Committed()
            return SessionEnded(
                final_result=legacy.result(room.session, room.now()),
                reply_to=cmd,
                seq=seq_of(committed, cmd, SessionClosed),
            )
        case AudioChunk():
            return await room.held().listening.chunk(connection, principal, command)
        case _:
            assert_never(command)


def _named(command: Errand) -> Errand:
    return msgspec.structs.replace(command, id=secrets.token_urlsafe(18))
