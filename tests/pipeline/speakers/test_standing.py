"""Whether names told live stand where a second hearing says others."""

import numpy as np
import pytest

from pipeline.audio import samples
from pipeline.speakers.casting import cast
from pipeline.speakers.cells import Cell
from pipeline.speakers.clustering import Rows, unit
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.labels import Known as Voices
from pipeline.speakers.labels import Run
from pipeline.speakers.models import Embedding
from pipeline.speakers.standing import standing
from pipeline.speakers.survey import Survey
from pipeline.speakers.turns import VoiceTurn
from pipeline.speakers.whole import Known, decide

A, B = unit(np.eye(4)[0] + 0.8 * np.eye(4)[2]), unit(np.eye(4)[1] + 0.8 * np.eye(4)[2])
BETWEEN = unit(A + B)


def surveyed(*heard: Rows, each_s: float = 1.0) -> Survey:
    survey = Survey(through=samples(each_s * len(heard)))
    for i, row in enumerate(heard):
        start, end = samples(each_s * i), samples(each_s * (i + 1))
        survey.cells.append(Cell(start, end, (start, end), follows=i == 0))
        survey.embeddings.append(row.astype(np.float32))
    return survey


def run(voice: str | None, first: int, last: int, each_s: float = 1.0) -> Run:
    mean: Embedding = A.astype(np.float32)
    return Run(voice, first, last, 0.99, mean, each_s * (last - first), 0.99)


def voices(b: Rows) -> Voices:
    return Voices(["A", "B"], np.array([A, b], np.float32), frozenset("AB"), is_exclusive=True)


def told(voice: str | None, first: int, last: int, sure: float = 0.9) -> VoiceTurn:
    return VoiceTurn(voice, samples(first), samples(last), sure)


READ = {"A": A, "B": B}


def test_a_name_that_a_voice_took_by_learning_from_the_error_is_given_back() -> None:
    """Its centre has moved towards the other's words; what was read of both has not."""
    survey = surveyed(B, B, A, A, A)
    wrong = [run("B", 0, 5)]
    found = standing(wrong, voices(BETWEEN), survey, [told("B", 0, 2), told("A", 2, 5)], READ)
    assert [(one.voice, one.first, one.last) for one in found] == [("B", 0, 2), ("A", 2, 5)]
    assert found[0].confidence == pytest.approx(0.99)
    assert found[1].confidence <= 0.6


def test_a_name_that_is_clearly_better_overrules_what_was_told_live() -> None:
    found = standing([run("B", 0, 3)], voices(B), surveyed(B, B, B), [told("A", 0, 3)], READ)
    assert [one.voice for one in found] == ["B"]


def test_words_between_two_voices_keep_their_name_and_are_not_sure() -> None:
    survey = surveyed(BETWEEN, BETWEEN)
    [found] = standing([run("B", 0, 2)], voices(B), survey, [told("A", 0, 2)], READ)
    assert (found.voice, found.confidence) == ("A", 0.6)


@pytest.mark.parametrize("label", [told("A", 0, 2, 0.4), told(None, 0, 2), told("x", 0, 2)])
def test_labels_that_were_unsure_or_no_persons_name_do_not_stand(label: VoiceTurn) -> None:
    runs = [run("B", 0, 2)]
    assert standing(runs, voices(B), surveyed(BETWEEN, BETWEEN), [label], READ) == runs


def test_where_both_voices_said_much_the_second_hearing_knows_better() -> None:
    heard = [A] * 3 + [B] * 3 + [BETWEEN]
    runs = [run("A", 0, 3, 10.0), run("B", 3, 7, 10.0)]
    survey = surveyed(*heard, each_s=10.0)
    assert [one.voice for one in standing(runs, voices(B), survey, [told("A", 0, 70)], READ)] == [
        "A",
        "B",
    ]


def test_what_is_nobodys_stays_nobodys() -> None:
    runs = [run(None, 0, 2)]
    assert standing(runs, voices(B), surveyed(A, A), [told("A", 0, 2)], READ) == runs


def test_a_whole_pass_over_a_short_talk_keeps_what_live_labels_said_of_unclear_words() -> None:
    survey = surveyed(A, A, A, A, BETWEEN, BETWEEN, B, B, B, B)
    gallery = Gallery(2)
    for name, row in READ.items():
        gallery.enrol(name, row.astype(np.float32))
    for voice in "AB":
        known = Known(2, heard=(told(voice, 4, 6),))
        turns = decide(survey, gallery, known).turns
        middle = samples(5)
        assert [turn.voice for turn in turns if turn.start <= middle < turn.end] == [voice]


def test_speech_of_two_who_have_read_is_no_third_voice_where_nobody_else_is_expected() -> None:
    centres = np.array([A, B, BETWEEN])
    for expected, count in ((2, 2), (3, 3)):
        found, labels = cast(dict(READ), centres, [[], [], []], Gallery(), Known(expected))
        assert len(found.names) == count
        assert (labels[2] in READ) == (expected == 2)
