"""A session that somebody uses in this process: what people make happen in it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from server import decisions
from server.access import Principal
from server.attendance import Attendance, Connection, Door, process_of
from server.entrance.resumes import Resumption
from server.errors import ClientError, ErrorCode, HeldElsewhere, SessionOver
from server.events import SYSTEM, CloseReason, SessionConfig
from server.exchange.relay import reach
from server.hallway import Hallway
from server.hearing.feed import Feed
from server.holding import Holding
from server.ledger import Ledger
from server.messages import Missed
from server.presence import PresenceWatch
from server.register import Register
from server.seating import Seating
from server.services import Services
from server.session import Life, Session
from server.tasks import Tasks

log = logging.getLogger(__name__)
T = TypeVar("T")


class Room:
    """One live or reviewed session. ``load`` it, ``close`` it.

    ``holding`` is there in one process at a time: the one that hears and ends the session. The
    others serve whoever reads and writes notes.
    """

    def __init__(self, session: str, services: Services) -> None:
        self.services = services
        exchange = services.exchange
        self.attendance = Attendance(exchange.name, services.settings.hold_seat_s)
        self.ledger = Ledger(session, services.journal, exchange.name, self._tell)
        self.seating = Seating(self.attendance, exchange, services.settings.hold_seat_s)
        self._register = Register(self.ledger)
        self._hallway = Hallway(session, self.attendance, exchange)
        self.presence = PresenceWatch(
            self.ledger, self.attendance, self._hallway.whisper, services.settings.hold_seat_s
        )
        self.holding: Holding | None = None
        self.is_new = False
        """Whether ``load`` has opened the session."""
        self.last_used = time.monotonic()
        self._claiming = asyncio.Lock()
        self._tasks = Tasks(f"room {session}")
        self._is_closed = False
        self._has_followed = False
        """Whether another process was found to hold the session."""
        self._was_over = False
        """Whether those who are connected have been told that the session is over."""

    @property
    def session(self) -> Session:
        return self.ledger.session

    @property
    def id(self) -> str:
        return self.ledger.session.id

    @property
    def connections(self) -> dict[str, Connection]:
        return self.attendance.connections

    @property
    def life(self) -> Life:
        is_ending = self.holding is not None and self.holding.is_ending
        return Life.ENDING if is_ending else self.session.life

    @property
    def is_active(self) -> bool:
        """Whether somebody is connected, to this process or to another."""
        own = self.services.exchange.name
        return bool(self.connections) or any(
            process_of(connection) != own for connection in self.session.present
        )

    @property
    def is_busy(self) -> bool:
        """Whether somebody is connected to this process, or it has work to finish."""
        return bool(self.connections) or (self.holding is not None and self.holding.is_busy)

    def now(self) -> float:
        """Return session seconds; an ended session's clock stands at its close."""
        return self.ledger.now()

    async def load(self, create: SessionConfig | None = None) -> None:
        """Read the journal, and hold the session if it lives and nobody else does.

        Args:
            create: open the session with this configuration if it does not exist.

        Raises:
            ClientError: the journal fails.
        """
        await self.ledger.catch_up()
        if not self.session.exists and create is not None:
            opened = await self.ledger.commit(
                lambda session, _: () if session.exists else (decisions.create(create),),
                by=SYSTEM,
            )
            self.is_new = bool(opened)
        elif self.session.exists:
            self.ledger.go_on()
        if not self.session.exists:
            return
        self._was_over = self.session.is_over
        self.ledger.follow()
        self._hallway.open()
        if not self.session.is_over:
            if not self.is_new:
                # A new one is held where its people come in, which may be another process.
                await self.hold()
            self._tasks.start(self._stand_by(), "stand by")

    async def hold(self) -> str | None:
        """Hold a living session if nobody else does.

        Returns:
            The process that holds it instead; None: this one.

        Raises:
            ClientError: the journal fails.
        """
        async with self._claiming:
            if self.holding is not None or self.session.is_over or self._is_closed:
                return None
            holder = await self.ledger.claim()
            if holder is not None:
                self._has_followed = True
                return holder
            # What the holder before appended comes first.
            await self.ledger.catch_up()
            self.ledger.go_on()
            holding = Holding(
                self.services, self.ledger, self.attendance, self._hallway.whisper, self._depose
            )
            try:
                await holding.begin()
            except BaseException:
                await holding.close()
                raise
            self.holding = holding
            log.info("session %s is held here", self.id)
            self._follow_people()
            if self._has_followed:
                self._has_followed = False
                self.services.metrics.count_takeover()
            return None

    def held(self) -> Holding:
        """Return the holder's part.

        Raises:
            SessionOver, HeldElsewhere: it is not here.
        """
        if self.holding is None:
            raise SessionOver if self.session.is_over else HeldElsewhere
        return self.holding

    async def where_held(
        self, here: Callable[[], Awaitable[T]], there: Callable[[str], Awaitable[T]]
    ) -> T:
        """Do something where the session is held, see ``server.exchange.relay.reach``."""
        return await reach(self.hold, here, there)

    async def join(self, principal: Principal, door: Door, kind: str) -> Connection:
        """Let a person in at once; an ended session can still be read.

        Raises:
            ClientError: ``seat_taken``, ``unknown_seat``, nobody can know at the moment.
        """
        await self.seating.expect(self.session, principal)
        connection = self._entered(self.attendance.new_id(), principal, door, kind)
        self.replace(connection)
        try:
            await self.announce(connection)
        except BaseException:
            await self.leave(connection)
            raise
        return connection

    def admit(self, connection: str, principal: Principal, door: Door, kind: str) -> Connection:
        """Let a person in who was expected (``seating``), beside older connections of theirs.

        ``announce`` follows. Only ``replace`` ends the older ones: until all has gone well they
        go on as if nothing had happened.

        Raises:
            ClientError: ``session_over``, ``shutting_down``, the session is held elsewhere now;
                they are still expected.
        """
        if self._is_closed:
            raise ClientError(ErrorCode.SHUTTING_DOWN, "The server is restarting.", status=503)
        self.held()
        return self._entered(connection, principal, door, kind)

    async def announce(self, connection: Connection) -> None:
        """Record that somebody has come."""
        await self._try_to_hold()
        await self._register.came(connection)

    def replace(self, connection: Connection) -> None:
        """End a person's older connections of the same kind, wherever they are."""
        if (link := connection.principal.link) is not None:
            self._hallway.replace(link, connection.kind, by=connection.id)

    async def leave(self, connection: Connection) -> None:
        """Forget a connection; idempotent."""
        if self.attendance.part(connection):
            self.last_used = time.monotonic()
            until = None if self.holding is None else self.holding.lose(connection.id)
            await self._register.went(connection, until)
            await self.seating.leave(self.session, connection.principal)

    def microphone_name(
        self, connection: str, link: str | None, speaker: str | None, resume: str | None
    ) -> Resumption:
        """Return as what a coming connection's microphone comes in, see ``Holding``.

        Raises:
            SessionOver, HeldElsewhere: nothing is heard here.
        """
        return self.held().microphone_name(connection, link, speaker, resume)

    async def hear(
        self,
        connection: Connection,
        speaker: str | None,
        resumption: Resumption,
        ask: Callable[[Missed], None] | None = None,
    ) -> Feed:
        """Begin to listen to a connection's microphone, see ``Holding.hear``."""
        return await self.held().hear(connection, speaker, resumption, ask)

    def unhear(self, feed: Feed, connection: str, *, has_left: bool = False) -> None:
        """The microphone's connection is gone; its track is held for a while.

        Args:
            feed: what it carried.
            connection: its id.
            has_left: it said goodbye.
        """
        if self.holding is not None:
            self.holding.tracks.lose(feed.name, connection, has_left=has_left)

    async def end(self, by: str, cmd: str | None = None, reason: CloseReason = "ended") -> None:
        """End the session, see ``Holding.end``; the record of an ended one stays as it is."""
        if not self.session.is_over:
            await self.held().end(by, cmd, reason)

    async def settle(self) -> None:
        """Finish what is open and wait for its words, as long as the settings say."""
        if self.holding is not None:
            await self.holding.settle()

    async def close(self) -> None:
        """Stop everything that runs for this room; the journal has what was acknowledged."""
        self._is_closed = True
        self.attendance.dismiss(ErrorCode.SHUTTING_DOWN, 1001)
        self._hallway.close()
        if self.holding is not None:
            await self.holding.close()
        await self.presence.close()
        await self._tasks.close()
        await self.ledger.release()
        await self.ledger.close()

    def _entered(self, connection: str, principal: Principal, door: Door, kind: str) -> Connection:
        entered = self.attendance.enter(connection, principal, door, kind)
        self.last_used = time.monotonic()
        self._follow_people()
        return entered

    def _follow_people(self) -> None:
        """Tell how people are connected, where the session is held."""
        if self.holding is not None and not self.session.is_over:
            self.presence.follow()

    async def _stand_by(self) -> None:
        """Take the session over when its holder is gone and somebody is connected here."""
        while not self.session.is_over:
            await asyncio.sleep(self.ledger.lease_s / 2)
            if self.connections:
                await self._try_to_hold()

    async def _try_to_hold(self) -> None:
        try:
            await self.hold()
        except ClientError as error:
            log.warning("%s cannot be held: %s", self.id, error.code)

    def _depose(self) -> None:
        """Another process holds the session: whoever is heard here has to be heard there."""
        holding, self.holding = self.holding, None
        self._has_followed = True
        self.presence.stop()
        if holding is not None:
            self.attendance.dismiss(ErrorCode.JOURNAL_UNAVAILABLE, 1011, "peer")
            self._tasks.start(holding.close(), "deposed")

    def _tell(self) -> None:
        if self.ledger.is_torn:
            self.attendance.dismiss(ErrorCode.JOURNAL_UNAVAILABLE, 1011)
            return
        if self.holding is not None:
            self.holding.follow()
            self._follow_people()
        self.attendance.tell(self.session.seq)
        if self.session.is_over and not self._was_over:
            # It has ended, here or elsewhere: everybody gets what is owed, then goes.
            self._was_over = True
            self.presence.stop()
            self.attendance.dismiss(None, 1000)
