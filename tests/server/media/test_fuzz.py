"""Nonsense from strangers and from people with a link: one connection dies at most, and says why.

``python -m bench.fuzz`` does the same for hours.
"""

import asyncio
import os
import struct
from contextlib import suppress
from random import Random

import numpy as np
import pytest
from google_crc32c import value as crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.fuzz.corpora import EXTENSIONS, FRAME, OFFERS, payloads, rtp
from bench.fuzz.mutations import damaged, damaged_text
from bench.fuzz.session import ATTACKS, Attack, Attacker, session
from bench.fuzz.targets import TARGETS
from bench.impairment import Impairment, Network
from bench.udp_proxy import Kind, UdpProxy
from server.media.opus import MAX_FRAME, Decoder
from server.media.opus_library import OpusError
from server.media.opus_packet import MAX_DURATION, duration_of
from server.media.peer import End, Peer, PeerConfig, PeerState
from server.media.rtcp import read_compound
from server.media.rtp import read_header, read_packet
from server.media.sdp import BadOffer
from server.media.sources import MAX_SOURCES
from tests.server.media.clients import CONFIG, LOOPBACK, Client, Noted, connected, eventually, tone
from tests.server.media.libwebrtc import Libwebrtc
from tests.server.media.libwebrtc import connected as connected_to_libwebrtc

CASES = {"sdp": 2000, "rtp": 15_000, "rtcp": 15_000, "opus": 500, "jitter": 300, "voice": 60}


@pytest.mark.parametrize("what", TARGETS)
def test_nothing_that_a_seed_can_think_of_breaks_a_reader(what: str) -> None:
    for number in range(CASES[what]):
        name = f"{what}/1/{number}"
        trace: list[bytes] = []
        try:
            TARGETS[what](Random(name), trace)
        except Exception as error:
            inputs = [data.hex() for data in trace[-5:]]
            raise AssertionError(f"python -m bench.fuzz --case {name}: {inputs}") from error


@settings(deadline=None)
@given(st.binary(max_size=300), st.none() | st.integers(1, 14))
def test_any_bytes_are_a_packet_or_none(data: bytes, extension: int | None) -> None:
    for prefix in (b"", b"\x80\x6f", b"\x90\x6f", b"\xb0\x6f"):
        header, packet = read_header(prefix + data), read_packet(prefix + data, extension)
        assert packet is None or (header is not None and duration_of(packet.payload))
    for prefix in (b"", b"\x80\xc8", b"\x81\xcb", b"\x9f\xcb"):
        assert len(read_compound(prefix + data)) <= 76


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_opus_or_refused(data: bytes) -> None:
    decoder = Decoder()
    assert 0 <= duration_of(data) <= MAX_DURATION
    try:
        sound = decoder.decode(data)
    except OpusError:
        return
    assert 0 < sound.size <= MAX_FRAME
    assert np.isfinite(sound).all()


async def test_any_offer_is_answered_or_refused_and_leaves_nothing() -> None:
    def held() -> tuple[int, int]:
        return len(asyncio.all_tasks()), len(os.listdir("/proc/self/fd"))

    before, answered = held(), 0
    for number in range(60):
        noted = Noted()
        offer = damaged_text(Random(f"door/{number}"), OFFERS[:2], most=3)
        try:
            peer, answer = await Peer.answer(offer, noted, CONFIG)
        except BadOffer:
            assert not noted.events
        else:
            answered += 1
            assert "a=candidate" in answer
            await peer.close()
            assert noted.events == [("end", End.CLOSED)]
    assert 10 < answered < 55, "the damages are neither too small nor too great"
    await eventually(lambda: held() <= before)


@pytest.mark.parametrize("attack", ATTACKS)
async def test_attack_with_the_keys_costs_its_own_connection_at_most(attack: Attack) -> None:
    for number in range(3):
        await session(Random(f"{attack.__name__}/{number}"), [], attack)


async def test_storm_of_sources_while_somebody_speaks_is_not_heard() -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    async with connected(client, noted) as peer:
        attacker = Attacker(client, Random(1), [])
        await noted.until_sound(0.1)
        for number in range(200):
            loud = rtp(number, number * FRAME, payloads()[3], ssrc=1000 + number)
            await attacker.media(loud)
        heard = len(noted.frames)
        await noted.until_sound(heard * 0.02 + 0.3)
        assert peer.state is PeerState.CONNECTED
    for frame, following in zip(noted.frames, noted.frames[1:], strict=False):
        assert following.at == frame.at + frame.samples.size
    assert noted.tally("refused") == 200


async def test_storm_of_sources_in_silence_ends_the_connection_with_a_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    assert client.microphone is not None
    client.microphone.speaking.clear()
    async with connected(client, noted):
        attacker = Attacker(client, Random(1), [])
        goodbye = bytearray(b"\x81\xcb\x00\x01") + bytes(4)
        for number in range(MAX_SOURCES + 1):
            ssrc = (1000 + number).to_bytes(4, "big")
            await attacker.media(rtp(1, FRAME, payloads()[3], ssrc=1000 + number))
            goodbye[4:8] = ssrc
            await attacker.media(bytes(goodbye))
        await noted.until("end", End.ABUSED)
    assert "sources" in caplog.text
    assert len(noted.frames) <= MAX_SOURCES


@pytest.mark.parametrize("number", range(len(EXTENSIONS)))
async def test_malformed_header_extension_costs_no_sound(number: int) -> None:
    client, noted = Client(speaks=tone(440)), Noted()
    assert client.microphone is not None
    client.microphone.speaking.clear()
    async with connected(client, noted):
        attacker = Attacker(client, Random(1), [])
        for place in range(10):
            packet = rtp(
                place,
                place * FRAME,
                payloads()[4],
                ssrc=attacker.ssrc,
                extension=EXTENSIONS[number],
            )
            await attacker.media(packet)
        await noted.until_sound(0.2)
    assert [frame.at for frame in noted.frames] == [place * 320 for place in range(10)]


async def test_broken_opus_from_a_real_engine_is_outlived() -> None:
    client, noted = Libwebrtc(speaks=tone(440)), Noted()
    broken = Random(1)
    is_broken = True

    def change(payload: bytes) -> bytes:
        return damaged(broken, (payload, *payloads()))[:1100] or b"\0" if is_broken else payload

    client.transform(change)
    async with connected_to_libwebrtc(client, noted) as peer:
        await noted.until_tally("malformed", 10)
        is_broken = False
        mended = len(noted.frames)
        await eventually(lambda: len(noted.frames) > mended + 50)
        assert peer.state is PeerState.CONNECTED
    heard = np.concatenate([frame.samples for frame in noted.frames[-20:]])
    spectrum = np.abs(np.fft.rfft(heard[-3200:]))
    assert np.argmax(spectrum) * 5 == 440


async def test_handshake_that_never_ends_is_ended_at_its_deadline() -> None:
    deaf = Network(loss=1.0)
    client, noted = Client(speaks=tone(440)), Noted()
    config = PeerConfig(bind_address=LOOPBACK, connect_s=1.0)
    async with UdpProxy(Impairment(deaf), Impairment(deaf), spared=(Kind.STUN,)) as proxy:
        peer, answer = await Peer.answer(await client.offer(), noted, config)
        taking = asyncio.create_task(client.take(proxy.route(answer)))
        await noted.until("end", End.NEVER_CONNECTED)
        assert proxy.up.counts.lost > 0, "it was found, and its handshake was not heard"
        await peer.close()
        await client.close()
        await taking


async def test_sctp_parameter_without_a_length_does_not_stop_the_server() -> None:
    """One packet from anybody with a link kept aiortc's parser, and the loop, busy for ever."""
    client, noted = Client(speaks=tone(440)), Noted()
    async with connected(client, noted):
        await noted.until("open", "interview")
        attacker = Attacker(client, Random(1), [])
        for kind in (1, 2, 4, 5, 6, 9, 130):
            nothing = bytes(24)
            await attacker.chunks(struct.pack("!BBH", kind, 0, 4 + len(nothing)) + nothing)
        await noted.until_sound(0.2)


@pytest.mark.parametrize(
    ("first", "flags", "stream"),
    [
        pytest.param(0, 0, 0, id="a message that never ends"),
        pytest.param(1, 3, 0, id="messages behind a hole"),
        pytest.param(1, 7, 0, id="unordered ones behind a hole"),
        pytest.param(0, 3, 1, id="ever new streams"),
    ],
)
async def test_sender_that_fills_the_memory_over_sctp_is_cut_off(
    first: int, flags: int, stream: int
) -> None:
    client, noted = Client(channels=("interview",)), Noted()
    async with connected(client, noted) as peer:
        await noted.until("open", "interview")
        sctp = client.connection.sctp
        assert sctp is not None
        tsn = sctp._local_tsn + first
        (transport,) = {sctp.transport}
        for number in range(2000):
            begins = 2 if flags == 0 and number == 0 else flags
            chunk = data_chunk(tsn + number, begins, number * stream + 2, bytes(200))
            header = struct.pack("!HHI", 5000, 5000, sctp._remote_verification_tag)
            checksum = struct.pack("<I", crc32c(header + bytes(4) + chunk))
            with suppress(ConnectionError):
                await transport._send_data(header + checksum + chunk)
            await asyncio.sleep(0)
            if peer.state is PeerState.ENDED:
                break
        await noted.until("end", End.ABUSED)


def data_chunk(tsn: int, flags: int, stream: int, content: bytes) -> bytes:
    """Return a chunk of data (RFC 9260, section 3.3.1); flags: 1 ends, 2 begins, 4 unordered."""
    body = struct.pack("!IHHI", tsn & 0xFFFFFFFF, stream, 0, 51) + content
    return struct.pack("!BBH", 0, flags, 4 + len(body)) + body
