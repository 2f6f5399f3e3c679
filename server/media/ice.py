"""How a peer's datagrams are sorted, and why an offer that nobody follows up costs nothing.

aioice takes every datagram for STUN first, keeps the others in a queue without an end, and looks
fifty times a second for somebody who may never come. Here the first byte decides (RFC 7983,
section 7), sound goes straight to whoever listens, and nothing begins before the client's first
authenticated check. Both hooks can go when aioice does as much; only connections that are made
inside ``quietly`` are touched.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeAlias

import aioice.ice
import aiortc.rtcicetransport
from aioice import Connection, stun
from aioice.ice import StunProtocol

log = logging.getLogger(__name__)

MAX_DATAGRAM = 1500
"""libsrtp's buffer in pylibsrtp; nothing that crosses an Ethernet is longer."""
MAX_WAITING = 256
"""DTLS datagrams that may wait to be read; SCTP's window is half of that, and repeats itself."""
MAX_EARLY = 32
"""Packets of sound that are kept while the handshake's last words are still being read."""
MAX_ADDRESSES = 64
"""Addresses a client may be found at in one connection's life; each costs memory and time."""

_ANSWER = b"\x01\x01"
"""How STUN begins that says yes to a check (RFC 8489, section 5)."""

OnMedia: TypeAlias = Callable[[bytes], None]
Address: TypeAlias = tuple[str, int]

_is_quiet: ContextVar[bool] = ContextVar("is_quiet", default=False)


@contextmanager
def quietly() -> Iterator[None]:
    """Let connections that this task makes be ``QuietConnection``s."""
    before = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(before)


class QuietConnection(Connection):
    """An ICE connection that does nothing before its client does, and is bounded in all it keeps.

    It never calls: its offers come without candidates, so all it can do is wait.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._on_media: OnMedia | None = None
        self._early: deque[bytes] = deque(maxlen=MAX_EARLY)
        self._known: set[Address] = set()
        self._is_called = asyncio.Event()
        self.heard_at = time.monotonic()
        """When something came that only the client can have sent, by that clock."""

    def hand_media_to(self, on_media: OnMedia | None) -> None:
        """Let ``on_media`` have every datagram of SRTP and SRTCP; it must not raise."""
        self._on_media = on_media
        if on_media is not None:
            while self._early:
                on_media(self._early.popleft())

    def note_heard(self) -> None:
        """Note that the client is there: by a seal, a password, or what nobody else could guess.

        An address is none of these: anybody can write it on a datagram, and keep a seat taken.
        """
        self.heard_at = time.monotonic()

    def knows(self, address: Address) -> bool:
        """Whether the client has shown that it is there."""
        return address in self._known

    def send_at_once(self, data: bytes) -> None:
        """Send a datagram, or drop it: without a way to the client, or when others wait to leave.

        It may be anything of which the next one is better than a late one.
        """
        pair = self._nominated.get(1)
        if pair is None:
            return
        # Every loop's datagram transport has get_write_buffer_size; asyncio's types forget it.
        transport: Any = pair.protocol.transport
        if not transport.is_closing() and not transport.get_write_buffer_size():
            transport.sendto(data, pair.remote_addr)

    def media_received(self, data: bytes) -> None:
        """Take what looks like SRTP or SRTCP; who it is from is shown by its own seal."""
        if self._on_media is not None:
            self._on_media(data)
        else:
            self._early.append(data)

    def dtls_received(self, data: bytes) -> None:
        """Take what looks like DTLS, of the client only: a stranger could spoil a handshake."""
        if self._queue.qsize() < MAX_WAITING:
            self._queue.put_nowait((data, 1))

    def data_received(self, data: bytes, component: int) -> None:
        """Drop what began like STUN and is none: aioice would keep all of it for aiortc."""

    async def connect(self) -> None:
        """Wait until the client has shown that it knows the password, then connect.

        Raises:
            ConnectionError: closed before, or not connected.
        """
        await self._is_called.wait()
        if self._closing:
            raise ConnectionError("closed before anybody called")
        await super().connect()

    async def close(self) -> None:
        """Close the connection, also one that still waits."""
        self._closing = True
        self._is_called.set()
        await super().close()

    def request_received(
        self, message: stun.Message, addr: Address, protocol: StunProtocol
    ) -> None:
        """Take a STUN request; authenticated ones wait in a short queue before ``connect``."""
        super().request_received(message, addr, protocol)
        if self._early_checks and self._early_checks[-1][0] is message:
            # It has been answered: the client's handshake may arrive before ``connect`` goes on.
            if len(self._known) < MAX_ADDRESSES:
                self._known.add(addr)
            self.note_heard()
            self._is_called.set()

    def check_incoming(self, message: stun.Message, addr: Address, protocol: StunProtocol) -> None:
        """Take an authenticated check, unless it is incomplete or from ever new addresses."""
        self.note_heard()
        if "PRIORITY" not in message.attributes:
            return  # RFC 8445, section 7.1.1: every check has it; aioice looks it up and fails.
        if addr not in self._known:
            if len(self._known) >= MAX_ADDRESSES:
                return
            self._known.add(addr)
        super().check_incoming(message, addr, protocol)


class SortingProtocol(StunProtocol):
    """A peer's socket: STUN, DTLS and sound are told apart by the first byte."""

    receiver: QuietConnection

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        assert isinstance(data, bytes)
        size = len(data)
        if not 0 < size <= MAX_DATAGRAM:
            return
        first = data[0]
        if 128 <= first < 192:
            self.receiver.media_received(data)
        elif 20 <= first < 64:
            if self.receiver.knows((addr[0], addr[1])):
                self.receiver.dtls_received(data)
        elif first < 4:
            if data[:2] == _ANSWER and data[8:20] in self.transactions:
                # Nobody else knows which number we asked with; a stranger who has got the
                # client's address would answer with an error.
                self.receiver.note_heard()
            try:
                super().datagram_received(data, addr)
            except Exception as error:
                # aioice's parser fails in several ways; a traceback each would be a flood itself.
                log.debug("A STUN message could not be read (%s)", type(error).__name__)


def make_connection(*args: Any, **options: Any) -> Connection:
    """Return the connection that aiortc asks for."""
    return (QuietConnection if _is_quiet.get() else Connection)(*args, **options)


def make_protocol(receiver: Connection) -> StunProtocol:
    """Return the protocol that aioice asks for, for one socket of a connection."""
    if isinstance(receiver, QuietConnection):
        return SortingProtocol(receiver)
    return StunProtocol(receiver)


# The two places where these are changed; the self-test sees to it that they are still used.
aiortc.rtcicetransport.Connection = make_connection  # type: ignore[attr-defined, assignment]
aioice.ice.StunProtocol = make_protocol  # type: ignore[misc, assignment]
