"""A peer that knows the keys and sends nonsense: it is heard on or its connection ends, alone.

Everything goes over real sockets: SRTP and SCTP that are sealed properly around damaged contents,
and datagrams of somebody who knows nothing but the port.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any, Final, TypeAlias

import pylibsrtp
from aiortc import RTCDtlsTransport
from google_crc32c import value as crc32c

from bench.fuzz.corpora import FRAME, PAYLOAD_TYPE, SSRC, payloads, rtcp_corpus, rtp, rtp_corpus
from bench.fuzz.mutations import damaged
from bench.fuzz.targets import Trace
from bench.udp_proxy import candidate_of
from server.media.peer import Peer, PeerState
from tests.server.media.clients import CONFIG, Client, Noted, eventually, tone

Attack: TypeAlias = Callable[["Attacker"], Coroutine[Any, Any, None]]

PACKETS: Final = 150
_STRING, _CONTROL = 51, 50
"""Payload protocol identifiers (RFC 8831, section 8)."""
STUN: Final = (
    b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
    b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(12) + b"\x00\x06\x00\x04ab:c",
    b"\x01\x01\x00\x0c\x21\x12\xa4\x42" + bytes(12) + b"\x00\x20\x00\x08\x00\x01" + bytes(6),
)
DTLS: Final = (
    b"\x16\xfe\xff" + bytes(8) + b"\x00\x0e\x01\x00\x00\x02" + bytes(8),
    b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28",
    b"\x14\xfe\xfd" + bytes(8) + b"\x00\x01\x01",
)
CHANNEL: Final = (
    b"\x03\x00\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00interview",
    b"\x03\x82\x00\x00\x00\x00\x00\x64\x00\x05\x00\x05filesproto",
    b"\x03\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff",
    b"\x02",
    b'{"type":"subscribe"}',
    b"\xff\xfe\xfd",
    "말".encode() * 2000,
)
"""Data channel establishment (RFC 8832), and messages."""
CHUNKS: Final = tuple(
    struct.pack("!BBH", kind, flags, 4 + len(body)) + body
    for kind, flags, body in (
        (0, 3, struct.pack("!IHHI", 5, 0, 0, _STRING) + b"data"),
        (0, 2, struct.pack("!IHHI", 6, 1, 0, _CONTROL) + b"begun"),
        (1, 0, struct.pack("!IIHHI", 1, 131072, 1, 1, 1)),
        (3, 0, struct.pack("!IIHHHHI", 9, 65536, 1, 1, 2, 3, 8)),
        (4, 0, b"\x00\x01\x00\x08\x00\x00\x00\x00"),
        (5, 0, b"\x00\x01\x00\x08\x00\x00\x00\x00"),
        (9, 0, b"\x00\x01\x00\x04"),
        (130, 0, struct.pack("!HHIIIH", 13, 18, 1, 1, 1, 0) + bytes(2)),
        (192, 0, struct.pack("!IHH", 100, 0, 3)),
        (77, 0, b"what"),
    )
)
"""SCTP (RFC 9260): data, set-up, acknowledgements, heartbeats, resets, and what nobody knows."""
GENTLE: Final = (0, 2, 3, 4, 6, 7, 8)


class Attacker:
    """A connected client that can send anything, sealed as its peer expects."""

    def __init__(self, client: Client, random: Random, trace: Trace, port: int = 9) -> None:
        self.random, self.trace = random, trace
        self._client = client
        self._port = port
        (sender,) = client.connection.getSenders()
        self._transport = sender.transport
        self.ssrc: int = sender._ssrc
        self._opus = opus_of(client)

    async def media(self, packet: bytes) -> None:
        """Send RTP or RTCP through SRTP; what libsrtp itself refuses stays here."""
        if len(packet) > 1 and packet[1] & 0x7F == PAYLOAD_TYPE:
            packet = bytes((packet[0], packet[1] & 0x80 | self._opus)) + packet[2:]
        self.trace.append(packet)
        with suppress(pylibsrtp.Error, ConnectionError, IndexError):
            # The class's own: tests let a client's packets be lost by replacing the method.
            await RTCDtlsTransport._send_rtp(self._transport, packet)

    async def message(self, stream: int, protocol: int, data: bytes) -> None:
        """Send a message of a data channel, which need not be one."""
        self.trace.append(data)
        sctp = self._client.connection.sctp
        assert sctp is not None
        with suppress(ConnectionError):
            await sctp._send(stream, protocol, data)

    async def chunks(self, data: bytes) -> None:
        """Send chunks of SCTP with the right tag and checksum around them."""
        self.trace.append(data)
        sctp = self._client.connection.sctp
        assert sctp is not None
        header = struct.pack("!HHI", 5000, 5000, sctp._remote_verification_tag)
        checksum = struct.pack("<I", crc32c(header + bytes(4) + data))
        with suppress(ConnectionError):
            await self._transport._send_data(header + checksum + data)

    def datagram(self, data: bytes) -> None:
        """Send what anybody could who knows the port."""
        self.trace.append(data)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.setblocking(False)
            stranger.sendto(data, ("127.0.0.1", self._port))


def opus_of(client: Client) -> int:
    """Return the payload type under which a connected client offered Opus."""
    offer = client.connection.localDescription.sdp
    line = next(line for line in offer.splitlines() if line.endswith("opus/48000/2"))
    return int(line.removeprefix("a=rtpmap:").split()[0])


async def damaged_media(attacker: Attacker) -> None:
    """Damaged RTP and RTCP of the client's own source, and of few others."""
    random = attacker.random
    sources = (attacker.ssrc, attacker.ssrc, attacker.ssrc, SSRC, SSRC + 1)
    for _ in range(PACKETS):
        corpus, at = random.choice(((rtp_corpus(), 8), (rtp_corpus(), 8), (rtcp_corpus(), 4)))
        packet = bytearray(damaged(random, corpus))
        if len(packet) >= at + 4 and random.random() < 0.9:
            packet[at : at + 4] = struct.pack("!I", random.choice(sources))
        await attacker.media(bytes(packet))


async def damaged_opus(attacker: Attacker) -> None:
    """A sender whose count is in order and whose sound is not."""
    random = attacker.random
    sequence, timestamp = random.getrandbits(16), random.getrandbits(32)
    for number in range(PACKETS):
        payload = damaged(random, payloads())[:1200]
        moment = timestamp + number * FRAME
        await attacker.media(rtp(sequence + number, moment, payload, ssrc=attacker.ssrc))


async def storm_of_sources(attacker: Attacker) -> None:
    """Every packet from somebody else."""
    random = attacker.random
    for number in range(PACKETS):
        packet = rtp(number, number * FRAME, payloads()[3], ssrc=random.getrandbits(32))
        await attacker.media(packet)


async def damaged_channels(attacker: Attacker) -> None:
    """Messages that are none, on channels that are none."""
    random = attacker.random
    for _ in range(PACKETS // 3):
        protocol = random.choice((_STRING, _CONTROL, 53, 56, 57, 0, 2**32 - 1))
        data = damaged(random, CHANNEL)
        await attacker.message(random.choice((0, 1, 2, 3, 1000, 65534)), protocol, data)


async def damaged_sctp(attacker: Attacker) -> None:
    """Chunks that a correct sender would not send."""
    for _ in range(PACKETS // 3):
        await attacker.chunks(damaged(attacker.random, CHUNKS)[:1100])


async def strangers(attacker: Attacker) -> None:
    """Datagrams from addresses that nobody knows."""
    random = attacker.random
    for number in range(PACKETS):
        attacker.datagram(damaged(random, (*STUN, *DTLS, *rtp_corpus()[:5])))
        if number % 10 == 0:
            await asyncio.sleep(0)


ATTACKS: Final[tuple[Attack, ...]] = (
    damaged_media,
    damaged_opus,
    storm_of_sources,
    damaged_channels,
    damaged_sctp,
    strangers,
)


async def session(random: Random, trace: Trace, attack: Attack | None = None) -> Noted:
    """Attack a peer; it may end, with a reason, and whoever else is there notices nothing.

    Returns:
        What the attacked peer's listener was told.
    """
    errors = _Errors()
    before = asyncio.all_tasks()
    noted, bystander = Noted(), Noted()
    with errors:
        async with (
            _connected(bystander) as (other, _, _),
            _connected(noted) as (client, peer, port),
        ):
            chosen = attack or random.choice(ATTACKS)
            trace.append(chosen.__name__.encode())
            await chosen(Attacker(client, random, trace, port))
            await _is_decided(client, peer, noted)
            await other.say("interview", "still here")
            await bystander.until("text", "interview", "still here")
        await eventually(lambda: asyncio.all_tasks() <= before)
    errors.check()
    ends = [event for event in noted.events if event[0] == "end"]
    assert len(ends) == 1, f"it ended {len(ends)} times"
    return noted


async def _is_decided(client: Client, peer: Peer, noted: Noted) -> None:
    """Wait until the peer is seen to live, by words or by the client's own sound, or has ended.

    The client may die of its own nonsense: answers to it are more than aiortc expects.
    """
    heard = len(noted.frames)

    def is_decided() -> bool:
        with suppress(Exception):
            client.channels["interview"].send("ping")
        is_answered = any(event[0] == "text" and event[2] == "ping" for event in noted.events)
        is_over = peer.state is PeerState.ENDED or client.connection.connectionState != "connected"
        return is_answered or len(noted.frames) > heard + 3 or is_over

    await eventually(is_decided)


@asynccontextmanager
async def _connected(noted: Noted) -> AsyncIterator[tuple[Client, Peer, int]]:
    client = Client(speaks=tone(440, 0.1), channels=("interview",))
    try:
        peer, answer = await Peer.answer(await client.offer(), noted, CONFIG)
        address = candidate_of(answer)
        assert address is not None
        try:
            await client.take(answer)
            await noted.until("open", "interview")
            yield client, peer, address[1]
        finally:
            await peer.close()
    finally:
        await client.close()


class _Errors(logging.Handler):
    """What went wrong where nobody waits for it: in tasks and callbacks, and in the log."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._found: list[str] = []
        self._before: Any = None

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._before = loop.get_exception_handler()
        loop.set_exception_handler(lambda _, context: self._note(context))
        logging.getLogger("server").addHandler(self)

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().set_exception_handler(self._before)
        logging.getLogger("server").removeHandler(self)

    def _note(self, context: dict[str, Any]) -> None:
        # The client goes on sending when it has died of its own nonsense.
        if not isinstance(context.get("exception"), ConnectionError):
            self._found.append(repr(context))

    def emit(self, record: logging.LogRecord) -> None:
        self._found.append(self.format(record))

    def check(self) -> None:
        assert not self._found, self._found
