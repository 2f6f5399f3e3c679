"""Real peer connections on 127.0.0.1: sound in, texts both ways, and every way to end."""

import asyncio
import logging
import os
import threading
from contextlib import AsyncExitStack
from dataclasses import replace

import aioice.ice
import numpy as np
import pytest
from aiortc.rtp import RtcpByePacket

from pipeline.audio import RATE_HZ, Samples
from server.media import parts
from server.media.channels import MAX_MESSAGE_BYTES
from server.media.frames import Frame
from server.media.opus_packet import SILENT_FRAME
from server.media.peer import End, Peer, PeerState
from server.media.sdp import BadOffer
from server.media.tally import Tally
from tests.server.media.clients import CONFIG, Client, Noted, connected, eventually, tone


async def test_sound_arrives_at_16_khz_without_gaps_and_at_its_pitch() -> None:
    noted = Noted()
    async with connected(Client(speaks=tone(440)), noted) as peer:
        heard = await noted.until_sound(0.5)
        assert 0 <= noted.frames[-1].arrived - peer.heard_at < 0.1
    for frame, following in zip(noted.frames, noted.frames[1:], strict=False):
        assert frame.samples.dtype == np.float32
        assert frame.at + frame.samples.size == following.at
    assert noted.frames[0].at == 0
    spectrum = np.abs(np.fft.rfft(heard[-4000:]))
    assert np.argmax(spectrum) * RATE_HZ / 4000 == 440
    assert 0.4 < np.abs(heard[-4000:]).max() < 0.6


async def test_client_is_heard_of_by_whatever_comes_through_dtls() -> None:
    async with connected(Client(), Noted()) as peer:
        data = peer._connection.sctp
        assert data is not None
        parts.link(data.transport.transport).heard_at = 0.0
        await data._handle_data(b"no SCTP at all")
        assert peer.heard_at > 0


async def test_client_receives_what_is_played() -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    async with connected(client, noted) as peer:
        (transceiver,) = client.connection.getTransceivers()
        assert transceiver.currentDirection == "sendrecv"
        peer.play(SILENT_FRAME, 0)
        await eventually(transceiver.receiver.getSynchronizationSources)


async def test_microphone_is_still_heard_after_an_rtcp_bye() -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    async with connected(client, noted):
        await noted.until_sound(0.1)
        (sender,) = client.connection.getSenders()
        await sender.transport._send_rtp(bytes(RtcpByePacket(sources=[sender._ssrc])))
        await asyncio.sleep(0.05)
        noted.frames.clear()
        await noted.until_sound(0.2)


async def test_texts_go_both_ways_on_both_channels() -> None:
    client, noted = Client(), Noted()
    async with connected(client, noted) as peer:
        for name in client.channels:
            await noted.until("open", name)
            await client.say(name, "질문")
            await noted.until("text", name, "질문")
            assert peer.send(name, "답변")
            assert await client.received.get() == (name, "답변")
            assert peer.buffered(name) == 0
    assert noted.events[-1] == ("end", "closed")


async def test_longest_message_arrives_and_a_longer_one_is_the_callers_bug() -> None:
    client, noted = Client(), Noted()
    async with connected(client, noted) as peer:
        await noted.until("open", "interview")
        assert peer.send("interview", "x" * MAX_MESSAGE_BYTES)
        assert await client.received.get() == ("interview", "x" * MAX_MESSAGE_BYTES)
        with pytest.raises(ValueError, match="more than a data channel message"):
            peer.send("interview", "x" * (MAX_MESSAGE_BYTES + 1))


async def test_nothing_is_sent_on_a_channel_that_is_not_open() -> None:
    client, noted = Client(channels=("interview",)), Noted()
    async with connected(client, noted) as peer:
        await noted.until("open", "interview")
        assert not peer.send("captions", "too early")
        assert peer.buffered("captions") == 0
    assert not peer.send("interview", "too late")


async def test_channels_of_other_names_and_second_ones_are_closed() -> None:
    client, noted = Client(channels=("interview", "files")), Noted()
    second = client.connection.createDataChannel("interview")
    async with connected(client, noted):
        await noted.until("open", "interview")
        unwanted = (client.channels["files"], second)
        await eventually(lambda: [one.readyState for one in unwanted] == ["closed"] * 2)
        assert client.channels["interview"].readyState == "open"
        assert ("open", "files") not in noted.events


async def test_channel_that_the_client_closes_may_be_opened_again() -> None:
    client, noted = Client(channels=("interview",)), Noted()
    async with connected(client, noted) as peer:
        await noted.until("open", "interview")
        client.channels["interview"].close()
        await noted.until("close", "interview")
        noted.events.clear()
        client.connection.createDataChannel("interview")
        await noted.until("open", "interview")
        assert peer.send("interview", "again")


async def test_channel_is_closed_when_its_reader_has_stopped() -> None:
    client, noted = Client(), Noted()
    async with connected(client, noted, replace(CONFIG, buffer_limit=100_000)) as peer:
        await noted.until("open", "interview")
        await noted.until("open", "captions")
        sent = 0
        # Without a turn of the loop nothing leaves: as if the other side did not acknowledge.
        while peer.send("interview", "x" * 10_000):
            sent += 1
            assert peer.buffered("interview") <= 100_000
        assert sent == 10
        await noted.until("close", "interview")
        assert peer.send("captions", "still here")
        assert peer.state is PeerState.CONNECTED


async def test_text_that_is_no_utf_8_closes_its_channel_and_nothing_else() -> None:
    client, noted = Client(), Noted()
    async with connected(client, noted) as peer:
        await noted.until("open", "interview")
        await client.say("interview", "first")
        sctp = client.connection.sctp
        assert sctp is not None
        await sctp._send(client.channels["interview"].id or 0, 51, b"\xff\xfe\xfd")
        await noted.until("close", "interview")
        await client.say("captions", "alive")
        await noted.until("text", "captions", "alive")
        assert peer.state is PeerState.CONNECTED


async def test_bytes_are_heard_as_text() -> None:
    client, noted = Client(), Noted()
    async with connected(client, noted):
        await client.say("interview", "말".encode() + b"\xff")
        await noted.until("text", "interview", "말\ufffd")


class Clumsy(Noted):
    """A listener with a bug."""

    def on_text(self, channel: str, text: str) -> None:
        super().on_text(channel, text)
        if text == "bug":
            raise RuntimeError("a bug")


async def test_listener_that_fails_is_logged_and_hears_the_next_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client, noted = Client(), Clumsy()
    async with connected(client, noted):
        await client.say("interview", "bug")
        await client.say("interview", "next")
        await noted.until("text", "interview", "next")
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == [
        "A listener failed; its connection goes on"
    ]


class Deaf(Noted):
    """A listener that cannot take sound."""

    def on_sound(self, frame: Frame) -> None:
        raise RuntimeError("a bug")


async def test_listener_that_cannot_take_sound_costs_its_connection_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    noted = Deaf()
    async with connected(Client(speaks=tone(440)), noted):
        await noted.until("end", End.FAILED)
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1
    assert noted.events.count(("end", "failed")) == 1


@pytest.mark.parametrize("speaks", [tone(440), None])
async def test_offer_that_never_connects_ends_at_its_deadline(speaks: Samples | None) -> None:
    client, noted = Client(speaks=speaks), Noted()
    peer, _ = await Peer.answer(await client.offer(), noted, replace(CONFIG, connect_s=0.05))
    await noted.until("end", End.NEVER_CONNECTED)
    await peer.close()
    assert noted.events == [("end", "never_connected")]
    assert peer.state is PeerState.ENDED
    await client.close()


async def test_wrong_certificate_never_connects() -> None:
    client, noted = Client(), Noted()
    offer = await client.offer()
    line = next(line for line in offer.splitlines() if line.startswith("a=fingerprint:sha-256"))
    forged = offer.replace(line, line[:-5] + ("00:00" if line[-5:] != "00:00" else "11:11"))
    forged = "\r\n".join(
        line
        for line in forged.splitlines()
        if not line.startswith(("a=fingerprint:sha-384", "a=fingerprint:sha-512"))
    )
    peer, answer = await Peer.answer(forged, noted, CONFIG)
    await client.take(answer)
    await noted.until("end", End.NEVER_CONNECTED)
    await peer.close()
    await client.close()


async def test_client_that_says_goodbye_has_left() -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    async with connected(client, noted) as peer:
        await client.close()
        await noted.until("end", End.LEFT)
        await peer.close()
    assert [event for event in noted.events if event[0] == "end"] == [("end", "left")]


async def test_client_that_vanishes_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.02)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 2)
    monkeypatch.setattr(aioice.stun, "RETRY_RTO", 0.01)
    client, noted = Client(speaks=tone(440)), Noted()
    async with connected(client, noted):
        await noted.until_sound(0.05)
        transport = client.connection.getSenders()[0].transport.transport
        # Its sockets are gone, as with the power cut; nobody says goodbye.
        await transport._connection.close()
        await noted.until("end", End.LOST)


async def test_closing_twice_and_at_once_is_closing_once() -> None:
    client, noted = Client(), Noted()
    async with connected(client, noted) as peer:
        await asyncio.gather(peer.close(), peer.close())
        await peer.close()
    assert noted.events.count(("end", "closed")) == 1


async def test_offer_without_sound_gets_data_only() -> None:
    client, noted = Client(speaks=None), Noted()
    async with connected(client, noted):
        await noted.until("open", "captions")
    assert not noted.frames


async def test_offer_without_data_gets_sound_only() -> None:
    noted = Noted()
    async with connected(Client(speaks=tone(440), channels=()), noted) as peer:
        await noted.until_sound(0.1)
        assert not peer.send("interview", "nobody")


@pytest.mark.parametrize("rubbish", ["", "rubbish", "v=0\r\n" * 20_000, "m=audio\r\n", "\0" * 99])
async def test_rubbish_is_a_bad_offer(rubbish: str) -> None:
    noted = Noted()
    with pytest.raises(BadOffer):
        await Peer.answer(rubbish, noted, CONFIG)
    assert not noted.events


async def test_failure_while_answering_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    offer = await client.offer()
    await client.close()
    before = len(os.listdir("/proc/self/fd"))

    def fail(*_: object) -> str:
        raise KeyError("whatever aiortc raises")

    monkeypatch.setattr("server.media.peer.finish_answer", fail)
    with pytest.raises(BadOffer, match="cannot be answered"):
        await Peer.answer(offer, noted, CONFIG)
    await asyncio.sleep(0)
    assert len(os.listdir("/proc/self/fd")) == before
    assert not noted.events


async def test_microphones_are_heard_without_a_thread() -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            noted = Noted()
            await stack.enter_async_context(connected(Client(speaks=tone(440)), noted))
            await noted.until_sound(0.1)
        decoders = [one for one in threading.enumerate() if "decoder" in one.name]
        # Theirs: the clients hear our silence with aiortc's own receiver.
        assert len(decoders) == 3


async def test_listener_that_cannot_count_still_hears(caplog: pytest.LogCaptureFixture) -> None:
    class Innumerate(Noted):
        def on_reception(self, tally: Tally) -> None:
            super().on_reception(tally)
            raise RuntimeError("a bug")

    noted = Innumerate()
    async with connected(Client(speaks=tone(440)), noted):
        await noted.until_tally("received", 1)
        noted.frames.clear()
        await noted.until_sound(0.1)
    messages = {record.message for record in caplog.records if record.levelno >= logging.ERROR}
    assert messages == {"A listener failed; its connection goes on"}


async def test_fifty_connections_leave_no_task_thread_or_file_behind() -> None:
    async def once() -> None:
        noted = Noted()
        async with connected(Client(speaks=tone(440)), noted) as peer:
            peer.play(SILENT_FRAME, 0)
            await noted.until("open", "captions")

    def held() -> tuple[int, int, int]:
        # The loop's own pool may grow, no other thread may stay.
        threads = [
            one for one in threading.enumerate() if not one.name.startswith(("asyncio", "uvloop"))
        ]
        return len(asyncio.all_tasks()), len(threads), len(os.listdir("/proc/self/fd"))

    await once()
    before = held()
    for _ in range(5):
        await asyncio.gather(*(once() for _ in range(10)))
    await eventually(lambda: held() <= before)
