"""Writes down who comes to a session and who goes."""

import logging

from server.attendance import Attendance, Connection, process_of
from server.errors import ClientError
from server.events import SYSTEM, Joined, Left
from server.exchange.protocol import Exchange
from server.ledger import Ledger
from server.session import Session

log = logging.getLogger(__name__)


class Register:
    """Presence in one session's journal; a reader is served even when that cannot write."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def came(self, connection: Connection) -> None:
        """Record that somebody has come; never raises."""
        principal = connection.principal
        joined = Joined(
            connection=connection.id,
            role=str(principal.role),
            seat=principal.seat,
            name=principal.name,
        )
        await self._record(joined, principal.author)

    async def went(self, connection: Connection, heard_until: float | None) -> None:
        """Record that somebody has gone; never raises.

        Args:
            connection: theirs.
            heard_until: the session second until which its own microphone was heard.
        """
        left = Left(
            connection=connection.id,
            reason="lost" if connection.door.is_lost else "closed",
            heard_until=None if heard_until is None else round(heard_until, 3),
        )
        await self._record(left, connection.principal.author)

    async def _record(self, event: Joined | Left, by: str) -> None:
        if self._ledger.session.is_over:
            return
        try:
            await self._ledger.commit(lambda session, _: () if session.is_over else (event,), by=by)
        except ClientError as error:
            log.warning("presence in %s not recorded: %s", self._ledger.session.id, error.code)


async def part_with_the_lost(ledger: Ledger, attendance: Attendance, exchange: Exchange) -> None:
    """Connections of a process that died never left; say so, where the session is held.

    Raises:
        ClientError: the journal fails.
    """
    own = exchange.name
    processes = frozenset(map(process_of, ledger.session.present))
    alive = await exchange.alive(processes | {own})

    def is_lost(connection: str) -> bool:
        if process_of(connection) == own:
            return connection not in attendance.connections
        return process_of(connection) not in alive

    def decide(session: Session, at: float) -> list[Left]:
        del at
        lost = filter(is_lost, session.present)
        return [Left(connection=connection, reason="lost") for connection in lost]

    await ledger.commit(decide, by=SYSTEM, as_holder=True)
