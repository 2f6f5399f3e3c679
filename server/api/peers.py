"""Peer connections in use: each is a line of conversation and, for some, a microphone."""

import asyncio
import itertools
import logging
import time
from collections.abc import Iterator
from weakref import WeakValueDictionary

from server.access import Principal
from server.api.conversation import Conversation
from server.api.peer_line import PeerLine, first
from server.api.visits import Opened, Visit, VisitState, Wanted, check
from server.attendance import Connection
from server.budget import MemoryBudget
from server.entrance.ratelimit import SlidingWindow
from server.entrance.resumes import new_token
from server.errors import ClientError, ErrorCode, Forbidden, Overloaded
from server.media.peer import Peer, PeerConfig
from server.mixing import audience
from server.room import Room
from server.tasks import Tasks

log = logging.getLogger(__name__)

MAX_PENDING = 2
"""Offers of one person that may be answered at once."""
MAX_EXPECTED = 4
"""Answered offers of one person that may be on their way; one more gives up the oldest."""
MAX_OFFERS = 20
"""Offers of one person within ``OFFERS_S`` seconds; a page that reconnects makes fewer."""
OFFERS_S = 60.0
FIRST_SOUND_S = 1.0
"""How long a connected microphone may stay without sound before it takes over from an older one."""
SPEECHLESS_S = 30.0
"""An encoder that has never sent sound for so long is not going to."""
GOODBYE_S = 15.0
"""Longer than a conversation's farewell."""


class Peers:
    """The peer connections of this process.

    An offer is answered and expected: it has reserved a seat, and nobody sees anything of it. Its
    person enters when it is connected. Only when they are heard over the new connection their
    older one ends, in the same instant: nothing they say is heard twice, and a connection that
    fails on its way harms nothing.
    """

    def __init__(self, config: PeerConfig, budget: MemoryBudget) -> None:
        self._config = config
        self._budget = budget
        self._tasks = Tasks("peers")
        self._pending: dict[str, int] = {}
        self._offers = SlidingWindow(MAX_OFFERS, OFFERS_S)
        self._visits: dict[str, Visit] = {}
        self._numbers = itertools.count()
        self._entering: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def __iter__(self) -> Iterator[Visit]:
        """Yield every connection, and who is on the way."""
        return iter(list(self._visits.values()))

    @property
    def expected(self) -> int:
        """How many connections are on their way; no room counts these yet."""
        return sum(visit.state is VisitState.EXPECTED for visit in self._visits.values())

    def admit(self, principal: Principal) -> None:
        """Refuse a person who offers too often.

        Raises:
            Overloaded: 20 times within a minute already.
        """
        if not self._offers.admit(_person(principal), time.monotonic()):
            raise Overloaded("You connected too often; try again in a minute.")

    async def open(self, wanted: Wanted, room: Room, principal: Principal) -> Opened:
        """Answer an offer, and let its person in when it has become a connection.

        Raises:
            ClientError: a bad offer, a taken seat, too many at once, no consent, the session's end.
        """
        check(room, principal, wanted.microphone)
        person = _person(principal)
        if self._pending.get(person, 0) >= MAX_PENDING:
            raise Overloaded("Two of your connections are on their way; try again in a moment.")
        self._pending[person] = self._pending.get(person, 0) + 1
        try:
            line = PeerLine(wanted.result_url, room.services.metrics, not wanted.is_whip)
            visit = Visit(
                number=next(self._numbers),
                connection=room.attendance.new_id(),
                room=room,
                principal=principal,
                wanted=wanted,
                line=line,
                conversation=Conversation(line, room, principal, self._budget),
            )
            line.peer, answer = await Peer.answer(wanted.sdp, line, self._config)
            try:
                await self._expect(visit)
            except BaseException:
                await line.peer.close()
                raise
        finally:
            self._pending[person] -= 1
            if not self._pending[person]:
                del self._pending[person]
        self._visits[visit.connection] = visit
        self._give_up_some(principal)
        self._tasks.start(self._serve(visit), "peer")
        token = visit.resumption.token if visit.resumption else new_token()
        return Opened(visit.connection, answer, token)

    def find(self, connection: str, principal: Principal) -> Visit | None:
        """Return a person's connection, also one on its way; None: there is no such one (now).

        Raises:
            Forbidden: it is somebody else's.
        """
        visit = self._visits.get(connection)
        if visit is not None and not visit.is_of(principal):
            raise Forbidden("This is somebody else's connection.")
        return visit

    async def end(self, connection: str, principal: Principal) -> bool:
        """End a person's connection and wait until it has left; return whether there was one.

        Raises:
            Forbidden: it is somebody else's.
        """
        visit = self.find(connection, principal)
        if visit is None:
            return False
        visit.line.ended.set()
        await visit.is_over.wait()
        return True

    async def close(self) -> None:
        """Let every peer say goodbye, then end it."""
        for visit in self._visits.values():
            if visit.state is VisitState.EXPECTED:
                visit.line.ended.set()
        await self._tasks.wait(GOODBYE_S)
        await self._tasks.close()

    async def _expect(self, visit: Visit) -> None:
        """Reserve what the visit needs; nothing of it is left where this raises."""
        room, principal = visit.room, visit.principal
        await room.seating.expect(room.session, principal)
        try:
            visit.check()  # Again: somebody may have ended the session, or withdrawn, meanwhile.
            if visit.wanted.microphone != "none":
                visit.resumption = room.microphone_name(
                    visit.connection, principal.link, visit.speaker, visit.wanted.resume
                )
        except BaseException:
            await room.seating.lapse(room.session, principal)
            raise

    def _give_up_some(self, principal: Principal) -> None:
        """End a person's oldest offers that nobody has followed, but for the newest few."""
        expected = [
            visit
            for visit in self._visits.values()
            if visit.state is VisitState.EXPECTED and visit.is_of(principal)
        ]
        for visit in expected[:-MAX_EXPECTED]:
            visit.line.ended.set()

    async def _serve(self, visit: Visit) -> None:
        line, conversation = visit.line, visit.conversation
        try:
            await first(line.connected, line.ended)
            if line.ended.is_set():
                return
            try:
                await self._enter(visit)
            except ClientError as error:
                log.info("connection %s is not let in: %s", visit.connection, error.code)
                await conversation.refuse(error)
            if visit.state is not VisitState.ENTERED:
                return
            if visit.wanted.is_whip:
                self._tasks.start(self._end_if_speechless(visit), "speechless")
            await conversation.hold(line.read(conversation))
        finally:
            await self._end(visit)

    async def _enter(self, visit: Visit) -> None:
        """Let a connected person in, then end the older connection of theirs.

        Unless theirs has ended meanwhile: then that one goes on, and so it does after a refusal.

        Raises:
            ClientError: they may not come in now.
        """
        key = visit.room.id, visit.principal.link or visit.connection
        async with self._entering.setdefault(key, asyncio.Lock()):
            rivals = [other for other in self._visits.values() if other.is_rival_of(visit)]
            entered = [other for other in rivals if other.state is VisitState.ENTERED]
            if any(other.number > visit.number for other in entered):
                raise ClientError(ErrorCode.REPLACED, "You have come in over a newer connection.")
            if visit.resumption is not None and any(other.line.track for other in entered):
                # Until its sound arrives, the older one is the better one.
                await first(visit.line.sounded, visit.line.ended, within_s=FIRST_SOUND_S)
                if visit.line.ended.is_set():
                    return
            visit.check()
            connection = await visit.conversation.enter_as(visit.connection)
            if visit.line.ended.is_set():
                return
            try:
                await self._hear(visit, connection)
            except BaseException:
                await visit.room.leave(connection)
                raise
            # Since it is heard here nothing has been waited for: no sound has come in over both.
            visit.state = VisitState.ENTERED
            visit.room.replace(connection)
        self._listen(visit)

    async def _hear(self, visit: Visit, connection: Connection) -> None:
        if visit.resumption is not None:
            ask = visit.line.ask if visit.wanted.can_resend else None
            visit.line.track = await visit.room.hear(
                connection, visit.speaker, visit.resumption, ask
            )

    def _listen(self, visit: Visit) -> None:
        """Let the person hear the others, if they can."""
        peer, track, holding = visit.line.peer, visit.line.track, visit.room.holding
        if peer is None or holding is None or not peer.is_listening:
            return
        own = None if track is None else track.name
        hears = audience.hears(visit.room.session.config, visit.principal, own)
        holding.stage.enter(visit.connection, peer, hears)

    async def _end_if_speechless(self, visit: Visit) -> None:
        line = visit.line
        await first(line.sounded, line.ended, within_s=SPEECHLESS_S)
        if not line.sounded.is_set() and not line.ended.is_set():
            log.info("connection %s has never sent sound; it is ended", visit.connection)
            line.ended.set()

    async def _end(self, visit: Visit) -> None:
        """Leave nothing of a visit, however far it came."""
        room, line, connection = visit.room, visit.line, visit.conversation.connection
        visit.state = VisitState.ENDED
        self._visits.pop(visit.connection, None)
        try:
            if connection is None:
                await room.seating.lapse(room.session, visit.principal)
            else:
                await room.leave(connection)
            if line.track is not None:
                room.unhear(line.track, visit.connection, has_left=not visit.conversation.is_lost)
            if room.holding is not None:
                room.holding.stage.leave(visit.connection)
        finally:
            visit.is_over.set()
            if line.peer is not None:
                await line.peer.close()


def _person(principal: Principal) -> str:
    return principal.link or "local"
