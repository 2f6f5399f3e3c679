"""Offers and answers as texts: what is refused, what is left out, what is added."""

import ipaddress

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from server.media.sdp import OPUS_PARAMETERS, BadOffer, clean_offer, finish_answer, sends_sound

# What Chromium offers for one microphone and one data channel, with candidates added.
OFFER = """\
v=0
o=- 2495066625307107430 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1 1 udp 2122260223 192.0.2.7 51234 typ host
a=candidate:2 1 udp 1686052607 3e6a2d1c-0c7b-4c0e-9f53-5a1c0f7f4b11.local 51235 typ host
a=end-of-candidates
a=ice-ufrag:0jFS
a=ice-pwd:tYdcv617bZBOGPs+EuBRuyea
a=ice-options:trickle
a=fingerprint:sha-256 FINGERPRINT
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:- 4346ab9c-e865-4e6d-a19d-993e5f272497
a=rtcp-mux
a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:2771484996 cname:IXAerS02VcuDKy7a
a=ssrc:2771484996 msid:- 4346ab9c-e865-4e6d-a19d-993e5f272497
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:0jFS
a=ice-pwd:tYdcv617bZBOGPs+EuBRuyea
a=ice-options:trickle
a=fingerprint:sha-256 FINGERPRINT
a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""".replace("FINGERPRINT", ":".join(["5A"] * 32)).replace("\n", "\r\n")
LINES = OFFER.splitlines()
DATA_AT = LINES.index("m=application 9 UDP/DTLS/SCTP webrtc-datachannel")
SOUND_AT = next(index for index, line in enumerate(LINES) if line.startswith("m=audio"))
DATA_ONLY = [*LINES[:SOUND_AT], *LINES[DATA_AT:]]
SOUND_ONLY = LINES[:DATA_AT]


def text(lines: list[str]) -> str:
    return "".join(line + "\r\n" for line in lines)


def without(prefix: str) -> str:
    return text([line for line in LINES if not line.startswith(prefix)])


def parsed(offer: str) -> SessionDescription:
    return SessionDescription.parse(clean_offer(offer))


def test_browsers_offer_keeps_sound_data_and_its_keys() -> None:
    sound, data = parsed(OFFER).media
    (opus,) = sound.rtp.codecs
    assert (opus.name, opus.payloadType) == ("opus", 111)
    assert (sound.direction, sound.rtcp_mux, sound.rtp.muxId) == ("sendrecv", True, "0")
    assert [extension.id for extension in sound.rtp.headerExtensions] == [1, 4]
    assert (data.rtp.muxId, data.sctp_port) == ("1", 5000)
    for media in (sound, data):
        assert media.ice is not None
        assert media.ice.usernameFragment == "0jFS"
        assert media.dtls is not None
        assert media.dtls.role == "client"
        assert [one.algorithm for one in media.dtls.fingerprints] == ["sha-256"]


def test_no_candidate_survives() -> None:
    cleaned = clean_offer(OFFER)
    assert "candidate" not in cleaned
    assert ".local" not in cleaned
    assert "192.0.2.7" not in cleaned


def test_cleaning_twice_changes_nothing() -> None:
    assert clean_offer(clean_offer(OFFER)) == clean_offer(OFFER)


def test_sound_alone_and_data_alone_are_accepted() -> None:
    assert [media.kind for media in parsed(text(DATA_ONLY)).media] == ["application"]
    assert [media.kind for media in parsed(text(SOUND_ONLY)).media] == ["audio"]


def test_passive_offer_stays_passive() -> None:
    (dtls, _) = (m.dtls for m in parsed(OFFER.replace("a=setup:actpass", "a=setup:passive")).media)
    assert dtls is not None
    assert dtls.role == "server"


def test_attributes_of_the_session_count_for_every_section() -> None:
    names = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup")
    common = [line for line in LINES[SOUND_AT:DATA_AT] if line.startswith(names)]
    rest = [line for line in LINES if not line.startswith(names)]
    assert clean_offer(text([*rest[:SOUND_AT], *common, *rest[SOUND_AT:]])) == clean_offer(OFFER)


def test_bundled_section_may_leave_its_transport_to_the_first() -> None:
    names = ("a=ice-", "a=fingerprint", "a=setup")
    data = [line for line in LINES[DATA_AT:] if not line.startswith(names)]
    bundled = text([*LINES[:DATA_AT], *data, "a=bundle-only"])
    bundled = bundled.replace("m=application 9", "m=application 0")
    assert clean_offer(bundled) == clean_offer(OFFER)


@pytest.mark.parametrize(
    ("offer", "sentence"),
    [
        ("", "no m-line"),
        ("rubbish", "no m-line"),
        ("x" * 100 * 1024, "too long"),
        ("말" * 30_000, "too long"),
        (text([*LINES, "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:2"]), "Only sound and data"),
        (text([*LINES, *LINES[SOUND_AT:DATA_AT]]), "At most one"),
        (text([*LINES, *LINES[DATA_AT:]]), "At most one"),
        (without("a=mid"), "a=mid"),
        (without("a=group"), "BUNDLE"),
        (OFFER.replace("a=mid:1", "a=mid:0"), "BUNDLE"),
        (without("a=ice-ufrag"), "a=ice-ufrag"),
        (without("a=ice-pwd"), "a=ice-pwd"),
        (without("a=fingerprint"), "a=fingerprint"),
        (OFFER.replace("sha-256", "md5"), "a=fingerprint"),
        (without("a=setup"), "a=setup"),
        (OFFER.replace("a=setup:actpass", "a=setup:holdconn"), "a=setup"),
        (without("a=rtcp-mux"), "rtcp-mux"),
        (without("a=rtpmap:111"), "Opus"),
        (OFFER.replace("a=rtpmap:111", "a=rtpmap:0"), "Opus"),
        (OFFER.replace("m=audio 9", "m=audio 0"), "cannot be read"),
        (OFFER.replace("m=audio 9", "m=audio nine"), "cannot be read"),
        (without("a=sctp-port"), "sctp-port"),
        (OFFER.replace("a=sctp-port:5000", "a=sctp-port:99999"), "sctp-port"),
        (OFFER.replace("size:262144", "size:1000"), "48 KiB"),
        (OFFER.replace("size:262144", "size:many"), "48 KiB"),
    ],
)
def test_offer_that_cannot_work_is_refused_with_a_sentence(offer: str, sentence: str) -> None:
    with pytest.raises(BadOffer, match=sentence) as refusal:
        clean_offer(offer)
    assert (refusal.value.code, refusal.value.status) == ("bad_offer", 422)


def accepts(offer: str) -> None:
    """Either a refusal with a sentence, or a text that aiortc reads without complaint."""
    try:
        cleaned = clean_offer(offer)
    except BadOffer:
        return
    assert 1 <= len(SessionDescription.parse(cleaned).media) <= 2
    assert "candidate" not in cleaned


@settings(deadline=None)
@given(st.text())
def test_any_text_is_refused_or_readable(offer: str) -> None:
    accepts(offer)


damaged = st.lists(
    st.tuples(
        st.integers(0, len(LINES) - 1),
        st.sampled_from(["drop", "double", "cut", "swap", "value", "insert"]),
        st.integers(0, 60),
        st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["0", "-1", "²", ":"]),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=300)
@given(damaged)
def test_any_damaged_offer_is_refused_or_readable(
    damages: list[tuple[int, str, int, str]],
) -> None:
    lines = list(LINES)
    for index, kind, place, words in damages:
        index %= len(lines)
        line = lines[index]
        match kind:
            case "drop":
                lines[index] = ""
            case "double":
                lines.insert(place % len(lines), line)
            case "cut":
                lines[index] = line[:place]
            case "swap":
                lines[index], lines[place % len(lines)] = lines[place % len(lines)], line
            case "value":
                lines[index] = line.partition(":")[0] + ":" + words
            case _:
                lines[index] = line[:place] + words + line[place:]
    accepts(text(lines))


ANSWER = text(
    [
        "v=0",
        "o=- 1 1 IN IP4 0.0.0.0",
        "s=-",
        "t=0 0",
        "m=audio 33806 UDP/TLS/RTP/SAVPF 111",
        "c=IN IP4 10.0.0.4",
        "a=rtpmap:111 opus/48000/2",
        "a=candidate:1 1 udp 2130706431 10.0.0.4 33806 typ host",
        "a=candidate:2 1 udp 2130706175 fd00::4 33807 typ host",
        "a=max-message-size:262144",
    ]
)


def test_answer_says_how_opus_should_be_sent() -> None:
    lines = finish_answer(ANSWER).splitlines()
    at = lines.index("a=rtpmap:111 opus/48000/2")
    assert lines[at + 1] == f"a=fmtp:111 {OPUS_PARAMETERS}"
    assert "a=max-message-size:65536" in lines
    assert "a=candidate:1 1 udp 2130706431 10.0.0.4 33806 typ host" in lines


def test_announced_address_replaces_those_of_its_version() -> None:
    answer = finish_answer(ANSWER, "203.0.113.9")
    assert "10.0.0.4" not in answer
    assert "a=candidate:1 1 udp 2130706431 203.0.113.9 33806 typ host" in answer
    assert "c=IN IP4 203.0.113.9" in answer
    assert "a=candidate:2 1 udp 2130706175 fd00::4 33807 typ host" in answer
    assert "fd00::4" not in finish_answer(ANSWER, str(ipaddress.ip_address("2001:db8::9")))


@pytest.mark.parametrize(
    ("direction", "sends"),
    [("sendrecv", True), ("sendonly", True), ("recvonly", False), ("inactive", False)],
)
def test_an_offer_says_whether_sound_will_be_sent(direction: str, sends: bool) -> None:
    sdp = f"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na={direction}\r\n"
    assert sends_sound(sdp) is sends


@pytest.mark.parametrize("sdp", ["", "garbage", "m=", "v=0\r\nm=application 9 UDP/DTLS/SCTP x\r\n"])
def test_what_offers_no_sound_sends_none(sdp: str) -> None:
    assert sends_sound(sdp) is False


def test_sound_is_sent_unless_an_offer_says_otherwise() -> None:
    assert sends_sound("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n")
