"""Several microphones as one stream."""

import numpy as np
import pytest

from pipeline.audio import Samples
from server.media.opus import Decoder
from server.media.opus_encoder import Encoder
from server.mixing.blend import AFTERMATH, Blend, sum_of
from tests.server.mixing.virtual import FRAME, loudness, noise, tone
from tests.speech.clips import all_clips


def blocks(sound: Samples) -> list[Samples]:
    return [sound[at : at + FRAME] for at in range(0, sound.size // FRAME * FRAME, FRAME)]


def test_a_sum_changes_none_of_its_parts() -> None:
    parts = [noise(0.02, seed=seed) for seed in (1, 2, 3)]
    before = [part.copy() for part in parts]
    total = sum_of(parts)
    assert total is not None
    assert np.allclose(total, np.sum(before, axis=0), atol=1e-6)
    assert all((part == old).all() for part, old in zip(parts, before, strict=True))


def test_nothing_makes_no_sum_and_one_makes_itself() -> None:
    assert sum_of([]) is None
    assert sum_of([block := noise(0.02)]) is block


def test_six_who_shout_at_once_never_clip() -> None:
    shouted = [
        clip.samples[: 16_000 * 2] / np.abs(clip.samples[: 16_000 * 2]).max()
        for clip in all_clips()[:6]
    ]
    blend, decoder = Blend(16_000), Decoder()
    heard = [
        decoder.decode(blend.push(parts))
        for parts in zip(*(blocks(one) for one in shouted), strict=True)
    ]
    peak = float(np.abs(np.concatenate(heard)).max())
    assert 0.6 < peak < 1.0, "the decoder had to cut peaks off"


def test_it_comes_to_rest_when_nothing_is_heard_for_three_blocks() -> None:
    blend = Blend(16_000)
    blend.push([noise(0.02)])
    for _ in range(AFTERMATH):
        assert not blend.is_at_rest
        blend.push([])
    assert blend.is_at_rest
    blend.push([noise(0.02)])
    assert not blend.is_at_rest


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_who_follows_a_fork_hears_what_the_first_listener_hears(rate_hz: int) -> None:
    one, size = Blend(rate_hz), rate_hz // 50
    voice = tone(300, 1.0, rate_hz=rate_hz)
    for at in range(0, 20 * size, size):
        one.push([voice[at : at + size]])
    other = one.fork()
    for at in range(20 * size, 40 * size, size):
        assert one.push([voice[at : at + size]]) == other.push([voice[at : at + size]])


def test_forks_go_apart() -> None:
    one = Blend(16_000)
    one.push([tone(300, 0.02)])
    other = one.fork()
    assert one.push([tone(300, 0.02)]) != other.push([tone(700, 0.02)])
    assert not one.is_at_rest


def test_a_fork_expects_the_same_losses() -> None:
    encoder = Encoder()
    encoder.expect_loss(0.1)
    twin = encoder.fork()
    voice = blocks(tone(300, 0.4) + noise(0.4, 0.02))
    for block in voice[:10]:
        assert encoder.encode(block) == twin.encode(block)
    # And notices when there are none any more.
    encoder.expect_loss(0.0)
    twin.expect_loss(0.0)
    for block in voice[10:]:
        assert encoder.encode(block) == twin.encode(block)


def test_a_constant_tone_survives_encoding() -> None:
    blend, decoder = Blend(16_000), Decoder()
    heard = np.concatenate([decoder.decode(blend.push([b])) for b in blocks(tone(440, 1.0))])
    assert loudness(heard[8000:], 440) == pytest.approx(0.3, rel=0.1)
