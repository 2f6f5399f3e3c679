"""Offers of encoders as texts: what is taken, what is declined, what they are answered."""

import contextlib

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from server.media.encoder_offer import MAX_SECTIONS, EncoderOffer, ice_of
from server.media.sdp import BadOffer, clean_offer
from tests.server.encoders import ENCODER, STUDIO

ANSWER = """\
v=0
o=- 7 7 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE {mid}
m=audio 40000 UDP/TLS/RTP/SAVPF 100
c=IN IP4 192.0.2.1
a=recvonly
a=mid:{mid}
a=rtcp-mux
"""


def lines(sdp: str) -> list[str]:
    return sdp.splitlines()


def swapped(sdp: str) -> str:
    """Return a studio's offer with the picture first."""
    head, audio, video = (part for part in sdp.replace("m=", "\nm=").split("\n\nm="))
    return f"{head}\nm={video}m={audio}\n"


def test_what_is_taken_is_an_offer_of_sound_alone() -> None:
    for offer in (ENCODER, STUDIO):
        cleaned = SessionDescription.parse(clean_offer(EncoderOffer.read(offer).sdp))
        assert [media.kind for media in cleaned.media] == ["audio"]
        assert cleaned.media[0].direction == "sendonly"
        assert cleaned.media[0].rtp.codecs[0].mimeType == "audio/opus"


def test_an_answer_has_a_group_only_where_the_offer_has_one() -> None:
    alone = EncoderOffer.read(ENCODER).finish(ANSWER.format(mid="audio0"))
    assert not any(line.startswith("a=group") for line in lines(alone))
    assert "a=mid:audio0" in lines(alone)
    grouped = EncoderOffer.read(STUDIO).finish(ANSWER.format(mid="0"))
    assert "a=group:BUNDLE 0" in lines(grouped)


def test_a_picture_is_declined_in_its_place() -> None:
    answer = EncoderOffer.read(STUDIO).finish(ANSWER.format(mid="0"))
    first, second = answer.split("m=")[1:]
    assert first.startswith("audio 40000 ")
    assert lines(second) == [
        "video 0 UDP/TLS/RTP/SAVPF 96",
        "c=IN IP4 0.0.0.0",
        "a=inactive",
        "a=mid:1",
    ]


def test_a_picture_may_come_first_and_alone_say_how_it_is_reached() -> None:
    offer = swapped(STUDIO)
    head, video, audio = offer.split("m=")
    audio = "".join(
        line for line in audio.splitlines(True) if not line.startswith(("a=ice", "a=setup"))
    )
    read = EncoderOffer.read(f"{head}m={video}m={audio}")
    assert "a=ice-ufrag:stud" in lines(clean_offer(read.sdp))
    first, second = read.finish(ANSWER.format(mid="0")).split("m=")[1:]
    assert first.startswith("video 0 ")
    assert second.startswith("audio 40000 ")


def test_sections_without_names_stay_without() -> None:
    read = EncoderOffer.read(ENCODER.replace("a=mid:audio0\n", ""))
    mid = SessionDescription.parse(clean_offer(read.sdp)).media[0].rtp.muxId
    assert "a=mid" not in read.finish(ANSWER.format(mid=mid))


def test_who_could_also_receive_is_told_to_send_only() -> None:
    for direction in ("a=sendrecv\n", ""):
        read = EncoderOffer.read(ENCODER.replace("a=sendonly\n", direction))
        assert "a=sendonly" in lines(clean_offer(read.sdp))


@pytest.mark.parametrize("role", ["actpass", "active", "passive"])
def test_an_encoder_may_take_either_part_of_the_handshake(role: str) -> None:
    read = EncoderOffer.read(ENCODER.replace("a=setup:actpass", f"a=setup:{role}"))
    wanted = "passive" if role == "passive" else "active"
    assert f"a=setup:{wanted}" in lines(clean_offer(read.sdp))


AUDIO = ENCODER[ENCODER.index("m=audio") :]


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "garbage",
        "m=\n",
        "m=audio\n",
        "v=0\nm=video\n",
        ENCODER.replace("m=audio 9", "m=audio 0"),
        ENCODER.replace("m=audio", "m=video"),
        ENCODER + AUDIO,
        ENCODER + AUDIO * MAX_SECTIONS,
        ENCODER.replace("a=sendonly", "a=recvonly"),
        ENCODER.replace("a=sendonly", "a=inactive"),
        ENCODER.replace("OPUS/48000/2", "PCMU/8000"),
        ENCODER.replace("a=rtcp-mux\n", ""),
        ENCODER.replace("a=fingerprint:sha-256", "a=fingerprint:md5"),
        ENCODER.replace("a=ice-pwd:", "a=ice-pwd"),
        ENCODER + "m=video\n",
        ENCODER + "a=x\n" * 20_000,
        "v=0\n" + "m=text 9 RTP/AVP 98\n" * 2_000,
    ],
)
def test_an_offer_without_sound_that_could_be_understood_is_refused(offer: str) -> None:
    with pytest.raises(BadOffer):
        clean_offer(EncoderOffer.read(offer).sdp)


def test_the_name_and_password_of_ice_are_found_anywhere() -> None:
    assert ice_of(STUDIO) == ("stud", "passwordpasswordpassword")
    assert ice_of("a=ice-ufrag:one\r\na=ice-pwd:two\r\n") == ("one", "two")
    assert ice_of("a=ice-ufrag:one") == ("one", "")
    assert ice_of("") == ("", "")


LINES = sorted({*lines(ENCODER), *lines(STUDIO), "m=audio 0 x y", "m=video", "a=mid:", "\0"})


@given(st.lists(st.sampled_from(LINES), max_size=40), st.sampled_from((ENCODER, STUDIO, "")))
def test_whatever_is_offered_is_refused_or_can_be_answered(some: list[str], rest: str) -> None:
    with contextlib.suppress(BadOffer):
        read = EncoderOffer.read(rest + "\n".join(some))
        cleaned = SessionDescription.parse(clean_offer(read.sdp))
        sections = "".join(f"m={media.kind} 9 x 1\na=mid:x\n" for media in cleaned.media)
        answer = read.finish(f"v=0\n{sections}")
        assert answer.count("m=") == (rest + "\n".join(some)).count("m=")
