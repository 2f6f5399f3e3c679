"""One browser's peer connection: an offer in; sound and texts out, until it ends for one reason.

The client offers, once; whoever wants to change anything makes a new connection.
"""

import asyncio
import enum
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from server.media import parts
from server.media.addresses import bound_to
from server.media.association import bound, noticed
from server.media.channels import BUFFER_LIMIT, Channels
from server.media.frames import Frame
from server.media.hearer import Hearer, receiving
from server.media.ice import quietly
from server.media.rtcp import ReportBlock
from server.media.sdp import BadOffer, clean_offer, finish_answer
from server.media.sender import VoiceSender, sending
from server.media.tally import Tally
from server.media.vigil import Vigil

log = logging.getLogger(__name__)

CLOSE_PATIENCE_S = 5.0
"""Closing takes milliseconds; whatever hangs longer is logged and left to the collector."""


class End(enum.StrEnum):
    """Why a peer ended, as ``Listener.on_end`` hears it."""

    CLOSED = "closed"
    """The server closed it."""
    LEFT = "left"
    """The other side said goodbye."""
    NEVER_CONNECTED = "never_connected"
    """The deadline passed, or the handshake failed."""
    LOST = "lost"
    """It was connected and stopped answering."""
    FAILED = "failed"
    """The server could not go on with it; the log says why."""
    ABUSED = "abused"
    """The other side did what no browser does; the log says what."""


class PeerState(enum.Enum):
    """Where a peer is in its life.

    CONNECTING -> CONNECTED -> ENDED
    CONNECTING -> ENDED (the deadline, a failed handshake, a close)
    """

    CONNECTING = "connecting"
    CONNECTED = "connected"
    ENDED = "ended"


class Listener(Protocol):
    """Who hears a peer. Every method is called on the event loop and must not block.

    An exception is logged and costs at most this connection.
    """

    def on_connected(self) -> None:
        """The handshake is done: sound and channels may follow."""

    def on_sound(self, frame: Frame) -> None:
        """A block of sound with its place on the track."""

    def on_reception(self, tally: Tally) -> None:
        """What became of packets of sound since the last time: each second, and at the end."""

    def on_text(self, channel: str, text: str) -> None:
        """A message; bytes that are no UTF-8 were replaced by U+FFFD."""

    def on_open(self, channel: str) -> None:
        """The client has opened a channel of ``CHANNELS``; ``send`` works from now on."""

    def on_close(self, channel: str) -> None:
        """An open channel is gone though the connection lives; the client may open it anew."""

    def on_end(self, reason: End) -> None:
        """Nothing else will be heard; called exactly once, also after ``close()``."""


@dataclass(frozen=True, slots=True)
class PeerConfig:
    """How peers are made.

    Attributes:
        bind_address: the local address that sound and data arrive at; None: all of the machine.
        with_loopback: whether these include 127.0.0.1, for browsers of this machine.
        announced_address: what clients are told instead, where an address translator lies between.
        connect_s: how long an offer may take to become a connection.
        buffer_limit: bytes that may wait in a channel; beyond it the channel is closed.
        gone_s: how long nothing may be heard of a connected peer before it counts as lost.
    """

    bind_address: str | None = None
    with_loopback: bool = False
    announced_address: str | None = None
    connect_s: float = 15.0
    buffer_limit: int = BUFFER_LIMIT
    gone_s: float = 12.0


class Peer:
    """A connection to one browser; made by ``answer``, ended by ``close`` or by the other side."""

    def __init__(self, listener: Listener, config: PeerConfig) -> None:
        """Prepare; only ``answer`` calls this."""
        self._listener = listener
        self._config = config
        self._state = PeerState.CONNECTING
        self._sender: VoiceSender | None = None
        self._closing: asyncio.Task[None] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        # No servers: an address to be found at is a setting, never asked of a stranger's server.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._channels = Channels(listener, config.buffer_limit)
        self._vigil = Vigil(lambda: self.heard_at, config.gone_s, partial(self._end, End.LOST))

    @classmethod
    async def answer(cls, offer: str, listener: Listener, config: PeerConfig) -> "tuple[Peer, str]":
        """Take an offer; return the peer, which begins to connect, and the SDP answer.

        Raises:
            BadOffer: it cannot be answered; nothing is left of it and ``listener`` heard nothing.
        """
        cleaned = clean_offer(offer)
        peer = cls(listener, config)
        try:
            return peer, await peer._negotiate(cleaned)
        except BaseException as error:
            await peer._abandon()
            if not isinstance(error, Exception):
                raise
            # aiortc raises many types for what it cannot read; all of them are the offer's fault.
            log.info("An offer was refused", exc_info=error)
            raise BadOffer("This offer cannot be answered.") from error

    @property
    def state(self) -> PeerState:
        return self._state

    @property
    def heard_at(self) -> float:
        """``time.monotonic()`` of the newest datagram that only the other side can have sent.

        What liveness is judged by: a browser that is there says something every five seconds.
        """
        return parts.heard_at(self._connection)

    def send(self, channel: str, text: str) -> bool:
        """Queue a message of at most 48 KiB.

        Returns:
            False if it was not sent: the channel is not open, or was closed now because the
            other side does not read.

        Raises:
            ValueError: the message is longer.
        """
        return self._channels.send(channel, text)

    def buffered(self, channel: str) -> int:
        """Return the bytes that wait to be sent; 0 if the channel is not open."""
        return self._channels.buffered(channel)

    @property
    def is_listening(self) -> bool:
        """Whether the other side has agreed to receive sound, so that ``play`` reaches it."""
        return self._sender is not None

    @property
    def loss(self) -> float:
        """The share of what was played lately that the other side says it did not get, 0 to 1."""
        return 0.0 if self._sender is None else self._sender.loss

    def play(self, packet: bytes, at: int) -> None:
        """Send an Opus packet at once; nothing happens unless the peer is connected and listens.

        Args:
            packet: as ``Encoder.encode`` makes it.
            at: where it belongs on the listener's time, 48 kHz, never before the packet before it.
        """
        if self._sender is not None and self._state is PeerState.CONNECTED:
            self._sender.play(packet, at)

    async def close(self) -> None:
        """End the connection and wait until nothing is left of it; idempotent."""
        self._end(End.CLOSED)
        assert self._closing is not None
        await asyncio.shield(self._closing)

    async def _negotiate(self, offer: str) -> str:
        connection = self._connection
        connection.on("datachannel", self._channels.adopt)
        connection.on("connectionstatechange", self._on_state)
        config = self._config
        failed, abused = partial(self._end, End.FAILED), partial(self._end, End.ABUSED)
        hearer = Hearer(self._on_frame, self._on_reports, self._on_tally, failed, abused)
        where = bound_to(config.bind_address, with_loopback=config.with_loopback)
        with where, quietly(), receiving(hearer), sending():
            if "m=audio" in offer:
                connection.addTransceiver("audio")
            await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
            if connection.sctp is not None:
                bound(connection.sctp, abused)
                noticed(connection.sctp, parts.link(connection.sctp.transport.transport).note_heard)
                self._channels.guard(connection.sctp)
            await connection.setLocalDescription(await connection.createAnswer())
        self._sender = parts.sender(connection)
        loop = asyncio.get_running_loop()
        self._deadline = loop.call_later(self._config.connect_s, self._end, End.NEVER_CONNECTED)
        return finish_answer(connection.localDescription.sdp, self._config.announced_address)

    def _on_frame(self, frame: Frame) -> None:
        if self._state is not PeerState.ENDED:
            self._listener.on_sound(frame)

    def _on_reports(self, blocks: list[ReportBlock]) -> None:
        if self._sender is not None:
            self._sender.heard(blocks)

    def _on_tally(self, tally: Tally) -> None:
        if self._state is not PeerState.ENDED:
            self._tell(self._listener.on_reception, tally)

    def _on_state(self) -> None:
        match self._connection.connectionState, self._state:
            case "connected", PeerState.CONNECTING:
                self._begin()
                self._tell(self._listener.on_connected)
            case (("failed" | "closed"), PeerState.CONNECTING):
                self._end(End.NEVER_CONNECTED)
            case "failed", PeerState.CONNECTED:
                self._end(End.LOST)
            case "closed", PeerState.CONNECTED:
                self._end(End.LOST if parts.is_cut(self._connection) else End.LEFT)
            case _:
                pass

    def _begin(self) -> None:
        self._become(PeerState.CONNECTED)
        self._disarm()
        self._vigil.begin()
        parts.hear_reports(self._connection)

    def _end(self, reason: End) -> None:
        """Begin to close, once; the first reason is the one that is told."""
        if self._state is PeerState.ENDED:
            return
        # Words that still waited for a lost packet are heard first.
        for receiver in parts.receivers(self._connection):
            receiver.finish()
        self._become(PeerState.ENDED, reason)
        self._disarm()
        self._channels.silence()
        self._closing = asyncio.create_task(self._shut_down(), name="peer: shut down")
        self._tell(self._listener.on_end, reason)

    async def _abandon(self) -> None:
        """Leave nothing of a peer that nobody ever had."""
        self._state = PeerState.ENDED
        self._disarm()
        self._channels.silence()
        await self._shut_down()

    async def _shut_down(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_PATIENCE_S):
                await self._connection.close()
        except Exception:
            log.exception("A connection could not be closed properly")

    def _disarm(self) -> None:
        self._vigil.end()
        if self._deadline is not None:
            self._deadline.cancel()

    def _become(self, state: PeerState, reason: str = "") -> None:
        log.info("peer %x: %s -> %s %s", id(self), self._state.value, state.value, reason)
        self._state = state

    def _tell(self, method: Callable[..., None], *told: object) -> None:
        try:
            method(*told)
        except Exception:
            log.exception("A listener failed; its connection goes on")
