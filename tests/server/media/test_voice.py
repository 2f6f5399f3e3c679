"""Packets of one microphone become frames on its track: in order, lost, paused, begun anew."""

from collections.abc import Callable, Iterable
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import RATE_HZ, Samples
from server.media.frames import Frame, Origin
from server.media.opus import Decoder
from server.media.rtp import VoicePacket
from server.media.voice import Voice
from tests.server.media import encoding
from tests.server.media.encoding import PACKET, korean, nearness_db

BEGAN_S = 1000.0
PACKET_S = 0.02

Arrival = tuple[float, VoicePacket]


@cache
def spoken(fec: str = "0") -> list[bytes]:
    """An answer as browsers send it; most packets hold a copy of the one before if ``fec``."""
    return encoding.opus(korean(), fec=fec, packet_loss="10" if fec == "1" else "0")


@cache
def lossless(fec: str = "0") -> list[Samples]:
    decoder = Decoder()
    return [decoder.decode(payload) for payload in spoken(fec)]


def sent(
    payloads: Iterable[bytes],
    began_s: float = BEGAN_S,
    sequence: int = 65_500,
    timestamp: int = 2**32 - 10_000,
) -> list[Arrival]:
    """Packets on their way through a quick network; both of their counts soon wrap."""
    return [
        (
            began_s + number * PACKET_S,
            VoicePacket(
                (sequence + number) % 2**16,
                (timestamp + number * 960) % 2**32,
                payload,
                -(number % 100),
            ),
        )
        for number, payload in enumerate(payloads)
    ]


def moved(arrivals: list[Arrival], samples: int) -> list[Arrival]:
    """The same packets, their timestamps ahead by ``samples`` at 48 kHz."""
    return [
        (arrived, packet._replace(timestamp=(packet.timestamp + samples) % 2**32))
        for arrived, packet in arrivals
    ]


def heard(voice: Voice, arrivals: Iterable[Arrival]) -> list[Frame]:
    """All frames of packets that come at their instants, until nothing is waited for."""
    frames = []
    for arrived, packet in sorted(arrivals, key=lambda arrival: arrival[0]):
        while voice.deadline is not None and voice.deadline <= arrived:
            frames += voice.advance(voice.deadline)
        frames += voice.push(packet, arrived)
    while voice.deadline is not None:
        frames += voice.advance(voice.deadline)
    return frames


def gaps(frames: list[Frame]) -> list[tuple[int, int]]:
    """Start and size of what is missing between frames."""
    found = []
    for frame, following in pairwise(frames):
        end = frame.at + frame.samples.size
        assert following.at >= end
        if following.at > end:
            found.append((end, following.at - end))
    return found


def without(arrivals: list[Arrival], is_lost: Callable[[int], bool]) -> list[Arrival]:
    return [arrival for number, arrival in enumerate(arrivals) if not is_lost(number)]


def test_packets_in_order_are_frames_at_once() -> None:
    voice = Voice()
    for number, (arrived, packet) in enumerate(sent(spoken())):
        (frame,) = voice.push(packet, arrived)
        assert (frame.at, frame.arrived) == (number * PACKET, arrived)
        assert (frame.origin, frame.packet) == (Origin.DECODED, packet.payload)
        assert frame.level == packet.level
        assert np.array_equal(frame.samples, lossless()[number])
    assert voice.deadline is None
    assert voice.undecodable == 0


def test_a_frame_keeps_its_sound_when_the_next_is_decoded() -> None:
    voice = Voice()
    frames = heard(voice, sent(spoken()))
    assert np.array_equal(np.concatenate([one.samples for one in frames]), [*np.ravel(lossless())])


def test_packets_that_overtake_each_other_are_put_in_order_and_keep_their_arrival() -> None:
    arrivals = sent(spoken()[:20])
    late = arrivals[10][0] + 0.03
    arrivals[10] = late, arrivals[10][1]
    frames = heard(Voice(), arrivals)
    assert [frame.arrived for frame in frames] == [arrived for arrived, _ in arrivals]
    assert all(map(np.array_equal, [frame.samples for frame in frames], lossless()[:20]))


def test_isolated_losses_are_repaired_from_the_next_packet() -> None:
    nearness = {}
    for fec, origin in (("1", Origin.RECOVERED), ("0", Origin.CONCEALED)):
        frames = heard(Voice(), without(sent(spoken(fec)), lambda number: number % 10 == 7))
        assert not gaps(frames)
        repaired = [frame for frame in frames if frame.origin is origin]
        assert len(repaired) > 15
        assert all(frame.packet is None for frame in repaired)
        truth = [lossless(fec)[frame.at // PACKET] for frame in repaired]
        nearness[fec] = nearness_db((frame.samples for frame in repaired), truth)
    assert nearness["1"] > nearness["0"] + 6


def test_what_follows_a_repaired_frame_sounds_as_if_nothing_had_happened() -> None:
    frames = heard(Voice(), without(sent(spoken("1")), lambda number: number % 10 == 7))
    after = [frame for frame in frames if frame.at // PACKET % 10 == 6]
    truth = [lossless("1")[frame.at // PACKET] for frame in after]
    assert nearness_db((frame.samples for frame in after), truth) > 20


def test_of_a_blackout_the_first_100_ms_are_concealed_and_the_rest_is_a_gap() -> None:
    frames = heard(Voice(), without(sent(spoken()[:120]), lambda number: 50 <= number < 80))
    concealed = [frame for frame in frames if frame.origin is Origin.CONCEALED]
    assert sum(frame.samples.size for frame in concealed) == 1600
    assert concealed[0].at == 50 * PACKET
    assert gaps(frames) == [(50 * PACKET + 1600, 30 * PACKET - 1600)]
    assert frames[-1].at == 119 * PACKET


def test_after_a_gap_the_decoder_does_not_remember_what_was_before() -> None:
    frames = heard(Voice(), without(sent(spoken()[:120]), lambda number: 50 <= number < 80))
    fresh = Decoder()
    for number, frame in enumerate(frame for frame in frames if frame.at >= 80 * PACKET):
        assert np.array_equal(frame.samples, fresh.decode(spoken()[80 + number]))


@pytest.mark.parametrize("paused", [1, 20, 50])
def test_a_pause_of_the_sender_is_silence(paused: int) -> None:
    arrivals = sent(spoken()[:20])
    frames = heard(Voice(), arrivals[:10] + moved(arrivals[10:], paused * 960))
    silent = [frame for frame in frames if frame.origin is Origin.SILENT]
    assert not gaps(frames)
    assert silent[0].at == 10 * PACKET
    assert sum(frame.samples.size for frame in silent) == paused * PACKET
    assert not any(frame.samples.any() for frame in silent)
    assert silent[0].arrived == arrivals[10][0]


def test_of_a_long_pause_one_second_is_silence() -> None:
    arrivals = sent(spoken()[:20])
    frames = heard(Voice(), arrivals[:10] + moved(arrivals[10:], 10 * 48_000))
    silent = [frame for frame in frames if frame.origin is Origin.SILENT]
    assert sum(frame.samples.size for frame in silent) == RATE_HZ
    assert gaps(frames) == [(10 * PACKET + RATE_HZ, 9 * RATE_HZ)]


def test_after_a_restart_of_the_sender_the_track_goes_on_with_the_clock_on_the_wall() -> None:
    again = sent(spoken()[:20], BEGAN_S + 10 * PACKET_S + 3, sequence=300, timestamp=77)
    voice = Voice()
    frames = heard(voice, sent(spoken()[:10]) + again)
    assert gaps(frames) == [(10 * PACKET, 3 * RATE_HZ)]
    assert len(frames) == 30
    assert [frame.arrived for frame in frames[10:]] == [arrived for arrived, _ in again]
    assert all(map(np.array_equal, [frame.samples for frame in frames[10:]], lossless()))


def test_another_source_takes_up_the_track_where_the_clock_on_the_wall_is() -> None:
    voice = Voice()
    frames = heard(voice, sent(spoken()[:10])) + voice.restart()
    frames += heard(voice, sent(spoken()[:10], BEGAN_S + 10 * PACKET_S + 1, sequence=65_520))
    assert gaps(frames) == [(10 * PACKET, RATE_HZ)]
    assert len(frames) == 20
    assert all(map(np.array_equal, [frame.samples for frame in frames[10:]], lossless()))


def test_a_source_that_takes_over_at_once_leaves_no_gap_and_no_overlap() -> None:
    voice = Voice()
    frames = heard(voice, sent(spoken()[:10])) + voice.restart()
    again = sent(spoken()[:50], BEGAN_S + 9 * PACKET_S, sequence=4)
    frames += heard(voice, without(again, lambda number: 10 <= number < 30))
    assert gaps(frames) == [(20 * PACKET + 1600, 20 * PACKET - 1600)]


def test_a_restart_before_the_first_packet_changes_nothing() -> None:
    voice = Voice()
    assert voice.restart() == []
    assert heard(voice, sent(spoken()[:2]))[0].at == 0


def test_packets_that_cannot_be_decoded_cost_no_more_than_their_time() -> None:
    arrivals = sent(spoken("1")[:100])
    for number in (0, 31, 52, 53, 77):
        arrived, packet = arrivals[number]
        arrivals[number] = arrived, packet._replace(payload=b"\x03")
    voice = Voice()
    frames = heard(voice, arrivals)
    decoded = [frame for frame in frames if frame.origin is Origin.DECODED]
    assert len(decoded) == 95
    assert voice.undecodable == 5
    after = [frame for frame in decoded if frame.packet == spoken("1")[99]]
    assert nearness_db([after[0].samples], [lossless("1")[99]]) > 15
    assert decoded[-1].at - decoded[0].at == 98 * PACKET


@pytest.mark.parametrize("ahead", [1, 119, 500, 1000])
def test_timestamps_need_not_be_whole_samples_of_the_track(ahead: int) -> None:
    arrivals = sent(spoken()[:30])
    for paused in (
        arrivals[:10] + moved(arrivals[10:], ahead),  # Counted on without a packet.
        arrivals[:10] + moved(arrivals[11:], ahead),  # One packet is lost as well.
    ):
        frames = heard(Voice(), paused)
        assert sum(size for _, size in gaps(frames)) <= 40
        assert frames[-1].at == 29 * PACKET + ahead // 3


def test_two_uneven_pauses_leave_no_gap() -> None:
    arrivals = sent(spoken()[:30])
    frames = heard(
        Voice(), arrivals[:10] + moved(arrivals[10:20], 500) + moved(arrivals[20:], 1000)
    )
    assert not gaps(frames)


def test_a_rest_that_cannot_be_concealed_does_not_make_the_decoder_forget() -> None:
    arrivals = sent(spoken()[:150])
    frames = heard(Voice(), arrivals[:100] + moved(arrivals[101:], -60))
    decoder = Decoder()
    for payload in spoken()[:100]:
        decoder.decode(payload)
    decoder.conceal(PACKET - 40)
    ((_, missing),) = gaps(frames)
    assert missing == 20
    assert np.array_equal(frames[101].samples, decoder.decode(spoken()[101]))


@pytest.mark.parametrize("step", [0, 320, 720, 959])
def test_frames_never_overlap_even_if_the_timestamps_say_so(step: int) -> None:
    packets = [
        (arrived, packet._replace(timestamp=number * step))
        for number, (arrived, packet) in enumerate(sent(spoken()[:50]))
    ]
    frames = heard(Voice(), packets)
    assert len(frames) == 50
    gaps(frames)  # Asserts that there is no overlap.


def test_packets_of_all_durations_follow_each_other() -> None:
    for milliseconds in (10, 40, 60):
        voice, frames, timestamp = Voice(), [], 0
        for number, payload in enumerate(
            encoding.opus(korean(), frame_duration=str(milliseconds))[:20]
        ):
            packet = VoicePacket(number, timestamp, payload)
            frames += voice.push(packet, number * milliseconds / 1000)
            timestamp += milliseconds * 48
        assert not gaps(frames)
        assert {frame.samples.size for frame in frames} == {milliseconds * 16}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.floats(0, 0.5), st.booleans()), min_size=3, max_size=120)
)
def test_frames_and_gaps_last_as_long_as_the_sender_counted(
    fates: list[tuple[bool, float, bool]],
) -> None:
    """Each packet's fate: whether it is lost, how late it comes, and whether it comes twice."""
    there = sent(spoken("1")[: len(fates)])
    arrivals: list[Arrival] = []
    for number, (arrival, (is_lost, late_s, is_double)) in enumerate(
        zip(there, fates, strict=True)
    ):
        if number in (0, len(fates) - 1):
            arrivals.append(arrival)  # They delimit what is counted.
        elif not is_lost:
            delayed = arrival[0] + late_s, arrival[1]
            arrivals += [delayed, delayed] if is_double else [delayed]
    voice = Voice()
    frames = heard(voice, arrivals)
    missing = sum(size for _, size in gaps(frames))
    assert frames[0].at == 0
    assert sum(frame.samples.size for frame in frames) + missing == len(fates) * PACKET
    assert missing * 3 == voice.counts.lost_samples
    played = [frame for frame in frames if frame.origin is Origin.DECODED]
    assert [one.packet for one in played] == [spoken("1")[one.at // PACKET] for one in played]
    assert len(played) == voice.counts.played
