"""The engine of real browsers against a peer: sound, texts, mute, pauses, and bad networks."""

import asyncio
from typing import Any

import numpy as np

from bench.impairment import Impairment, Network
from bench.udp_proxy import Kind, UdpProxy
from pipeline.audio import RATE_HZ, Samples, samples
from server.media.clock import TrackClock
from server.media.frames import Frame, Origin
from server.media.peer import End, PeerState
from tests.server.browsers import bearer, post_offer, spoken
from tests.server.conftest import Client, ask, until
from tests.server.fakes import ScriptedExecutor
from tests.server.media.clients import Noted, eventually, tone
from tests.server.media.libwebrtc import Libwebrtc, Microphone, connected
from tests.server.talk import APPLICANT, connect
from tests.speech.clips import load

STORY = load("applicant1_story.flac").samples
RTP_HZ = 48_000


def held(noted: Noted, first: int, last: int) -> Samples:
    """Return what was heard from one place of the track to another."""
    found = np.zeros(last - first, np.float32)
    for frame in noted.frames:
        start, end = max(frame.at, first), min(frame.at + frame.samples.size, last)
        if start < end:
            found[start - first : end - first] = frame.samples[start - frame.at : end - frame.at]
    return found


def ends(frame: Frame) -> int:
    return frame.at + frame.samples.size


def loudness_db(sound: Samples) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(sound**2)) + 1e-9))


async def until_at(noted: Noted, position_s: float) -> None:
    """Wait until the track has come so far."""
    async with asyncio.timeout(position_s + 15):
        while not noted.frames or ends(noted.frames[-1]) < position_s * RATE_HZ:
            await noted.change()


def assert_in_order(noted: Noted) -> None:
    for frame, following in zip(noted.frames, noted.frames[1:], strict=False):
        assert following.at >= ends(frame)


async def test_sound_arrives_without_gaps_at_its_pitch_and_loudness() -> None:
    noted = Noted()
    async with connected(Libwebrtc(speaks=tone(440)), noted):
        heard = (await noted.until_sound(1.5))[-RATE_HZ // 2 :]
    assert noted.frames[0].at == 0
    for frame, following in zip(noted.frames, noted.frames[1:], strict=False):
        assert following.at == ends(frame)
    spectrum = np.abs(np.fft.rfft(heard))
    assert np.argmax(spectrum) * RATE_HZ / heard.size == 440
    assert abs(loudness_db(heard) - loudness_db(tone(440))) < 2


async def test_every_packet_comes_with_itself_and_with_what_the_sender_thinks_of_its_level() -> (
    None
):
    noted = Noted()
    async with connected(Libwebrtc(speaks=tone(440)), noted):
        await noted.until_sound(1.0)
    for frame in noted.frames[25:]:
        assert frame.origin is Origin.DECODED
        assert frame.packet
        assert frame.level is not None
        # RFC 6464: below the loudest possible square; this sine's power is -9 dB.
        assert -13 <= frame.level <= -7


async def stat(client: Libwebrtc, kind: str, name: str) -> Any:
    report = await client.connection.get_stats()
    return next((getattr(one, name) for one in report.values() if one.type == kind), 0)


async def test_texts_go_both_ways_on_both_channels() -> None:
    client, noted = Libwebrtc(), Noted()
    async with connected(client, noted) as peer:
        for name in client.channels:
            await client.say(name, "질문")
            await noted.until("text", name, "질문")
            assert peer.send(name, "답변" * 5000)
            assert await client.received.get() == (name, "답변" * 5000)
    assert noted.events[-1] == ("end", "closed")


async def test_channel_that_the_client_closes_may_be_opened_again() -> None:
    client, noted = Libwebrtc(channels=("interview",)), Noted()
    async with connected(client, noted) as peer:
        await noted.until("open", "interview")
        client.channels["interview"].close()
        await noted.until("close", "interview")
        noted.events.clear()
        client.connection.create_data_channel("interview")
        await noted.until("open", "interview")
        assert peer.send("interview", "again")


async def test_client_that_says_goodbye_has_left() -> None:
    client, noted = Libwebrtc(speaks=tone(440)), Noted()
    async with connected(client, noted):
        await noted.until_sound(0.1)
        await client.close()
        await noted.until("end", End.LEFT)


async def test_client_learns_that_the_server_has_closed() -> None:
    client, noted = Libwebrtc(speaks=tone(440)), Noted()
    async with connected(client, noted) as peer:
        await noted.until_sound(0.1)
        await peer.close()
        await eventually(lambda: client.state_of("interview") == "closed")


async def test_muted_microphone_is_silent_and_its_time_goes_on() -> None:
    client, noted = Libwebrtc(speaks=tone(440)), Noted()
    assert client.microphone is not None
    async with connected(client, noted):
        await until_at(noted, 0.5)
        client.microphone.track.enabled = False
        muted_s = ends(noted.frames[-1]) / RATE_HZ + 0.3
        await until_at(noted, muted_s + 0.5)
        client.microphone.track.enabled = True
        heard_s = ends(noted.frames[-1]) / RATE_HZ + 0.3
        await until_at(noted, heard_s + 0.3)
    assert loudness_db(held(noted, samples(muted_s), samples(muted_s + 0.5))) < -60
    assert loudness_db(held(noted, samples(heard_s), samples(heard_s + 0.3))) > -15


async def test_exchanged_microphone_is_heard_and_the_pause_between_is_known() -> None:
    """A BYE comes between them, and the RTP time stands still meanwhile."""
    client, noted, clock = Libwebrtc(speaks=tone(440)), Noted(), TrackClock()
    assert client.sender is not None
    async with connected(client, noted):
        await until_at(noted, 0.5)
        await client.sender.replace_track(None)
        await asyncio.sleep(0.7)
        other = Microphone(tone(1000))
        await client.sender.replace_track(other.track)
        await until_at(noted, 2.0)
        await other.close()
    assert_in_order(noted)
    last = noted.frames[-1]
    spectrum = np.abs(np.fft.rfft(held(noted, ends(last) - RATE_HZ // 5, ends(last))))
    assert np.argmax(spectrum) * 5 == 1000
    placed = [clock.push(frame.at, frame.samples.size, frame.arrived) for frame in noted.frames]
    ((start_s, end_s),) = [place.gap for place in placed if place.gap]
    assert 0.6 < end_s - start_s < 0.9
    assert abs(clock.time_of(ends(last)) - last.arrived) < 0.05


async def test_sender_that_pauses_in_silence_keeps_its_time() -> None:
    """With DTX libwebrtc sends a packet now and then; sequence numbers go on, timestamps leap."""
    said = tone(440, 1.0)
    client, noted = (
        Libwebrtc(speaks=np.concatenate((said, np.zeros(RATE_HZ * 2, np.float32)))),
        Noted(),
    )
    async with connected(
        client, noted, changed=lambda answer: answer.replace("usedtx=0", "usedtx=1")
    ):
        await until_at(noted, 4.0)
        sent = await stat(client, "outbound-rtp", "packets_sent")
    assert sent < 150, "the client did not pause"
    assert_in_order(noted)
    sound = held(noted, 0, samples(4.0))
    loud = np.array([loudness_db(sound[at : at + 800]) > -30 for at in range(0, sound.size, 800)])
    begins = np.flatnonzero(loud[1:] & ~loud[:-1]) * 0.05
    # The tone began anew three seconds after it had begun.
    assert len(begins) >= 1
    first = np.flatnonzero(loud)[0] * 0.05
    assert any(abs(begin - first - 3.0) < 0.15 for begin in begins)
    whole_s = ends(noted.frames[-1]) / RATE_HZ
    assert abs(whole_s - (noted.frames[-1].arrived - noted.frames[0].arrived)) < 0.15


class Sent:
    """What a proxy saw of a client's sound: RTP headers are not encrypted."""

    def __init__(self) -> None:
        self.timestamps: dict[int, int] = {}
        """By sequence number."""
        self.lost: set[int] = set()

    def __call__(self, packet: bytes, delays: list[float]) -> None:
        # RFC 5761, section 4: payload types 64 to 95 are RTCP.
        if Kind.of(packet) is not Kind.MEDIA or 64 <= packet[1] & 127 < 96:
            return
        sequence = int.from_bytes(packet[2:4], "big")
        self.timestamps[sequence] = int.from_bytes(packet[4:8], "big")
        if not delays:
            self.lost.add(sequence)

    @property
    def span_s(self) -> float:
        """From the first to the last, which both arrived; shorter than any wrap-around."""
        times = [(time - self._origin) % 2**32 for time in self._arrived()]
        return (max(times) - min(times)) / RTP_HZ

    @property
    def _origin(self) -> int:
        return next(iter(self._arrived()))

    def _arrived(self) -> list[int]:
        return [self.timestamps[each] for each in self.timestamps if each not in self.lost]


async def test_losses_are_mended_once_the_reports_have_told_the_sender_of_them() -> None:
    """Libwebrtc sends copies of earlier frames as soon as our receiver reports tell of it."""
    network = Network(loss=0.05, jitter_s=0.01)
    sent, client, noted = Sent(), Libwebrtc(speaks=STORY), Noted()
    async with (
        UdpProxy(
            Impairment(network, 1),
            Impairment(network, 2),
            spared=(Kind.STUN, Kind.DTLS),
            watch=sent,
        ) as proxy,
        connected(client, noted, proxy=proxy) as peer,
    ):
        await client.say("interview", "질문")
        await noted.until("text", "interview", "질문")
        await until_at(noted, 12.0)
        told = await stat(client, "remote-inbound-rtp", "packets_lost")
        assert peer.state is PeerState.CONNECTED
    assert_in_order(noted)
    lost = len(sent.lost)
    assert lost > 15
    assert 0.6 * lost <= told <= lost, "the newest report may be a second old"
    held_s = (ends(noted.frames[-1]) - noted.frames[0].at) / RATE_HZ
    assert abs(held_s - sent.span_s) < 0.3, "the track is as long as what was sent"
    of = {origin: sum(frame.origin is origin for frame in noted.frames) for origin in Origin}
    # Every packet that arrived is heard, and what was lost is mended rather than made up.
    assert of[Origin.DECODED] >= len(sent.timestamps) - lost - 10
    assert of[Origin.RECOVERED] >= 0.3 * lost
    assert of[Origin.CONCEALED] <= 0.7 * lost


async def test_blackout_is_a_gap_and_the_connection_lives() -> None:
    black = Network(blackouts=((2.0, 4.0),))
    sent, client, noted = Sent(), Libwebrtc(speaks=STORY), Noted()
    async with (
        UdpProxy(Impairment(black, 1), Impairment(black, 2), watch=sent) as proxy,
        connected(client, noted, proxy=proxy) as peer,
    ):
        await until_at(noted, 5.0)
        await client.say("interview", "질문")
        await noted.until("text", "interview", "질문")
        assert peer.state is PeerState.CONNECTED
    assert_in_order(noted)
    gaps = [
        (ends(frame), following.at)
        for frame, following in zip(noted.frames, noted.frames[1:], strict=False)
        if following.at > ends(frame)
    ]
    ((start, end),) = gaps
    # Concealment covers its beginning, at most 100 ms of it, and a copy its last frame.
    assert 1.8 <= (end - start) / RATE_HZ <= 2.05
    held_s = (ends(noted.frames[-1]) - noted.frames[0].at) / RATE_HZ
    assert abs(held_s - sent.span_s) < 0.1


async def test_server_understands_what_libwebrtc_says(
    client: Client, executor: ScriptedExecutor
) -> None:
    executor.lines = ["감사합니다."]
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    browser = Libwebrtc(speaks=spoken())
    status, answer = await post_offer(client, bearer(client, APPLICANT), await browser.offer())
    assert status == 200, answer
    await browser.take(answer["sdp"])
    final = (await until(reader, "utterance_final"))[-1]
    assert final["track"] == APPLICANT
    await browser.close()
    await until(reader, "left")
