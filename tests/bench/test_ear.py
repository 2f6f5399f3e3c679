"""What the bench of hearing takes for a sound, for its place and for an echo of one's own."""

import numpy as np
import pytest

from bench.ear import (
    EAR_HZ,
    Ear,
    chirp,
    chirps,
    own_voice_db,
    people,
    pitches_hz,
    place_of,
    tone,
)
from bench.mixing_rooms import MixTrack, OurRoom, Voice
from pipeline.audio import RATE_HZ, Samples
from tests.server.media.clients import eventually


def noise(size: int, loudness: float) -> Samples:
    return (loudness * np.random.default_rng(1).standard_normal(size)).astype(np.float32)


def tones(levels: dict[float, float], duration_s: float = 1.0) -> Samples:
    t = np.arange(int(duration_s * EAR_HZ)) / EAR_HZ
    sound = np.zeros(t.size, np.float32)
    for hz, level in levels.items():
        sound += level * np.sin(2 * np.pi * hz * t)
    return sound


def test_a_chirp_is_found_where_it_is() -> None:
    sound = noise(EAR_HZ, 0.02)
    sound[12_345 : 12_345 + chirp(EAR_HZ).size] += chirp(EAR_HZ)
    assert place_of(chirp(EAR_HZ), sound) == pytest.approx(12_345, abs=2)


def test_noise_and_less_than_a_chirp_are_no_chirp() -> None:
    assert place_of(chirp(EAR_HZ), noise(EAR_HZ, 0.3)) is None
    assert place_of(chirp(EAR_HZ), noise(100, 0.3)) is None


def test_chirps_lie_where_they_are_said_to_be() -> None:
    sound, at = chirps(3, seed=1)
    for start in at:
        assert np.array_equal(sound[start : start + chirp(RATE_HZ).size], chirp(RATE_HZ))
    assert len(at) == 3


def test_an_echo_is_as_far_down_as_it_is() -> None:
    own, *others = pitches_hz(4)
    levels = {hz: 0.1 for hz in others} | {own: 0.001}
    assert own_voice_db(own, others, tones(levels)) == pytest.approx(40, abs=1)


def test_moments_and_samples_of_an_ear_belong_together() -> None:
    ear = Ear([np.zeros(480, np.int16)] * 3, [5.0, 5.02, 5.03])
    assert ear.moment_s(480) == 5.02
    assert ear.moment_s(480 + 240) == pytest.approx(5.025)
    assert ear.sample_at(5.01) == 480


async def test_a_room_of_ours_lets_people_hear_each_other_and_not_themselves() -> None:
    pitches = pitches_hz(2)
    room = OurRoom()
    try:
        async with people([room.answer] * 2, [tone(hz, 5.0) for hz in pitches]) as every:
            await eventually(lambda: all(len(one.ear.pieces) > 250 for one in every))
            for own, other, person in zip(pitches, pitches[::-1], every, strict=True):
                assert own_voice_db(own, [other], person.ear.sound[-EAR_HZ:]) > 40
    finally:
        await room.close()


async def test_a_stock_listener_waits_for_some_sound_before_it_plays_any() -> None:
    voice = Voice()
    track = MixTrack(lambda: [voice])
    voice.push(np.full(320, 0.5, np.float32))
    assert not (await track.recv()).to_ndarray().any()
    voice.push(np.full(640, 0.5, np.float32))
    assert (await track.recv()).to_ndarray() == pytest.approx(0.5 * 32767, abs=1)
