"""Calls of the voice models as jobs, with an executor played by the test."""

import numpy as np
import pytest

from pipeline.inference import Backlog
from pipeline.jobs import EngineError, Job, JobKind, Priority, Result
from pipeline.speakers.job_models import JobVoiceModels

SECOND = np.zeros(16_000, np.float32)


class Played:
    """An ``Executor`` that keeps the jobs and answers as engines do, or with nothing."""

    def __init__(self, *, is_mute: bool = False) -> None:
        self.jobs: list[Job] = []
        self._is_mute = is_mute

    async def submit(self, job: Job) -> Result:
        self.jobs.append(job)
        if self._is_mute:
            return Result(job=job.id)
        if job.kind is JobKind.ACTIVITY:
            speakers = np.ones((59, 3), np.float32)
            return Result(job=job.id, values={"step": 271.2}, arrays={"speakers": speakers})
        embeddings = np.ones((len(job.arrays), 192), np.float32)
        return Result(job=job.id, arrays={"embeddings": embeddings})

    def backlog(self, session: str | None = None) -> Backlog:
        return Backlog(0, 0, 0.0)


@pytest.fixture
def played() -> Played:
    return Played()


async def test_each_call_is_one_job_with_what_its_caller_wants(played: Played) -> None:
    models = JobVoiceModels(played, "s1", priority=Priority.RECORDING, key="room", deadline_s=2.5)
    activity = await models.activity(SECOND)
    assert (activity.speakers.shape, activity.step) == ((59, 3), 271.2)
    embeddings = await models.embed([SECOND, SECOND[:8_000]])
    assert embeddings.shape == (2, 192)
    asked = [
        (job.session, job.kind, job.model, job.priority, job.deadline_s) for job in played.jobs
    ]
    assert asked == [
        ("s1", JobKind.ACTIVITY, "pyannote-segmentation", Priority.RECORDING, 2.5),
        ("s1", JobKind.EMBED, "campplus", Priority.RECORDING, 2.5),
    ]
    assert [len(piece) for piece in played.jobs[1].arrays.values()] == [16_000, 8_000]


async def test_the_two_kinds_never_take_each_others_place(played: Played) -> None:
    models = JobVoiceModels(played, "s1", key="room")
    await models.activity(SECOND)
    await models.embed([SECOND])
    await JobVoiceModels(played, "s1").activity(SECOND)
    one, other, without = (job.key for job in played.jobs)
    assert one is not None
    assert other is not None
    assert one != other
    assert without is None


async def test_warming_uses_both_models_and_cannot_be_replaced_or_late(played: Played) -> None:
    await JobVoiceModels(played, "s1", key="room", deadline_s=1.0).warm()
    assert {job.kind for job in played.jobs} == {JobKind.ACTIVITY, JobKind.EMBED}
    assert {(job.key, job.deadline_s) for job in played.jobs} == {(None, None)}


async def test_no_pieces_are_no_work(played: Played) -> None:
    assert (await JobVoiceModels(played, "s1").embed([])).shape == (0, 192)
    assert played.jobs == []


async def test_an_answer_without_content_is_an_engine_error() -> None:
    with pytest.raises(EngineError, match="answered with nothing"):
        await JobVoiceModels(Played(is_mute=True), "s1").activity(SECOND)
