"""A microphone whose packets are written by hand: any header, any order, any source."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from struct import pack

from aiortc import RTCDtlsTransport
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtp import RtcpByePacket
from av import AudioFrame

from server.media.peer import Peer, PeerConfig
from tests.server.media.clients import CONFIG, Client, Noted, connected, tone
from tests.server.media.encoding import opus

PAYLOAD_TYPE = 96
"""aiortc's for Opus."""
SAMPLES = 960
"""A packet of 20 ms, as RTP counts."""


class MuteTrack(MediaStreamTrack):
    """Says nothing, so that only the packets of ``Wire`` leave."""

    kind = "audio"

    async def recv(self) -> AudioFrame:
        await asyncio.Event().wait()
        raise AssertionError


def speech(count: int, **options: str) -> list[bytes]:
    """Return so many packets of a tone; options are libopus's."""
    return opus(tone(440, (count + 2) / 50), 32_000, **options)[:count]


@dataclass
class Wire:
    """Sends RTP through a connected client's keys."""

    client: Client
    noted: Noted
    peer: Peer
    ssrc: int = 0
    sequence: int = 65_530
    timestamp: int = 2**32 - 2000
    ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1000))

    @property
    def transport(self) -> RTCDtlsTransport:
        return self.client.connection.getSenders()[0].transport

    def rtp(self, payload: bytes, *, first: int = 0x80, kind: int = PAYLOAD_TYPE) -> bytes:
        """Return a packet; the count goes on by one."""
        header = pack("!BBHII", first, kind, self.sequence, self.timestamp, self.ssrc)
        self.skip()
        return header + payload

    def skip(self, packets: int = 1) -> None:
        """Count on without a packet: it is lost."""
        self.sequence = (self.sequence + packets) & 0xFFFF
        self.timestamp = (self.timestamp + packets * SAMPLES) & 0xFFFFFFFF

    async def send(self, *packets: bytes) -> None:
        for packet in packets:
            await self.transport._send_rtp(packet)

    async def say(self, payloads: Iterable[bytes]) -> None:
        """Send packets in their order and wait until the last one is heard."""
        payloads = list(payloads)
        await self.send(*(self.rtp(payload) for payload in payloads))
        await self.until_heard(payloads[-1])

    async def until_heard(self, payload: bytes) -> None:
        async with asyncio.timeout(10):
            while payload not in [frame.packet for frame in self.noted.frames]:
                await self.noted.change()

    async def goodbye(self) -> None:
        await self.send(bytes(RtcpByePacket(sources=[self.ssrc])))

    def become_another(self) -> None:
        """Go on as another source, which counts from elsewhere."""
        self.ssrc = next(self.ids)
        self.sequence, self.timestamp = self.ssrc * 777 & 0xFFFF, self.ssrc * 99_999 & 0xFFFFFFFF


@asynccontextmanager
async def wired(config: PeerConfig = CONFIG) -> AsyncIterator[Wire]:
    """Connect a client whose microphone is written by hand."""
    client, noted = Client(), Noted()
    client.connection.addTrack(MuteTrack())
    async with connected(client, noted, config) as peer:
        wire = Wire(client, noted, peer)
        wire.ssrc = client.connection.getSenders()[0]._ssrc
        yield wire
