"""RTP packets, whole and broken: what is read, and that nothing is ever raised."""

import struct

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.media.opus_packet import duration_of
from server.media.rtp import Header, VoicePacket, read_header, read_packet

OPUS = bytes([9 << 3]) + b"twenty milliseconds"
LEVEL = 1
ONE_BYTE, TWO_BYTE = 0xBEDE, 0x1000


def rtp(
    payload: bytes = OPUS,
    *,
    version: int = 2,
    extension: tuple[int, bytes] | None = None,
    sources: int = 0,
    padding: int = 0,
    kind: int = 111,
) -> bytes:
    first = version << 6 | (padding > 0) << 5 | (extension is not None) << 4 | sources
    data = struct.pack("!BBHII", first, kind, 65_535, 4_294_967_295, 7) + bytes(4 * sources)
    if extension is not None:
        profile, elements = extension
        elements += bytes(-len(elements) % 4)
        data += struct.pack("!HH", profile, len(elements) // 4) + elements
    return data + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


def test_header_is_read_without_the_rest() -> None:
    assert read_header(rtp()[:12]) == Header(111, 65_535, 4_294_967_295, 7)
    assert read_header(rtp(kind=0x80 | 111)) == Header(111, 65_535, 4_294_967_295, 7)


@pytest.mark.parametrize(
    "data", [b"", rtp()[:11], rtp(version=1), rtp(version=3), rtp(kind=200), rtp(kind=223)]
)
def test_what_is_no_rtp_has_neither_header_nor_sound(data: bytes) -> None:
    assert read_header(data) is None
    assert read_packet(data, LEVEL) is None


@pytest.mark.parametrize("sources", [0, 1, 15])
@pytest.mark.parametrize("padding", [0, 1, 255])
@pytest.mark.parametrize("extension", [None, (ONE_BYTE, b""), (0x1234, b"whatever")])
def test_payload_is_found_between_whatever_is_around_it(
    sources: int, padding: int, extension: tuple[int, bytes] | None
) -> None:
    data = rtp(sources=sources, padding=padding, extension=extension)
    assert read_packet(data, LEVEL) == VoicePacket(65_535, 4_294_967_295, OPUS, None)


def test_packet_that_another_library_wrote_is_understood() -> None:
    extensions = HeaderExtensionsMap()
    level = RTCRtpHeaderExtensionParameters(LEVEL, "urn:ietf:params:rtp-hdrext:ssrc-audio-level")
    mid = RTCRtpHeaderExtensionParameters(4, "urn:ietf:params:rtp-hdrext:sdes:mid")
    extensions.configure(RTCRtpParameters(headerExtensions=[mid, level]))
    packet = RtpPacket(111, 1, 65_000, 4_000_000_000, 9, OPUS)
    packet.extensions = HeaderExtensions(mid="microphone", audio_level=(True, 30))
    packet.padding_size, packet.csrc = 4, [1, 2]
    read = read_packet(packet.serialize(extensions), LEVEL)
    assert read == VoicePacket(65_000, 4_000_000_000, OPUS, -30)


@pytest.mark.parametrize(
    ("profile", "elements", "level"),
    [
        (ONE_BYTE, b"\x10\x9e", -30),
        (ONE_BYTE, b"\x10\x7f", -127),
        (ONE_BYTE, b"\x00\x32abc\x00\x10\x1e", -30),
        (ONE_BYTE, b"\x11\x1e\x1e", None),
        (ONE_BYTE, b"\x20\x1e", None),
        (ONE_BYTE, b"\xf0\x00\x10\x1e", None),
        (ONE_BYTE, b"\x3fabc", None),
        (ONE_BYTE, b"abc\x10", None),
        (TWO_BYTE, b"\x01\x01\x9e", -30),
        (TWO_BYTE | 0xF, b"\x00\x03\x02ab\x02\x00\x01\x01\x1e", -30),
        (TWO_BYTE, b"\x01\x00\x1e", None),
        (TWO_BYTE, b"\x03\xff\x01\x01\x1e", None),
        (TWO_BYTE, b"\x03\x00\x01\x01", None),
        (0xBEDF, b"\x10\x1e", None),
    ],
)
def test_level_is_found_or_missing_but_the_packet_is_never_lost(
    profile: int, elements: bytes, level: int | None
) -> None:
    data = rtp(extension=(profile, elements))
    assert read_packet(data, LEVEL) == VoicePacket(65_535, 4_294_967_295, OPUS, level)
    assert read_packet(data, None) == VoicePacket(65_535, 4_294_967_295, OPUS, None)


@pytest.mark.parametrize(
    "data",
    [
        rtp(b""),
        rtp(b"", sources=15),
        rtp(sources=15)[:40],
        rtp(b"", extension=(ONE_BYTE, b"\x10\x1e")),
        rtp(b"", extension=(ONE_BYTE, b"\x10\x1e"))[:17],
        rtp(b"", extension=(ONE_BYTE, b""))[:14],
        rtp(b"", padding=4),
        rtp(OPUS[:-1] + b"\x00").replace(b"\x80", b"\xa0", 1),
        rtp(OPUS[:-1] + b"\xff").replace(b"\x80", b"\xa0", 1),
        rtp(OPUS * 9 + b"\xff").replace(b"\x80", b"\xa0", 1),
        rtp(bytes([9 << 3 | 3, 0])),
    ],
)
def test_packet_whose_sound_cannot_be_told_is_refused(data: bytes) -> None:
    assert read_packet(data, LEVEL) is None


@settings(deadline=None)
@given(st.binary(max_size=80), st.integers(0, 255), st.booleans())
@example(b"\x48" * 150, 0xA0, True)
def test_any_bytes_are_read_or_refused(rest: bytes, first: int, has_level: bool) -> None:
    data = bytes([first]) + rest
    header, packet = read_header(data), read_packet(data, LEVEL if has_level else None)
    if packet is None:
        return
    assert header is not None
    assert (packet.sequence, packet.timestamp) == (header.sequence, header.timestamp)
    assert packet.payload in data
    assert duration_of(packet.payload) > 0
    assert packet.level is None or -127 <= packet.level <= 0


@settings(deadline=None)
@given(st.binary(max_size=64), st.sampled_from([ONE_BYTE, TWO_BYTE]))
def test_nonsense_in_extensions_costs_the_extensions_only(elements: bytes, profile: int) -> None:
    packet = read_packet(rtp(extension=(profile, elements)), LEVEL)
    assert packet is not None
    assert packet.payload == OPUS
