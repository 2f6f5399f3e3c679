"""A microphone that plays a constant."""

import numpy as np

from server.mixing.offset import NEGLIGIBLE, Offset
from tests.server.media.encoding import korean
from tests.server.mixing.virtual import tone

BLOCK = 320


def test_a_constant_is_gone_after_a_second_and_never_steps() -> None:
    offset = Offset(16_000)
    out = np.concatenate([offset.remove(np.full(BLOCK, 0.9, np.float32)) for _ in range(100)])
    assert np.abs(out[16_000:]).max() < 4 * NEGLIGIBLE
    assert np.abs(np.diff(out)).max() < 0.001


def test_a_voice_on_a_constant_is_heard_without_it() -> None:
    voice = tone(200, 2.0, 0.2)
    offset = Offset(16_000)
    out = np.concatenate(
        [offset.remove(voice[at : at + BLOCK] + 0.5) for at in range(0, voice.size, BLOCK)]
    )
    assert np.abs(out[-16_000:] - voice[-16_000:]).max() < 0.005


def test_ordinary_speech_passes_nearly_untouched() -> None:
    voice = korean()
    voice = voice[: voice.size // BLOCK * BLOCK]
    offset = Offset(16_000)
    out = np.concatenate(
        [offset.remove(voice[at : at + BLOCK]) for at in range(0, voice.size, BLOCK)]
    )
    assert np.abs(out - voice).max() < 0.005


def test_what_comes_in_is_not_changed() -> None:
    block = np.full(BLOCK, 0.9, np.float32)
    Offset(16_000).remove(block)
    assert (block == np.float32(0.9)).all()
