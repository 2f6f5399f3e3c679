"""Model work in local worker processes: a crash there costs one job a second try, nothing else."""

import asyncio
import enum
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from pipeline.audio import seconds
from pipeline.inference import Backlog, QueueLimits
from pipeline.jobs import EngineError, Job, Result, decode_job, encode
from pipeline.submissions import Submission, Submissions
from pipeline.worker_process import WorkerDied, WorkerProcess

log = logging.getLogger(__name__)

JOBS_PER_START = 4
"""So many jobs must wait for each worker that is started beyond the first."""

STARTS_BEFORE_HOPELESS = 3
"""Failed starts in a row after which nobody waits for a worker any more."""


def cores() -> int:
    """Return how many cores this process may use; macOS keeps no process off any of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalConfig:
    """How many workers run which engines, and how long anything may take.

    Attributes:
        models: folder of the model registry.
        engine: engines by name (``pipeline.worker.ENGINES``), or ``module:factory`` for one's own.
        workers: one core is left to the event loop.
        start_limit_s: until a worker has loaded its models.
        job_limit_s: for any job, plus ``job_limit_per_audio_s`` for each second of audio; live
            speech costs about 0.15 s a second, so only a hanging worker gets there.
        backoff_s: wait before a third start in a row, doubled each time up to ``backoff_max_s``.
        idle_limit_s: None: workers are always there. Else one starts when jobs wait for it, and
            ends after this time without any.
        retry_s: what ``idle_limit_s`` is for a worker that lacks an engine, so that a model
            which was fetched meanwhile is found.
    """

    models: Path
    engine: str = "words"
    workers: int = field(default_factory=lambda: max(1, cores() - 1))
    limits: QueueLimits = QueueLimits()
    start_limit_s: float = 120.0
    job_limit_s: float = 60.0
    job_limit_per_audio_s: float = 4.0
    backoff_s: float = 0.25
    backoff_max_s: float = 10.0
    idle_limit_s: float | None = None
    retry_s: float = 5.0

    def limit_s(self, job: Job) -> float:
        """How long a worker may take for ``job``."""
        audio_s = seconds(sum(array.size for array in job.arrays.values()))
        return self.job_limit_s + self.job_limit_per_audio_s * audio_s

    def delay_s(self, failures: int) -> float:
        """Wait before the next start after this many failures in a row; none after the first."""
        return min(self.backoff_max_s, self.backoff_s * 2 ** (failures - 2)) if failures > 1 else 0

    def idle_s(self, problems: Mapping[str, str]) -> float | None:
        """How long a worker with these problems may be without work; None: for ever."""
        return self.retry_s if problems and self.idle_limit_s is not None else self.idle_limit_s


class WorkerState(enum.Enum):
    """What one place for a worker is doing.

    STARTING -> IDLE -> BUSY -> IDLE; a dead worker leads from anywhere to DEAD, and after a
    pause DEAD -> STARTING. After three starts in a row without success DEAD -> HOPELESS, which
    is tried again as DEAD is; meanwhile nobody waits for this place. Where workers end without
    work (``idle_limit_s``): IDLE -> ASLEEP -> STARTING, and the first state is ASLEEP.
    """

    ASLEEP = "asleep"
    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    DEAD = "dead"
    HOPELESS = "hopeless"


@dataclass(slots=True, eq=False)
class _Place:
    """Where one worker process lives after the other."""

    number: int
    state: WorkerState = WorkerState.DEAD
    worker: WorkerProcess | None = None
    submission: Submission | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    failures: int = 0
    is_settled: asyncio.Event = field(default_factory=asyncio.Event)

    def become(self, state: WorkerState) -> None:
        pid = self.worker.pid if self.worker else None
        quiet = {self.state, state} == {WorkerState.IDLE, WorkerState.BUSY}
        level = logging.DEBUG if quiet else logging.INFO
        log.log(
            level, "worker %d pid %s: %s -> %s", self.number, pid, self.state.value, state.value
        )
        self.state = state
        if state in (WorkerState.IDLE, WorkerState.HOPELESS):
            self.is_settled.set()


class LocalExecutor:
    """An ``Executor`` whose workers are child processes with one job each.

    ``async with LocalExecutor(config) as executor`` starts the workers and leaves none behind.
    """

    def __init__(self, config: LocalConfig) -> None:
        self._config = config
        self._submissions = Submissions(config.limits)
        self._places = [_Place(number + 1) for number in range(config.workers)]
        self._main: asyncio.Task[None] | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        self._main = asyncio.create_task(self.run(), name="workers")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def run(self) -> None:
        """Keep the workers alive and fed until cancelled; ``async with`` does it for you."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for place in self._places:
                    tasks.create_task(self._keep(place, tasks))
        except* Exception:
            log.exception("the worker processes are given up")
            raise
        finally:
            self._is_closed = True
            self._submissions.fail_all(EngineError("the worker processes are stopped"))
            for place in self._places:
                place.is_settled.set()

    async def close(self) -> None:
        """Kill every worker and fail every job; repeating it does no harm."""
        if self._main is None:
            return
        if not self._is_closed:
            self._is_closed = True
            self._submissions.fail_all(EngineError("the worker processes are stopped"))
            self._main.cancel()
        await asyncio.wait((self._main,))
        if not self._main.cancelled():
            self._main.result()

    async def submit(self, job: Job) -> Result:
        """See ``Executor``."""
        self._check_able()
        return await self._submissions.submit(job)

    def backlog(self, session: str | None = None) -> Backlog:
        """See ``Executor``."""
        return self._submissions.backlog(session)

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """Process ids of the workers that live now."""
        return tuple(place.worker.pid for place in self._places if place.worker)

    @property
    def is_able(self) -> bool:
        """Whether some worker runs, or there is hope that one will soon."""
        has_hope = not all("worker" in place.problems for place in self._places)
        return has_hope and not self._is_closed

    def problems(self) -> Mapping[str, str]:
        """What cannot be done, by job kind (``worker``: no process starts), and the reason."""
        found: dict[str, str] = {}
        for place in self._places:
            found.update(place.problems)
        return found

    async def wait_ready(self, timeout_s: float) -> None:
        """Wait until every worker has loaded its models, or said in ``problems`` why not.

        Raises:
            EngineError: they have not after ``timeout_s``, or no worker process starts.
        """
        try:
            async with asyncio.timeout(timeout_s):
                for place in self._places:
                    await place.is_settled.wait()
        except TimeoutError as error:
            raise EngineError(f"the workers were not ready within {timeout_s:.0f} s") from error
        self._check_able()

    async def _keep(self, place: _Place, tasks: asyncio.TaskGroup) -> None:
        config = self._config
        while True:
            await asyncio.sleep(config.delay_s(place.failures))
            await self._until_needed(place)
            place.become(WorkerState.STARTING)
            try:
                place.worker = await WorkerProcess.start(config.models, config.engine)
                tasks.create_task(self._notice_end(place.worker))
                place.problems = (await place.worker.ready(config.start_limit_s)).problems
                place.become(WorkerState.IDLE)
                while await self._serve(place, place.worker):
                    pass
            except (WorkerDied, OSError) as error:  # OSError: the system allows no more processes.
                self._bury(place, error)
            finally:
                worker, place.worker = place.worker, None
                if worker is not None:
                    await worker.kill()

    async def _until_needed(self, place: _Place) -> None:
        """Let a place that may sleep do so until enough jobs wait."""
        is_lazy = self._config.idle_limit_s is not None
        # Jobs fail at once where there is no hope, so none would ever wake that place.
        if is_lazy and place.submission is None and place.state is not WorkerState.HOPELESS:
            place.become(WorkerState.ASLEEP)
            await self._submissions.piled_up((place.number - 1) * JOBS_PER_START)

    async def _notice_end(self, worker: WorkerProcess) -> None:
        await worker.ended()
        self._submissions.wake()

    async def _serve(self, place: _Place, worker: WorkerProcess) -> bool:
        """Let the worker do the next job; False: none came for so long that it may go."""
        if place.submission is None:
            try:
                async with asyncio.timeout(self._config.idle_s(place.problems)):
                    place.submission = await self._submissions.fetch(lambda: not worker.has_ended)
            except TimeoutError:
                return False
        submission = place.submission
        if submission is None:
            raise WorkerDied("the worker process ended while idle")
        job = submission.job
        if submission.is_wanted and (payload := _payload(submission)) is not None:
            place.become(WorkerState.BUSY)
            result = await worker.ask(payload, self._config.limit_s(job))
            if result.job != job.id:
                raise WorkerDied(f"the worker answered {result.job} instead of {job.id}")
            submission.settle(result)
            place.failures = 0
            place.become(WorkerState.IDLE)
        place.submission = None
        return True

    def _bury(self, place: _Place, cause: Exception) -> None:
        """Account for a death: its job may try once more, and a place may be beyond hope."""
        place.failures += 1
        log.warning("worker %d failed (%d in a row): %s", place.number, place.failures, cause)
        submission = place.submission
        if submission is not None:
            submission.deaths += 1
            if submission.deaths > 1:
                what = f"{submission.job.kind} job {submission.job.id}"
                submission.fail(EngineError(f"{what} failed on two workers; the last: {cause}"))
                place.submission = None
        is_hopeless = (
            place.state is WorkerState.STARTING and place.failures >= STARTS_BEFORE_HOPELESS
        )
        if is_hopeless:
            place.problems = {"worker": str(cause)}
        place.become(WorkerState.HOPELESS if is_hopeless else WorkerState.DEAD)
        if self._is_hopeless:
            self._submissions.fail_all(EngineError(f"no worker process starts: {cause}"))

    @property
    def _is_hopeless(self) -> bool:
        return all(place.state is WorkerState.HOPELESS for place in self._places)

    def _check_able(self) -> None:
        if self._is_closed:
            raise EngineError("the worker processes are stopped")
        if self._is_hopeless:
            raise EngineError(f"no worker process starts: {self.problems()['worker']}")


def _payload(submission: Submission) -> bytes | None:
    try:
        payload = encode(submission.job)
        decode_job(payload)  # What cannot be read is the caller's bug here, a death over there.
    except (NotImplementedError, TypeError, msgspec.MsgspecError) as error:
        submission.fail(ValueError(f"job {submission.job.id} cannot travel: {error}"))
        return None
    return payload
