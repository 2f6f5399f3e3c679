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
    """One connection's way out, as the room sees it.

    ``heard_at``: ``time.monotonic()`` of the newest sign of life; None: it cannot be told, and
    whoever is connected counts as being there. ``is_lost``: it has ended without a goodbye.
    """

    @property
    def heard_at(self) -> float | None: ...

    @property
    def is_lost(self) -> bool: ...

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
    """A seat's person.

    ``awaited``: their offers that may still become connections; ``until`` (monotonic): the seat is
    kept for so long when neither these nor connections are left.
    """

    link: str | None
    awaited: int = 0
    until: float = float("-inf")


def process_of(connection: str) -> str:
    """Return the process that a connection ends in; empty for those of earlier releases."""
    process, dot, _ = connection.partition(".")
    return process if dot else ""


class Attendance:
    """The open connections of one session in this process and the seats they hold.

    Who comes in is expected first, which reserves the seat, and enters then; or never does, and
    the reservation lapses.
    """

    def __init__(self, process: str, hold_seat_s: float) -> None:
        self.connections: dict[str, Connection] = {}
        self._process = process
        self._hold_seat_s = hold_seat_s
        self._seats: dict[str, _Hold] = {}

    def new_id(self) -> str:
        """Return the id of a connection to come."""
        return f"{self._process}.{secrets.token_hex(6)}"

    def is_here(self, connection: str) -> bool:
        """Return whether a connection ends (or ended) in this process."""
        return process_of(connection) == self._process

    def expect(self, principal: Principal) -> None:
        """Reserve a person's seat until they ``enter`` or it has to ``lapse``.

        Raises:
            SeatTaken: another person's link holds it, or has it reserved.
        """
        seat = principal.seat
        if seat is None:
            return
        hold = self._seats.get(seat)
        if hold is None or (hold.link != principal.link and self._is_free(seat, hold)):
            hold = self._seats[seat] = _Hold(principal.link)
        if hold.link != principal.link:
            raise SeatTaken(seat)
        hold.awaited += 1

    def lapse(self, principal: Principal) -> None:
        """Give up one reservation of ``expect``; the seat is as if it had never been made."""
        if principal.seat is not None:
            self._seats[principal.seat].awaited -= 1

    def enter(self, connection: str, principal: Principal, door: Door, kind: str) -> Connection:
        """Let a person in who was expected, over the connection of this (new) id."""
        entered = Connection(connection, principal, door, kind)
        self.connections[connection] = entered
        self.lapse(principal)
        return entered

    def replace(self, link: str | None, kind: str, by: str | None = None) -> None:
        """Dismiss a person's connections of one kind: they have come in anew, over ``by``."""
        for other in list(self.connections.values()):
            is_theirs = link is not None and other.principal.link == link
            if is_theirs and other.kind == kind and other.id != by:
                other.door.dismiss(ErrorCode.REPLACED, 4001)

    def part(self, connection: Connection) -> bool:
        """Forget a connection and hold its seat for a while; return whether it was known.

        The while begins when the person was last heard of: whoever was lost has been away already.
        """
        if self.connections.pop(connection.id, None) is None:
            return False
        if (seat := connection.principal.seat) is not None:
            heard_at = connection.door.heard_at
            since = time.monotonic() if heard_at is None else heard_at
            hold = self._seats[seat]
            hold.until = max(hold.until, since + self._hold_seat_s)
        return True

    def kept_s(self, principal: Principal) -> float:
        """Return for how long a person's seat is kept if they do not come back."""
        hold = self._seats.get(principal.seat or "")
        if hold is None or hold.link != principal.link:
            return 0.0
        return max(0.0, hold.until - time.monotonic())

    def heard_of(self, seat: str) -> float:
        """Return when whoever parted from a seat last was heard of (monotonic), if anybody has."""
        hold = self._seats.get(seat)
        return float("-inf") if hold is None else hold.until - self._hold_seat_s

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

    def _is_free(self, seat: str, hold: _Hold) -> bool:
        is_kept = hold.awaited > 0 or hold.until > time.monotonic()
        return not is_kept and not any(
            other.principal.seat == seat for other in self.connections.values()
        )
