"""Who may sit where: the seats as this process gives them, and as all processes agree on them."""

from server import decisions
from server.access import Principal
from server.attendance import Attendance
from server.errors import ClientError, SeatTaken
from server.exchange.protocol import Exchange
from server.session import Session


class Seating:
    """Keeps people's seats for them here and in the exchange."""

    def __init__(self, attendance: Attendance, exchange: Exchange, hold_s: float) -> None:
        """Use both; a seat whose person has left is kept for ``hold_s``."""
        self._attendance = attendance
        self._exchange = exchange
        self._hold_s = hold_s

    async def expect(self, session: Session, principal: Principal) -> None:
        """Reserve a person's seat until they enter, or ``lapse``.

        Raises:
            ClientError: ``seat_taken``, ``unknown_seat``, nobody can know at the moment.
        """
        seat, link = principal.seat, principal.link
        if seat is None:
            return
        decisions.check_seat(session, seat)
        if link is not None and not await self._exchange.take_seat(
            session.id, seat, link, self._hold_s
        ):
            raise SeatTaken(seat)
        try:
            self._attendance.expect(principal)
        except ClientError:
            await self.leave(session, principal)
            raise

    async def lapse(self, session: Session, principal: Principal) -> None:
        """Whoever was expected does not come: the seat is as if nobody had asked for it."""
        self._attendance.lapse(principal)
        await self.leave(session, principal)

    async def leave(self, session: Session, principal: Principal) -> None:
        """A connection has parted, or a reservation lapsed; never raises.

        After the last one the seat is kept for as long as is left since the person was heard of.
        """
        if principal.seat is not None and principal.link is not None:
            left_s = self._attendance.kept_s(principal)
            await self._exchange.leave_seat(session.id, principal.seat, principal.link, left_s)
