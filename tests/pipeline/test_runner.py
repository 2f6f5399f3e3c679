"""From samples to utterances, and from utterances to words, in order."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, WINDOW, Samples, samples
from pipeline.endpointing import Endpointer, EndpointingConfig
from pipeline.jobs import EngineError
from pipeline.runner import (
    PRE_ROLL,
    Dropped,
    Segmenter,
    Understood,
    Utterance,
    in_turn,
    understand,
)
from pipeline.transcription import Transcript, Word

CHARACTER = 10 * WINDOW
"""Samples that one character of a drawing stands for (0.32 s)."""


class ScriptedVad:
    """A ``Vad`` that hears speech where the samples are above zero."""

    def __call__(self, windows: Samples) -> NDArray[np.float32]:
        return np.asarray(windows.max(axis=1) > 0, np.float32)


def drawn(drawing: str) -> Samples:
    """Samples that are all different, positive where the drawing has ``#``."""
    signs = np.repeat([1 if mark == "#" else -1 for mark in drawing], CHARACTER)
    ramp = np.arange(1, signs.size + 1) / (signs.size + 1)
    return (signs * ramp).astype(np.float32)


def segmenter(max_s: float = 28.0) -> Segmenter:
    return Segmenter(ScriptedVad(), Endpointer(EndpointingConfig(max_s=max_s)))


def heard(track: Samples, ends: list[int], listening: Segmenter) -> list[Utterance]:
    """Push ``track`` in blocks that end where told; flush at the end."""
    utterances: list[Utterance] = []
    for start, end in zip([0, *ends], [*ends, track.size], strict=True):
        utterances += listening.push(track[start:end])
    return utterances + listening.flush()


def spans(utterances: list[Utterance]) -> list[tuple[int, int]]:
    return [(utterance.start, utterance.end) for utterance in utterances]


def check(track: Samples, utterances: list[Utterance]) -> None:
    """Every utterance holds exactly the track's samples at its span."""
    padded = np.pad(track, (0, WINDOW))
    last = 0
    for utterance in utterances:
        assert last <= utterance.start < utterance.end
        assert utterance.end <= -(-track.size // WINDOW) * WINDOW
        np.testing.assert_array_equal(utterance.samples, padded[utterance.start : utterance.end])
        last = utterance.end


def test_an_utterance_holds_the_tracks_samples_with_padding_before_and_after() -> None:
    track = drawn("....###......###....")
    utterances = heard(track, [], segmenter())
    check(track, utterances)
    assert len(utterances) == 2
    first = utterances[0]
    assert 0 < 4 * CHARACTER - first.start <= PRE_ROLL
    assert 7 * CHARACTER < first.end < 10 * CHARACTER


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    drawing=st.text("..#", min_size=1, max_size=40),
    rest=st.integers(0, CHARACTER - 1),
    places=st.lists(st.floats(0, 1), max_size=12),
    max_s=st.sampled_from([5.0, 28.0]),
)
def test_block_sizes_make_no_difference(
    drawing: str, rest: int, places: list[float], max_s: float
) -> None:
    track = drawn(drawing)[: len(drawing) * CHARACTER - rest]
    ends = sorted(int(place * track.size) for place in places)
    whole, pieces = heard(track, [], segmenter(max_s)), heard(track, ends, segmenter(max_s))
    assert spans(whole) == spans(pieces)
    check(track, whole)
    check(track, pieces)


def test_window_by_window_equals_all_at_once() -> None:
    track = drawn("..####..#....######......#.###")
    ends = list(range(WINDOW, track.size, WINDOW))
    assert spans(heard(track, ends, segmenter())) == spans(heard(track, [], segmenter()))


def test_a_long_speech_is_cut_and_nothing_between_the_parts_is_lost() -> None:
    track = drawn("." * 3 + "#" * 80 + "....")
    utterances = heard(track, [], segmenter(max_s=8.0))
    check(track, utterances)
    assert len(utterances) >= 3
    assert all(one.end == two.start for one, two in zip(utterances, utterances[1:], strict=False))
    assert utterances[-1].end >= 83 * CHARACTER


def test_flushing_ends_what_is_open_and_pushing_goes_on() -> None:
    listening = segmenter()
    assert not listening.is_open
    assert listening.push(drawn("..##")) == []
    assert listening.is_open
    first = listening.flush()
    assert len(first) == 1
    assert not listening.is_open
    assert listening.flush() == []
    position = listening.position
    second = listening.push(drawn("...##......"))
    assert len(second) == 1
    assert second[0].start >= max(first[0].end, position)


def test_the_position_counts_samples_that_wait_for_their_window() -> None:
    listening = segmenter()
    listening.push(np.zeros(WINDOW + 7, np.float32))
    assert listening.position == WINDOW + 7
    listening.flush()
    assert listening.position == 2 * WINDOW


def test_silence_is_forgotten() -> None:
    listening = segmenter()
    for _ in range(100):
        listening.push(-np.ones(RATE_HZ, np.float32))
    held = sum(window.size for window in listening._kept)
    assert held <= PRE_ROLL + WINDOW


def a_transcript(text: str, **changes: float) -> Transcript:
    words = tuple(Word(0.0, 0.1, word, 0.9) for word in text.split())
    evidence = {"avg_logprob": -0.2, "no_speech_p": 0.0, "compression_ratio": 1.0} | changes
    return Transcript(words, text, **evidence)


class FakeTranscriber:
    """A ``Transcriber`` that always hears the same, or fails."""

    def __init__(self, answer: Transcript | EngineError) -> None:
        self._answer = answer

    async def __call__(self, samples: Samples) -> Transcript:
        if isinstance(self._answer, EngineError):
            raise self._answer
        return self._answer


SPOKEN = Utterance(0, samples(2.0), np.zeros(samples(2.0), np.float32))


async def test_words_that_nothing_speaks_against_are_kept() -> None:
    transcript = a_transcript("저는 개발자입니다.")
    assert await understand(SPOKEN, FakeTranscriber(transcript)) == Understood(SPOKEN, transcript)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (a_transcript(""), "empty"),
        (Transcript((), "안녕하세요", -0.2, 0.0, 1.0), "empty"),
        (a_transcript("안녕하세요", avg_logprob=-3.0), "uncertain"),
        (a_transcript("네 네 네 네", compression_ratio=5.0), "repetition"),
        (a_transcript("시청해주셔서 감사합니다", avg_logprob=-0.9), "stock_phrase"),
        (a_transcript("가" * 60), "too_fast"),
        (EngineError("the model is gone"), "engine_failed"),
    ],
)
async def test_what_is_no_speech_is_dropped_with_its_reason(
    answer: Transcript | EngineError, reason: str
) -> None:
    assert await understand(SPOKEN, FakeTranscriber(answer)) == Dropped(SPOKEN, reason)


async def counted(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield number


class Work:
    """Work that ends when told, and knows how much of it ran at once."""

    def __init__(self) -> None:
        self.doors: dict[int, asyncio.Future[None]] = {}
        self.most = self.running = 0
        self.cancelled: list[int] = []

    async def __call__(self, item: int) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        self.doors[item] = asyncio.get_running_loop().create_future()
        try:
            await self.doors[item]
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        finally:
            self.running -= 1
        return item * 10


async def spin() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


async def test_outcomes_come_in_order_whatever_finishes_first() -> None:
    work = Work()
    outcomes: list[int] = []

    async def collect() -> None:
        outcomes.extend([outcome async for outcome in in_turn(counted(5), work, 3)])

    collecting = asyncio.create_task(collect())
    await spin()
    assert sorted(work.doors) == [0, 1, 2]
    for item in (2, 1, 0, 4, 3):
        while item not in work.doors:
            await spin()
        work.doors[item].set_result(None)
        await spin()
    await collecting
    assert outcomes == [0, 10, 20, 30, 40]
    assert work.most == 3


async def test_cancelling_takes_all_work_back() -> None:
    work = Work()

    async def collect() -> None:
        async for _ in in_turn(counted(9), work, 3):
            pass

    collecting = asyncio.create_task(collect())
    await spin()
    collecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await collecting
    await spin()
    assert work.cancelled == [0, 1, 2]
    assert work.running == 0


async def test_a_failure_takes_the_rest_back_and_is_told() -> None:
    work = Work()

    async def collect() -> None:
        async for _ in in_turn(counted(9), work, 3):
            pass

    collecting = asyncio.create_task(collect())
    await spin()
    work.doors[0].set_exception(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        await collecting
    await spin()
    assert work.cancelled == [1, 2]


async def test_nothing_in_nothing_out() -> None:
    assert [outcome async for outcome in in_turn(counted(0), Work(), 4)] == []
