"""Stretches that are too unlike the voice they are nearest to."""

import numpy as np

from pipeline.audio import samples
from pipeline.speakers.cells import Cell
from pipeline.speakers.fitting import fitting, least
from pipeline.speakers.labels import Known, Run
from pipeline.speakers.models import Embedding
from pipeline.speakers.survey import Survey
from tests.pipeline.speakers.chorus import embedding

VOICES = Known(["A", "B"], np.array([embedding("A"), embedding("B")]), frozenset("A"), False)
HALF_A = np.asarray((embedding("A") + embedding("C")) / np.sqrt(2.72), np.float32)
SOUNDS: dict[str, Embedding | None] = {
    "A": embedding("A", 0.05),
    "h": HALF_A,
    ".": None,
}


def said(drawing: str) -> str:
    """Return who says what in one run of A, after fitting; ``|`` is a pause, a letter 0.5 s."""
    survey = Survey()
    follows = True
    for mark in drawing:
        if mark == "|":
            follows = True
            continue
        start = samples(0.5) * len(survey.cells)
        survey.cells.append(Cell(start, start + samples(0.5), None, follows))
        survey.embeddings.append(SOUNDS[mark])
        follows = False
    count = len(survey.cells)
    heard_s = 0.5 * sum(row is not None for row in survey.embeddings)
    run = Run("A", 0, count, 0.9, SOUNDS["A"], heard_s, 0.9)
    parts = fitting([run], VOICES, survey)
    assert [part.first for part in parts] == [0, *(part.last for part in parts[:-1])]
    assert parts[-1].last == count
    assert all(part.confidence == (0.9 if part.voice else 0.0) for part in parts)
    return "".join((part.voice or "?") * (part.last - part.first) for part in parts)


def test_a_stretch_unlike_the_rest_of_its_voice_is_nobodys() -> None:
    assert said("AAAAAAAAAAAAAAAAAAAA|hhhhhhhhhhhhhhhh") == 20 * "A" + 16 * "?"


def test_only_whole_stretches_between_pauses_are_judged() -> None:
    assert said(20 * "A" + "h" + 20 * "A") == 41 * "A"


def test_a_voice_that_was_hardly_heard_keeps_what_it_has() -> None:
    assert said("AA|hhhhhhhhhhhhhhhh") == 18 * "A"


def test_a_word_is_too_short_to_be_judged() -> None:
    assert said("AAAAAAAAAAAAAAAAAAAA|h") == 21 * "A"


def test_what_nobody_listened_to_keeps_its_label() -> None:
    assert said("AAAAAAAAAAAAAAAAAAAA|....") == 24 * "A"


def test_less_is_asked_of_short_stretches() -> None:
    assert least(0.4) == least(1.0) < least(3.0) < least(30.0) < 0.95
