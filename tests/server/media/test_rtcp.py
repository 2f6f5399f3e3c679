"""RTCP: reports and farewells among whatever else a peer says."""

import struct

import pytest
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from server.media.rtcp import (
    Goodbye,
    ReportBlock,
    SenderReport,
    goodbye,
    ntp_time,
    read_compound,
    receiver_report,
    sender_report,
    source_description,
)

NTP = 0xE8000000_80000000
SR = bytes(RtcpSrPacket(7, RtcpSenderInfo(NTP, 48_000, 50, 4000)))
SDES = bytes(RtcpSdesPacket([RtcpSourceInfo(7, [(1, b"name")])]))
BYE = bytes(RtcpByePacket([7, 8]))
BLOCK = ReportBlock(7, 64, -3, 1 << 16 | 5, 480, 0x12345678, 65_536)


def test_compound_packet_tells_of_reports_and_farewells() -> None:
    assert read_compound(SR + SDES + BYE) == [SenderReport(7, NTP, 48_000), Goodbye((7, 8))]


def test_report_blocks_of_senders_and_receivers_are_read() -> None:
    theirs = [RtcpReceiverInfo(one, 64, -3, 1 << 16 | 5, 480, 6, 7) for one in (1, 2)]
    ours = [ReportBlock(one, 64, -3, 1 << 16 | 5, 480, 6, 7) for one in (1, 2)]
    sender = bytes(RtcpSrPacket(7, RtcpSenderInfo(NTP, 48_000, 50, 4000), theirs))
    receiver = bytes(RtcpRrPacket(9, theirs))
    assert read_compound(sender + BYE) == [SenderReport(7, NTP, 48_000), *ours, Goodbye((7, 8))]
    assert read_compound(receiver + SDES + SR) == [*ours, SenderReport(7, NTP, 48_000)]


def test_no_more_blocks_are_read_than_there_are() -> None:
    report = bytearray(RtcpRrPacket(9, [RtcpReceiverInfo(1, 2, 3, 4, 5, 6, 7)]).__bytes__())
    report[0] |= 0x1F  # It says 31.
    assert len(read_compound(bytes(report) + BYE)) == 2


def test_reason_of_a_farewell_is_skipped() -> None:
    bye = struct.pack("!BBHI", 0x81, 203, 3, 7) + b"\x07goodbye"
    assert read_compound(bye + SR) == [Goodbye((7,)), SenderReport(7, NTP, 48_000)]


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x80",
        b"\x40" + SR[1:] + BYE,
        SR[:-1],
        SR[:2] + b"\xff\xff" + SR[4:] + BYE,
    ],
)
def test_nonsense_ends_the_reading_but_what_came_before_counts(nonsense: bytes) -> None:
    assert read_compound(SR + nonsense) == [SenderReport(7, NTP, 48_000)]


@pytest.mark.parametrize(
    "empty",
    [
        struct.pack("!BBH", 0x80, 200, 0),
        struct.pack("!BBH", 0x80, 203, 0),
        struct.pack("!BBH", 0xA0, 203, 0),
        struct.pack("!BBHI", 0x82, 203, 1, 7),
        struct.pack("!BBHI", 0xA1, 203, 1, 4),
    ],
)
def test_packet_without_its_content_says_nothing_and_the_next_counts(empty: bytes) -> None:
    assert read_compound(empty + SR) == [SenderReport(7, NTP, 48_000)]


def test_endless_compound_packet_is_read_to_some_bound() -> None:
    assert 0 < len(read_compound(BYE * 10_000)) <= 100


@settings(deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=12), st.sampled_from([SR, SDES, BYE]))))
def test_any_bytes_are_read(parts: list[bytes]) -> None:
    for found in read_compound(b"".join(parts)):
        assert not isinstance(found, Goodbye) or found.sources


def test_receiver_report_is_understood_by_another_library() -> None:
    (report,) = RtcpPacket.parse(receiver_report(99, BLOCK))
    assert isinstance(report, RtcpRrPacket)
    assert report.ssrc == 99
    assert vars(report.reports[0]) == {
        "ssrc": 7,
        "fraction_lost": 64,
        "packets_lost": -3,
        "highest_sequence": 1 << 16 | 5,
        "jitter": 480,
        "lsr": 0x12345678,
        "dlsr": 65_536,
    }


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd", "x" * 300])
def test_what_a_sender_says_is_understood_by_another_library(name: str) -> None:
    said = sender_report(SenderReport(7, NTP, 48_000), 2**32 + 50, 4000)
    report, described, bye = RtcpPacket.parse(said + source_description(7, name) + goodbye(7))
    assert isinstance(report, RtcpSrPacket)
    assert isinstance(described, RtcpSdesPacket)
    assert isinstance(bye, RtcpByePacket)
    assert vars(report.sender_info) == vars(RtcpSenderInfo(NTP, 48_000, 50, 4000))
    assert (report.ssrc, report.reports, bye.sources) == (7, [], [7])
    assert described.chunks == [RtcpSourceInfo(7, [(1, name[:255].encode())])]


def test_bytes_of_a_source_description_are_those_of_the_standard() -> None:
    # RFC 3550, section 6.5: one chunk, CNAME of two bytes, then zeros up to the word.
    assert source_description(7, "me").hex() == "81ca0003" + "00000007" + "01026d65" + "00000000"
    assert source_description(7, "you").hex() == "81ca0003" + "00000007" + "0103796f" + "75000000"


def test_time_of_a_report_counts_from_1900() -> None:
    assert ntp_time(0.5) == 2_208_988_800 << 32 | 1 << 31
