"""Interviews made by seed, whose truth is exact."""

import numpy as np
import pytest

from bench.corpus import Clip
from bench.panels import build, sounding
from bench.rooms import ROOMS, Room
from pipeline.audio import samples, seconds


def clip(speaker: str, hz: float, duration_s: float = 2.5) -> Clip:
    at = np.arange(samples(duration_s)) / 16_000
    silence = np.zeros(samples(0.4), np.float32)
    tone = (0.2 * np.sin(2 * np.pi * hz * at)).astype(np.float32)
    return Clip(speaker, "", np.concatenate([silence, tone, silence]))


CLIPS = [clip(speaker, 200.0 + 150 * i) for i, speaker in enumerate("abcd") for _ in range(9)]


def test_silence_around_and_long_pauses_inside_are_not_speech() -> None:
    pause, breath = np.zeros(samples(0.5), np.float32), np.zeros(samples(0.2), np.float32)
    tone = CLIPS[0].audio[samples(0.4) : -samples(0.4)]
    spans = sounding(np.concatenate([pause, tone, breath, tone, pause, tone, pause]))
    assert [(round(seconds(a), 1), round(seconds(b), 1)) for a, b in spans] == [
        (0.5, 5.7),
        (6.2, 8.7),
    ]


def test_equal_seeds_make_equal_panels() -> None:
    one, two, other = (build(CLIPS, seed, 0.5, "table", 0.5) for seed in (1, 1, 2))
    assert one.turns == two.turns
    assert np.array_equal(one.samples, two.samples)
    assert one.turns != other.turns


def test_the_truth_is_where_voices_sound() -> None:
    panel = build(CLIPS, 1, 0.0, "clean", 1.0)
    power = np.convolve(panel.samples**2, np.full(160, 1 / 160), "same")
    speaks = np.zeros(panel.samples.size, bool)
    for _, start, end in panel.turns:
        speaks[start:end] = True
    # Tones have no level of their own between the turns but the room's noise.
    assert np.mean((power > 1e-5) == speaks) > 0.99


def test_without_overlap_one_speaks_at_a_time_and_with_it_two_do() -> None:
    def shared(overlap: float) -> int:
        turns = build(CLIPS, 3, overlap, "clean", 1.0).turns
        return sum(max(0, a[2] - b[1]) for a, b in zip(turns, turns[1:], strict=False))

    assert shared(0.0) == 0
    assert shared(1.0) > samples(1.0)


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_keep_sound_within_bounds(room: Room) -> None:
    panel = build(CLIPS, 1, 0.15, room, 0.5)
    assert np.abs(panel.samples).max() <= 1
    assert panel.samples.dtype == np.float32
    assert set(panel.enrolment) == set("abcd")
    assert all(sound.size <= samples(8) for sound in panel.enrolment.values())
    assert len(panel.interviewers) == 2
