"""A peer connection as a conversation's ``Line`` and as the peer's ``Listener``."""

import asyncio
import logging
import time

import msgspec

from server.api.conversation import Conversation
from server.hearing.feed import Feed
from server.media.frames import Frame
from server.media.peer import End, Peer
from server.media.tally import Tally
from server.messages import Missed, encode_answer
from server.operations.metrics import FAST_SENDER, Metrics

log = logging.getLogger(__name__)

INTERVIEW = "interview"
CAPTIONS = "captions"
MAX_WAITING_FRAMES = 64
"""Messages of one data channel that may wait to be read; one more ends the connection."""
BUFFERED_LOW = 64 * 1024
"""Bytes in a channel's buffer below which the next message is sent."""
BUFFERED_SIGNALS = 16 * 1024
"""Bytes in the buffer of ``captions`` above which signals are dropped."""
DRAIN_POLL_S = 0.02
OPENING_S = 3.0
"""How long a client that has just connected may take to open its channel before what it should be
told is given up; a browser takes two round trips."""


class PeerLine:
    """A peer connection; ``peer`` is set as soon as there is one.

    ``connected``, ``sounded``, ``ended``: what has happened to it so far; ``sounded``: the first
    sound has come. ``track``: where its sound goes; None: nobody listens (yet).
    """

    kind = "peer"

    def __init__(self, result_url: str | None, metrics: Metrics, has_channels: bool = True) -> None:
        """Prepare.

        Args:
            result_url: see ``Line``.
            metrics: counts what is lost or dropped.
            has_channels: whether the client converses over data channels; else nothing is said.
        """
        self.result_url = result_url
        self.peer: Peer | None = None
        self.track: Feed | None = None
        self.connected = asyncio.Event()
        self.sounded = asyncio.Event()
        self.ended = asyncio.Event()
        self.is_lost = False
        """See ``Line``."""
        self._opened = asyncio.Event()
        self._frames: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING_FRAMES)
        self._missed: tuple[Missed, float] | None = None
        """What is to be asked for, and since when, as long as there is no channel."""
        self._metrics = metrics
        self._has_channels = has_channels
        self._is_silenced = False

    @property
    def heard_at(self) -> float | None:
        """See ``Line``."""
        return None if self.peer is None else self.peer.heard_at

    def on_sound(self, frame: Frame) -> None:
        """See ``server.media.peer.Listener``."""
        self.sounded.set()
        if self.track is None or self._is_silenced or self.ended.is_set():
            return
        try:
            self.track.hear(frame)
        except Exception:
            log.exception("the microphone of %s cannot be heard", self.track.name)
            self.ended.set()  # The page comes back over a new connection; nobody else notices.

    def on_reception(self, tally: Tally) -> None:
        """See ``server.media.peer.Listener``."""
        self._metrics.count_packets(tally)

    def on_text(self, channel: str, text: str) -> None:
        """See ``server.media.peer.Listener``."""
        if channel != INTERVIEW or self.ended.is_set() or not self._has_channels:
            return
        try:
            self._frames.put_nowait(text)
        except asyncio.QueueFull:
            log.warning("a peer sends faster than it can be served")
            self._metrics.count_drop(FAST_SENDER)
            self.ended.set()

    def on_open(self, channel: str) -> None:
        """See ``server.media.peer.Listener``."""
        if channel != INTERVIEW:
            return
        self._opened.set()
        if self._missed is not None:
            missed, since = self._missed
            self._missed = None
            now = missed.now + time.monotonic() - since
            self.ask(msgspec.structs.replace(missed, now=round(now, 3)))

    def on_connected(self) -> None:
        """See ``server.media.peer.Listener``."""
        self.connected.set()

    def on_close(self, channel: str) -> None:
        """See ``server.media.peer.Listener``."""

    def on_end(self, reason: End) -> None:
        """See ``server.media.peer.Listener``."""
        log.info("peer connection ended: %s", reason)
        self.is_lost = reason in (End.LOST, End.FAILED)
        self.ended.set()

    def ask(self, missed: Missed) -> None:
        """Ask this client alone for sound that was lost; never blocks.

        Without a channel it is asked when there is one; of several questions the newest.
        """
        if self.peer is None or self.ended.is_set() or self._is_silenced:
            return
        if not self.peer.send(INTERVIEW, encode_answer(missed)):
            self._missed = missed, time.monotonic()

    def silence(self) -> None:
        """See ``Line``."""
        self._is_silenced = True

    async def send(self, text: str) -> None:
        """See ``Line``; a client that has just connected may still open its channel."""
        peer = await self._open_peer()
        # aiortc tells of a low buffer once per threshold, and not at all when the peer dies.
        while peer.buffered(INTERVIEW) > BUFFERED_LOW and not self.ended.is_set():  # noqa: ASYNC110
            await asyncio.sleep(DRAIN_POLL_S)
        if not peer.send(INTERVIEW, text):
            raise ConnectionError("the data channel is closed")

    async def whisper(self, text: str) -> None:
        """See ``Line``."""
        peer = await self._open_peer()
        if peer.buffered(CAPTIONS) <= BUFFERED_SIGNALS:
            peer.send(CAPTIONS, text)

    async def close(self, code: int) -> None:
        """See ``Line``."""
        del code  # A peer connection has none; the last message has said why.
        if self.peer is not None:
            await self.peer.close()

    async def read(self, conversation: Conversation) -> None:
        """Hand every message to the conversation until the peer ends."""
        ended = asyncio.ensure_future(self.ended.wait())
        frame: asyncio.Future[str] | None = None
        try:
            while not self.ended.is_set():
                frame = asyncio.ensure_future(self._frames.get())
                await asyncio.wait({frame, ended}, return_when=asyncio.FIRST_COMPLETED)
                if not frame.done():
                    return
                await conversation.hear(frame.result())
        finally:
            ended.cancel()
            if frame is not None:  # Also when this conversation is cancelled while it waits.
                frame.cancel()

    async def _open_peer(self) -> Peer:
        if self._has_channels and not self._opened.is_set():
            await first(self._opened, self.ended, within_s=OPENING_S)
        if self.peer is None or self.ended.is_set() or not self._opened.is_set():
            raise ConnectionError("the peer connection is closed, or has no channel")
        return self.peer


async def first(*events: asyncio.Event, within_s: float | None = None) -> None:
    """Wait until one of ``events`` has happened, or the time is over."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
