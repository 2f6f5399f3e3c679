"""Who spoke, decided over a whole recording."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.audio import Samples, samples
from pipeline.jobs import EngineError
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.turns import VoiceTurn
from pipeline.speakers.whole import Known, WholeResult, whole_pass
from tests.pipeline.speakers.chorus import EACH_S, ChorusModels, drawn, embedding, sing

TALK = 2 * "AAAAAA..BBBBBBBB.AAAA...CCCCCCCC..BBBBAAAACCCC.."


def enrolled(voices: str, expected: int = 6) -> Gallery:
    gallery = Gallery(expected)
    for voice in voices:
        gallery.enrol(voice, embedding(voice, 0.1, 99))
    return gallery


def at(first: int, last: int, voice: str | None) -> VoiceTurn:
    return VoiceTurn(voice, samples(first * EACH_S), samples(last * EACH_S), 1.0)


def letters(found: WholeResult, truth: str) -> dict[str | None, str]:
    """Call every found voice what it mostly is."""
    called: dict[str | None, str] = {None: "?"}
    for voice in {turn.voice for turn in found.turns if turn.voice is not None}:
        mine = [turn for turn in found.turns if turn.voice == voice]
        said = drawn(mine, len(truth), {voice: "x"})
        heard = [true for true, mark in zip(truth, said, strict=True) if mark == "x"]
        called[voice] = max("ABCDEF", key=heard.count)
    return called


async def test_enrolled_voices_are_named() -> None:
    found = await whole_pass(sing(TALK), ChorusModels(), enrolled("ABC"))
    assert drawn(found.turns, len(TALK), {"A": "A", "B": "B", "C": "C", None: "?"}) == TALK
    assert found.found == {}
    assert found.through == samples(EACH_S) * len(TALK)
    assert min(turn.confidence for turn in found.turns) > 0.5


async def test_without_any_enrolment_voices_are_separated() -> None:
    found = await whole_pass(sing(TALK), ChorusModels(), Gallery(6))
    called = letters(found, TALK)
    assert sorted(called.values()) == ["?", "A", "B", "C"]
    assert drawn(found.turns, len(TALK), called) == TALK
    assert set(found.found) == set(called) - {None}
    assert max(turn.confidence for turn in found.turns) <= 0.75


async def test_somebody_who_never_read_gets_nobodys_name() -> None:
    found = await whole_pass(sing(TALK), ChorusModels(), enrolled("AB"))
    (stranger,) = found.found
    called = {"A": "A", "B": "B", stranger: "C", None: "?"}
    assert drawn(found.turns, len(TALK), called) == TALK


async def test_more_voices_than_were_expected_get_nobodys_name() -> None:
    found = await whole_pass(sing(TALK), ChorusModels(), enrolled("AB", expected=2))
    for turn in found.turns:
        if turn.voice in ("A", "B"):
            middle = int(2 * ((turn.start + turn.end) / 2) / samples(1))
            assert TALK[middle] == turn.voice


async def test_found_voices_keep_the_names_they_had_live() -> None:
    live = (at(0, 6, "v1"), at(8, 16, "v2"), at(24, 32, "v3"), at(40, 42, "v2"))
    found = await whole_pass(sing(TALK), ChorusModels(), Gallery(6), Known(heard=live))
    called = {"v1": "A", "v2": "B", "v3": "C", None: "?"}
    assert drawn(found.turns, len(TALK), called) == TALK


async def test_what_people_corrected_stays_and_nothing_else_moves() -> None:
    wrong = Known(anchors=(at(0, 6, "B"),))
    found = await whole_pass(sing(TALK), ChorusModels(), enrolled("ABC"), wrong)
    said = drawn(found.turns, len(TALK), {"A": "A", "B": "B", "C": "C", None: "?"})
    assert said[:6] == "BBBBBB"
    assert said[6:] == TALK[6:]
    assert all(turn.confidence == 1.0 for turn in found.turns if turn.end <= samples(3))


async def test_a_corrected_voice_without_a_reading_is_learnt() -> None:
    known = Known(anchors=(at(24, 32, "v9"),))
    found = await whole_pass(sing(TALK), ChorusModels(), enrolled("AB"), known)
    called = {"A": "A", "B": "B", "v9": "C", None: "?"}
    assert drawn(found.turns, len(TALK), called) == TALK


async def test_an_overlap_has_two_voices() -> None:
    talk = TALK + "AAAAAAXXBBBBBB"
    found = await whole_pass(sing(talk), ChorusModels(), enrolled("ABC"))
    start, end = samples((len(TALK) + 6) * EACH_S), samples((len(TALK) + 8) * EACH_S)
    middle = (start + end) // 2
    assert {turn.voice for turn in found.turns if turn.start <= middle < turn.end} == {"A", "B"}


async def test_one_endless_speaker_is_one_voice() -> None:
    found = await whole_pass(sing(200 * "A"), ChorusModels(), Gallery(6))
    assert len({turn.voice for turn in found.turns}) == 1
    assert all(one.end <= other.start for one, other in pairwise(found.turns))


async def test_silence_has_no_turns() -> None:
    found = await whole_pass(sing(40 * "."), ChorusModels(), enrolled("AB"))
    assert (found.turns, found.found, found.through) == ((), {}, samples(20))


async def test_a_single_word_of_a_stranger_is_nobodys() -> None:
    found = await whole_pass(sing("....C...."), ChorusModels(), enrolled("AB"))
    assert {turn.voice for turn in found.turns} - {None} <= set(found.found)


async def test_the_gallery_is_only_read() -> None:
    gallery = enrolled("AB")
    before = gallery.to_bytes()
    await whole_pass(sing(TALK), ChorusModels(), gallery)
    assert gallery.to_bytes() == before


async def test_a_model_that_fails_is_told() -> None:
    class Broken(ChorusModels):
        async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
            raise EngineError("The voices model failed.")

    with pytest.raises(EngineError, match="voices model"):
        await whole_pass(sing(TALK), Broken(), enrolled("A"))
