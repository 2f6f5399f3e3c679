"""Voices nobody enrolled, found while they speak."""

import numpy as np

from pipeline.speakers.finding import FindingConfig, find
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.labels import Run
from pipeline.speakers.models import Embedding

CONFIG = FindingConfig()


def voice(*parts: float) -> Embedding:
    vector = np.zeros(192, np.float32)
    vector[: len(parts)] = parts
    return vector / np.linalg.norm(vector)


def run(mean: Embedding, heard_s: float = 3.0, likely: float = 0.0) -> Run:
    return Run(None, 0, 1, 0.0, mean, heard_s, likely)


def test_two_strangers_are_two_voices_and_one_heard_again_is_one() -> None:
    gallery = Gallery()
    find([run(voice(1)), run(voice(0, 1)), run(voice(1, 0.1))], gallery, CONFIG)
    assert len(gallery.voices) == 2


def test_a_word_is_too_little_for_a_new_voice() -> None:
    gallery = Gallery()
    find([run(voice(1), heard_s=0.6)], gallery, CONFIG)
    assert not gallery.voices


def test_who_may_be_an_enrolled_voice_is_no_new_one() -> None:
    gallery = Gallery()
    find([run(voice(1), likely=0.4)], gallery, CONFIG)
    assert not gallery.voices


def test_found_voices_that_have_become_alike_are_one() -> None:
    gallery = Gallery()
    first = gallery.found(voice(1))
    second = gallery.found(voice(1, 0.2))
    assert find([], gallery, CONFIG) == {second: first}
    assert list(gallery.voices) == [first]


def test_enrolled_voices_are_never_merged_by_the_program() -> None:
    gallery = Gallery()
    gallery.enrol("a", voice(1))
    gallery.enrol("b", voice(1, 0.01))
    assert find([], gallery, CONFIG) == {}
    assert len(gallery.voices) == 2
