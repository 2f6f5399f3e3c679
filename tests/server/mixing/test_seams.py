"""Where a voice repeats itself."""

import numpy as np
import pytest

from server.mixing.seams import SIMILAR, continuation, falling, period, rising
from tests.server.mixing.virtual import noise, silence, tone


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
@pytest.mark.parametrize("hz", [90, 160, 250])
def test_the_period_of_a_voice_is_found(hz: int, rate_hz: int) -> None:
    voice = tone(hz, 0.0175, rate_hz=rate_hz) + tone(2 * hz, 0.0175, 0.2, rate_hz)
    found = period(voice, rate_hz)
    assert found.likeness > 0.98
    off = found.size * hz / rate_hz
    assert off == pytest.approx(round(off), abs=0.02)


def test_noise_repeats_nothing() -> None:
    assert period(noise(0.0175), 16_000).likeness < SIMILAR


def test_silence_is_like_any_other() -> None:
    assert period(silence(0.0175), 16_000).likeness == 1.0


def test_a_word_is_not_like_the_silence_after_it() -> None:
    sound = np.concatenate((tone(200, 0.005), silence(0.0125)))
    assert period(sound, 16_000).likeness < SIMILAR


def test_a_voice_goes_on_as_it_was() -> None:
    voice = tone(160, 0.1)
    more = continuation(voice[:1000], 80, 16_000)
    assert np.abs(more - voice[1000:1080]).max() < 0.02


@pytest.mark.parametrize("size", [0, 1, 50, 279])
def test_little_sound_can_go_on_too(size: int) -> None:
    assert continuation(tone(160, 0.1)[:size], 80, 16_000).shape == (80,)


def test_fades_make_one_together() -> None:
    assert (rising(80) + falling(80) == 1).all()
    assert rising(80)[0] < 0.01 < 0.99 < rising(80)[-1]
