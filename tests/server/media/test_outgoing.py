"""The bytes of what is sent, as RFC 3550 and another library read them."""

import random

import pytest
from aiortc.rtp import RtcpByePacket, RtcpPacket, RtcpSdesPacket, RtcpSrPacket, RtpPacket

from server.media.opus_packet import SILENT_FRAME
from server.media.outgoing import Outgoing, Source

SOURCE = Source(ssrc=0x11223344, payload_type=111, cname="room")
OPUS = b"\x48" + b"voice"
"""20 ms of wideband SILK, by its first byte."""


def read(data: bytes) -> RtpPacket:
    return RtpPacket.parse(data)


def test_packet_is_written_as_the_standard_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "getrandbits", {15: 0x1234, 32: 0xFFFFFF00}.__getitem__)
    outgoing = Outgoing(SOURCE)
    first, second = outgoing.packet(OPUS, 0, 0.0), outgoing.packet(OPUS, 960, 0.02)
    assert first[:12].hex(" ", 4) == "80ef1234 ffffff00 11223344"
    assert first[12:] == OPUS
    # The marker is off, the number is the next, and the timestamp has wrapped.
    assert second[:12].hex(" ", 4) == "806f1235 000002c0 11223344"


def test_count_starts_anywhere_in_the_lower_half_and_wraps() -> None:
    starts = {read(Outgoing(SOURCE).packet(OPUS, 0, 0.0)).sequence_number for _ in range(50)}
    assert len(starts) > 10
    assert max(starts) < 0x8000
    outgoing = Outgoing(SOURCE)
    packets = [read(outgoing.packet(OPUS, 960 * number, 0.0)) for number in range(0x10001)]
    numbers = [packet.sequence_number for packet in packets]
    assert numbers == [(numbers[0] + step) & 0xFFFF for step in range(0x10001)]
    assert (packets[-1].timestamp - packets[0].timestamp) & 0xFFFFFFFF == 960 * 0x10000


def test_marker_tells_where_sound_begins_after_a_pause() -> None:
    outgoing = Outgoing(SOURCE)
    places = [0, 960, 1920, 19_200 + 1920, 19_200 + 2880]
    packets = [read(outgoing.packet(SILENT_FRAME, at, 0.0)) for at in places]
    assert [packet.marker for packet in packets] == [1, 0, 0, 1, 0]


def test_report_says_when_which_timestamp_was_and_what_was_sent() -> None:
    outgoing = Outgoing(SOURCE)
    assert not outgoing.has_sent
    stamps = [read(outgoing.packet(OPUS, 960 * n, 10 + n / 50)).timestamp for n in range(3)]
    assert outgoing.has_sent
    report, name = RtcpPacket.parse(outgoing.report(now_s=11.04, unix_s=1.5))
    assert isinstance(report, RtcpSrPacket)
    assert isinstance(name, RtcpSdesPacket)
    info = report.sender_info
    assert (report.ssrc, info.packet_count, info.octet_count) == (SOURCE.ssrc, 3, 18)
    assert info.ntp_timestamp / 2**32 == 2_208_988_801.5
    # A second after the third packet.
    assert (info.rtp_timestamp - stamps[2]) & 0xFFFFFFFF == 48_000
    assert name.chunks[0].items == [(1, b"room")]


def test_goodbye_comes_with_the_last_report() -> None:
    outgoing = Outgoing(SOURCE)
    outgoing.packet(OPUS, 0, 0.0)
    report, _, bye = RtcpPacket.parse(outgoing.goodbye(0.0, 0.0))
    assert isinstance(report, RtcpSrPacket)
    assert isinstance(bye, RtcpByePacket)
    assert bye.sources == [SOURCE.ssrc]
