"""Peer connections in use: each is a line of conversation and, for some, a microphone."""

import asyncio
import logging
import time
from dataclasses import dataclass

from server.access import Principal
from server.api.conversation import Conversation
from server.budget import MemoryBudget
from server.entrance.ratelimit import SlidingWindow
from server.entrance.resumes import new_token
from server.errors import Overloaded
from server.hearing.track import Track
from server.media.frames import Frame
from server.media.peer import End, Peer, PeerConfig
from server.media.tally import Tally
from server.operations.metrics import FAST_SENDER, Metrics
from server.room import Room
from server.tasks import Tasks

log = logging.getLogger(__name__)

INTERVIEW = "interview"
CAPTIONS = "captions"
MAX_WAITING_FRAMES = 64
"""Messages of one data channel that may wait to be read; one more ends the connection."""
MAX_PENDING = 2
"""Peer connections of one person that may be on their way at once."""
MAX_OFFERS = 20
"""Offers of one person within ``OFFERS_S`` seconds; a page that reconnects makes fewer."""
OFFERS_S = 60.0
BUFFERED_LOW = 64 * 1024
"""Bytes in a channel's buffer below which the next message is sent."""
BUFFERED_SIGNALS = 16 * 1024
"""Bytes in the buffer of ``captions`` above which signals are dropped."""
DRAIN_POLL_S = 0.02
GOODBYE_S = 15.0
"""Longer than a conversation's farewell."""


class PeerLine:
    """A peer connection as a conversation's ``Line`` and as the peer's ``Listener``."""

    kind = "peer"

    def __init__(self, result_url: str, metrics: Metrics) -> None:
        self.result_url: str | None = result_url
        self.peer: Peer | None = None
        self.track: Track | None = None
        self._frames: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING_FRAMES)
        self._ended = asyncio.Event()
        self._metrics = metrics

    def on_sound(self, frame: Frame) -> None:
        """See ``server.media.peer.Listener``."""
        if self.track is None or self._ended.is_set():
            return
        try:
            self.track.hear(frame)
        except Exception:
            log.exception("the microphone of %s cannot be heard", self.track.name)
            self._ended.set()  # The page comes back over a new connection; nobody else notices.

    def on_reception(self, tally: Tally) -> None:
        """See ``server.media.peer.Listener``."""
        self._metrics.count_packets(tally)

    def on_text(self, channel: str, text: str) -> None:
        """See ``server.media.peer.Listener``."""
        if channel != INTERVIEW or self._ended.is_set():
            return
        try:
            self._frames.put_nowait(text)
        except asyncio.QueueFull:
            log.warning("a peer sends faster than it can be served")
            self._metrics.count_drop(FAST_SENDER)
            self._ended.set()

    def on_open(self, channel: str) -> None:
        """See ``server.media.peer.Listener``."""

    def on_connected(self) -> None:
        """See ``server.media.peer.Listener``."""

    def on_close(self, channel: str) -> None:
        """See ``server.media.peer.Listener``."""

    def on_end(self, reason: End) -> None:
        """See ``server.media.peer.Listener``."""
        log.info("peer connection ended: %s", reason)
        self._ended.set()

    async def send(self, text: str) -> None:
        """See ``Line``."""
        peer = self._open_peer()
        # aiortc tells of a low buffer once per threshold, and not at all when the peer dies.
        while peer.buffered(INTERVIEW) > BUFFERED_LOW and not self._ended.is_set():  # noqa: ASYNC110
            await asyncio.sleep(DRAIN_POLL_S)
        if not peer.send(INTERVIEW, text):
            raise ConnectionError("the data channel is closed")

    async def whisper(self, text: str) -> None:
        """See ``Line``."""
        peer = self._open_peer()
        if peer.buffered(CAPTIONS) <= BUFFERED_SIGNALS:
            peer.send(CAPTIONS, text)

    async def close(self, code: int) -> None:
        """See ``Line``."""
        del code  # A peer connection has none; the last message has said why.
        if self.peer is not None:
            await self.peer.close()

    async def read(self, conversation: Conversation) -> None:
        """Hand every message to the conversation until the peer ends."""
        ended = asyncio.ensure_future(self._ended.wait())
        frame: asyncio.Future[str] | None = None
        try:
            while not self._ended.is_set():
                frame = asyncio.ensure_future(self._frames.get())
                await asyncio.wait({frame, ended}, return_when=asyncio.FIRST_COMPLETED)
                if not frame.done():
                    return
                await conversation.hear(frame.result())
        finally:
            ended.cancel()
            if frame is not None:  # Also when this conversation is cancelled while it waits.
                frame.cancel()

    def _open_peer(self) -> Peer:
        if self.peer is None or self._ended.is_set():
            raise ConnectionError("the peer connection is closed")
        return self.peer


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an offer asks for.

    Attributes:
        sdp: the browser's offer.
        microphone: whose sound it carries: ``own``, ``room`` or ``none``.
        result_url: where the record can be read when it has ended.
        resume: the token of an earlier answer.
    """

    sdp: str
    microphone: str
    result_url: str
    resume: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What an offer led to: the connection's id, the SDP answer, a token to come back with."""

    connection: str
    sdp: str
    resume: str


class Peers:
    """The peer connections of this process."""

    def __init__(self, config: PeerConfig, budget: MemoryBudget) -> None:
        self._config = config
        self._budget = budget
        self._tasks = Tasks("peers")
        self._pending: dict[str, int] = {}
        self._offers = SlidingWindow(MAX_OFFERS, OFFERS_S)

    def admit(self, principal: Principal) -> None:
        """Refuse a person who offers too often.

        Raises:
            Overloaded: 20 times within a minute already.
        """
        if not self._offers.admit(_person(principal), time.monotonic()):
            raise Overloaded("You connected too often; try again in a minute.")

    async def open(self, wanted: Wanted, room: Room, principal: Principal) -> Opened:
        """Answer an offer.

        Raises:
            ClientError: a bad offer, a taken seat, too many at once, consent withdrawn meanwhile.
        """
        person = _person(principal)
        if self._pending.get(person, 0) >= MAX_PENDING:
            raise Overloaded("Two of your connections are on their way; try again in a moment.")
        self._pending[person] = self._pending.get(person, 0) + 1
        try:
            line = PeerLine(wanted.result_url, room.services.metrics)
            conversation = Conversation(line, room, principal, self._budget)
            line.peer, answer = await Peer.answer(wanted.sdp, line, self._config)
            try:
                opened = await self._enter(line, conversation, wanted, room, answer)
            except BaseException:
                await line.peer.close()
                raise
        finally:
            self._pending[person] -= 1
            if not self._pending[person]:
                del self._pending[person]
        self._tasks.start(self._serve(line, conversation, room), "peer")
        return opened

    async def close(self) -> None:
        """Let every peer say goodbye, then end it."""
        await self._tasks.wait(GOODBYE_S)
        await self._tasks.close()

    async def _enter(
        self,
        line: PeerLine,
        conversation: Conversation,
        wanted: Wanted,
        room: Room,
        answer: str,
    ) -> Opened:
        connection = await conversation.enter()
        if wanted.microphone == "none":
            return Opened(connection.id, answer, new_token())
        try:
            speaker = connection.principal.seat if wanted.microphone == "own" else None
            line.track, resume = await room.hear(connection, speaker, wanted.resume)
        except BaseException:
            await room.leave(connection)
            raise
        return Opened(connection.id, answer, resume)

    async def _serve(self, line: PeerLine, conversation: Conversation, room: Room) -> None:
        try:
            await conversation.hold(line.read(conversation))
        finally:
            if line.track is not None:
                room.unhear(line.track)
            if line.peer is not None:
                await line.peer.close()


def _person(principal: Principal) -> str:
    return principal.link or "local"
