"""A live track, drawn: ``#`` is 0.32 s of speech, ``.`` of silence; models answer when told."""

import asyncio
import logging
import weakref
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import RATE_HZ, WINDOW, Samples, seconds
from pipeline.captions import Interim, Lag, LagKind, LiveEvent
from pipeline.inference import Backlog, Overloaded, Stale
from pipeline.interims import InterimConfig
from pipeline.jobs import EngineError, Job, Priority, Result
from pipeline.live import LiveConfig, LiveTrack
from pipeline.runner import Dropped, Understood, Utterance
from pipeline.transcription import Transcript, Word, transcript_to_values
from pipeline.voicing import Attributor
from tests.pipeline.test_runner import CHARACTER, check, drawn, heard, segmenter, spans, spin

WORD_S = 0.3


def transcript(text: str) -> Transcript:
    """A confident transcript whose words last 0.3 s each."""
    words = tuple(
        Word(WORD_S * number, WORD_S * (number + 1), word, 0.9)
        for number, word in enumerate(text.split())
    )
    return Transcript(words, text, avg_logprob=-0.2, no_speech_p=0.0, compression_ratio=1.0)


class Desk:
    """An ``Executor`` whose open jobs a test answers one by one."""

    def __init__(self) -> None:
        self.open: list[tuple[Job, asyncio.Future[Result]]] = []
        self.taken_back: list[Job] = []
        self.queued = 0
        self.total = 0

    async def submit(self, job: Job) -> Result:
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.open.append((job, answer))
        self.total += 1
        try:
            return await answer
        except asyncio.CancelledError:
            self.taken_back.append(job)
            raise
        finally:
            self.open = [entry for entry in self.open if entry[1] is not answer]

    def backlog(self, session: str | None = None) -> Backlog:
        return Backlog(self.queued, len(self.open) - self.queued, 0.0)

    def jobs(self, priority: Priority) -> list[Job]:
        return [job for job, _ in self.open if job.priority is priority]

    async def answer(self, priority: Priority, outcome: str | Exception, number: int = 0) -> None:
        """Answer the oldest open job of ``priority``, or a later one, and let it take effect."""
        futures = [future for job, future in self.open if job.priority is priority]
        if isinstance(outcome, str):
            values = transcript_to_values(transcript(outcome))
            futures[number].set_result(Result(job="", values=values))
        else:
            futures[number].set_exception(outcome)
        await spin()


class Room:
    """A track whose samples follow a drawing, and what it published."""

    def __init__(
        self,
        max_s: float = 28.0,
        config: LiveConfig | None = None,
        voices: Attributor | None = None,
    ) -> None:
        self.desk = Desk()
        self.events: list[LiveEvent] = []
        self.track = LiveTrack(
            "t", segmenter(max_s), self.desk, "room", self.events.append, config, voices=voices
        )

    async def say(self, drawing: str) -> None:
        """Push the drawing a window at a time; jobs reach the desk meanwhile."""
        sound = drawn(drawing)
        for at in range(0, sound.size, WINDOW):
            self.track.push(sound[at : at + WINDOW])
            await spin()

    @property
    def finals(self) -> list[str]:
        """Texts, or reasons in brackets, in the order published."""
        return [
            event.transcript.text if isinstance(event, Understood) else f"({event.reason})"
            for event in self.events
            if isinstance(event, Understood | Dropped)
        ]

    @property
    def interims(self) -> list[tuple[str, str]]:
        return [
            (event.committed, event.tentative)
            for event in self.events
            if isinstance(event, Interim)
        ]

    def lags(self, kind: LagKind) -> list[float]:
        return [e.lag_s for e in self.events if isinstance(e, Lag) and e.kind is kind]


async def test_the_final_decode_begins_at_the_pause_and_is_published_at_the_end() -> None:
    room = Room()
    await room.say("..##.")
    (job,) = room.desk.jobs(Priority.FINAL)
    assert (job.session, job.params["beam"], job.params["min_pad_s"]) == ("room", 5, 15.0)
    await room.desk.answer(Priority.FINAL, "안녕하세요")
    assert room.finals == []
    await room.say("..")
    assert room.finals == ["안녕하세요"]
    assert room.desk.total == 1


async def test_a_final_carries_exactly_the_sound_of_its_utterance() -> None:
    room = Room()
    await room.say("..##...")
    samples = room.desk.jobs(Priority.FINAL)[0].arrays["samples"]
    await room.desk.answer(Priority.FINAL, "안녕하세요")
    (utterance,) = heard(drawn("..##..."), [], segmenter())
    (final,) = (event for event in room.events if isinstance(event, Understood))
    assert spans([final.utterance]) == spans([utterance])
    assert samples.size == utterance.end - utterance.start


async def test_speech_that_resumes_takes_a_waiting_guess_back() -> None:
    room = Room()
    room.desk.queued = 1
    await room.say("..##.")
    (guess,) = room.desk.jobs(Priority.FINAL)
    await room.say("##")
    assert room.desk.taken_back == [guess]
    await room.say("...")
    (final,) = room.desk.jobs(Priority.FINAL)
    assert final.arrays["samples"].size > guess.arrays["samples"].size
    await room.desk.answer(Priority.FINAL, "둘 다")
    assert room.finals == ["둘 다"]


async def test_a_guess_under_way_as_speech_resumes_becomes_an_interim() -> None:
    room = Room()
    await room.say("..##.#")
    assert room.desk.taken_back == []
    await room.say("####")
    assert room.desk.jobs(Priority.INTERIM) == []
    await room.desk.answer(Priority.FINAL, "처음 부분")
    assert room.interims == [("", "처음 부분")]
    await room.say("#...")
    await room.desk.answer(Priority.FINAL, "처음 부분 전부")
    assert room.finals == ["처음 부분 전부"]


async def test_words_of_a_guess_are_shown_before_the_utterance_has_ended() -> None:
    room = Room()
    await room.say("..##.")
    await room.desk.answer(Priority.FINAL, "안녕하세요")
    assert room.interims == [("", "안녕하세요")]


async def test_while_somebody_speaks_interims_follow_each_other() -> None:
    room = Room()
    await room.say("..####")
    (job,) = room.desk.jobs(Priority.INTERIM)
    assert (job.key, job.params["beam"], job.params["min_pad_s"]) == ("interim-t", 1, 4.0)
    await room.say("########")
    assert room.desk.jobs(Priority.INTERIM) == [job]
    await room.desk.answer(Priority.INTERIM, "저는 개")
    await room.say("#######")
    await room.desk.answer(Priority.INTERIM, "저는 개발을 공부")
    assert room.interims == [("", "저는 개"), ("저는", "개발을 공부")]
    interims = [event for event in room.events if isinstance(event, Interim)]
    assert interims[0].start == interims[1].start
    assert interims[0].at_sample < interims[1].at_sample
    assert len(room.lags(LagKind.FIRST_INTERIM)) == len(room.lags(LagKind.REFRESH)) == 1


async def test_what_is_committed_is_not_heard_again_and_a_tail_has_a_longest_length() -> None:
    room = Room(config=LiveConfig(interims=InterimConfig(context_s=0.0)))
    await room.say("..####")
    whole = room.desk.jobs(Priority.INTERIM)[0].arrays["samples"].size
    await room.desk.answer(Priority.INTERIM, "저는 개")
    await room.say("####")
    await room.desk.answer(Priority.INTERIM, "저는 개")
    await room.say("###")
    tail = room.desk.jobs(Priority.INTERIM)[0].arrays["samples"].size
    assert tail < whole + 2.1 * RATE_HZ - 2 * WORD_S * RATE_HZ
    await room.desk.answer(Priority.INTERIM, "")
    await room.say("#" * 40)
    assert room.desk.jobs(Priority.INTERIM)[0].arrays["samples"].size <= 6 * RATE_HZ


async def test_invented_interims_are_not_shown() -> None:
    room = Room()
    await room.say("..####")
    await room.desk.answer(Priority.INTERIM, "가 " * 60)
    assert room.interims == []
    await room.say("##")
    await room.desk.answer(Priority.INTERIM, "저는")
    assert room.interims == [("", "저는")]


async def test_at_a_pause_a_waiting_interim_gives_way_to_the_final() -> None:
    room = Room()
    room.desk.queued = 1
    await room.say("..####")
    (interim,) = room.desk.jobs(Priority.INTERIM)
    await room.say(".")
    assert room.desk.taken_back == [interim]
    assert len(room.desk.jobs(Priority.FINAL)) == 1


async def test_an_interim_under_way_at_a_pause_is_still_shown() -> None:
    room = Room()
    await room.say("..####.")
    await room.desk.answer(Priority.INTERIM, "거의 다")
    assert room.interims == [("", "거의 다")]
    await room.say("..")
    assert room.desk.jobs(Priority.FINAL)


async def test_an_interim_of_an_utterance_that_has_ended_is_taken_back() -> None:
    room = Room()
    await room.say("..####")
    (interim,) = room.desk.jobs(Priority.INTERIM)
    await room.say("...")
    assert room.desk.taken_back == [interim]


async def test_silence_within_an_utterance_is_not_heard_again() -> None:
    room = Room(config=LiveConfig(waiting=1))
    await room.say("..##" + "..")
    assert room.desk.jobs(Priority.INTERIM) == []


@pytest.mark.parametrize("error", [Stale("newer"), Overloaded("full"), EngineError("broken")])
async def test_an_interim_that_fails_is_followed_by_a_later_one(error: EngineError) -> None:
    room = Room()
    await room.say("..####")
    await room.desk.answer(Priority.INTERIM, error)
    assert room.track.is_behind
    await room.say("#####")
    assert room.desk.jobs(Priority.INTERIM) == []
    await room.say("##")
    await room.desk.answer(Priority.INTERIM, "저는")
    assert room.interims == [("", "저는")]


async def test_slow_interims_thin_out_and_recover() -> None:
    room = Room()
    await room.say("..####")
    assert not room.track.is_behind
    await room.say("####")
    await room.desk.answer(Priority.INTERIM, "가")
    assert room.track.is_behind
    await room.say("###")
    assert len(room.desk.jobs(Priority.INTERIM)) == 1
    await room.desk.answer(Priority.INTERIM, "가 나")
    assert not room.track.is_behind
    await room.say("#####")
    assert len(room.desk.jobs(Priority.INTERIM)) == 1


async def test_interims_pause_while_two_utterances_wait_for_their_words() -> None:
    room = Room()
    await room.say("..##...##...")
    assert room.track.waiting == 2
    assert room.track.is_behind
    await room.say("######")
    assert room.desk.jobs(Priority.INTERIM) == []
    await room.desk.answer(Priority.FINAL, "하나")
    await room.say("#")
    assert len(room.desk.jobs(Priority.INTERIM)) == 1


async def test_finals_keep_the_order_of_speech_whatever_finishes_first() -> None:
    room = Room()
    await room.say("..##...##...")
    await room.desk.answer(Priority.FINAL, "둘", number=1)
    assert room.finals == []
    await room.desk.answer(Priority.FINAL, "하나")
    assert room.finals == ["하나", "둘"]


async def test_the_lag_counts_from_the_end_of_speech() -> None:
    room = Room()
    await room.say("..##....")
    await room.desk.answer(Priority.FINAL, "네")
    assert room.lags(LagKind.FINAL) == [seconds(4 * CHARACTER)]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (EngineError("the model is gone"), "(engine_failed)"),
        (ValueError("a bug"), "(engine_failed)"),
        ("", "(empty)"),
    ],
)
async def test_an_utterance_without_words_is_dropped_with_its_reason(
    outcome: str | Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room()
    await room.say("..##...")
    await room.desk.answer(Priority.FINAL, outcome)
    assert room.finals == [reason]
    assert bool(caplog.records) == isinstance(outcome, ValueError)


async def test_a_full_queue_drops_with_its_reason() -> None:
    room = Room()
    await room.say("..##...")
    await room.desk.answer(Priority.FINAL, Overloaded("full"))
    assert room.finals == ["(overloaded)"]


async def test_a_guess_that_found_no_room_is_tried_again_at_the_end() -> None:
    room = Room()
    await room.say("..##.")
    await room.desk.answer(Priority.FINAL, Overloaded("full"))
    await room.say("..")
    await room.desk.answer(Priority.FINAL, "안녕하세요")
    assert room.finals == ["안녕하세요"]


async def test_more_utterances_than_may_wait_are_dropped_in_their_turn() -> None:
    room = Room(config=LiveConfig(waiting=2))
    await room.say("..##...##...##...##...")
    assert len(room.desk.open) == 2
    assert room.finals == []
    await room.desk.answer(Priority.FINAL, "하나")
    await room.desk.answer(Priority.FINAL, "둘")
    assert room.finals == ["하나", "둘", "(overloaded)", "(overloaded)"]
    await room.say("##...")
    await room.desk.answer(Priority.FINAL, "다섯")
    assert room.finals[-1] == "다섯"


async def test_speech_without_a_pause_is_cut_and_decoded_at_once() -> None:
    room = Room(max_s=5.0)
    await room.say(".." + "#" * 16)
    assert len(room.desk.jobs(Priority.FINAL)) == 1
    await room.desk.answer(Priority.FINAL, "하나")
    assert room.finals == ["하나"]
    await room.say("###")
    assert len(room.desk.jobs(Priority.INTERIM)) == 1
    await room.say("...")
    await room.desk.answer(Priority.FINAL, "둘")
    first, second = (event for event in room.events if isinstance(event, Understood))
    assert first.utterance.end == second.utterance.start


async def test_muting_ends_the_open_utterance_and_listening_goes_on() -> None:
    room = Room()
    await room.say("..##")
    room.track.finish()
    await room.say("...##...")
    await room.desk.answer(Priority.FINAL, "하나")
    await room.desk.answer(Priority.FINAL, "둘")
    assert room.finals == ["하나", "둘"]
    assert len(room.lags(LagKind.FINAL)) == 1


async def test_closing_waits_for_the_words_of_the_open_utterance() -> None:
    room = Room()
    await room.say("..####")
    closing = asyncio.create_task(room.track.close(60))
    await spin()
    assert room.desk.jobs(Priority.INTERIM) == []
    await room.desk.answer(Priority.FINAL, "끝까지 들었습니다")
    await closing
    assert room.finals == ["끝까지 들었습니다"]


async def test_closing_drops_what_takes_too_long_and_leaves_nothing_behind() -> None:
    room = Room()
    before = asyncio.all_tasks()
    await room.say("..##...##...####")
    await room.desk.answer(Priority.FINAL, "둘", number=1)
    await room.track.close(0.01)
    assert room.finals == ["(late)", "둘", "(late)"]
    assert asyncio.all_tasks() == before
    assert room.desk.open == []
    await room.track.close(0.01)
    room.track.finish()
    await room.say("..##...")
    assert len(room.finals) == 3
    assert room.desk.open == []


async def test_cancelling_the_closing_takes_all_work_back() -> None:
    room = Room()
    before = asyncio.all_tasks()
    await room.say("..##...####")
    closing = asyncio.create_task(room.track.close(60))
    await spin()
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await spin()
    assert asyncio.all_tasks() == before
    assert room.finals == ["(late)", "(late)"]


class Tardy:
    """An ``Executor`` that answers each job after so many turns of the loop; keeps no sound."""

    def __init__(self, delays: Sequence[int]) -> None:
        self._delays = delays
        self._count = 0
        self.sounds: list[weakref.ref[Samples]] = []

    async def submit(self, job: Job) -> Result:
        self._count += 1
        self.sounds.append(weakref.ref(job.arrays["samples"]))
        for _ in range(self._delays[self._count % len(self._delays)]):
            await asyncio.sleep(0)
        return Result(job=job.id, values=transcript_to_values(transcript("네")))

    def backlog(self, session: str | None = None) -> Backlog:
        return Backlog(0, 0, 0.0)


async def live_utterances(
    sound: Samples, ends: list[int], max_s: float, delays: Sequence[int]
) -> list[Utterance]:
    events: list[LiveEvent] = []
    track = LiveTrack("t", segmenter(max_s), Tardy(delays), "room", events.append)
    for start, end in zip([0, *ends], [*ends, sound.size], strict=True):
        track.push(sound[start:end])
        await asyncio.sleep(0)
        for _ in range(100 if track.waiting > 4 else 0):
            await asyncio.sleep(0)
    await track.close(60)
    interims = [event.start for event in events if isinstance(event, Interim)]
    finals = [event.utterance for event in events if isinstance(event, Understood)]
    assert set(interims) <= {utterance.start for utterance in finals}
    assert not any(isinstance(event, Dropped) for event in events)
    return finals


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    drawing=st.text("..#", min_size=1, max_size=40),
    rest=st.integers(0, CHARACTER - 1),
    places=st.lists(st.floats(0, 1), max_size=40),
    max_s=st.sampled_from([5.0, 28.0]),
    delays=st.lists(st.integers(0, 12), min_size=1, max_size=8),
)
def test_finals_are_the_utterances_of_the_recording_whatever_the_blocks(
    drawing: str, rest: int, places: list[float], max_s: float, delays: list[int]
) -> None:
    sound = drawn(drawing)[: len(drawing) * CHARACTER - rest]
    ends = sorted(int(place * sound.size) for place in places)
    offline = heard(sound, [], segmenter(max_s))
    live = asyncio.run(live_utterances(sound, ends, max_s, delays))
    assert spans(live) == spans(offline)
    check(sound, live)


async def test_a_long_conversation_leaves_nothing_behind() -> None:
    executor = Tardy([3, 40, 0, 11])
    before = asyncio.all_tasks()
    counts = {"finals": 0, "interims": 0}

    def count(event: LiveEvent) -> None:
        counts["finals"] += isinstance(event, Understood)
        counts["interims"] += isinstance(event, Interim)

    track = LiveTrack("t", segmenter(), executor, "room", count)
    conversation = drawn("..#######.##...###...")
    for _ in range(40):
        for start in range(0, conversation.size, 4 * WINDOW):
            track.push(conversation[start : start + 4 * WINDOW])
            await asyncio.sleep(0)
    assert len(asyncio.all_tasks() - before) <= 4
    await track.close(60)
    assert counts["finals"] == 80
    assert counts["interims"] > 40
    await spin()
    assert sum(sound() is not None for sound in executor.sounds) <= 1
    assert asyncio.all_tasks() == before


def test_nothing_spoken_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "pipeline")
    sound = drawn("..######...")
    asyncio.run(live_utterances(sound, list(range(0, sound.size, WINDOW)), 28.0, [1]))
    assert not [record for record in caplog.records if record.name.startswith("pipeline")]


def test_blocks_of_any_length_may_be_empty() -> None:
    sound = drawn("..##...")
    assert len(asyncio.run(live_utterances(sound, [0, 0, WINDOW, WINDOW], 28.0, [0]))) == 1
    assert np.all(np.isfinite(sound))
