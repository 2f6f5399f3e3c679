"""What is fuzzed without a network, and what must hold whatever comes.

A target does one case: it draws from a seeded source, notes every input in a trace before it uses
it, and raises if something does not hold.
"""

import struct
from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

import numpy as np
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSrPacket,
    RtpPacket,
)
from aiortc.sdp import SessionDescription

from bench.fuzz.corpora import (
    FRAME,
    LEVEL_EXTENSION,
    OFFERS,
    payloads,
    rtcp_corpus,
    rtp_corpus,
)
from bench.fuzz.mutations import damaged, damaged_text
from pipeline.audio import RATE_HZ, Samples
from server.media.frames import Frame
from server.media.jitter import JitterBuffer
from server.media.opus import MAX_FRAME, Decoder
from server.media.opus_library import OpusError
from server.media.opus_packet import MAX_DURATION, carries_previous, duration_of, frame_duration
from server.media.rtcp import Goodbye, ReportBlock, Said, SenderReport, read_compound
from server.media.rtp import VoicePacket, read_header, read_packet
from server.media.sdp import BadOffer, clean_offer, finish_answer, sends_sound
from server.media.steps import Play, Restart, Step
from server.media.voice import MAX_SILENCE_S, Voice
from tests.server.media.test_sdp import ANSWER

Trace: TypeAlias = list[bytes]
Target: TypeAlias = Callable[[Random, Trace], None]

MOST_HELD: Final = 64
SCALE: Final = 48_000 // RATE_HZ


def sdp(random: Random, trace: Trace) -> None:
    """Any text is refused with a sentence, or becomes an offer that aiortc reads."""
    offer = damaged_text(random, OFFERS)
    trace.append(offer.encode("utf-8", "surrogatepass"))
    sends_sound(offer)
    finish_answer(damaged_text(random, (ANSWER,)), random.choice((None, "203.0.113.9", "fd00::1")))
    try:
        cleaned = clean_offer(offer)
    except BadOffer:
        return
    assert clean_offer(cleaned) == cleaned
    assert "candidate" not in cleaned
    assert 1 <= len(SessionDescription.parse(cleaned).media) <= 2


def rtp_packets(random: Random, trace: Trace) -> None:
    """Any bytes are no packet, or one that aiortc reads the same way."""
    data = damaged(random, rtp_corpus())
    trace.append(data)
    header = read_header(data)
    packet = read_packet(data, random.choice((None, LEVEL_EXTENSION, 14)))
    if packet is not None:
        assert header is not None
        assert (header.sequence, header.timestamp) == (packet.sequence, packet.timestamp)
        assert packet.payload in data
        assert duration_of(packet.payload) > 0
        assert packet.level is None or -127 <= packet.level <= 0
    try:
        theirs = RtpPacket.parse(data)
    except (ValueError, IndexError, struct.error, UnicodeDecodeError):
        return  # aiortc refuses a packet for its header extensions.
    if header is None or not duration_of(theirs.payload):
        assert packet is None or header is not None
        assert packet is None
    else:
        assert packet is not None
        assert packet.payload == theirs.payload
        assert (packet.sequence, packet.timestamp) == (theirs.sequence_number, theirs.timestamp)


def rtcp_packets(random: Random, trace: Trace) -> None:
    """Any bytes are read up to the first nonsense, and what aiortc understands alike."""
    data = damaged(random, rtcp_corpus())
    trace.append(data)
    found = read_compound(data)
    assert len(found) <= len(data) // 4
    for one in found:
        if isinstance(one, Goodbye):
            assert len(one.sources) <= 31
            assert all(0 <= source < 2**32 for source in one.sources)
        elif isinstance(one, ReportBlock):
            assert 0 <= one.fraction_lost < 256
            assert -(2**23) <= one.lost < 2**23
        else:
            assert 0 <= one.ssrc < 2**32
            assert 0 <= one.ntp < 2**64
            assert 0 <= one.timestamp < 2**32
    try:
        theirs = RtcpPacket.parse(data)
    except (ValueError, IndexError, struct.error, UnicodeDecodeError):
        return
    expected: list[Said] = []
    for each in theirs:
        if isinstance(each, RtcpSrPacket):
            info = each.sender_info
            expected.append(SenderReport(each.ssrc, info.ntp_timestamp, info.rtp_timestamp))
            expected += map(_block, each.reports)
        elif isinstance(each, RtcpRrPacket):
            expected += map(_block, each.reports)
        elif isinstance(each, RtcpByePacket) and each.sources:
            expected.append(Goodbye(tuple(each.sources)))
    assert found == expected, (found, expected)


def _block(theirs: RtcpReceiverInfo) -> ReportBlock:
    return ReportBlock(
        theirs.ssrc,
        theirs.fraction_lost,
        theirs.packets_lost,
        theirs.highest_sequence,
        theirs.jitter,
        theirs.lsr,
        theirs.dlsr,
    )


def opus(random: Random, trace: Trace) -> None:
    """Any bytes are refused or decoded to what their first bytes promise; so are copies."""
    decoder = Decoder()
    for _ in range(8):
        data = damaged(random, payloads())
        trace.append(data)
        duration = duration_of(data)
        assert 0 <= duration <= MAX_DURATION
        copy = carries_previous(data)
        if duration:
            assert duration % frame_duration(data) == 0
        size = random.randint(1, MAX_FRAME)
        match random.randrange(4):
            case 0:
                _check_sound(decoder.conceal(size), size)
            case 1 if duration and copy:
                _check_sound(decoder.recover(data, frame_duration(data) // SCALE), None)
            case 2:
                try:
                    _check_sound(decoder.recover(data, size), None)
                except OpusError:
                    assert not duration, "a packet that looks valid cannot be decoded"
            case _:
                pass
        try:
            sound = decoder.decode(data)
        except OpusError:
            assert not duration, "a packet that looks valid cannot be decoded"
        else:
            _check_sound(sound, duration // SCALE)


def _check_sound(sound: Samples, size: int | None) -> None:
    assert sound.dtype == np.float32
    assert 0 < sound.size <= MAX_FRAME
    assert size is None or sound.size == size, f"{sound.size} samples, not {size}"
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() <= 1


def _arrivals(random: Random, trace: Trace) -> list[tuple[VoicePacket, float]]:
    """Return what a bad network and a worse sender make of some seconds of packets."""
    corpus = payloads()
    sequence, timestamp = random.getrandbits(16), random.getrandbits(32)
    pause, jump = random.choice((0, 0.05)), random.choice((0, 0, 0.03))
    loss, wild = random.choice((0, 0.1, 0.5)), random.choice((0, 0, 0.1))
    found = []
    for number in range(random.randint(1, 250)):
        payload = random.choice(corpus)
        size = duration_of(payload) or FRAME
        if random.random() < wild:
            payload = damaged(random, corpus)
        if random.random() < jump:
            sequence, timestamp = random.getrandbits(16), random.getrandbits(32)
        if random.random() < pause:
            timestamp += FRAME * random.choice((1, 20, 500, 4000))
        for _ in range(random.choice((1, 1, 1, 1, 2))):
            if random.random() < loss or not duration_of(payload):
                continue
            late = random.choice((0, 0, 0, random.uniform(0, 0.4)))
            packet = VoicePacket(sequence & 0xFFFF, timestamp & 0xFFFFFFFF, payload, None)
            found.append((packet, number * 0.02 + late))
        sequence, timestamp = sequence + 1, timestamp + size
    found.sort(key=lambda arrival: arrival[1])
    trace += [
        struct.pack("!dHI", arrived, packet.sequence, packet.timestamp) + packet.payload
        for packet, arrived in found
    ]
    return found


def jitter(random: Random, trace: Trace) -> None:
    """Steps lie one behind the other whatever comes, and everything that came is counted."""
    buffer = JitterBuffer()
    line = _Line()
    for packet, arrived in _arrivals(random, trace):
        while buffer.deadline_s is not None and buffer.deadline_s <= arrived:
            _advance(buffer, line)
        line.check(buffer.push(packet, arrived))
        counts = buffer.counts
        held = counts.received - counts.played - counts.duplicate - counts.late - counts.stray
        assert 0 <= held <= MOST_HELD
    while buffer.deadline_s is not None:
        _advance(buffer, line)
    counts = buffer.counts
    gone = counts.played + counts.duplicate + counts.late + counts.stray
    assert counts.received - gone <= 1, "what was held came out"


def _advance(buffer: JitterBuffer, line: "_Line") -> None:
    deadline_s = buffer.deadline_s
    assert deadline_s is not None
    line.check(buffer.advance(deadline_s))
    assert buffer.deadline_s is None or buffer.deadline_s > deadline_s, "it stands still"


class _Line:
    """Where the steps have come to."""

    def __init__(self) -> None:
        self._end: int | None = 0

    def check(self, steps: "tuple[Step, ...] | list[Step] | object") -> None:
        assert isinstance(steps, tuple | list)
        for step in steps:
            if isinstance(step, Restart):
                self._end = 0
                continue
            size = duration_of(step.packet.payload) if isinstance(step, Play) else step.size
            assert step.at == self._end, f"{step} does not begin at {self._end}"
            assert size > 0
            self._end = step.at + size


def voice(random: Random, trace: Trace) -> None:
    """Frames lie one behind the other on the track, and every sample is one."""
    heard = Voice()
    end = 0

    def check(frames: list[Frame]) -> int:
        reached = end
        for frame in frames:
            size = frame.samples.size
            assert frame.at >= reached
            assert 0 < size <= max(MAX_FRAME, MAX_SILENCE_S * RATE_HZ)
            assert np.isfinite(frame.samples).all()
            reached = frame.at + size
        return reached

    for packet, arrived in _arrivals(random, trace):
        while heard.deadline is not None and heard.deadline <= arrived:
            end = check(heard.advance(heard.deadline))
        end = check(heard.push(packet, arrived))
        if random.random() < 0.01:
            end = check(heard.restart())
    while heard.deadline is not None:
        end = check(heard.advance(heard.deadline))


TARGETS: Final[dict[str, Target]] = {
    "sdp": sdp,
    "rtp": rtp_packets,
    "rtcp": rtcp_packets,
    "opus": opus,
    "jitter": jitter,
    "voice": voice,
}
