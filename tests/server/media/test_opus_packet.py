"""What can be seen of an Opus packet from outside, compared with what libopus sees."""

import contextlib
import ctypes
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.media.opus_library import library_paths
from server.media.opus_packet import MAX_DURATION, carries_previous, duration_of, frame_duration
from tests.server.media.encoding import korean, opus

SILK_20_MS = 9 << 3
TWO_OF_ONE_SIZE, TWO, ANY_NUMBER = 1, 2, 3
DIFFERENT, PADDED = 0x80, 0x40
STEREO = 4


@cache
def libraries() -> list[ctypes.CDLL]:
    """Every libopus here: the system's is older than the one that PyAV brings."""
    found = []
    for path in library_paths():
        with contextlib.suppress(OSError):
            found.append(ctypes.CDLL(path))
    assert found
    return found


def duration_by(library: ctypes.CDLL, payload: bytes) -> int:
    sizes, starts = (ctypes.c_int16 * 48)(), (ctypes.c_void_p * 48)()
    frames = library.opus_packet_parse(payload, len(payload), None, starts, sizes, None)
    samples = frames * int(library.opus_packet_get_samples_per_frame(payload, 48_000))
    return samples if 0 < samples <= MAX_DURATION else 0


def copy_seen_by(library: ctypes.CDLL, payload: bytes) -> bool:
    return bool(library.opus_packet_has_lbrr(payload, len(payload)) > 0)


def spoken(
    frame_duration: str, *, channels: int = 1, fec: str = "0", application: str = "voip"
) -> list[bytes]:
    sound = korean()[:48_000]
    sound = sound if channels == 1 else np.stack([sound, sound / 2], axis=1)
    return opus(
        sound,
        frame_duration=frame_duration,
        fec=fec,
        packet_loss="20",
        application=application,
    )


payloads = st.one_of(
    st.binary(max_size=40),
    st.binary(min_size=1270, max_size=2600),
    st.builds(
        lambda *parts: b"".join(parts),
        st.integers(0, 255).map(lambda first: bytes([first])),
        st.sampled_from([1, 2, 3, 6, 12, 48, 49, 63]).flatmap(
            lambda count: st.sampled_from([0, DIFFERENT, PADDED, DIFFERENT | PADDED]).map(
                lambda flags: bytes([flags | count])
            )
        ),
        st.lists(st.sampled_from([0, 1, 2, 251, 252, 255])).map(bytes),
        st.binary(max_size=1300),
    ),
)


@settings(max_examples=500, deadline=None)
@given(payloads)
def test_any_bytes_sound_as_long_as_libopus_says(payload: bytes) -> None:
    for library in libraries():
        assert duration_of(payload) == (duration_by(library, payload) if payload else 0)


@settings(max_examples=500, deadline=None)
@given(payloads)
def test_copies_are_seen_wherever_libopus_sees_them(payload: bytes) -> None:
    carries = carries_previous(payload)
    for library in libraries():
        if duration_of(payload) and hasattr(library, "opus_packet_has_lbrr"):  # Since libopus 1.4.
            assert carries == copy_seen_by(library, payload)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("milliseconds", ["10", "20", "40", "60"])
def test_packets_of_any_duration_say_whether_they_carry_the_frame_before(
    milliseconds: str, channels: int
) -> None:
    with_copies = spoken(milliseconds, channels=channels, fec="1")
    without = spoken(milliseconds, channels=channels)
    for payload in [*with_copies, *without]:
        assert duration_of(payload) == 48 * int(milliseconds)
    assert sum(map(carries_previous, with_copies)) > 0.4 * len(with_copies)
    assert not any(map(carries_previous, without))


def test_packet_without_speech_coding_carries_nothing() -> None:
    packets = spoken("20", application="lowdelay", fec="1")
    assert {duration_of(payload) for payload in packets} == {960}
    assert not any(map(carries_previous, packets))


def test_frames_of_long_packets_sound_shorter_than_the_packets() -> None:
    hybrid = [payload for payload in spoken("40") if payload[0] >> 3 in (14, 15)]
    assert hybrid
    for payload in hybrid:
        assert (frame_duration(payload), duration_of(payload)) == (960, 1920)


@pytest.mark.parametrize(
    ("payload", "samples"),
    [
        (bytes([SILK_20_MS]), 960),
        (bytes([SILK_20_MS]) + bytes(1275), 960),
        (bytes([SILK_20_MS]) + bytes(1276), 0),
        (bytes([SILK_20_MS | TWO_OF_ONE_SIZE]) + bytes(80), 1920),
        (bytes([SILK_20_MS | TWO_OF_ONE_SIZE]) + bytes(81), 0),
        (bytes([SILK_20_MS | TWO, 40]) + bytes(50), 1920),
        (bytes([SILK_20_MS | TWO, 51]) + bytes(50), 0),
        (bytes([SILK_20_MS | TWO, 252]), 0),
        (bytes([SILK_20_MS | ANY_NUMBER]), 0),
        (bytes([SILK_20_MS | ANY_NUMBER, 0]), 0),
        (bytes([SILK_20_MS | ANY_NUMBER, 6]) + bytes(60), 5760),
        (bytes([SILK_20_MS | ANY_NUMBER, 7]) + bytes(70), 0),
        (bytes([SILK_20_MS | ANY_NUMBER, PADDED | 1, 255, 1]) + bytes(260), 960),
        (bytes([SILK_20_MS | ANY_NUMBER, PADDED | 1, 255, 1]) + bytes(254), 0),
        (bytes([SILK_20_MS | ANY_NUMBER, PADDED | 1, 255]), 0),
        (b"", 0),
    ],
)
def test_malformed_framing_has_no_duration(payload: bytes, samples: int) -> None:
    assert duration_of(payload) == samples


@pytest.mark.parametrize(
    ("payload", "carries"),
    [
        (bytes([SILK_20_MS, 0b1000_0000]), False),
        (bytes([SILK_20_MS, 0b0100_0000]), True),
        (bytes([SILK_20_MS | STEREO, 0b0001_0000]), True),
        (bytes([SILK_20_MS, 0b0001_0000]), False),
        (bytes([11 << 3, 0b0001_0000]), True),
        (bytes([11 << 3 | STEREO, 0b0000_0001]), True),
        (bytes([SILK_20_MS]), False),
        (b"", False),
    ],
)
def test_flag_of_the_copy_lies_behind_those_of_voice_activity(
    payload: bytes, carries: bool
) -> None:
    assert carries_previous(payload) == carries
