"""The desk between those who submit jobs and the workers who fetch them, on one event loop."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.inference import Backlog, JobQueue, QueueLimits, Stale
from pipeline.jobs import EngineError, Job, Result


@dataclass(slots=True, eq=False)
class Submission:
    """A job until its answer.

    Attributes:
        deaths: workers that died of it.
    """

    job: Job
    answer: asyncio.Future[Result]
    since_s: float
    is_running: bool = False
    deaths: int = 0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody still waits for the answer."""
        return not self.answer.done()

    def settle(self, result: Result) -> None:
        if result.error is not None:
            self.fail(EngineError(result.error))
        elif self.is_wanted:
            self.answer.set_result(result)

    def fail(self, error: Exception) -> None:
        if self.is_wanted:
            self.answer.set_exception(error)


class Submissions:
    """Every job from ``submit`` to its answer; those nobody has fetched wait in a ``JobQueue``."""

    def __init__(self, limits: QueueLimits) -> None:
        self._queue = JobQueue(limits)
        self._open: dict[str, Submission] = {}
        self._wake = asyncio.Event()

    async def submit(self, job: Job) -> Result:
        """Wait for the answer; see ``pipeline.inference.Executor``.

        Raises:
            ValueError: a job with this id is open already, or it cannot travel.
        """
        if job.id in self._open:
            raise ValueError(f"job {job.id} is under way already")
        loop = asyncio.get_running_loop()
        replaced = self._queue.put(job, loop.time())
        if replaced is not None:
            self._open[replaced.id].fail(Stale(f"a newer job replaced job {replaced.id}"))
        submission = Submission(job, loop.create_future(), loop.time())
        self._open[job.id] = submission
        self.wake()
        try:
            async with asyncio.timeout(job.deadline_s):
                return await submission.answer
        except TimeoutError as error:
            raise Stale(f"job {job.id} had no result within {job.deadline_s} s") from error
        finally:
            del self._open[job.id]
            self._queue.discard(job.id)

    async def fetch(self, is_able: Callable[[], bool]) -> Submission | None:
        """Wait for the next job to run; None once the worker is not able to (see ``wake``)."""
        while is_able():
            for late in self._queue.expire(asyncio.get_running_loop().time()):
                self._open[late.id].fail(Stale(f"job {late.id} waited past its deadline"))
            job = self._queue.take()
            if job is not None:
                submission = self._open[job.id]
                submission.is_running = True
                return submission
            self._wake.clear()
            await self._wake.wait()
        return None

    async def piled_up(self, more_than: int) -> None:
        """Wait until more than this many jobs wait to be fetched."""
        while len(self._queue) <= more_than:
            self._wake.clear()
            await self._wake.wait()

    def wake(self) -> None:
        """Let every waiting ``fetch`` look again."""
        self._wake.set()

    def fail_all(self, error: EngineError) -> None:
        """Answer every open job with ``error``."""
        for submission in self._open.values():
            submission.fail(error)

    def backlog(self, session: str | None = None) -> Backlog:
        """Count what is open, of one session or of all."""
        mine = [each for each in self._open.values() if session in (None, each.job.session)]
        running = sum(each.is_running for each in mine)
        oldest_wait_s = 0.0
        if mine:
            now_s = asyncio.get_running_loop().time()
            oldest_wait_s = now_s - min(each.since_s for each in mine)
        return Backlog(len(mine) - running, running, oldest_wait_s)
