"""Who is connected to a session, who holds which seat, and who is told of news."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Protocol

from server.access import Principal
from server.errors import ErrorCode, SeatTaken
from server.ledger import RECENT
from server.messages import Signal, type_of


class Door(Protocol):
    """One connection's way out, as the room sees it."""

    def wake(self) -> None:
        """There is something new to read; must not block."""
        ...

    def whisper(self, signal: Signal) -> None:
        """Pass on a signal when there is room; a newer one of its track replaces it."""
        ...

    def dismiss(self, code: ErrorCode | None, close_code: int) -> None:
        """Close soon: with an error message, or (None) because the session is over."""
        ...


@dataclass(slots=True, eq=False)
class Connection:
    """A person's open connection; ``cursor``: the last seq a subscriber has been sent."""

    id: str
    principal: Principal
    door: Door
    kind: str
    cursor: int | None = None
    is_caught_up: bool = False
    turns: dict[str | None, asyncio.Lock] = field(default_factory=dict)
    """By speaker: recordings that another process understands go there in their order."""


@dataclass(slots=True)
class _Hold:
    """A seat's person, and until when (monotonic) the seat is kept without a connection."""

    link: str | None
    until: float | None = None


def process_of(connection: str) -> str:
    """Return the process that a connection ends in; empty for those of earlier releases."""
    process, dot, _ = connection.partition(".")
    return process if dot else ""


class Attendance:
    """The open connections of one session in this process and the seats they hold."""

    def __init__(self, process: str, hold_seat_s: float) -> None:
        self.connections: dict[str, Connection] = {}
        self._process = process
        self._hold_seat_s = hold_seat_s
        self._seats: dict[str, _Hold] = {}

    def enter(self, principal: Principal, door: Door, kind: str) -> Connection:
        """Let a person in; their older connection of the same kind is replaced.

        Raises:
            SeatTaken: another person's link holds it.
        """
        if principal.seat is not None:
            self._take_seat(principal.seat, principal)
        self.replace(principal.link, kind)
        connection = Connection(f"{self._process}.{secrets.token_hex(6)}", principal, door, kind)
        self.connections[connection.id] = connection
        return connection

    def replace(self, link: str | None, kind: str) -> None:
        """Dismiss a person's connections of one kind: they have come in anew."""
        for other in list(self.connections.values()):
            if link is not None and other.principal.link == link and other.kind == kind:
                other.door.dismiss(ErrorCode.REPLACED, 4001)

    def part(self, connection: Connection) -> bool:
        """Forget a connection and hold its seat for a while; return whether it was known."""
        if self.connections.pop(connection.id, None) is None:
            return False
        seat = connection.principal.seat
        if seat is not None and not any(
            other.principal.seat == seat for other in self.connections.values()
        ):
            self._seats[seat].until = time.monotonic() + self._hold_seat_s
        return True

    def tell(self, seq: int) -> None:
        """Wake every subscriber; close one that is too far behind the session's ``seq``."""
        for connection in list(self.connections.values()):
            if connection.cursor is None:
                continue
            if connection.is_caught_up and seq - connection.cursor > RECENT:
                connection.door.dismiss(ErrorCode.SLOW_CONSUMER, 4008)
            else:
                connection.door.wake()

    def whisper(self, signal: Signal) -> None:
        """Pass a signal on to every subscriber who may see it."""
        kind = type_of(signal)
        for connection in list(self.connections.values()):
            if connection.cursor is not None and connection.principal.sees(kind):
                connection.door.whisper(signal)

    def dismiss(self, code: ErrorCode | None, close_code: int, kind: str | None = None) -> None:
        """Close every connection (of one ``kind``) soon, see ``Door.dismiss``."""
        for connection in list(self.connections.values()):
            if kind in (None, connection.kind):
                connection.door.dismiss(code, close_code)

    def _take_seat(self, seat: str, principal: Principal) -> None:
        hold = self._seats.setdefault(seat, _Hold(principal.link))
        if hold.link != principal.link:
            if hold.until is None or hold.until > time.monotonic():
                raise SeatTaken(seat)
            hold.link = principal.link
        hold.until = None
