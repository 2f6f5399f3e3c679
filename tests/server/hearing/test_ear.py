"""Recordings are understood whatever becomes of those who tell their voices apart."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from pipeline.runner import Segmenter, Utterance
from server.hearing import ear as hearing
from server.hearing.ear import Ear, Voiced
from server.hearing.streams import Placed, Stream, Timeline
from tests.pipeline.test_voicing import TURNS, ScriptedVoices


def no_segmenter() -> Segmenter:
    raise AssertionError("nothing is decoded here")


def placed(count: int) -> Iterator[list[Placed]]:
    utterance = Utterance(0, 16_000, np.zeros(16_000, np.float32))
    return iter([[Placed(utterance, Timeline((0,), (0.0,)))] for _ in range(count)])


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


async def heard(ear: Ear, count: int) -> list[Voiced]:
    async with asyncio.timeout(5):
        return [voiced async for voiced in ear.steps(placed(count))]


async def test_voices_that_never_answer_hold_no_recording_back(threads: ThreadPoolExecutor) -> None:
    voices = ScriptedVoices()
    ear = Ear(Stream("room-1", no_segmenter), None, threads, voices, patience_s=0.05)
    assert [voiced.turns for voiced in await heard(ear, 2)] == [(), ()]
    voices.answer.set_result(TURNS)
    assert [voiced.turns for voiced in await heard(ear, 1)] == [TURNS]


async def test_who_was_waited_for_in_vain_is_hardly_waited_for_again(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "HARDLY_S", 0.01)
    voices = ScriptedVoices()
    ear = Ear(Stream("room-1", no_segmenter), None, threads, voices, patience_s=0.5)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await heard(ear, 20)  # As much as ten seconds, if all of them waited so long.
    assert loop.time() - began < 4.0
