"""An own microphone is screened: what is silenced, what is told, and who decides in doubt."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.audio import Samples, samples
from pipeline.endpointing import Span
from pipeline.jobs import EngineError
from pipeline.speakers.leakage import Leakage
from pipeline.speakers.models import Activity, Embedding
from pipeline.speakers.own import OwnSpeech, Voices, screened
from pipeline.speakers.verdicts import Stretch

SECOND = samples(1.0)


def unit(*numbers: float) -> Embedding:
    vector = np.zeros(192, np.float32)
    vector[: len(numbers)] = numbers
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


MINE, THEIRS, NOBODYS = unit(1, 0.2), unit(0.2, 1), unit(0, 0, 1)


class Judge(Leakage):
    """Says what it was told to say."""

    def __init__(self, *stretches: Stretch) -> None:
        super().__init__()
        self.stretches = stretches

    def judge(self, track: str, start_s: float, sound: Samples) -> tuple[Stretch, ...]:
        if not self.stretches:
            raise ValueError("a bug")
        return self.stretches


class Ear:
    """Models that hear one voice in everything."""

    def __init__(self, voice: Embedding | None) -> None:
        self.voice = voice
        self.sizes: list[int] = []

    async def activity(self, sound: Samples) -> Activity:
        raise NotImplementedError

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        self.sizes = [piece.size for piece in pieces]
        if self.voice is None:
            raise EngineError("the model is missing")
        return np.stack([self.voice] * len(pieces))


def own(start: int, end: int, *, is_doubtful: bool = False) -> Stretch:
    return Stretch(start, end, True, is_doubtful, "two")


def others(start: int, end: int, *, is_doubtful: bool = False) -> Stretch:
    return Stretch(start, end, False, is_doubtful, "two")


def test_others_speech_is_silenced_and_told_and_ones_own_is_as_it_was() -> None:
    sound = np.full(3 * SECOND, 0.5, np.float32)
    left = screened(1000, sound, (others(0, SECOND), own(SECOND, 3 * SECOND)))
    assert left.samples is not None
    assert left.samples.size == sound.size
    assert not left.samples[: SECOND - 200].any()
    assert (left.samples[SECOND + 200 :] == 0.5).all()
    assert left.suppressed == (Span(1000, 1000 + SECOND),)


def test_the_cut_does_not_click() -> None:
    sound = np.full(3 * SECOND, 0.5, np.float32)
    left = screened(0, sound, (own(0, SECOND), others(SECOND, 3 * SECOND)))
    assert left.samples is not None
    assert np.abs(np.diff(left.samples)).max() < 0.02


def test_all_own_speech_is_left_as_it_is() -> None:
    sound = np.ones(100, np.float32)
    left = screened(0, sound, (own(0, 100),))
    assert left.samples is sound
    assert left.suppressed == ()


@pytest.mark.parametrize("rest", [(), (own(SECOND, SECOND + 2000),)])
def test_nothing_of_ones_own_or_a_click_leaves_nothing(rest: tuple[Stretch, ...]) -> None:
    sound = np.ones(SECOND + 2000, np.float32)
    assert screened(0, sound, (others(0, SECOND), *rest)).samples is None


def test_a_short_cut_between_words_is_not_told() -> None:
    sound = np.ones(3 * SECOND, np.float32)
    stretches = (own(0, SECOND), others(SECOND, SECOND + 2000), own(SECOND + 2000, 3 * SECOND))
    assert screened(0, sound, stretches).suppressed == ()


async def heard(voice: Embedding | None, *stretches: Stretch, is_final: bool = True) -> str:
    """Return what is left of doubtful sound when ``voice`` is heard in it: own or nothing."""
    ear = Ear(voice)
    known = {"one": MINE, "two": THEIRS}
    screen = OwnSpeech(
        Judge(*stretches), "one", lambda sample: sample / SECOND, Voices(known.get, ear)
    )
    left = await screen(0, np.ones(2 * SECOND, np.float32), is_final=is_final)
    return "nothing" if left.samples is None else "own"


async def test_an_enrolled_voice_decides_where_levels_leave_doubt() -> None:
    assert await heard(MINE, others(0, 2 * SECOND, is_doubtful=True)) == "own"
    assert await heard(THEIRS, own(0, 2 * SECOND, is_doubtful=True)) == "nothing"


async def test_levels_that_leave_no_doubt_are_not_overruled() -> None:
    assert await heard(MINE, others(0, 2 * SECOND)) == "nothing"
    assert await heard(THEIRS, own(0, 2 * SECOND)) == "own"


async def test_a_voice_that_is_nobodys_decides_nothing() -> None:
    assert await heard(NOBODYS, own(0, 2 * SECOND, is_doubtful=True)) == "own"
    assert await heard(NOBODYS, others(0, 2 * SECOND, is_doubtful=True)) == "nothing"


async def test_without_the_model_levels_decide() -> None:
    assert await heard(None, own(0, 2 * SECOND, is_doubtful=True)) == "own"
    assert await heard(None, others(0, 2 * SECOND, is_doubtful=True)) == "nothing"


async def test_an_interim_waits_for_no_model() -> None:
    assert await heard(MINE, others(0, 2 * SECOND, is_doubtful=True), is_final=False) == "nothing"


async def test_a_bug_in_judging_loses_nobodys_words(caplog: pytest.LogCaptureFixture) -> None:
    assert await heard(MINE) == "own"
    assert "not screened" in caplog.text
