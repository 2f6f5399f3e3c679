"""The bad network with real sockets: both ways, one socket a client, answers led through it."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiortc.sdp import SessionDescription

from bench.impairment import Impairment, Network
from bench.udp_proxy import Address, Kind, UdpProxy, candidate_of, reached_at
from tests.server.media.clients import eventually

GOOD = Network()
STUN, DTLS, MEDIA = b"\x00stun", b"\x16dtls", b"\x80rtp"
ANSWER = "\r\n".join(
    [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "m=audio 33806 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 192.0.2.4",
        "a=mid:0",
        "a=rtcp:9 IN IP4 0.0.0.0",
        "a=candidate:1 1 udp 2130706431 2001:db8::4 33807 typ host",
        "a=candidate:2 1 udp 2130706431 192.0.2.4 33806 typ host",
        "a=end-of-candidates",
        "a=ice-ufrag:vpBE",
        "a=ice-pwd:rmiplHAzH5FgSIHrU9cMaD",
        "m=application 33806 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 192.0.2.4",
        "a=mid:1",
        "a=candidate:2 1 udp 2130706431 192.0.2.4 33806 typ host",
        "a=ice-ufrag:vpBE",
        "a=ice-pwd:rmiplHAzH5FgSIHrU9cMaD",
        "",
    ]
)


class Socket(asyncio.DatagramProtocol):
    """A UDP socket whose packets can be awaited."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[tuple[bytes, Address]] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport
        self.address: Address

    @classmethod
    async def open(cls) -> "Socket":
        loop = asyncio.get_running_loop()
        transport, socket = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        socket.transport = transport
        socket.address = transport.get_extra_info("sockname")
        return socket

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.received.put_nowait((data, addr))

    def send(self, packet: bytes, to: Address) -> None:
        self.transport.sendto(packet, to)

    async def next(self) -> tuple[bytes, Address]:
        async with asyncio.timeout(5):
            return await self.received.get()


@asynccontextmanager
async def sockets(count: int) -> AsyncIterator[list[Socket]]:
    opened = [await Socket.open() for _ in range(count)]
    try:
        yield opened
    finally:
        for socket in opened:
            socket.transport.close()


def proxied(up: Network = GOOD, down: Network = GOOD, **terms: object) -> UdpProxy:
    return UdpProxy(Impairment(up, 1), Impairment(down, 2), **terms)  # type: ignore[arg-type]  # shorthand


async def test_packets_go_both_ways_and_clients_are_told_apart() -> None:
    async with sockets(3) as (target, first, second), proxied() as proxy:
        proxy.lead_to(target.address)
        door = ("127.0.0.1", proxy.port)
        seen = []
        for client in (first, second):
            client.send(MEDIA, door)
            packet, sender = await target.next()
            assert packet == MEDIA
            seen.append(sender)
            target.send(DTLS, sender)
            assert await client.next() == (DTLS, door)
        assert len({*seen, first.address, second.address, door}) == 5
        first.send(b"again", door)
        assert await target.next() == (b"again", seen[0])
        assert (proxy.up.counts.packets, proxy.down.counts.packets) == (3, 2)


async def test_each_direction_has_its_own_network() -> None:
    watched: list[tuple[bytes, list[float]]] = []
    async with (
        sockets(2) as (target, client),
        proxied(
            Network(duplicated=1.0),
            Network(loss=1.0),
            watch=lambda packet, delays: watched.append((packet, delays)),
        ) as proxy,
    ):
        proxy.lead_to(target.address)
        client.send(MEDIA, ("127.0.0.1", proxy.port))
        _, sender = await target.next()
        assert await target.next() == (MEDIA, sender)
        target.send(MEDIA, sender)
        target.send(MEDIA, sender)
        await eventually(lambda: proxy.down.counts.lost == 2)
        assert client.received.empty()
        assert watched == [(MEDIA, [0.0, 0.001])]


async def test_spared_kinds_pass_and_are_not_counted() -> None:
    spared = (Kind.STUN, Kind.DTLS)
    async with (
        sockets(2) as (target, client),
        proxied(Network(loss=1.0), spared=spared) as proxy,
    ):
        proxy.lead_to(target.address)
        for packet in (MEDIA, STUN, MEDIA, DTLS):
            client.send(packet, ("127.0.0.1", proxy.port))
        assert (await target.next())[0] == STUN
        assert (await target.next())[0] == DTLS
        assert proxy.up.counts.packets == proxy.up.counts.lost == 2


async def test_delayed_packets_keep_their_order() -> None:
    async with (
        sockets(2) as (target, client),
        proxied(Network(delay_s=0.02, jitter_s=0.05)) as proxy,
    ):
        proxy.lead_to(target.address)
        sent = [bytes((128, number)) for number in range(50)]
        began = asyncio.get_running_loop().time()
        for packet in sent:
            client.send(packet, ("127.0.0.1", proxy.port))
        assert [(await target.next())[0] for _ in sent] == sent
        assert asyncio.get_running_loop().time() - began >= 0.02


async def test_nothing_passes_before_the_target_is_known_nor_after_the_end() -> None:
    async with sockets(2) as (target, client):
        async with proxied(Network(delay_s=0.01)) as proxy:
            door = ("127.0.0.1", proxy.port)
            client.send(b"\x80early", door)
            client.send(b"\x80early", door)
            await asyncio.sleep(0.01)
            proxy.lead_to(target.address)
            client.send(MEDIA, door)
            assert (await target.next())[0] == MEDIA
            client.send(b"\x80on its way", door)
            await eventually(lambda: proxy.up.counts.packets == 2)
        await asyncio.sleep(0.03)
        assert target.received.empty()


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (0, Kind.STUN),
        (3, Kind.STUN),
        (4, Kind.OTHER),
        (20, Kind.DTLS),
        (63, Kind.DTLS),
        (64, Kind.OTHER),
        (128, Kind.MEDIA),
        (191, Kind.MEDIA),
        (192, Kind.OTHER),
    ],
)
def test_kind_of_a_packet_is_in_its_first_byte(first: int, kind: Kind) -> None:
    assert Kind.of(bytes([first, 0])) is kind
    assert Kind.of(b"") is Kind.OTHER


def test_answer_is_reached_at_the_proxy_alone() -> None:
    assert candidate_of(ANSWER) == ("192.0.2.4", 33806)
    led = reached_at(ANSWER, ("127.0.0.1", 40000))
    assert "192.0.2.4" not in led
    assert "2001:db8" not in led
    media = SessionDescription.parse(led).media
    assert [(one.port, one.host) for one in media] == [(40000, "127.0.0.1")] * 2
    for one in media:
        assert [(each.ip, each.port) for each in one.ice_candidates] == [("127.0.0.1", 40000)]
    kept = [line for line in ANSWER.splitlines() if line.startswith(("a=ice", "a=mid", "a=gr"))]
    assert [line for line in led.splitlines() if line in kept] == kept


async def test_answer_without_an_address_is_refused() -> None:
    async with proxied() as proxy:
        with pytest.raises(ValueError, match="no UDP candidate"):
            proxy.route("v=0\r\n")


async def test_program_leads_answers_through_itself_and_says_what_it_did() -> None:
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.udp_proxy", "--loss", "1", "--seed", "4"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdin is not None
    assert program.stdout is not None
    async with asyncio.timeout(20), sockets(1) as (client,):
        program.stdin.write(json.dumps(ANSWER).encode() + b"\n")
        led = json.loads(await program.stdout.readline())
        door = candidate_of(led)
        assert door is not None
        assert door[0] == "127.0.0.1"
        assert led == reached_at(ANSWER, door)
        client.send(MEDIA, door)
        program.stdin.write_eof()
        said, _ = await program.communicate()
    assert json.loads(said) == {
        "packets": 1,
        "lost": 1,
        "blacked_out": 0,
        "reordered": 0,
        "duplicated": 0,
    }
