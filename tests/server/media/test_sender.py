"""What a client hears of what is played to it, and what it tells of how it arrived."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest
import webrtc
from aiortc import RTCPeerConnection, RTCRtpSender
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpSdesPacket, RtcpSrPacket

from bench.ear import EAR_HZ, Ear
from bench.impairment import Impairment, Network
from bench.udp_proxy import Kind, UdpProxy
from pipeline.audio import Samples
from server.media.opus_encoder import Encoder
from server.media.opus_packet import SILENT_FRAME
from server.media.peer import End, Peer
from server.media.rtcp import ReportBlock, receiver_report
from server.media.sender import VoiceSender, make_sender, sending
from tests.server.media import libwebrtc
from tests.server.media.clients import CONFIG, Client, Noted, connected, eventually, tone
from tests.server.media.libwebrtc import Libwebrtc

FRAME = 320
LOSSY = Network(loss=0.3)


@asynccontextmanager
async def playing(peer: Peer, sound: Samples) -> AsyncIterator[None]:
    """Play sound over and over in real time."""

    async def play() -> None:
        encoder, began_s, count = Encoder(), time.monotonic(), 0
        while True:
            at = count * FRAME
            piece = sound.take(np.arange(at, at + FRAME), mode="wrap")
            peer.play(encoder.encode(piece), count * 960)
            count += 1
            await asyncio.sleep(max(0.0, began_s + count / 50 - time.monotonic()))

    task = asyncio.create_task(play())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def pitch_hz(sound: Samples, rate_hz: int) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(sound))) * rate_hz / sound.size)


def ears_only() -> Libwebrtc:
    client = Libwebrtc()
    client.connection.add_transceiver("audio", webrtc.RTCRtpTransceiverInit("recvonly"))
    return client


@pytest.mark.parametrize(
    "make", [ears_only, lambda: Libwebrtc(speaks=tone(200))], ids=["recvonly", "sendrecv"]
)
async def test_libwebrtc_hears_what_is_played_at_its_pitch_and_loudness(
    make: Callable[[], Libwebrtc],
) -> None:
    client, noted, ear = make(), Noted(), Ear()
    listening: list[asyncio.Task[None]] = []
    client.connection.on(
        "track", lambda event: listening.append(asyncio.create_task(ear.listen(event.track)))
    )
    async with libwebrtc.connected(client, noted) as peer:
        assert peer.is_listening
        async with playing(peer, tone(440)):

            def is_heard() -> bool:
                last = ear.sound[-EAR_HZ // 2 :] if ear.pieces else np.zeros(1, np.float32)
                return last.size == EAR_HZ // 2 and np.abs(last[: EAR_HZ // 10]).max() > 0.3

            await eventually(is_heard)
        heard = ear.sound[-EAR_HZ // 2 :]
        for task in listening:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert pitch_hz(heard, EAR_HZ) == pytest.approx(440, abs=2)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.15)


async def test_what_libwebrtc_did_not_get_is_told_by_its_reports() -> None:
    noted = Noted()
    spared = (Kind.STUN, Kind.DTLS)
    proxy = UdpProxy(Impairment(Network()), Impairment(LOSSY), spared=spared)
    async with proxy, libwebrtc.connected(ears_only(), noted, proxy=proxy) as peer:
        async with playing(peer, tone(440)):
            await eventually(lambda: peer.loss > 0)
        assert 0.1 < peer.loss < 0.6


@asynccontextmanager
async def listened(client: Client) -> AsyncIterator[tuple[Peer, VoiceSender]]:
    async with connected(client, Noted()) as peer:
        (sender,) = peer._connection.getSenders()
        found: object = sender
        assert isinstance(found, VoiceSender)
        yield peer, found


def deaf() -> Client:
    """A client that offers to hear, and speaks only if it is told to."""
    client = Client()
    client.connection.addTransceiver("audio", "recvonly")
    return client


@pytest.mark.parametrize("make", [deaf, lambda: Client(speaks=tone(200))])
async def test_reports_are_heard_whether_or_not_the_client_speaks(
    make: Callable[[], Client],
) -> None:
    client = make()
    async with listened(client) as (peer, sender):
        (receiver,) = client.connection.getReceivers()

        async def report(ssrc: int, highest: int) -> None:
            block = ReportBlock(ssrc, 64, 9, highest, 0, 0, 0)
            await receiver.transport._send_rtp(receiver_report(5, block))

        await report(sender._ssrc + 1 & 0xFFFFFFFF, 900)
        assert peer.loss == 0
        for highest in (1000, 1250, 1500):
            await report(sender._ssrc, highest)
        await eventually(lambda: peer.loss == pytest.approx(0.25))


async def test_reports_and_farewell_carry_the_name_of_the_answer() -> None:
    client = deaf()
    said: list[object] = []
    async with listened(client) as (peer, sender):
        transport = client.connection.getReceivers()[0].transport
        handle = transport._handle_rtcp_data

        async def note(data: bytes) -> None:
            said.extend(RtcpPacket.parse(data))
            await handle(data)

        transport._handle_rtcp_data = note  # type: ignore[method-assign]
        peer.play(SILENT_FRAME, 0)
        await peer.close()
        await eventually(lambda: any(isinstance(one, RtcpByePacket) for one in said))
    assert client.connection.remoteDescription is not None
    answer = client.connection.remoteDescription.sdp
    report, name, bye = said
    assert isinstance(report, RtcpSrPacket)
    assert isinstance(name, RtcpSdesPacket)
    assert isinstance(bye, RtcpByePacket)
    assert (report.ssrc, report.sender_info.packet_count) == (sender._ssrc, 1)
    assert bye.sources == [sender._ssrc]
    assert f"a=ssrc:{sender._ssrc} cname:{name.chunks[0].items[0][1].decode()}" in answer


async def test_encoder_that_only_sends_is_played_nothing() -> None:
    client = Client(speaks=tone(440))
    client.connection.getTransceivers()[0].direction = "sendonly"
    noted = Noted()
    async with connected(client, noted) as peer:
        await noted.until_sound(0.1)
        assert not peer.is_listening
        peer.play(SILENT_FRAME, 0)
        assert peer.loss == 0


async def test_offer_of_texts_alone_is_played_nothing() -> None:
    async with connected(Client(), Noted()) as peer:
        assert not peer.is_listening
        peer.play(SILENT_FRAME, 0)


async def test_nothing_is_played_before_the_connection_and_after_its_end() -> None:
    client, noted = deaf(), Noted()
    peer, _ = await Peer.answer(await client.offer(), noted, CONFIG)
    assert peer.is_listening
    peer.play(SILENT_FRAME, 0)
    await peer.close()
    peer.play(SILENT_FRAME, 960)
    await client.close()
    client = deaf()
    async with connected(client, Noted()) as peer:
        await client.close()
        for number in range(50):
            peer.play(SILENT_FRAME, 960 * number)
            await asyncio.sleep(0)


async def test_client_that_vanishes_is_lost_after_its_time() -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    async with connected(client, noted, replace(CONFIG, gone_s=0.3)) as peer:
        await noted.until_sound(0.9)
        assert noted.events[-1] != ("end", "lost")
        transport = client.connection.getSenders()[0].transport.transport
        # Its sockets are gone, as with the power cut; nobody says goodbye.
        await transport._connection.close()
        await noted.until("end", End.LOST)
        assert time.monotonic() - peer.heard_at >= 0.3


async def test_everybody_elses_senders_are_left_alone() -> None:
    connection = RTCPeerConnection()
    transport = connection.addTransceiver("audio").sender.transport
    assert isinstance(make_sender("audio", transport), RTCRtpSender)
    with sending():
        assert isinstance(make_sender("video", transport), RTCRtpSender)
        assert isinstance(make_sender("audio", transport), VoiceSender)
    await connection.close()
