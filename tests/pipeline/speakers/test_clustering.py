"""Voices told apart without knowing any of them."""

import numpy as np
import pytest

from pipeline.speakers.clustering import ClusteringConfig, Pieces, separate
from pipeline.speakers.models import Embedding
from tests.pipeline.speakers.chorus import VOICES, embedding

SECTION = 8
SPREAD = 0.15


def pieces(drawing: str, spread: float = SPREAD) -> Pieces:
    """Return a section of eight half seconds for each letter; lower case: of one piece."""
    rows: list[Embedding] = []
    sections: list[int] = []
    for number, letter in enumerate(drawing):
        for _ in range(SECTION if letter.isupper() else 1):
            rows.append(embedding(letter.upper(), spread, len(rows)))
            sections.append(number)
    return Pieces(
        np.array(rows, np.float64).reshape(len(rows), -1),
        np.array(sections, np.intp),
        np.full(len(rows), 0.5),
    )


def heard(found: Pieces, config: ClusteringConfig | None = None) -> str:
    """Return which voices the centres are, the longest first."""
    readings = np.array([embedding(voice) for voice in VOICES])
    return "".join(VOICES[int(np.argmax(readings @ centre))] for centre in separate(found, config))


@pytest.mark.parametrize("voices", ["A", "AB", "ABC", "ABCDEF"])
def test_there_are_as_many_voices_as_spoke(voices: str) -> None:
    assert sorted(heard(pieces(4 * voices))) == sorted(voices)


def test_the_longest_voice_comes_first() -> None:
    assert heard(pieces("BABCABB")) == "BAC"


def test_a_voice_is_its_mean() -> None:
    (centre,) = separate(pieces("CCCC"))
    assert float(centre @ embedding("C")) > 0.97
    assert np.linalg.norm(centre) == pytest.approx(1)


def test_no_more_voices_are_told_apart_than_are_expected() -> None:
    assert len(heard(pieces(3 * "ABCDEF"), ClusteringConfig(most=3))) <= 3


def test_a_short_noise_is_no_voice() -> None:
    assert sorted(heard(pieces("ABABAcBAB"))) == ["A", "B"]


def test_a_voice_that_varies_much_stays_one() -> None:
    assert len(heard(pieces("AAAAAAAA", spread=0.2))) == 1


def test_pieces_without_any_variation_are_told_apart() -> None:
    assert sorted(heard(pieces("ABABAB", spread=0.0))) == ["A", "B"]


def test_little_speech_is_one_voice() -> None:
    assert heard(pieces("ab")) in ("A", "B")


def test_silence_holds_no_voice() -> None:
    nobody = Pieces(np.zeros((0, 24)), np.zeros(0, np.intp), np.zeros(0))
    assert separate(nobody).shape == (0, 24)
