"""Where the sound of chunks lies on the session's clock, and what continues what."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples, samples, seconds
from pipeline.containers import NotAudio
from pipeline.endpointing import Endpointer
from pipeline.runner import Segmenter
from server.hearing.streams import Placed, Stream, Timeline
from tests.containers import KINDS, STREAMABLE, encode

NEAR = 0.08
"""Seconds by which a span may differ: two windows, and what a codec adds at its edges."""


class LoudVad:
    """A ``Vad`` that hears speech wherever it is loud."""

    def __call__(self, windows: Samples) -> NDArray[np.float32]:
        return np.asarray(np.abs(windows).max(axis=1) > 0.1, np.float32)


def stream() -> Stream:
    return Stream("t", lambda: Segmenter(LoudVad(), Endpointer()))


def sound(*parts: float) -> Samples:
    """Alternate silence and a tone, each so many seconds long, silence first."""
    made = []
    for number, length_s in enumerate(parts):
        time_s = np.arange(samples(length_s)) / RATE_HZ
        made.append((number % 2) * 0.5 * np.sin(2 * np.pi * 300 * time_s))
    return np.concatenate(made).astype(np.float32)


def listed(blocks: Iterator[list[Placed]]) -> list[Placed]:
    return [placed for block in blocks for placed in block]


ONE = sound(1.0, 1.0, 2.0)
"""Four seconds; something is said from 1 to 2."""
WAV = encode(ONE, "wav")


def speech_of(placed: Placed) -> tuple[float, float]:
    """Where the tone lies, padding (0.3 s before, 0.25 s after) taken off."""
    return placed.start + 0.3, placed.end - 0.25


@pytest.mark.parametrize("kind", KINDS)
def test_a_recordings_sound_ends_at_its_receipt(kind: str) -> None:
    (placed,) = listed(stream().take(encode(ONE, kind), 100.0))
    assert speech_of(placed) == pytest.approx((97.0, 98.0), abs=NEAR)


def test_it_never_starts_before_the_session_does() -> None:
    track = stream()
    (placed,) = listed(track.take(WAV, 0.5))
    assert speech_of(placed) == pytest.approx((1.0, 2.0), abs=NEAR)
    assert track.end_s == pytest.approx(4.0, abs=0.01)


def test_a_recording_longer_than_the_time_since_the_last_runs_ahead_of_the_clock() -> None:
    track = stream()
    listed(track.take(WAV, 10.0))
    (placed,) = listed(track.take(WAV, 11.0))
    assert speech_of(placed) == pytest.approx((11.0, 12.0), abs=NEAR)
    assert track.end_s == pytest.approx(14.0, abs=0.01)
    (placed,) = listed(track.take(WAV, 100.0))
    assert speech_of(placed) == pytest.approx((97.0, 98.0), abs=NEAR)


def test_a_whole_recording_is_finished_at_once_with_its_open_utterance() -> None:
    (placed,) = listed(stream().take(encode(sound(0.5, 1.0), "wav"), 10.0))
    assert placed.start + 0.3 == pytest.approx(9.0, abs=NEAR)
    assert placed.end == pytest.approx(10.0, abs=NEAR)


def cut(recording: bytes, *places_s: float) -> list[bytes]:
    """Cut a WAV of this project behind so many seconds each."""
    head = len(recording) - 2 * samples(seconds((len(recording) - 44) // 2))
    ends = [head + 2 * samples(place) for place in places_s]
    pairs = zip([0, *ends], [*ends, len(recording)], strict=True)
    return [recording[start:end] for start, end in pairs]


def test_a_continuation_keeps_its_open_utterance_until_it_ends() -> None:
    track = stream()
    first, second, third = cut(WAV, 0.5, 1.5)
    assert listed(track.take(first, 10.5)) == []
    assert listed(track.take(second, 11.5)) == []
    (placed,) = listed(track.take(third, 14.0))
    assert speech_of(placed) == pytest.approx((11.0, 12.0), abs=NEAR)
    assert len(placed.utterance.samples) == placed.utterance.end - placed.utterance.start


def test_an_open_utterance_comes_with_the_finish() -> None:
    track = stream()
    first, second = cut(encode(sound(1.0, 1.0), "wav"), 0.5)
    assert listed(track.take(first, 10.5)) == []
    assert listed(track.take(second, 12.0)) == []
    (placed,) = listed(track.finish())
    assert placed.end == pytest.approx(12.0, abs=NEAR)
    assert listed(track.finish()) == []


def test_a_pause_of_the_recorder_is_no_shift_of_what_follows() -> None:
    track = stream()
    first, second = cut(encode(sound(1.0, 0.5, 2.0, 0.5, 1.5), "wav"), 3.2)
    (before,) = listed(track.take(first, 10.0))
    (after,) = listed(track.take(second, 60.0))
    assert speech_of(before) == pytest.approx((7.8, 8.3), abs=NEAR)
    # 2.3 s of sound that end at 60; the words begin 0.3 s into them, their padding before.
    whole = after.word(0.0, seconds(after.utterance.end - after.utterance.start))
    assert whole == (after.start, after.end)
    assert after.end - 0.25 == pytest.approx(58.5, abs=NEAR)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_header_finishes_the_recording_before(kind: str) -> None:
    track = stream()
    first, second = cut(encode(sound(1.0, 1.0), "wav"), 0.5)
    listed(track.take(first, 10.5))
    assert listed(track.take(second, 12.0)) == []
    left_open, following = listed(track.take(encode(ONE, kind), 20.0))
    assert left_open.end == pytest.approx(12.0, abs=NEAR)
    assert speech_of(following) == pytest.approx((17.0, 18.0), abs=NEAR)


@pytest.mark.parametrize(
    "rubbish",
    [b"nothing", b"\x1aE\xdf\xa3" + bytes(300), b"OggS\x00\x02" + bytes(60)],
)
def test_rubbish_changes_nothing(rubbish: bytes) -> None:
    recording = encode(ONE, "ogg")
    middle = recording.index(b"OggS", len(recording) // 2)
    track = stream()
    listed(track.take(recording[:middle], 10.0))
    end_s = track.end_s
    with pytest.raises(NotAudio):
        listed(track.take(rubbish, 11.0))
    assert track.end_s == end_s
    rest = listed(track.take(recording[middle:], 13.0)) + listed(track.finish())
    assert track.end_s > end_s + 1.0
    assert len(rest) <= 1


def test_a_continuation_needs_a_beginning() -> None:
    track = stream()
    recording = encode(ONE, "webm")
    with pytest.raises(NotAudio, match="begin no"):
        listed(track.take(recording[500:], 10.0))
    listed(track.take(recording, 10.0))
    listed(track.finish())
    with pytest.raises(NotAudio, match="begin no"):
        listed(track.take(recording[500:], 20.0))


@pytest.mark.parametrize("size", [1, 20, 200])
def test_a_first_chunk_may_be_less_than_the_header(size: int) -> None:
    recording = encode(ONE, "webm")
    track = stream()
    assert listed(track.take(recording[:size], 10.0)) == []
    (placed,) = listed(track.take(recording[size:], 14.0)) + listed(track.finish())
    assert speech_of(placed) == pytest.approx((11.0, 12.0), abs=NEAR)


@pytest.mark.parametrize("kind", ["ogg", "mp4-fragments"])
def test_chunks_in_which_nothing_becomes_whole_shift_nothing(kind: str) -> None:
    recording = encode(sound(0.0, 4.0), kind)
    track = stream()
    placed: list[Placed] = []
    step = len(recording) // 200 + 1  # 20 ms of it, while pages and fragments have 200 and more.
    for number, start in enumerate(range(0, len(recording), step), 1):
        received_s = 10.0 + 4.0 * min(1.0, number * step / len(recording))
        placed += listed(track.take(recording[start : start + step], received_s))
    (spoken,) = placed + listed(track.finish())
    assert (spoken.start, spoken.end) == pytest.approx((10.0, 14.0), abs=0.12)
    assert track.end_s == pytest.approx(14.0, abs=0.2)


@pytest.mark.parametrize("kind", STREAMABLE)
@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    places=st.lists(st.floats(0.05, 0.99), min_size=1, max_size=6),
    waits=st.lists(st.floats(0, 6), min_size=7, max_size=7),
)
def test_sound_never_runs_backwards_and_never_starts_before_zero(
    kind: str, places: list[float], waits: list[float]
) -> None:
    recording = encode(sound(0.4, 0.8, 1.5, 0.8, 1.0), kind)
    ends = sorted({int(place * len(recording)) for place in places})
    pieces = zip([0, *ends], [*ends, len(recording)], strict=True)
    track, now, last = stream(), 0.0, 0.0
    placed: list[Placed] = []
    for (start, end), wait in zip(pieces, waits, strict=False):
        now += wait
        placed += listed(track.take(recording[start:end], now))
        assert track.end_s >= last
        last = track.end_s
    placed += listed(track.finish())
    spans = [(one.start, one.end) for one in placed]
    assert spans == sorted(spans)
    assert all(0 <= start < end <= track.end_s + NEAR for start, end in spans)


def test_a_timeline_counts_from_the_nearest_anchor_before() -> None:
    timeline = Timeline((0, 16_000, 48_000), (5.0, 10.0, 12.5))
    assert timeline.at(0) == 5.0
    assert timeline.at(8_000) == 5.5
    assert timeline.at(16_000) == 10.0
    assert timeline.at(64_000) == 13.5


def test_what_ends_where_a_gap_begins_ends_before_the_gap() -> None:
    timeline = Timeline((0, 16_000, 48_000), (5.0, 10.0, 12.5))
    assert timeline.until(16_000) == 6.0
    assert timeline.until(48_000) == 12.0
    assert timeline.until(48_160) == 12.51
    assert timeline.until(0) == 5.0
