"""Peer connections in use: each is a line of conversation and, for some, a microphone."""

import asyncio
import logging
import secrets

from pipeline.audio import Samples
from server.access import Principal
from server.api.conversation import Conversation
from server.budget import MemoryBudget
from server.errors import Overloaded
from server.media.peer import End, Peer, PeerConfig
from server.room import Room
from server.tasks import Tasks
from server.tracks import Track

log = logging.getLogger(__name__)

INTERVIEW = "interview"
CAPTIONS = "captions"
MAX_WAITING_FRAMES = 64
"""Messages of one data channel that may wait to be read; one more ends the connection."""
MAX_PENDING = 2
"""Peer connections of one person that may be on their way at once."""
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

    def __init__(self, result_url: str) -> None:
        self.result_url: str | None = result_url
        self.peer: Peer | None = None
        self.track: Track | None = None
        self._frames: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING_FRAMES)
        self._ended = asyncio.Event()

    def on_sound(self, block: Samples, at: int, arrived: float) -> None:
        """See ``server.media.peer.Listener``."""
        if self.track is not None:
            self.track.hear(block, at, arrived)

    def on_text(self, channel: str, text: str) -> None:
        """See ``server.media.peer.Listener``."""
        if channel != INTERVIEW:
            return
        try:
            self._frames.put_nowait(text)
        except asyncio.QueueFull:
            log.warning("a peer sends faster than it can be served")
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
        try:
            while not self._ended.is_set():
                frame = asyncio.ensure_future(self._frames.get())
                await asyncio.wait({frame, ended}, return_when=asyncio.FIRST_COMPLETED)
                if not frame.done():
                    frame.cancel()
                    return
                await conversation.hear(frame.result())
        finally:
            ended.cancel()

    def _open_peer(self) -> Peer:
        if self.peer is None or self._ended.is_set():
            raise ConnectionError("the peer connection is closed")
        return self.peer


class Peers:
    """The peer connections of this process."""

    def __init__(self, config: PeerConfig, budget: MemoryBudget) -> None:
        self._config = config
        self._budget = budget
        self._tasks = Tasks("peers")
        self._pending: dict[str, int] = {}

    async def open(
        self, sdp: str, room: Room, principal: Principal, microphone: str, result_url: str
    ) -> tuple[str, str]:
        """Answer an offer; return the connection's id and the answer.

        Args:
            sdp: the browser's offer.
            room: where to.
            principal: whose it is.
            microphone: whose sound it carries: ``own``, ``room`` or ``none``.
            result_url: where the record can be read when it has ended.

        Raises:
            ClientError: a bad offer, a taken seat, too many at once.
        """
        person = principal.link or "local"
        if self._pending.get(person, 0) >= MAX_PENDING:
            raise Overloaded("Two of your connections are on their way; try again in a moment.")
        self._pending[person] = self._pending.get(person, 0) + 1
        try:
            line = PeerLine(result_url)
            conversation = Conversation(line, room, principal, self._budget)
            line.peer, answer = await Peer.answer(sdp, line, self._config)
            try:
                connection = await conversation.enter()
            except BaseException:
                await line.peer.close()
                raise
        finally:
            self._pending[person] -= 1
            if not self._pending[person]:
                del self._pending[person]
        if microphone != "none":
            speaker = principal.seat if microphone == "own" else None
            line.track = room.tracks.open(connection.id, speaker)
        self._tasks.start(self._serve(line, conversation, room), "peer")
        return connection.id, answer

    async def close(self) -> None:
        """Let every peer say goodbye, then end it."""
        await self._tasks.wait(GOODBYE_S)
        await self._tasks.close()

    async def _serve(self, line: PeerLine, conversation: Conversation, room: Room) -> None:
        try:
            await conversation.hold(line.read(conversation))
        finally:
            if line.track is not None:
                room.tracks.finish(line.track)
            if line.peer is not None:
                await line.peer.close()


def resume_token() -> str:
    """Return what a browser will show to go on after a lost connection."""
    return secrets.token_urlsafe(16)
