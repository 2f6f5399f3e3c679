"""Who spoke is asked beside the words, and nobody's words wait for it too long."""

import asyncio

import numpy as np

from pipeline.audio import WINDOW, Samples
from pipeline.jobs import Priority
from pipeline.runner import Dropped, Heard, Understood, Utterance
from pipeline.speakers.turns import VoiceTurn
from pipeline.voicing import voiced
from tests.pipeline.test_live import Room, transcript
from tests.pipeline.test_runner import spin

UTTERANCE = Utterance(0, 16_000, np.zeros(16_000, np.float32))
TURNS = (VoiceTurn("v1", 0, 16_000, 0.9),)


class ScriptedVoices:
    """An ``Attributor`` that answers when told; ``taken`` counts samples."""

    def __init__(self) -> None:
        self.taken = 0
        self.cuts: list[int] = []
        self.asked: list[tuple[int, int]] = []
        self.answer: asyncio.Future[tuple[VoiceTurn, ...]] = asyncio.Future()
        self.is_behind = False
        self.is_closed = False

    def push(self, block: Samples) -> None:
        self.taken += block.size

    async def turns(self, start: int, end: int) -> tuple[VoiceTurn, ...]:
        self.asked.append((start, end))
        return await asyncio.shield(self.answer)

    def reset(self) -> None:
        self.cuts.append(self.taken)

    async def close(self) -> None:
        self.is_closed = True


def words() -> asyncio.Future[Heard]:
    found: asyncio.Future[Heard] = asyncio.Future()
    found.set_result(Understood(UTTERANCE, transcript("네")))
    return found


async def test_words_and_voices_come_together() -> None:
    voices = ScriptedVoices()
    task = asyncio.ensure_future(voiced(words(), UTTERANCE, voices))
    await spin()
    assert not task.done()
    voices.answer.set_result(TURNS)
    heard = await task
    assert isinstance(heard, Understood)
    assert heard.turns == TURNS
    assert voices.asked == [(0, 16_000)]


async def test_words_do_not_wait_for_voices_that_take_too_long() -> None:
    heard = await voiced(words(), UTTERANCE, ScriptedVoices(), patience_s=0.01)
    assert isinstance(heard, Understood)
    assert heard.turns == ()


async def test_voices_have_as_much_time_as_the_words_take() -> None:
    voices = ScriptedVoices()
    late: asyncio.Future[Heard] = asyncio.Future()
    task = asyncio.ensure_future(voiced(late, UTTERANCE, voices, patience_s=0.0))
    await spin()
    voices.answer.set_result(TURNS)
    await spin()
    late.set_result(words().result())
    heard = await task
    assert isinstance(heard, Understood)
    assert heard.turns == TURNS


async def test_words_are_kept_whatever_is_wrong_with_the_voices() -> None:
    voices = ScriptedVoices()
    voices.answer.set_exception(RuntimeError("a bug"))
    heard = await voiced(words(), UTTERANCE, voices)
    assert isinstance(heard, Understood)
    assert heard.turns == ()


async def test_an_utterance_without_words_does_not_wait() -> None:
    dropped: asyncio.Future[Heard] = asyncio.Future()
    dropped.set_result(Dropped(UTTERANCE, "empty"))
    heard = await voiced(dropped, UTTERANCE, ScriptedVoices())
    assert isinstance(heard, Dropped)


async def test_a_live_track_asks_who_spoke_in_each_utterance_and_keeps_their_order() -> None:
    voices = ScriptedVoices()
    room = Room(voices=voices)
    await room.say("..##....")
    await room.desk.answer(Priority.FINAL, "안녕하세요")
    assert room.finals == []  # Its voices are awaited.
    await room.say("##....")
    await room.desk.answer(Priority.FINAL, "반갑습니다")
    voices.answer.set_result(TURNS)
    await spin()
    assert room.finals == ["안녕하세요", "반갑습니다"]
    assert all(event.turns == TURNS for event in room.events if isinstance(event, Understood))
    assert len(voices.asked) == 2


async def test_voices_count_the_same_samples_as_the_track_when_it_is_cut() -> None:
    voices = ScriptedVoices()
    room = Room(voices=voices)
    room.track.push(np.zeros(WINDOW + 100, np.float32))
    room.track.finish()
    room.track.push(np.zeros(50, np.float32))
    assert voices.taken == room.track.position
    assert voices.cuts == [2 * WINDOW]
    await room.track.close(0.0)
    assert voices.is_closed
