"""Windows added up along a track."""

import numpy as np
import pytest

from pipeline.audio import samples, seconds
from pipeline.speakers.activity import STEP, RunningActivity
from pipeline.speakers.models import Activity


def window(*speakers: str) -> Activity:
    """Draw local speakers, one sign per 0.1 s: ``window("##..", "..##")``."""
    size = round(0.1 * 16_000 / STEP * len(speakers[0]))
    frames = np.zeros((size, 3), np.float32)
    for i, line in enumerate(speakers):
        flags = np.array([sign == "#" for sign in line])
        frames[:, i] = flags[(np.arange(size) * len(line) / size).astype(int)]
    return Activity(frames, STEP)


def spans_s(spans: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(round(seconds(a), 1), round(seconds(b), 1)) for a, b in spans]


def heard(*speakers: str) -> RunningActivity:
    running = RunningActivity()
    running.add(0, window(*speakers))
    return running


def test_short_pauses_are_filled_and_short_noises_dropped() -> None:
    running = heard("..#####.#####....#....####")
    assert spans_s(running.speech(0, samples(3))) == [(0.2, 1.3), (2.2, 2.6)]


def test_two_at_once_are_an_overlap() -> None:
    running = heard("##########..........", "......##############")
    assert spans_s(running.overlaps(0, samples(2))) == [(0.6, 1.0)]


@pytest.mark.parametrize("between", ["", "...."])
def test_one_voice_after_another_is_a_change(between: str) -> None:
    running = heard("##########" + between + "..........", ".........." + between + "##########")
    (change,) = running.changes(0, samples(3))
    assert abs(seconds(change) - 1.0 - 0.05 * len(between)) < 0.05


def test_a_voice_that_goes_on_after_a_pause_is_no_change() -> None:
    assert heard("########....########").changes(0, samples(2)) == []


def test_windows_outvote_one_of_them() -> None:
    running = RunningActivity()
    for line in ("####################", "####################", "...................."):
        running.add(0, window(line))
    assert spans_s(running.speech(0, samples(2))) == [(0.0, 2.0)]


def test_local_speakers_need_not_agree_between_windows() -> None:
    running = RunningActivity()
    running.add(0, window("##########..........", "..........##########"))
    running.add(samples(1.0), window("..........", "##########"))
    assert len(running.changes(0, samples(2))) == 1


def test_what_no_window_covers_is_told() -> None:
    running = RunningActivity()
    running.add(samples(1.0), window("##########"))
    assert spans_s(running.unheard(0, samples(3))) == [(0.0, 1.0), (2.0, 3.0)]


def test_two_hours_are_kept_small_and_recent_speech_exact() -> None:
    running = RunningActivity()
    line = window("#" * 100)
    minutes = 30
    for i in range(6 * minutes):
        running.add(round(round(samples(10.0 * i) / STEP) * STEP), line)
    end = samples(60.0 * minutes)
    activity, overlap = running.frames()
    assert abs(activity.size * STEP - end) < samples(1)
    assert activity.nbytes + overlap.nbytes < 2 * 60 * minutes * 60
    assert len(running.windows) < 12
    assert spans_s(running.speech(end - samples(5), end))
    assert not running.unheard(0, end - samples(1))
