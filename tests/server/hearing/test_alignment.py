"""Where decoded speech lies in what a page kept of it."""

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples, samples
from server.hearing.alignment import find
from tests.server.hearing.phones import DELAY, speech, through_opus

SAID = speech(40.0, pause_s=0.1)
HEARD = through_opus(SAID)
PATTERN = 2 * RATE_HZ


def noise(size: int, level_db: float, seed: int = 1) -> Samples:
    loudness = 10 ** (level_db / 20)
    return np.random.default_rng(seed).normal(0, loudness, size).astype(np.float32)


@pytest.mark.parametrize("seed", range(10))
def test_the_place_is_found_to_the_sample_though_the_clock_is_wrong(seed: int) -> None:
    chance = np.random.default_rng(seed)
    at = int(chance.integers(PATTERN, SAID.size - 4 * RATE_HZ))
    begin = at - int(chance.integers(0, PATTERN))
    error = int(chance.integers(-samples(0.9), samples(0.9)))
    match = find(HEARD[at : at + PATTERN], SAID[begin:], at - begin + error, RATE_HZ)
    assert match is not None
    assert match.at == at - begin - DELAY


def test_a_pattern_that_begins_before_the_sound_is_found_by_its_rest() -> None:
    at = samples(10)
    match = find(HEARD[at : at + PATTERN], SAID[at + samples(1.2) :], samples(-1), RATE_HZ)
    assert match is not None
    assert match.at == -samples(1.2) - DELAY


def test_a_pattern_that_goes_on_after_the_sound_is_found_by_its_beginning() -> None:
    at = samples(10)
    match = find(HEARD[at : at + PATTERN], SAID[: at + samples(0.7)], at - 1000, RATE_HZ)
    assert match is not None
    assert match.at == at - DELAY


@pytest.mark.parametrize("at_s", [4, 12, 20, 28])
def test_other_speech_is_not_taken_for_it(at_s: int) -> None:
    pattern = HEARD[samples(at_s) : samples(at_s) + PATTERN]
    assert find(pattern, SAID[samples(at_s + 5) :], RATE_HZ, RATE_HZ) is None


def test_noise_in_the_room_does_not_hide_it() -> None:
    said = SAID + noise(SAID.size, -45)
    heard, at = through_opus(said), samples(12)
    match = find(heard[at : at + PATTERN], said, at + 3000, RATE_HZ)
    assert match is not None
    assert match.at == at - DELAY


@pytest.mark.parametrize("level_db", [-200, -70])
def test_silence_is_found_nowhere(level_db: float) -> None:
    quiet = noise(6 * RATE_HZ, level_db)
    assert find(quiet[RATE_HZ : 3 * RATE_HZ], quiet, RATE_HZ, RATE_HZ) is None


def test_nothing_is_found_nowhere() -> None:
    nothing = np.zeros(0, np.float32)
    assert find(nothing, SAID, 0, RATE_HZ) is None
    assert find(HEARD[:PATTERN], nothing, 0, RATE_HZ) is None


def test_direct_current_and_hum_lead_nowhere_else() -> None:
    at = samples(12)
    hum = 0.02 * np.sin(2 * np.pi * 50 * np.arange(SAID.size) / RATE_HZ) + 0.05
    said = SAID + hum.astype(np.float32)
    match = find(through_opus(said)[at : at + PATTERN], said, at + 4000, RATE_HZ)
    assert match is not None
    assert match.at == at - DELAY


def test_of_places_that_are_all_alike_the_nearest_is_taken() -> None:
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8 * RATE_HZ) / RATE_HZ).astype(np.float32)
    match = find(tone[: 2 * RATE_HZ], tone, 2 * RATE_HZ, RATE_HZ)
    assert match is not None
    assert abs(match.at - 2 * RATE_HZ) <= RATE_HZ / 440
