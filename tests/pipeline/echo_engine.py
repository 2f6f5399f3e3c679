"""An engine for tests that answers what it was asked, or misbehaves as the job's params say."""

import itertools
import os
import time
from pathlib import Path

from pipeline.jobs import EngineError, Job, JobKind, Priority, Result, Scalar

_ids = itertools.count(1)


def echo_job(
    session: str = "s",
    *,
    priority: Priority = Priority.FINAL,
    key: str | None = None,
    deadline_s: float | None = None,
    **params: Scalar,
) -> Job:
    return Job(
        id=f"job{next(_ids)}",
        kind=JobKind.TRANSCRIBE,
        model="echo",
        session=session,
        priority=priority,
        key=key,
        deadline_s=deadline_s,
        params=params,
    )


class EchoEngine:
    """Answers with the job's arrays and params, and with the process that did it."""

    def __init__(self, models: Path) -> None:
        self._models = models

    def run(self, job: Job) -> Result:
        if job.params.get("print"):
            os.write(1, b"a C library talks to file descriptor 1\n")
        if started := job.params.get("started"):
            Path(str(started)).touch()
        time.sleep(float(job.params.get("sleep_s") or 0))
        if job.params.get("crash"):
            os._exit(3)
        if job.params.get("fail"):
            raise EngineError("echo could not hear job")
        if job.params.get("bug"):
            raise KeyError("secret words of an applicant")
        values = {"pid": os.getpid(), "nice": os.nice(0), "threads": os.environ["OMP_NUM_THREADS"]}
        return Result(job=job.id, values=values | dict(job.params), arrays=job.arrays)


def broken(models: Path) -> EchoEngine:
    raise EngineError("The model echo has no file model.bin.")


def dying(models: Path) -> EchoEngine:
    os._exit(3)


def spoiling(models: Path) -> EchoEngine:
    for descriptor in range(3, 16):  # Wherever the channel is now.
        try:
            os.write(descriptor, b"not a frame")
        except OSError:
            continue
    return EchoEngine(models)
