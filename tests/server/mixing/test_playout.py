"""Sound that comes in fits and starts is played evenly, and every word of it once."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples
from server.mixing.playout import MAX_BEHIND_S, Playout
from tests.server.media.encoding import korean
from tests.server.mixing.virtual import FRAME, arrivals, noise, places, played, silence, tone

FADE = 80
PERIOD = 200
"""The longest period of a voice that may be left out or repeated, 12.5 ms."""


def speech(length_s: float) -> Samples:
    """Sentences with a second between them, no two samples alike."""
    sentence = np.concatenate((korean(), silence(1.0)))
    sound = np.resize(sentence, round(length_s * RATE_HZ) // FRAME * FRAME)
    return (sound + noise(length_s, 1e-4)[: sound.size]).astype(np.float32)


def seams(heard: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return by how much play-out skipped (positive) or repeated, wherever it did."""
    steps: NDArray[np.int64] = np.diff(heard) - 1
    return steps[np.flatnonzero(steps)]


def steepest(out: Samples) -> float:
    return float(np.abs(np.diff(out)).max())


def test_sound_that_comes_evenly_is_played_as_it_is_and_soon() -> None:
    sound = noise(2.0)
    out = played(sound, arrivals(100, [0.03]))
    heard = places(out, sound)
    assert heard[0] <= FADE
    assert heard[-1] >= sound.size - 2 * FADE
    assert not seams(heard).size
    first = int(np.flatnonzero(out)[0]) / RATE_HZ + 0.007
    assert first <= 0.05 + 0.02 + 0.02  # The way and the frame; what waits; one block.


@settings(max_examples=60, deadline=None)
@given(
    delays_s=st.lists(st.floats(0, 0.2), min_size=1, max_size=60),
    phase_s=st.floats(0, 0.02),
)
def test_what_is_heard_is_what_was_said_exactly_once(delays_s: list[float], phase_s: float) -> None:
    sound = noise(2.0)
    out = played(sound, arrivals(100, delays_s), phase_s)
    heard = places(out, sound)
    assert np.unique(heard).size == heard.size, "something was heard twice"
    assert (np.diff(heard) > 0).all(), "something was heard out of order"
    # Under a fade sound is heard, but not as it was.
    assert np.concatenate((heard[:1], seams(heard))).max() <= FADE + 2, "something is missing"
    assert heard[-1] >= sound.size - 2 * FADE
    assert np.abs(out).max() <= 0.31


@pytest.mark.parametrize(("jitter_s", "drift"), [(0.0, 1e-4), (0.02, -1e-4), (0.06, 1e-4)])
def test_a_minute_of_speech_over_jitter_and_drift_miss_and_repeat_no_word(
    jitter_s: float, drift: float
) -> None:
    sound = speech(60.0)
    chance = random.Random(8)
    delays_s = [0.03 + chance.uniform(0, jitter_s) for _ in range(3000)]
    out = played(sound, arrivals(3000, delays_s, drift))
    heard = places(out, sound)
    is_loud = np.abs(sound) > 0.01
    # All but what lies under the few fades comes out of the loudspeaker unaltered.
    assert is_loud[heard].sum() > 0.995 * is_loud.sum()
    for skip in seams(heard):
        assert skip > -PERIOD - FADE, "a word is heard twice"
    once = np.unique(heard)
    for at in np.flatnonzero(np.diff(once) > PERIOD + 2 * FADE):
        missing = sound[once[at] + 1 : once[at + 1]]
        assert np.abs(missing).max() < 0.02, "a word is missing"


def test_what_was_learnt_of_jitter_holds_the_seams_off() -> None:
    sound = speech(60.0)
    chance = random.Random(3)
    times = arrivals(3000, [0.03 + chance.uniform(0, 0.06) for _ in range(3000)])
    heard = places(played(sound, times), sound)
    assert seams(heard[heard.size // 2 :]).size <= 15


@pytest.mark.parametrize("at", [50, 51, 52, 53])
def test_a_hole_in_the_sound_is_entered_and_left_without_a_click(at: int) -> None:
    sound = tone(170, 2.0)
    out = played(sound, arrivals(100, [0.03] * at + [0.2] + [0.03] * (99 - at)))
    assert steepest(out) < 1.5 * steepest(sound)
    assert np.abs(out).max() < 0.32


def test_what_came_late_in_one_long_speech_is_made_up_for_bit_by_bit() -> None:
    pitch = tone(150, 20.0) + tone(300, 20.0, 0.1)
    sound = (pitch + noise(20.0, 1e-4)).astype(np.float32)
    out = played(sound, arrivals(1000, [0.03] * 100 + [0.33] * 10 + [0.03] * 890))
    heard = places(out, sound)
    assert heard.size > 0.97 * sound.size
    # Each time a period of the voice, which it repeats anyway, until all is in time again.
    skipped = seams(heard)[1:]
    assert skipped.min() > 0
    assert skipped.max() <= PERIOD + FADE
    first, last = np.flatnonzero(out)[[0, -1]]
    assert abs(last - first - sound.size) < 0.025 * RATE_HZ
    assert steepest(out) < 1.1 * steepest(sound)


def test_a_way_that_has_become_slower_is_heard_once() -> None:
    sound = (tone(170, 12.0) + noise(12.0, 1e-4)).astype(np.float32)
    out = played(sound, arrivals(600, [0.03] * 100 + [0.3] * 500))
    assert seams(places(out, sound)).size <= 3


def test_a_sender_whose_clock_is_slow_never_runs_dry_in_one_long_speech() -> None:
    voice = tone(170, 40.0)
    drift = 1e-3  # Ten times what clocks do: 40 ms here are seven minutes of a room.
    out = played(voice, arrivals(2000, [0.03], drift))
    spoken = out[slice(*(np.flatnonzero(out)[[0, -1]]))]
    peaks = np.abs(spoken[FRAME : spoken.size // FRAME * FRAME - FRAME].reshape(-1, FRAME)).max(1)
    assert peaks.min() > 0.25
    assert spoken.size - voice.size > 0.02 * RATE_HZ
    assert steepest(out) < 1.5 * steepest(voice)


def test_after_a_pause_everybody_is_in_time_again() -> None:
    sound = np.concatenate((noise(1.0), silence(1.0), noise(1.0, seed=2) / 2)).astype(np.float32)
    times = arrivals(150, [0.03] * 30 + [0.2] * 20 + [0.03] * 100)
    out = played(sound, times)
    late, in_time = (
        int(np.flatnonzero(out == sound[at])[0]) - at for at in (49 * FRAME, 101 * FRAME)
    )
    assert late - in_time > 0.04 * RATE_HZ


def test_silence_is_nothing() -> None:
    playout = Playout(RATE_HZ)
    assert playout.pull(0.0) is None
    for index in range(100):
        playout.push(silence(0.02), index * FRAME, index * 0.02, -127)
        assert playout.pull(index * 0.02) is None


def test_the_quiet_beginning_of_a_word_is_heard() -> None:
    quiet, loud = noise(0.02, 0.001, seed=1), noise(0.2, seed=2)
    sound = np.concatenate((silence(1.0), quiet, loud))
    out = played(sound, arrivals(sound.size // FRAME, [0.03]))
    assert (np.abs(out) > 0).sum() > loud.size + 200


def test_a_pause_that_was_not_sent_is_as_long_as_it_was() -> None:
    playout = Playout(RATE_HZ)
    begin, end = noise(0.2, seed=1), noise(0.2, 0.2, seed=2)
    out = []
    for tick in range(120):
        now_s = tick * 0.02
        for sound, at in ((begin, 0), (end, 75 * FRAME)):
            index = tick - at // FRAME
            if 0 <= index < 10:
                block = sound[index * FRAME : (index + 1) * FRAME]
                playout.push(block, at + index * FRAME, now_s, -15)
        heard = playout.pull(now_s)
        out.append(silence(0.02) if heard is None else heard)
    joined = np.concatenate(out)
    first, second = (int(np.flatnonzero(joined == sound[1600])[0]) for sound in (begin, end))
    assert abs(second - first - 75 * FRAME) <= 1


def test_a_flood_is_bounded() -> None:
    playout = Playout(RATE_HZ)
    for index in range(2000):  # 40 s of sound at once.
        playout.push(noise(0.02, seed=index % 7), index * FRAME, 1.0, -15)
    blocks = 0
    while playout.pull(1.0 + blocks * 0.02) is not None:
        blocks += 1
    assert blocks * 0.02 <= MAX_BEHIND_S + 0.35


def test_a_frame_of_any_length_is_taken() -> None:
    playout = Playout(RATE_HZ)
    at = 0
    for size in (40, 16_000, 960, 1, 1920, 40_000):
        playout.push(noise(size / RATE_HZ), at, at / RATE_HZ, -15)
        at += size
        heard = playout.pull(at / RATE_HZ)
        assert heard is None or heard.shape == (FRAME,)


def test_a_sender_that_counts_anew_is_heard_at_once() -> None:
    playout = Playout(RATE_HZ)
    old, new = noise(1.0, seed=1), noise(1.0, 0.2, seed=2)
    out = []
    for tick in range(100):
        now_s = tick * 0.02
        sound, index = (old, tick) if tick < 50 else (new, tick - 50)
        playout.push(sound[index * FRAME : (index + 1) * FRAME], index * FRAME, now_s, -15)
        heard = playout.pull(now_s)
        out.append(silence(0.02) if heard is None else heard)
    heard_new = places(np.concatenate(out), new)
    assert heard_new[0] <= FADE
    assert heard_new.size > 0.9 * new.size


def test_a_track_whose_time_leaps_is_heard_soon_after() -> None:
    playout = Playout(RATE_HZ)
    sound = noise(2.0)
    loud = []
    for tick in range(100):
        leap = 0 if tick < 50 else 3600 * RATE_HZ
        block = sound[tick * FRAME : (tick + 1) * FRAME]
        playout.push(block, tick * FRAME + leap, tick * 0.02, -15)
        heard = playout.pull(tick * 0.02)
        loud.append(heard is not None and np.abs(heard).max() > 0.2)
    assert all(loud[5:50])
    assert all(loud[60:])
