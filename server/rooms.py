"""Every session in memory: loaded when somebody comes, gone when nobody needs it."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterator
from weakref import WeakValueDictionary

from server import decisions
from server.errors import ClientError, ErrorCode, JournalUnavailable, Overloaded, UnknownSession
from server.events import SYSTEM, SessionConfig
from server.journal.protocol import Listing
from server.journal_address import RedisAddress
from server.ledger import Torn
from server.operations import memory
from server.room import Room
from server.services import Services
from server.session import Session
from server.store import voices
from server.store.voices import VoiceFiles
from server.sweep import Sweep
from server.tasks import Tasks

log = logging.getLogger(__name__)

MAX_ROOMS = 500
"""Sessions in memory at once."""
HOUSEKEEPING_S = 60.0
EXTERNAL = SessionConfig(consent="external")
"""What an existing client's connection creates: six seats, consent seen to by its operator."""


class Rooms:
    """The rooms of this process."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._is_shared = isinstance(services.settings.journal, RedisAddress)
        self._rooms: dict[str, Room] = {}
        self._loading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        files = VoiceFiles(services.settings.data / voices.FOLDER)
        self._sweep = Sweep(services.store, services.journal, files, is_shared=self._is_shared)
        self._tasks = Tasks("rooms")
        self._is_draining = False
        self._is_closing = False

    @property
    def connections(self) -> int:
        return sum(len(room.connections) for room in self._rooms.values())

    @property
    def in_memory(self) -> frozenset[str]:
        return frozenset(self._rooms)

    def __iter__(self) -> Iterator[Room]:
        """Yield those in memory."""
        return iter(list(self._rooms.values()))

    def start(self) -> None:
        """Begin to look after abandoned and idle sessions."""
        self._tasks.start(self._housekeeping(), "housekeeping")

    async def find(self, session: str) -> Room:
        """Return an existing session's room.

        Raises:
            UnknownSession: no event of it was ever kept.
        """
        return await self._open(session, None)

    async def find_or_create(self, session: str, config: SessionConfig = EXTERNAL) -> Room:
        """Return the session's room, created with ``config`` if there was none."""
        return await self._open(session, config)

    async def create(self, session: str, config: SessionConfig) -> Room:
        """Open a session that must be new.

        Raises:
            ClientError: ``session_exists``, or the configuration is wrong.
        """
        decisions.create(config)
        async with self._one_at_a_time(session):
            try:
                await self._opened(session, None)
            except UnknownSession:
                room = await self._opened(session, config)
                if room.is_new:
                    return room
        raise ClientError(
            ErrorCode.SESSION_EXISTS, "There is an interview with this id already.", status=409
        )

    def drain(self) -> None:
        """Open no new sessions from now on; those that live go on."""
        self._is_draining = True

    async def drop(self, room: Room) -> None:
        """Forget a room; who comes next reads the journal anew."""
        await self._forget(room)

    async def look_after(self) -> None:
        """End abandoned sessions, forget rooms nobody uses, delete sound that may not stay."""
        for room in list(self._rooms.values()):
            await self._survive(room.id, self._look_after(room))
        abandon_after_s = self.services.settings.abandon_after_s
        for info in await self.services.journal.sessions(Listing(state="live")):
            is_asleep = info.session not in self._rooms
            if is_asleep and time.time() - info.last_wall > abandon_after_s:
                await self._survive(info.session, self._end_asleep(info.session))
        await self._sweep.run(self._held())

    async def close(self) -> None:
        """Let open utterances be understood, then stop every room; idempotent."""
        self._is_closing = True
        await self._tasks.close()
        rooms = list(self._rooms.values())
        await asyncio.gather(*(room.settle() for room in rooms))
        await asyncio.gather(*(self._forget(room) for room in rooms))

    async def _open(self, session: str, create: SessionConfig | None) -> Room:
        async with self._one_at_a_time(session):
            return await self._opened(session, create)

    def _one_at_a_time(self, session: str) -> asyncio.Lock:
        """Return the lock of all who open ``session``; it lives as long as one of them."""
        return self._loading.setdefault(session, asyncio.Lock())

    async def _opened(self, session: str, create: SessionConfig | None) -> Room:
        room = self._rooms.get(session)
        if room is not None and not await self._is_current(room):
            await self._forget(room)
            room = None
        if room is None:
            room = await self._load(session, create)
        room.last_used = time.monotonic()
        return room

    async def _is_current(self, room: Room) -> bool:
        """Return whether the room's fold is the journal's; it has folded all there was just now.

        What somebody did through another process a moment ago has to be there for them here.
        """
        if self._is_shared:
            try:
                await room.ledger.catch_up()
            except Torn:
                return False
            except JournalUnavailable:
                # What is known here is better than nothing, and whoever writes is told.
                return True
        return not room.ledger.is_torn

    async def _load(self, session: str, create: SessionConfig | None) -> Room:
        if self._is_closing or (self._is_draining and create is not None):
            raise ClientError(ErrorCode.SHUTTING_DOWN, "The server is restarting.", status=503)
        if len(self._rooms) >= MAX_ROOMS:
            raise Overloaded("Too many interviews are open on this server.")
        room = Room(session, self.services)
        try:
            await room.load(create)
        except BaseException:
            await room.close()
            raise
        if not room.session.exists:
            raise UnknownSession
        self._rooms[session] = room
        return room

    async def _look_after(self, room: Room) -> None:
        settings = self.services.settings
        # Whoever left was the last event; a look at the status is none and keeps nothing alive.
        quiet_s = room.now() - room.session.at
        is_used = room.is_busy or room.is_active
        if not is_used and not room.session.is_over and quiet_s > settings.abandon_after_s:
            await self._abandon(room)
        # Its clock goes on while somebody is connected to another process.
        is_needed = is_used if room.holding is not None else room.is_busy
        if not is_needed and time.monotonic() - room.last_used > settings.idle_after_s:
            await self._forget(room)

    async def _end_asleep(self, session: str) -> None:
        room = await self.find(session)
        if not room.is_busy and not room.is_active:
            await self._abandon(room)
            await self._forget(room)

    async def _survive(self, session: str, work: Coroutine[None, None, None]) -> None:
        """Do it; one broken session must not end the care for the others."""
        try:
            await work
        except ClientError as error:
            log.warning("housekeeping of %s: %s", session, error.code)
        except Exception:
            log.exception("housekeeping of %s failed", session)

    def _held(self) -> dict[str, Session | None]:
        """Return the sessions held here, for ``Sweep.run``."""
        return {
            room.id: None if room.session.is_over and room.holding.is_busy else room.session
            for room in self._rooms.values()
            if room.holding is not None
        }

    async def _abandon(self, room: Room) -> None:
        if await room.hold() is None:  # Else it is its holder's to end.
            log.info("session %s was abandoned; it is ended", room.id)
            await room.end(SYSTEM, reason="abandoned")

    async def _forget(self, room: Room) -> None:
        self._rooms.pop(room.id, None)
        await room.close()

    async def _housekeeping(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            try:
                await self.look_after()
                await asyncio.to_thread(memory.give_back)
            except ClientError as error:
                log.warning("housekeeping: %s", error.code)
            except Exception:
                log.exception("housekeeping failed")
