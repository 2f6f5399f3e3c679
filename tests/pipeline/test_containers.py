"""Recorded chunks: whole, in pieces, cut short, and no recordings at all."""

import contextlib
import io
import random
import time
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.boxes import MAX_COUNT
from pipeline.containers import ContainerStream, NotAudio, begins_stream, decode, duration_s
from pipeline.recordings import opus_samples
from tests.containers import KINDS, STREAMABLE, encode

TOLERANCE = samples(0.040)


def _tones(duration_s: float) -> Samples:
    """A rising tone that swells three times a second, so that any shift or hole shows."""
    time_s = np.arange(samples(duration_s)) / RATE_HZ
    swell = 0.3 + 0.1 * np.sin(2 * np.pi * 3 * time_s)
    return (swell * np.sin(2 * np.pi * (200 + 150 * time_s) * time_s)).astype(np.float32)


SPOKEN = _tones(2.3)
RECORDED = {kind: encode(SPOKEN, kind) for kind in KINDS}


def _joined(blocks: Iterator[Samples]) -> Samples:
    parts = list(blocks)
    assert all(part.dtype == np.float32 and 0 < part.size <= RATE_HZ for part in parts)
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _streamed(pieces: list[bytes]) -> Samples:
    stream = ContainerStream(pieces[0])
    parts = [_joined(stream.first())]
    parts += [_joined(stream.more(piece)) for piece in pieces[1:]]
    return np.concatenate([*parts, _joined(stream.close())])


def _likeness(one: Samples, other: Samples) -> float:
    """Correlation at the best shift within the tolerance (AAC begins with its priming)."""
    size = min(one.size, other.size)
    spectrum = np.fft.rfft(one[:size], 2 * size) * np.conj(np.fft.rfft(other[:size], 2 * size))
    near = np.fft.irfft(spectrum)[np.r_[-TOLERANCE:TOLERANCE]]
    return float(np.max(near) / (np.linalg.norm(one[:size]) * np.linalg.norm(other[:size])))


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_recording_comes_out_at_once_and_complete(kind: str) -> None:
    stream = ContainerStream(RECORDED[kind])
    heard = _joined(stream.first())
    assert abs(heard.size - SPOKEN.size) < TOLERANCE
    assert _likeness(heard, SPOKEN) > 0.98
    assert np.array_equal(heard, _joined(decode(RECORDED[kind])))
    assert np.array_equal(heard, _joined(decode(io.BytesIO(RECORDED[kind]))))
    assert _joined(stream.close()).size <= 32  # What a resampler may make of nothing.
    assert begins_stream(RECORDED[kind])
    assert duration_s(RECORDED[kind]) == pytest.approx(heard.size / RATE_HZ, abs=0.04)


@pytest.mark.parametrize("kind", STREAMABLE)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(places=st.lists(st.floats(0, 1, exclude_min=True, exclude_max=True), min_size=1, max_size=9))
def test_a_recording_cut_anywhere_is_heard_as_if_whole(kind: str, places: list[float]) -> None:
    recording = RECORDED[kind]
    # No browser cuts before the header's mark is complete, but for Chromium's single byte.
    cuts = sorted({max(12, int(place * len(recording))) for place in places})
    ends = [*cuts, len(recording)]
    pieces = [recording[a:b] for a, b in zip([0, *cuts], ends, strict=True)]
    whole, heard = _joined(decode(recording)), _streamed(pieces)
    assert abs(heard.size - whole.size) <= samples(0.020)
    size = min(heard.size, whole.size)
    assert np.corrcoef(heard[:size], whole[:size])[0, 1] > 0.999


@pytest.mark.parametrize("kind", ["webm", "ogg"])
def test_a_stream_lags_behind_its_bytes_by_less_than_a_page(kind: str) -> None:
    recording = RECORDED[kind]
    half = len(recording) // 2
    stream = ContainerStream(recording[:half])
    assert sum(block.size for block in stream.first()) > 0.4 * SPOKEN.size
    heard = sum(block.size for block in stream.more(recording[half:]))
    assert heard > 0.4 * SPOKEN.size


def test_chromiums_first_blob_of_one_byte_begins_a_stream() -> None:
    recording = RECORDED["webm"]
    assert begins_stream(recording[:1])
    pieces = [recording[:1], recording[1:300], recording[300:]]
    assert abs(_streamed(pieces).size - SPOKEN.size) < TOLERANCE


def test_an_empty_continuation_is_heard_as_nothing() -> None:
    stream = ContainerStream(RECORDED["webm"])
    _joined(stream.first())
    assert list(stream.more(b"")) == []


@pytest.mark.parametrize("kind", STREAMABLE)
def test_a_header_without_audio_is_a_stream_that_has_said_nothing_yet(kind: str) -> None:
    recording = RECORDED[kind]
    stream = ContainerStream(recording[:44])
    assert list(stream.first()) == []
    assert abs(_joined(stream.more(recording[44:])).size - SPOKEN.size) < TOLERANCE


@pytest.mark.parametrize("kind", ["webm", "ogg", "wav"])
def test_a_recording_cut_short_gives_what_is_there(kind: str) -> None:
    recording = RECORDED[kind]
    heard = _streamed([recording[: len(recording) * 2 // 3]])
    assert 0.5 * SPOKEN.size < heard.size < 0.75 * SPOKEN.size
    assert _likeness(heard, SPOKEN[: heard.size]) > 0.99


@pytest.mark.parametrize("kind", ["webm", "ogg", "mp4-fragments"])
def test_rubbish_is_refused_and_the_stream_goes_on_as_if_it_had_not_been(kind: str) -> None:
    recording = RECORDED[kind]
    rubbish = random.Random(7).randbytes(9 << 20)
    stream = ContainerStream(recording[: len(recording) // 2])
    parts = [_joined(stream.first())]
    with pytest.raises(NotAudio, match="continue"):
        _joined(stream.more(rubbish))
    parts += [_joined(stream.more(recording[len(recording) // 2 :])), _joined(stream.close())]
    assert abs(sum(part.size for part in parts) - SPOKEN.size) < TOLERANCE


@pytest.mark.parametrize("kind", ["mp4", "wav"])
def test_a_complete_file_cannot_be_continued(kind: str) -> None:
    stream = ContainerStream(RECORDED[kind])
    _joined(stream.first())
    with pytest.raises(NotAudio, match="already complete"):
        stream.more(b"and now for something else")


@pytest.mark.parametrize(
    "head",
    [b"", b"no audio", b"#EXTM3U\nfile:///etc/passwd", b"\x1aE\xdf\xa3", b"OggS\0\2", b"RIFF"]
    + [b"\0\0\0\x20ftypisom", b"RIFF\0\0\0\0WAVEfmt "],
)
def test_nine_mebibytes_of_rubbish_are_refused_at_once(head: bytes) -> None:
    rubbish = head + random.Random(3).randbytes(9 << 20)
    began = time.process_time()
    with pytest.raises(NotAudio, match=r"\.$"):
        _joined(ContainerStream(rubbish).first())
    assert time.process_time() - began < 2


@pytest.mark.parametrize("kind", STREAMABLE)
def test_rubbish_behind_a_good_beginning_ends_the_recording_there(kind: str) -> None:
    recording = RECORDED[kind][: len(RECORDED[kind]) // 2]
    heard = _joined(ContainerStream(recording + random.Random(5).randbytes(2000)).first())
    assert heard.size > 0.3 * SPOKEN.size


def test_damaged_bytes_never_raise_anything_but_not_audio() -> None:
    for kind, recording in RECORDED.items():
        for seed in range(8):
            dice, damaged = random.Random(seed), bytearray(recording)
            for _ in range(1 + seed * 3):
                damaged[dice.randrange(len(damaged))] = dice.randrange(256)
            half = len(damaged) // 2
            with contextlib.suppress(NotAudio):
                assert _streamed([bytes(damaged[:half]), bytes(damaged[half:])]).size < 2**20, kind


def test_a_file_that_declares_endless_samples_is_refused_before_they_are_reserved() -> None:
    recording = bytearray(RECORDED["mp4"])
    at = recording.index(b"stsz") + 12
    recording[at : at + 4] = (MAX_COUNT + 1).to_bytes(4, "big")
    with pytest.raises(NotAudio, match="more samples"):
        ContainerStream(bytes(recording))


@pytest.mark.parametrize("name", [b"fmt ", b"LIST"])
def test_a_wav_header_that_declares_gigabytes_is_refused_before_they_are_reserved(
    name: bytes,
) -> None:
    recording = bytearray(RECORDED["wav"])
    at = recording.index(name) + 4
    recording[at : at + 4] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(NotAudio):
        ContainerStream(bytes(recording))


def test_a_sample_rate_that_would_inflate_the_audio_is_refused() -> None:
    recording = bytearray(RECORDED["wav"])
    at = recording.index(b"fmt ") + 12
    recording[at : at + 4] = (1).to_bytes(4, "little")
    with pytest.raises(NotAudio, match="1 Hz"):
        ContainerStream(bytes(recording))


def test_closing_twice_gives_nothing_twice_and_ends_the_stream() -> None:
    stream = ContainerStream(RECORDED["webm"])
    _joined(stream.first())
    _joined(stream.close())
    assert list(stream.close()) == []
    with pytest.raises(NotAudio):
        stream.more(RECORDED["webm"][-100:])


def test_opus_packets_say_how_long_they_are() -> None:
    assert opus_samples(b"\x78\0") == 480 * 2  # CELT, one frame of 20 ms
    assert opus_samples(b"\x18\0") == 2880  # SILK, one frame of 60 ms
    assert opus_samples(b"\x1b\x02") == 5760  # code 3: two of them


def test_an_hour_is_decoded_without_being_held_and_chunks_cost_the_same_at_its_end() -> None:
    recording = encode(_tones(2.0), "webm", repeat=1800)
    assert duration_s(recording) == pytest.approx(3600, rel=0.01)
    stream = ContainerStream(recording[:10_000])
    tracemalloc.start()
    blocks = decode(recording)
    for _ in range(60):
        assert next(blocks).size == RATE_HZ
    blocks.close()  # type: ignore[attr-defined]
    assert list(stream.first())
    for at in range(10_000, 500_000, 10_000):
        _joined(stream.more(recording[at : at + 10_000]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 << 20
