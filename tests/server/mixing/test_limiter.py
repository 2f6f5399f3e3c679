"""Several voices at once never clip, and one alone is left as it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import RATE_HZ, Samples
from server.mixing.limiter import CEILING, RELEASE_S, STEP_S, Limiter
from tests.server.mixing.virtual import tone

LATE = round(STEP_S * RATE_HZ)
BLOCK = 320


def limited(sound: Samples, rate_hz: int = RATE_HZ) -> Samples:
    limiter = Limiter(rate_hz)
    block = rate_hz // 50
    return np.concatenate(
        [limiter.push(sound[at : at + block]) for at in range(0, sound.size, block)]
    )


@settings(deadline=None)
@given(
    loudness=st.lists(st.floats(0, 6), min_size=1, max_size=40),
    seed=st.integers(0, 1000),
    rate_hz=st.sampled_from([16_000, 48_000]),
)
def test_nothing_ever_clips(loudness: list[float], seed: int, rate_hz: int) -> None:
    block = rate_hz // 50
    envelope = np.repeat(loudness, block)
    sound = np.random.default_rng(seed).uniform(-1, 1, envelope.size) * envelope
    assert np.abs(limited(sound.astype(np.float32), rate_hz)).max() <= CEILING + 1e-6


@settings(deadline=None)
@given(loudness=st.floats(0, CEILING), seed=st.integers(0, 1000))
def test_what_is_quieter_than_three_decibels_below_full_is_not_touched(
    loudness: float, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    sound = chance.uniform(-loudness, loudness, 10 * BLOCK).astype(np.float32)
    out = limited(sound)
    assert (out[:LATE] == 0).all()
    assert (out[LATE:] == sound[:-LATE]).all()


def test_loud_sound_is_turned_down_smoothly() -> None:
    steady = np.full(20 * BLOCK, 0.5, np.float32)
    steady[10 * BLOCK : 12 * BLOCK] = 3.0
    gains = limited(steady)[LATE:] / steady[:-LATE]
    assert np.abs(np.diff(gains)).max() <= 1.0 / LATE


def test_a_limited_voice_is_itself_again_after_a_second() -> None:
    sound = np.concatenate((tone(440, 0.2, 3.0), tone(440, 1.4, 0.3)))
    out = limited(sound)
    soon = round((0.2 + RELEASE_S) * RATE_HZ)
    assert np.abs(out[soon - 400 : soon]).max() < 0.29
    assert np.abs(out[-400:]).max() == pytest.approx(0.3, rel=0.01)


def test_a_fork_goes_on_alike_and_apart() -> None:
    limiter = Limiter(RATE_HZ)
    limiter.push(tone(300, 0.02, 2.0))
    twin = limiter.fork()
    block = tone(500, 0.02, 0.7)
    twin.push(np.zeros(BLOCK, np.float32))
    other = limiter.fork()
    assert (limiter.push(block) == other.push(block)).all()
    assert (limiter.push(block) != twin.push(block)).any()
