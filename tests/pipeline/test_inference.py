"""Who is next: priorities, fairness between sessions, replacement, deadlines, bounds."""

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from pipeline.inference import Backlog, JobQueue, JobTranscriber, Overloaded, QueueLimits
from pipeline.jobs import Job, Priority, Result
from pipeline.transcription import Transcript, Word, transcript_to_values
from tests.pipeline.echo_engine import echo_job

ROOMY = QueueLimits(jobs=1000, lane_share=1.0)


def heavy_job(session: str, size: int) -> Job:
    return dataclasses.replace(
        echo_job(session), arrays={"samples": np.zeros(size // 4, np.float32)}
    )


def filled(*jobs: Job) -> JobQueue:
    queue = JobQueue(ROOMY)
    for job in jobs:
        queue.put(job, 0.0)
    return queue


def drain(queue: JobQueue) -> Iterable[Job]:
    while (job := queue.take()) is not None:
        yield job


def test_an_empty_queue_has_nothing_to_take() -> None:
    assert JobQueue().take() is None


def test_jobs_of_one_session_leave_in_the_order_they_came() -> None:
    jobs = [echo_job() for _ in range(5)]
    assert list(drain(filled(*jobs))) == jobs


def test_live_words_pass_interims_and_interims_pass_recordings() -> None:
    recording = echo_job(priority=Priority.RECORDING)
    interim = echo_job(priority=Priority.INTERIM)
    final = echo_job(priority=Priority.FINAL)
    assert list(drain(filled(recording, interim, final))) == [final, interim, recording]


def test_an_hour_of_one_session_does_not_delay_the_short_file_of_another() -> None:
    hour = [echo_job("hour", priority=Priority.RECORDING) for _ in range(100)]
    short = [echo_job("short", priority=Priority.RECORDING) for _ in range(2)]
    order = list(drain(filled(*hour, *short)))
    assert max(order.index(job) for job in short) == 3
    assert [job for job in order if job.session == "hour"] == hour


def test_a_session_that_comes_back_queues_behind_those_who_wait() -> None:
    a, b, a_again = echo_job("a"), echo_job("b"), echo_job("a")
    queue = filled(a, b)
    assert queue.take() is a
    queue.put(a_again, 0.0)
    assert list(drain(queue)) == [b, a_again]


def test_the_latest_job_of_a_key_replaces_the_one_that_waits_and_takes_its_place() -> None:
    old, new, other = echo_job(key="tail"), echo_job(key="tail"), echo_job()
    queue = filled(old, other)
    assert queue.put(new, 1.0) is old
    assert list(drain(queue)) == [new, other]


def test_equal_keys_of_two_sessions_are_two_keys() -> None:
    jobs = [echo_job("a", key="tail"), echo_job("b", key="tail")]
    assert list(drain(filled(*jobs))) == jobs


def test_a_job_that_was_taken_is_replaced_by_nothing() -> None:
    queue = filled(echo_job(key="tail"))
    queue.take()
    assert queue.put(echo_job(key="tail"), 0.0) is None


def test_a_replacement_may_have_another_priority() -> None:
    interim, between = echo_job(key="u", priority=Priority.INTERIM), echo_job(key="v")
    final = echo_job(key="u", priority=Priority.FINAL)
    queue = filled(interim, between)
    assert queue.put(final, 0.0) is interim
    assert list(drain(queue)) == [between, final]


def test_a_job_expires_at_its_deadline_and_not_before() -> None:
    late, patient = echo_job(deadline_s=2.0), echo_job()
    queue = JobQueue()
    queue.put(late, 10.0)
    queue.put(patient, 10.0)
    assert queue.expire(11.9) == ()
    assert queue.expire(12.0) == (late,)
    assert list(drain(queue)) == [patient]


def test_a_full_queue_refuses_and_keeps_what_it_has() -> None:
    queue = JobQueue(QueueLimits(jobs=2, lane_share=1.0))
    jobs = [echo_job(), echo_job(key="tail")]
    for job in jobs:
        queue.put(job, 0.0)
    with pytest.raises(Overloaded):
        queue.put(echo_job(priority=Priority.FINAL), 0.0)
    assert list(drain(queue)) == jobs


def test_a_full_queue_still_takes_a_replacement() -> None:
    queue = JobQueue(QueueLimits(jobs=1, lane_share=1.0))
    old, new = echo_job(key="tail"), echo_job(key="tail")
    queue.put(old, 0.0)
    assert queue.put(new, 0.0) is old
    assert len(queue) == 1


def test_the_queue_is_bounded_by_bytes_too() -> None:
    queue = JobQueue(QueueLimits(bytes=1000, lane_share=1.0))
    queue.put(heavy_job("a", 600), 0.0)
    with pytest.raises(Overloaded):
        queue.put(heavy_job("b", 404), 0.0)
    queue.put(heavy_job("b", 400), 0.0)
    assert queue.bytes == 1000
    queue.take()
    assert queue.bytes == 400


def test_one_recording_leaves_room_for_others_and_for_its_own_live_words() -> None:
    queue = JobQueue(QueueLimits(jobs=4, lane_share=0.5))
    queue.put(echo_job("a", priority=Priority.RECORDING), 0.0)
    queue.put(echo_job("a", priority=Priority.RECORDING), 0.0)
    with pytest.raises(Overloaded):
        queue.put(echo_job("a", priority=Priority.RECORDING), 0.0)
    queue.put(echo_job("b", priority=Priority.RECORDING), 0.0)
    queue.put(echo_job("a", priority=Priority.FINAL), 0.0)


def test_a_discarded_job_is_never_taken() -> None:
    keep, drop = echo_job(), echo_job()
    queue = filled(drop, keep)
    assert queue.discard(drop.id)
    assert not queue.discard(drop.id)
    assert list(drain(queue)) == [keep]


def test_an_id_waits_once() -> None:
    job = echo_job()
    with pytest.raises(ValueError, match=job.id):
        filled(job).put(job, 0.0)


class QueueMachine(RuleBasedStateMachine):
    """Any history of calls: every job leaves exactly once, in an order that is due."""

    limits = QueueLimits(jobs=6, bytes=64, lane_share=0.5)

    def __init__(self) -> None:
        super().__init__()
        self.queue = JobQueue(self.limits)
        self.now_s = 0.0
        self.waiting: dict[str, tuple[Job, float]] = {}
        self.passed_over: dict[tuple[Priority, str], list[str]] = {}

    def leave(self, job: Job) -> None:
        del self.waiting[job.id]

    @rule(
        session=st.sampled_from("abc"),
        priority=st.sampled_from(Priority),
        key=st.sampled_from([None, None, "x", "y"]),
        deadline_s=st.sampled_from([None, 1.0, 3.0]),
        size=st.integers(0, 6),
    )
    def put(
        self, session: str, priority: Priority, key: str | None, deadline_s: float | None, size: int
    ) -> None:
        job = dataclasses.replace(
            echo_job(session, priority=priority, key=key, deadline_s=deadline_s),
            arrays={"samples": np.zeros(size, np.float32)},
        )
        older = [
            each
            for each, _ in self.waiting.values()
            if key is not None and (each.session, each.key) == (session, key)
        ]
        try:
            replaced = self.queue.put(job, self.now_s)
        except Overloaded:
            assert not self.fits(job, older)
            return
        assert self.fits(job, older)
        assert ([replaced] if replaced else []) == older
        for each in older:
            self.leave(each)
        self.waiting[job.id] = (job, self.now_s)

    def fits(self, job: Job, leaving: list[Job]) -> bool:
        staying = [each for each, _ in self.waiting.values() if each not in leaving] + [job]
        lane = [e for e in staying if (e.session, e.priority) == (job.session, job.priority)]
        return all(
            len(jobs) <= self.limits.jobs * part and size_of(jobs) <= self.limits.bytes * part
            for jobs, part in ((staying, 1.0), (lane, self.limits.lane_share))
        )

    @invariant()
    def only_who_waits_is_passed_over(self) -> None:
        """Who gave up waiting and comes again waits anew."""
        waiting = {(each.priority, each.session) for each, _ in self.waiting.values()}
        self.passed_over = {
            rival: over for rival, over in self.passed_over.items() if rival in waiting
        }

    @rule()
    def take(self) -> None:
        job = self.queue.take()
        assert (job is None) == (not self.waiting)
        if job is None:
            return
        assert job.priority == min(each.priority for each, _ in self.waiting.values())
        self.leave(job)
        # While somebody waits at a priority, no other session is served twice there before them.
        rivals = {
            (e.priority, e.session) for e, _ in self.waiting.values() if e.session != job.session
        }
        mine = (job.priority, job.session)
        self.passed_over = {
            rival: over for rival, over in self.passed_over.items() if rival in rivals
        }
        for rival in rivals:
            if rival[0] == job.priority:
                over = self.passed_over.setdefault(rival, [])
                assert mine[1] not in over
                over.append(mine[1])

    @rule(step_s=st.sampled_from([0.5, 1.0, 2.0]))
    def expire(self, step_s: float) -> None:
        self.now_s += step_s
        due = {
            job.id
            for job, since_s in self.waiting.values()
            if job.deadline_s is not None and since_s + job.deadline_s <= self.now_s
        }
        gone = self.queue.expire(self.now_s)
        assert {job.id for job in gone} == due
        assert len(gone) == len(due)
        for job in gone:
            self.leave(job)

    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from([*self.waiting, "nobody"]))
        assert self.queue.discard(job_id) == (job_id in self.waiting)
        self.waiting.pop(job_id, None)

    @invariant()
    def counts_agree(self) -> None:
        assert len(self.queue) == len(self.waiting)
        assert self.queue.bytes == size_of(job for job, _ in self.waiting.values())
        keys = [(job.session, job.key) for job, _ in self.waiting.values() if job.key]
        assert len(keys) == len(set(keys))


def size_of(jobs: Iterable[Job]) -> int:
    return sum(job.arrays["samples"].nbytes for job in jobs)


TestAnyHistoryOfAQueue = QueueMachine.TestCase
TestAnyHistoryOfAQueue.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


class OneAnswer:
    """An executor that knows one answer and keeps what it was asked."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self.jobs: list[Job] = []

    async def submit(self, job: Job) -> Result:
        self.jobs.append(job)
        return Result(job=job.id, values=transcript_to_values(self._transcript))

    def backlog(self, session: str | None = None) -> Backlog:
        return Backlog(0, 0, 0.0)


async def test_a_transcriber_asks_for_final_quality_and_rebuilds_the_transcript() -> None:
    heard = Transcript((Word(0.1, 0.6, "안녕하세요", 0.9),), "안녕하세요", -0.2, 0.01, 1.1)
    executor = OneAnswer(heard)
    transcribe = JobTranscriber(executor, "room", priority=Priority.RECORDING)
    samples = np.zeros(16_000, np.float32)
    assert await transcribe(samples) == heard
    await transcribe(samples)
    first, second = executor.jobs
    assert (first.session, first.model, first.priority) == (
        "room",
        "whisper-base",
        Priority.RECORDING,
    )
    assert first.params == {"language": "ko", "beam": 5, "min_pad_s": 15.0, "word_times": True}
    assert first.arrays["samples"] is samples
    assert first.id != second.id
    assert first.key is None
