"""Well-formed inputs that fuzzing begins with: offers, Opus, RTP and RTCP, built by code."""

import struct
from functools import cache
from typing import Final

import numpy as np

from bench.talker import browser_opus
from pipeline.audio import RATE_HZ
from tests.server.media.test_sdp import OFFER

PAYLOAD_TYPE: Final = 111
LEVEL_EXTENSION: Final = 1
SSRC: Final = 0x0DAEDA00
FRAME: Final = 960
"""20 ms at 48 kHz."""
OFFERS: Final = (
    OFFER,
    OFFER.replace("a=setup:actpass", "a=setup:active").replace("a=sendrecv", "a=sendonly"),
    "\r\n".join(
        line for line in OFFER.split("\r\n") if not line.startswith(("a=ssrc", "a=rtcp-fb"))
    ),
    # As if a page had asked for cameras too.
    OFFER
    + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=rtpmap:96 VP8/90000\r\n",
)


@cache
def payloads() -> tuple[bytes, ...]:
    """Return Opus packets of every mode, length and framing worth a thought."""
    seconds = np.arange(RATE_HZ) / RATE_HZ
    voice = 0.4 * np.sin(2 * np.pi * 180 * seconds) * (np.sin(2 * np.pi * 3 * seconds) > 0)
    said = browser_opus(voice.astype(np.float32))[:12]
    one = said[5][1:]
    two = bytes((said[5][0] | 3, 2)) + one[:40] * 2
    return (
        *said,
        *(bytes((mode << 3 | stereo << 2,)) + one for mode in range(32) for stereo in (0, 1)),
        bytes((said[5][0] | 1,)) + one[:40] * 2,
        bytes((said[5][0] | 2, 30)) + one[:70],
        two,
        bytes((said[5][0] | 3, 0x80 | 3, 20, 20)) + one[:60],
        bytes((said[5][0] | 3, 0x40 | 1, 5)) + one + bytes(5),
        b"\x08",
        b"\xf8\xff\xfe",
    )


def rtp(
    sequence: int,
    timestamp: int,
    payload: bytes,
    *,
    extension: bytes | None = b"\xbe\xde\x00\x01\x10\x8a\x00\x00",
    padding: int = 0,
    ssrc: int = SSRC,
) -> bytes:
    """Return an RTP packet; the extension is its profile, its length and its words."""
    first = 0x80 | (0x20 if padding else 0) | (0x10 if extension else 0)
    header = struct.pack(
        "!BBHII", first, PAYLOAD_TYPE, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc
    )
    pad = bytes(padding - 1) + bytes((padding,)) if padding else b""
    return header + (extension or b"") + payload + pad


EXTENSIONS: Final = (
    None,
    b"\xbe\xde\x00\x01\x10\x8a\x00\x00",
    b"\xbe\xde\x00\x02\x40\x30\x10\x8a\x00\x00\x00\x00",
    b"\x10\x00\x00\x02\x01\x01\x8a\x00\x04\x01\x30\x00",
    b"\xbe\xde\x00\x00",
    # An element that is longer than the block, the reserved number, a level of two bytes.
    b"\xbe\xde\x00\x01\x1f\x8a\x00\x00",
    b"\xbe\xde\x00\x01\xf0\x10\x8a\x00",
    b"\xbe\xde\x00\x01\x11\x8a\x8a\x00",
    b"\x10\x00\x00\x01\x01\xff\x8a\x00",
    b"\xab\xcd\x00\x01\x10\x8a\x00\x00",
)


@cache
def rtp_corpus() -> tuple[bytes, ...]:
    """Return well-formed packets with all that RTP knows."""
    found = payloads()
    packets = [
        rtp(number, number * FRAME, payload, extension=EXTENSIONS[number % len(EXTENSIONS)])
        for number, payload in enumerate(found)
    ]
    packets += [rtp(7, 7 * FRAME, found[3], padding=size) for size in (1, 4, 255)]
    contributed = bytearray(rtp(9, 9 * FRAME, b"", extension=None))
    contributed[0] |= 15
    packets.append(bytes(contributed) + bytes(60) + found[3])
    return tuple(packets)


def _rtcp(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


@cache
def rtcp_corpus() -> tuple[bytes, ...]:
    """Return reports, descriptions and goodbyes, alone and in company (RFC 3550, section 6)."""
    source = struct.pack("!I", SSRC)
    block = source + bytes((12, 0, 0, 40)) + struct.pack("!IIII", 70_000, 120, 0xABCD1234, 6553)
    sender = source + struct.pack("!QIII", 0xE8D0_1234_5678_9ABC, 48_000, 50, 4000)
    described = _rtcp(202, 1, source + b"\x01\x06daedam\x00\x00\x00\x00")
    report, goodbye = _rtcp(200, 0, sender), _rtcp(203, 1, source)
    return (
        report,
        _rtcp(200, 1, sender + block),
        _rtcp(201, 1, source + block),
        _rtcp(201, 0, source),
        goodbye,
        _rtcp(203, 3, source * 3 + b"\x03bye"),
        _rtcp(203, 31, source * 31),
        _rtcp(205, 15, source * 2 + bytes(12)),
        _rtcp(206, 1, source * 2),
        _rtcp(207, 0, source + b"\x04\x00\x00\x02" + bytes(8)),
        report + described,
        _rtcp(201, 31, source + block * 31) + described + goodbye,
        report + described + goodbye,
    )
