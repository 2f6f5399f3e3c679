"""Model work that is measured: sound understood, processor time it took, interims given up."""

from pipeline.audio import seconds
from pipeline.inference import Backlog, Executor, Overloaded, Stale
from pipeline.jobs import Job, Priority, Result
from server.operations.metrics import REFUSED_INTERIM, STALE_INTERIM, Metrics


class MeasuredExecutor:
    """Passes every job on to another ``Executor`` and counts."""

    def __init__(self, executor: Executor, metrics: Metrics) -> None:
        self._executor = executor
        self._metrics = metrics

    async def submit(self, job: Job) -> Result:
        """See ``Executor``."""
        try:
            result = await self._executor.submit(job)
        except Stale:
            self._give_up(job, STALE_INTERIM)
            raise
        except Overloaded:
            self._give_up(job, REFUSED_INTERIM)
            raise
        audio_s = seconds(sum(array.size for array in job.arrays.values()))
        self._metrics.count_model(str(job.kind), audio_s, result.cpu_s)
        return result

    def backlog(self, session: str | None = None) -> Backlog:
        """See ``Executor``."""
        return self._executor.backlog(session)

    def _give_up(self, job: Job, reason: str) -> None:
        # What is lost of any other job is counted with its utterance.
        if job.priority is Priority.INTERIM:
            self._metrics.count_drop(reason)
