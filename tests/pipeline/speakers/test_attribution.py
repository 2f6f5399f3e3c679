"""Who speaks on one microphone, with models that read it from the sound.

Sound of amplitude 0.1, 0.2... is voice 0, 1...; 0 is silence. ``#`` in a drawing is not needed:
a digit is the voice that speaks for 0.5 s, a dot is silence.
"""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.audio import Samples, samples, seconds
from pipeline.inference import Overloaded
from pipeline.jobs import EngineError
from pipeline.speakers.activity import STEP
from pipeline.speakers.attribution import Attribution
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.models import Activity, Embedding
from pipeline.speakers.turns import Provisional, VoiceTurn

_SIGN_S = 0.5


def sound(drawing: str) -> Samples:
    levels = [0.0 if sign == "." else 0.1 * (int(sign) + 1) for sign in drawing]
    return np.repeat(np.array(levels, np.float32), samples(_SIGN_S))


def centre(voice: int) -> Embedding:
    row = np.zeros(192, np.float32)
    row[voice] = 1
    return row


class ReadModels:
    """``VoiceModels`` that see the voices in the sound; ``gate`` holds their answers back."""

    def __init__(self) -> None:
        self.error: EngineError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.windows = 0
        self.pieces = 0

    async def activity(self, sound: Samples) -> Activity:
        self.windows += 1
        await self._answer()
        at = (np.arange(int(sound.size / STEP)) * STEP).astype(int)
        voices = np.round(sound[at] * 10).astype(int) - 1
        frames = np.zeros((at.size, 3), np.float32)
        heard: list[int] = []
        for i, voice in enumerate(voices):
            if voice >= 0:
                if voice not in heard:
                    heard.append(int(voice))
                frames[i, heard.index(int(voice)) % 3] = 1
        return Activity(frames, STEP)

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        self.pieces += len(pieces)
        await self._answer()
        rows = []
        for piece in pieces:
            assert samples(0.2) < piece.size <= samples(10)
            counts = np.bincount(np.round(piece * 10).astype(int), minlength=9)[1:9]
            row = np.zeros(192, np.float32)
            row[: counts.size] = counts
            rows.append(row / max(1e-9, float(np.linalg.norm(row))))
        return np.array(rows, np.float32)

    async def _answer(self) -> None:
        await self.gate.wait()
        if self.error is not None:
            raise self.error


def known(*voices: int) -> Gallery:
    gallery = Gallery()
    for voice in voices:
        gallery.enrol("abcdefg"[voice], centre(voice))
    return gallery


async def push(attribution: Attribution, drawing: str) -> None:
    """Push half a second at a time and let the models answer."""
    whole = sound(drawing)
    for start in range(0, whole.size, samples(_SIGN_S)):
        attribution.push(whole[start : start + samples(_SIGN_S)])
        for _ in range(5):
            await asyncio.sleep(0)


def drawn(turns: Sequence[VoiceTurn]) -> list[tuple[str | None, float, float]]:
    return [
        (turn.voice, round(2 * seconds(turn.start)) / 2, round(2 * seconds(turn.end)) / 2)
        for turn in turns
    ]


async def test_enrolled_voices_are_told_at_the_end_of_the_turn() -> None:
    attribution = Attribution(ReadModels(), known(0, 1))
    await push(attribution, "..00000011111..")
    turns = await attribution.turns(samples(1.0), samples(6.5))
    assert drawn(turns) == [("a", 1.0, 4.0), ("b", 4.0, 6.5)]
    assert all(turn.confidence > 0.9 for turn in turns)


async def test_live_labels_follow_within_three_seconds() -> None:
    said: list[Provisional] = []
    attribution = Attribution(ReadModels(), known(0, 1), said.append)
    late: list[float] = []
    for sign in "..000000001111111111....":
        before = len(said)
        await push(attribution, sign)
        late += [seconds(attribution.position - one.end) for one in said[before:]]
    assert {one.voice for one in said} == {"a", "b"}
    assert max(late) <= 2.0
    first_b = next(one for one in said if one.voice == "b")
    assert abs(seconds(first_b.start) - 5.0) < 0.3
    await attribution.close()


async def test_a_recording_and_a_live_track_have_the_same_turns() -> None:
    live = Attribution(ReadModels(), known(0, 1), lambda _: None)
    recorded = Attribution(ReadModels(), known(0, 1))
    for attribution in (live, recorded):
        await push(attribution, ".0000011110000.")
    end = samples(7.0)
    assert drawn(await live.turns(0, end)) == drawn(await recorded.turns(0, end))
    await live.close()


async def test_an_outsider_is_not_given_an_enrolled_name() -> None:
    gallery = known(0, 1)
    attribution = Attribution(ReadModels(), gallery)
    await push(attribution, "0000..222222")
    turns = await attribution.turns(0, samples(6.0))
    assert [turn.voice for turn in turns][0] == "a"
    assert turns[-1].voice not in ("a", "b", None)
    assert not gallery.voices[turns[-1].voice or ""].is_enrolled
    assert turns[-1].confidence <= 0.75


async def test_two_people_enrolled_with_the_same_voice_are_not_named() -> None:
    gallery = known(0, 1)
    gallery.enrol("b", centre(0))
    attribution = Attribution(ReadModels(), gallery)
    await push(attribution, ".000000.")
    turns = await attribution.turns(samples(0.5), samples(3.5))
    assert [turn.voice for turn in turns] == [None]
    assert len(gallery.voices) == 2  # It is one of the two, and no new voice.


async def test_without_enrolment_voices_are_found_and_found_again() -> None:
    attribution = Attribution(ReadModels(), Gallery())
    await push(attribution, "0000..1111.." * 2)
    first = await attribution.turns(0, samples(6.0))
    again = await attribution.turns(samples(6.0), samples(12.0))
    assert len({turn.voice for turn in first}) == 2
    assert [turn.voice for turn in again] == [turn.voice for turn in first]


async def test_silence_is_nobodys() -> None:
    models = ReadModels()
    attribution = Attribution(models, known(0))
    await push(attribution, "........")
    assert await attribution.turns(0, samples(4)) == ()
    assert models.pieces == 0


async def test_one_endless_speaker_is_one_voice_and_memory_stays() -> None:
    attribution = Attribution(ReadModels(), known(0, 1))
    for minute in range(3):
        await push(attribution, "0" * 56)
        turns = await attribution.turns(samples(28.0 * minute), samples(28.0 * (minute + 1)))
        assert {turn.voice for turn in turns} == {"a"}
    history = attribution.history()
    assert 28 * 3 * 1.5 < len(history.spans) < 28 * 3 * 3
    assert history.embeddings.dtype == np.float16


async def test_models_that_fail_say_so_and_recover() -> None:
    models = ReadModels()
    attribution = Attribution(models, known(0))
    await push(attribution, "000000")
    models.error = EngineError("The voice models are missing.")
    assert await attribution.turns(0, samples(3)) == ()
    assert attribution.failure == "The voice models are missing."
    models.error = None
    assert drawn(await attribution.turns(0, samples(3))) == [("a", 0.0, 3.0)]
    assert attribution.failure is None


async def test_a_failure_is_not_asked_again_with_every_block() -> None:
    models = ReadModels()
    models.error = EngineError("broken")
    attribution = Attribution(models, known(0), lambda _: None)
    await push(attribution, "0" * 30)
    assert 1 <= models.windows <= 3
    assert attribution.failure == "broken"
    await attribution.close()


async def test_a_full_queue_is_no_failure() -> None:
    models = ReadModels()
    models.error = Overloaded("full")
    attribution = Attribution(models, known(0), lambda _: None)
    await push(attribution, "0" * 12)
    assert attribution.failure is None
    await attribution.close()


async def test_slow_models_skip_sound_and_never_hold_up_the_microphone() -> None:
    models = ReadModels()
    models.gate.clear()
    attribution = Attribution(models, known(0), lambda _: None)
    await push(attribution, "0" * 60)
    assert models.windows == 1
    assert attribution.is_behind
    models.gate.set()
    await push(attribution, "0" * 4)
    assert not attribution.is_behind
    assert models.windows < 8
    await attribution.close()


async def test_what_is_too_old_has_no_turns() -> None:
    attribution = Attribution(ReadModels(), known(0))
    await push(attribution, "00" * 70)
    assert await attribution.turns(0, samples(5)) == ()


async def test_windows_do_not_reach_across_a_cut() -> None:
    attribution = Attribution(ReadModels(), known(0, 1))
    await push(attribution, "0000")
    attribution.reset()
    await push(attribution, "1111")
    turns = await attribution.turns(samples(2.0), samples(4.0))
    assert drawn(turns) == [("b", 2.0, 4.0)]


async def test_who_spoke_before_a_cut_can_still_be_asked_after_it() -> None:
    attribution = Attribution(ReadModels(), known(0, 1))
    await push(attribution, ".00000")
    asked = asyncio.ensure_future(attribution.turns(samples(0.5), samples(3.0)))
    attribution.reset()  # The microphone is muted in the same moment as the utterance ends.
    assert drawn(await asked) == [("a", 0.5, 3.0)]
    await push(attribution, ".1111")
    assert drawn(await attribution.turns(samples(0.5), samples(3.0))) == [("a", 0.5, 3.0)]
    assert drawn(await attribution.turns(samples(3.5), samples(5.5))) == [("b", 3.5, 5.5)]


async def test_a_track_that_is_cut_often_remembers_a_minute_of_cuts() -> None:
    attribution = Attribution(ReadModels(), known(0, 1))
    for _ in range(50):
        await push(attribution, "0011")
        attribution.reset()
        attribution.reset()
    assert await attribution.turns(samples(2.0), samples(4.0)) == ()
    assert drawn(await attribution.turns(samples(98.0), samples(100.0)))[-1] == ("b", 99.0, 100.0)


@pytest.mark.parametrize("drawing", ["", "0"])
async def test_an_end_right_after_the_beginning_is_harmless(drawing: str) -> None:
    attribution = Attribution(ReadModels(), known(0), lambda _: None)
    await push(attribution, drawing)
    await attribution.turns(0, samples(0.5))
    await attribution.close()
    attribution.push(sound("0"))
    assert attribution.position == len(drawing) * samples(_SIGN_S)
