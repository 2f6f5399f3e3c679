"""Who the two are that speak at once."""

import numpy as np

from pipeline.audio import samples
from pipeline.speakers.activity import STEP, Window
from pipeline.speakers.models import Activity
from pipeline.speakers.overlap import overlapping
from pipeline.speakers.turns import VoiceTurn


def window(*spans: tuple[float, float]) -> Window:
    """Each local speaker from when to when, in a window of 10 s from the beginning."""
    frames = np.zeros((round(samples(10) / STEP), 3), np.float32)
    for i, (start_s, end_s) in enumerate(spans):
        frames[round(samples(start_s) / STEP) : round(samples(end_s) / STEP), i] = 1
    return Window(0, Activity(frames, STEP))


def turn(voice: str | None, start_s: float, end_s: float) -> VoiceTurn:
    return VoiceTurn(voice, samples(start_s), samples(end_s), 0.9)


def span(start_s: float, end_s: float) -> tuple[int, int]:
    return samples(start_s), samples(end_s)


def test_a_word_thrown_in_is_the_second_voice() -> None:
    turns = [turn("a", 0, 5), turn("b", 5.5, 8)]
    heard = window((0, 5), (2, 2.6))
    assert overlapping([span(2, 2.6)], [heard], turns) == []
    heard = window((0, 5), (2, 2.6))
    heard.activity.speakers[round(samples(5.5) / STEP) : round(samples(8) / STEP), 1] = 1
    (second,) = overlapping([span(2, 2.6)], [heard], turns)
    assert (second.voice, second.start, second.end) == ("b", *span(2, 2.6))
    assert second.confidence < 0.9


def test_an_overlap_at_a_change_is_of_the_two_around_it() -> None:
    turns = [turn("a", 0, 3), turn("b", 3, 6)]
    (second,) = overlapping([span(2.6, 3.2)], [], turns)
    assert second.voice == "b"


def test_a_voice_does_not_overlap_itself() -> None:
    turns = [turn("a", 0, 3), turn("a", 3.2, 6)]
    assert overlapping([span(2.6, 3.2)], [window((0, 3), (2.6, 6))], turns) == []


def test_nobody_known_overlaps_with_nobody_known() -> None:
    turns = [turn(None, 0, 3), turn(None, 3, 6)]
    assert overlapping([span(2.6, 3.2)], [], turns) == []
    assert overlapping([span(8, 9)], [], turns) == []
