"""What is measured of a reading."""

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.speakers import reading
from pipeline.speakers.models import Activity
from pipeline.speakers.reading import FRAME, Speaking
from tests.pipeline.speakers.tones import hum, noise


def drawn(timeline: str, each_s: float = 0.5) -> Speaking:
    """Return who speaks when: ``A`` one, ``X`` two."""
    frames = round(each_s * RATE_HZ) // FRAME
    speech = np.repeat([letter != "." for letter in timeline], frames)
    overlap = np.repeat([letter == "X" for letter in timeline], frames)
    return Speaking(speech, overlap)


def test_windows_are_joined_and_later_ones_win() -> None:
    sound = np.zeros(samples(3), np.float32)
    one = Activity(np.tile(np.array([1, 0, 0], np.float32), (100, 1)), RATE_HZ / 50)
    two = Activity(np.tile(np.array([1, 1, 0], np.float32), (100, 1)), RATE_HZ / 50)
    found = reading.speaking(sound, [(0, one), (samples(1), two)])
    assert found.speech_s == pytest.approx(3)
    assert found.overlap_s == pytest.approx(2)


def test_what_no_window_heard_is_silence() -> None:
    assert reading.speaking(np.zeros(samples(1), np.float32), []).speech_s == 0


@pytest.mark.parametrize("snr_db", [3, 8, 12, 20])
def test_noise_is_measured_in_the_pauses(snr_db: float) -> None:
    sound = noise(hum("..AAAA..AAAA..AAAA"), snr_db)
    assert reading.snr_db(sound, drawn("..AAAA..AAAA..AAAA")) == pytest.approx(snr_db, abs=1.5)


def test_without_noise_nothing_is_noisy() -> None:
    assert reading.snr_db(hum("..AAAA.."), drawn("..AAAA..")) == float("inf")
    assert reading.snr_db(hum("........"), drawn("........")) == float("inf")


def test_pieces_do_not_reach_across_pauses_and_use_all_the_speech() -> None:
    sound = np.arange(samples(8), dtype=np.float32)
    timeline = "AAAAAAAA..AAA..A"
    pieces = reading.pieces(sound, drawn(timeline))
    ends = [(piece[0] / RATE_HZ, (piece[-1] + 1) / RATE_HZ) for piece in pieces]
    assert ends[0][0] == 0
    assert max(end for start, end in ends if start < 4) == 4
    assert ends[-1] == (5, 6.5)
    assert all(end <= 4 or start >= 5 for start, end in ends), "half a second alone is too short"


def test_short_pauses_belong_to_the_speech_around_them() -> None:
    speech = np.array([True] * 50 + [False] * 24 + [True] * 50 + [False] * 30 + [True] * 50)
    assert reading.stretches(speech) == [(0, 124 * FRAME), (154 * FRAME, 204 * FRAME)]


def around(centre: Samples, count: int, seed: int) -> Samples:
    rows = centre + 0.06 * np.random.default_rng(seed).standard_normal((count, centre.size))
    units: Samples = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return units


def test_two_voices_are_two_halves_wherever_they_stand() -> None:
    one, other = np.eye(2, 64, dtype=np.float32)
    mixed = np.concatenate((around(one, 3, 1), around(other, 3, 2), around(one, 2, 3)))
    halves = reading.halves(mixed)
    assert halves is not None
    assert halves.likeness < 0.3
    assert halves.gap > 0.5


def test_one_voice_has_halves_that_are_alike() -> None:
    halves = reading.halves(around(np.eye(1, 64, dtype=np.float32)[0], 8, 4))
    assert halves is not None
    assert halves.likeness > 0.8
    assert halves.gap < 0.1


def test_three_pieces_have_no_halves_and_equal_ones_do() -> None:
    same = np.tile(np.eye(1, 8, dtype=np.float32), (4, 1))
    assert reading.halves(same[:3]) is None
    halves = reading.halves(same)
    assert halves is not None
    assert halves.likeness == pytest.approx(1)
