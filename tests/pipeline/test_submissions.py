"""From submit to answer, with workers played by the test: no process, no waiting."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

import pytest

from pipeline.inference import Backlog, Overloaded, QueueLimits, Stale
from pipeline.jobs import EngineError, Job, Result
from pipeline.submissions import Submission, Submissions
from tests.pipeline.echo_engine import echo_job

T = TypeVar("T")


@pytest.fixture
def desk() -> Submissions:
    return Submissions(QueueLimits(jobs=4, lane_share=1.0))


class Clients:
    """Tasks of the test; every one of them has ended when the test ends."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[Any]] = []

    def create_task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    clients = Clients()
    yield clients
    await clients.close()


async def submitted(
    desk: Submissions, clients: Clients, *jobs: Job
) -> list[asyncio.Task[Result | EngineError]]:
    async def submit(job: Job) -> Result | EngineError:
        try:
            return await desk.submit(job)
        except EngineError as error:
            return error

    tasks = [clients.create_task(submit(job)) for job in jobs]
    await asyncio.sleep(0)
    return tasks


async def fetched(desk: Submissions) -> Submission:
    submission = await desk.fetch(lambda: True)
    assert submission is not None
    return submission


def answer(submission: Submission) -> Result:
    result = Result(job=submission.job.id)
    submission.settle(result)
    return result


async def test_a_job_waits_for_its_own_answer(desk: Submissions, clients: Clients) -> None:
    one, two = await submitted(desk, clients, echo_job(), echo_job())
    first, second = await fetched(desk), await fetched(desk)
    late = answer(second)
    assert await two == late
    assert answer(first) == await one


async def test_a_worker_that_came_first_gets_the_job_when_it_comes(
    desk: Submissions, clients: Clients
) -> None:
    waiting = clients.create_task(fetched(desk))
    await asyncio.sleep(0)
    job = echo_job()
    (client,) = await submitted(desk, clients, job)
    submission = await waiting
    assert submission.job is job
    assert answer(submission) == await client


async def test_a_failed_result_becomes_an_engine_error_with_its_sentence(
    desk: Submissions, clients: Clients
) -> None:
    (client,) = await submitted(desk, clients, echo_job())
    submission = await fetched(desk)
    submission.settle(Result(job=submission.job.id, error="echo could not hear"))
    error = await client
    assert isinstance(error, EngineError)
    assert str(error) == "echo could not hear"


async def test_a_full_queue_is_overloaded_and_the_others_do_not_notice(
    desk: Submissions, clients: Clients
) -> None:
    *others, refused = await submitted(desk, clients, *(echo_job() for _ in range(5)))
    assert isinstance(await refused, Overloaded)
    for client in others:
        assert answer(await fetched(desk)) == await client


async def test_the_latest_job_of_a_key_makes_the_waiting_one_stale(
    desk: Submissions, clients: Clients
) -> None:
    newest = echo_job(key="tail")
    old, new = await submitted(desk, clients, echo_job(key="tail"), newest)
    assert isinstance(await old, Stale)
    submission = await fetched(desk)
    assert submission.job is newest
    assert answer(submission) == await new


async def test_a_job_past_its_deadline_is_stale_and_no_worker_gets_it(
    desk: Submissions, clients: Clients
) -> None:
    patient = echo_job()
    late, other = await submitted(desk, clients, echo_job(deadline_s=0.01), patient)
    assert isinstance(await late, Stale)
    submission = await fetched(desk)
    assert submission.job is patient
    assert answer(submission) == await other


async def test_a_running_job_past_its_deadline_is_stale_and_its_answer_goes_nowhere(
    desk: Submissions, clients: Clients
) -> None:
    (late,) = await submitted(desk, clients, echo_job(deadline_s=0.01))
    submission = await fetched(desk)
    assert isinstance(await late, Stale)
    assert not submission.is_wanted
    answer(submission)


async def test_a_cancelled_submit_takes_the_waiting_job_back(
    desk: Submissions, clients: Clients
) -> None:
    kept = echo_job()
    gone, other = await submitted(desk, clients, echo_job(), kept)
    gone.cancel()
    await asyncio.sleep(0)
    submission = await fetched(desk)
    assert submission.job is kept
    assert answer(submission) == await other


async def test_a_cancelled_submit_ignores_the_answer_of_a_running_job(
    desk: Submissions, clients: Clients
) -> None:
    (gone,) = await submitted(desk, clients, echo_job())
    submission = await fetched(desk)
    gone.cancel()
    await asyncio.sleep(0)
    assert not submission.is_wanted
    answer(submission)
    assert desk.backlog() == Backlog(0, 0, 0.0)


async def test_the_backlog_counts_one_session_or_all(desk: Submissions, clients: Clients) -> None:
    tasks = await submitted(desk, clients, echo_job("a"), echo_job("a"), echo_job("b"))
    running = await fetched(desk)
    everybody, nobody = desk.backlog(), desk.backlog("c")
    assert (everybody.queued, everybody.running) == (2, 1)
    assert everybody.oldest_wait_s > 0
    assert (desk.backlog("a").queued, desk.backlog("a").running) == (1, 1)
    assert (desk.backlog("b").queued, desk.backlog("b").running) == (1, 0)
    assert nobody == Backlog(0, 0, 0.0)
    answer(running)
    for _ in tasks[1:]:
        answer(await fetched(desk))


async def test_a_worker_that_is_no_longer_able_goes_away_without_a_job(
    desk: Submissions, clients: Clients
) -> None:
    is_alive = True
    waiting = clients.create_task(desk.fetch(lambda: is_alive))
    await asyncio.sleep(0)
    is_alive = False
    desk.wake()
    assert await waiting is None


async def test_an_id_is_under_way_once(desk: Submissions, clients: Clients) -> None:
    job = echo_job()
    (client,) = await submitted(desk, clients, job)
    submission = await fetched(desk)
    with pytest.raises(ValueError, match=job.id):
        await desk.submit(job)
    assert answer(submission) == await client
