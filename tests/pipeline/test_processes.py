"""Workers as real processes: what a killed, hanging, broken or orphaned one costs."""

import asyncio
import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blockbuster import blockbuster_ctx

from pipeline.inference import Backlog
from pipeline.jobs import EngineError, Job, JobKind
from pipeline.processes import JOBS_PER_START, LocalConfig, LocalExecutor
from tests.pipeline.echo_engine import echo_job

pytestmark = pytest.mark.process

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


@pytest.fixture(autouse=True)
def _engine_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))


@pytest.fixture(autouse=True)
def _no_blocking_calls() -> Iterator[None]:
    with blockbuster_ctx("pipeline"):
        yield


@contextlib.asynccontextmanager
async def started(engine: str = "EchoEngine", **settings: Any) -> AsyncIterator[LocalExecutor]:
    config = LocalConfig(
        models=Path("models"),
        engine=f"tests.pipeline.echo_engine:{engine}",
        **{"workers": 1, **settings},
    )
    async with LocalExecutor(config) as executor:
        yield executor


def test_where_no_affinity_is_known_every_core_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert LocalConfig(models=Path("models")).workers == 7


async def until(is_true: Callable[[], bool], limit_s: float = 5.0) -> None:
    async with asyncio.timeout(limit_s):
        while not is_true():  # noqa: ASYNC110 - other processes set no event here.
            await asyncio.sleep(0.005)


def exists(pid: int) -> bool:
    """Whether the process is there and not a zombie that only waits to be reaped."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def none_exists(pids: Iterable[int]) -> bool:
    return not any(exists(pid) for pid in pids)


async def test_an_utterance_travels_there_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither the working directory nor what a library prints may get in the way.
    (tmp_path / "pipeline.py").write_text("raise ImportError")
    monkeypatch.chdir(tmp_path)
    samples = np.linspace(-1, 1, 30 * 16_000, dtype=np.float32)
    async with started() as executor:
        job = dataclasses.replace(echo_job(print=True, beam=5), arrays={"samples": samples})
        result = await executor.submit(job)
        assert result.job == job.id
        np.testing.assert_array_equal(result.arrays["samples"], samples)
        assert result.values["beam"] == 5
        assert executor.worker_pids == (result.values["pid"],)
        assert result.values["nice"] == os.nice(0) + 5
        assert result.values["threads"] == "1"
        assert executor.backlog() == Backlog(0, 0, 0.0)


async def test_a_worker_killed_in_mid_job_costs_time_and_nothing_else(tmp_path: Path) -> None:
    marks = [tmp_path / "one", tmp_path / "two"]
    async with started(workers=2) as executor, asyncio.TaskGroup() as clients:
        await executor.wait_ready(10)
        victim, other = executor.worker_pids
        tasks = [
            clients.create_task(executor.submit(echo_job(started=str(mark), sleep_s=0.3)))
            for mark in marks
        ]
        await until(lambda: all(os.path.exists(mark) for mark in marks))
        os.kill(victim, signal.SIGKILL)
        pids = {(await task).values["pid"] for task in tasks}
        assert other in pids
        assert victim not in pids
        assert pids == set(executor.worker_pids)


async def test_a_job_that_kills_two_workers_fails_and_the_next_one_works() -> None:
    async with started() as executor:
        with pytest.raises(EngineError, match="two workers"):
            await executor.submit(echo_job(crash=True))
        assert (await executor.submit(echo_job(word="yes"))).values["word"] == "yes"


async def test_a_hanging_job_is_ended_at_its_limit() -> None:
    async with started(job_limit_s=0.2, job_limit_per_audio_s=0.0) as executor:
        await executor.wait_ready(10)
        (before,) = executor.worker_pids
        with pytest.raises(EngineError, match="hung"):
            await executor.submit(echo_job(sleep_s=3600))
        await until(lambda: not exists(before))


def test_the_limit_grows_with_the_audio() -> None:
    minute = dataclasses.replace(echo_job(), arrays={"samples": np.zeros(960_000, np.float32)})
    config = LocalConfig(models=Path("models"))
    assert config.limit_s(minute) == 60 + 4 * 60


async def test_a_failing_job_fails_alone_and_tells_no_secret() -> None:
    async with started() as executor:
        with pytest.raises(EngineError, match="echo could not hear job"):
            await executor.submit(echo_job(fail=True))
        (pid,) = executor.worker_pids
        with pytest.raises(EngineError, match="KeyError") as caught:
            await executor.submit(echo_job(bug=True))
        assert "secret" not in str(caught.value)
        strays: tuple[Any, ...] = (print, b"bytes")
        for stray in strays:
            with pytest.raises(ValueError, match="cannot travel"):
                await executor.submit(dataclasses.replace(echo_job(), params={"stray": stray}))
        assert (await executor.submit(echo_job())).values["pid"] == pid


async def test_a_worker_killed_while_idle_is_replaced_before_anybody_asks() -> None:
    async with started() as executor:
        await executor.wait_ready(10)
        before = executor.worker_pids
        os.kill(before[0], signal.SIGKILL)
        await until(lambda: executor.worker_pids not in ((), before))
        assert (await executor.submit(echo_job())).values["pid"] not in before


async def test_a_stop_signal_for_the_whole_group_lets_the_last_job_finish(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    async with started() as executor, asyncio.TaskGroup() as clients:
        last = clients.create_task(executor.submit(echo_job(started=str(mark), sleep_s=0.1)))
        await until(lambda: os.path.exists(mark))
        (pid,) = executor.worker_pids
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        assert (await last).values["pid"] == pid


async def test_a_model_that_cannot_be_loaded_is_a_problem_and_the_executor_lives_on() -> None:
    async with started("broken") as executor:
        await executor.wait_ready(10)
        sentence = "The model echo has no file model.bin."
        assert executor.problems() == dict.fromkeys(JobKind, sentence)
        with pytest.raises(EngineError, match=sentence):
            await executor.submit(echo_job())
        assert exists(*executor.worker_pids)


async def test_a_worker_that_may_sleep_starts_with_its_first_job_and_ends_without_any() -> None:
    async with started(idle_limit_s=0.1) as executor:
        assert not executor.worker_pids
        first = (await executor.submit(echo_job())).values["pid"]
        assert first in executor.worker_pids
        await until(lambda: not executor.worker_pids and not exists(first))
        again = (await executor.submit(echo_job())).values["pid"]
        assert again != first
        assert executor.is_able


async def test_a_second_worker_that_may_sleep_starts_only_when_jobs_pile_up(
    tmp_path: Path,
) -> None:
    mark = tmp_path / "started"
    async with started(workers=2, idle_limit_s=60.0) as executor, asyncio.TaskGroup() as clients:
        running = clients.create_task(executor.submit(echo_job(started=str(mark), sleep_s=3600)))
        await until(lambda: os.path.exists(mark))
        few = [clients.create_task(executor.submit(echo_job())) for _ in range(JOBS_PER_START)]
        await asyncio.sleep(0)
        assert len(executor.worker_pids) == 1
        many = clients.create_task(executor.submit(echo_job()))
        (pid,) = {(await task).values["pid"] for task in (*few, many)}
        assert pid != executor.worker_pids[0]
        running.cancel()


async def test_a_job_that_waits_for_a_sleeper_is_tried_again_when_its_start_fails() -> None:
    async with started("dying", idle_limit_s=60.0, backoff_s=0.01) as executor:
        assert "no worker process starts" in await _error_of(executor, echo_job())
        assert not executor.is_able


async def test_a_sleeper_without_its_model_ends_soon_and_finds_it_later() -> None:
    async with started("broken", idle_limit_s=60.0, retry_s=0.05) as executor:
        assert "no file model.bin" in await _error_of(executor, echo_job())
        assert set(executor.problems()) == set(JobKind)
        (first,) = executor.worker_pids
        await until(lambda: not executor.worker_pids)
        assert "no file model.bin" in await _error_of(executor, echo_job())
        (second,) = executor.worker_pids
        assert second != first


async def test_closing_while_workers_sleep_fails_later_jobs() -> None:
    async with started(idle_limit_s=60.0) as executor:
        await asyncio.sleep(0)
        await executor.close()
        assert "stopped" in await _error_of(executor, echo_job())


@pytest.mark.parametrize("engine", ["dying", "missing", "spoiling"])
async def test_jobs_fail_when_no_worker_starts(engine: str) -> None:
    async with started(engine, backoff_s=0.01) as executor, asyncio.TaskGroup() as clients:
        waiting = clients.create_task(_error_of(executor, echo_job()))
        with pytest.raises(EngineError, match="no worker process starts"):
            await executor.wait_ready(10)
        assert "no worker process starts" in await waiting
        assert "starting" in executor.problems()["worker"]


async def _error_of(executor: LocalExecutor, job: Job) -> str:
    with pytest.raises(EngineError) as caught:
        await executor.submit(job)
    return str(caught.value)


async def test_workers_that_take_too_long_to_start_are_not_ready() -> None:
    async with started() as executor:
        with pytest.raises(EngineError, match="not ready"):
            await executor.wait_ready(0.01)


async def test_closing_fails_what_is_open_and_leaves_no_process(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    async with started(workers=2) as executor, asyncio.TaskGroup() as clients:
        await executor.wait_ready(10)
        pids = executor.worker_pids
        job = echo_job(started=str(mark), sleep_s=3600)
        running = clients.create_task(_error_of(executor, job))
        await until(lambda: os.path.exists(mark))
        begin_s = time.monotonic()
        await executor.close()
        await executor.close()
        assert "stopped" in await running
        assert time.monotonic() - begin_s < 2
        assert executor.worker_pids == ()
        assert none_exists(pids)
        with pytest.raises(EngineError, match="stopped"):
            await executor.submit(echo_job())


async def test_closing_during_the_start_leaves_no_process() -> None:
    for turns in range(4):
        async with started() as executor:
            for _ in range(turns):
                await asyncio.sleep(0)
            pids = executor.worker_pids
        assert none_exists(pids)
        assert none_exists(_children())


def _children() -> list[int]:
    task = f"/proc/self/task/{os.getpid()}/children"
    with open(task) as children:
        return [int(pid) for pid in children.read().split()]


PARENT = """
import asyncio, sys
from pathlib import Path
from tests.pipeline.echo_engine import echo_job
from pipeline.processes import LocalConfig, LocalExecutor

ENGINE = "tests.pipeline.echo_engine:EchoEngine"

async def main():
    config = LocalConfig(models=Path("models"), engine=ENGINE, workers=2)
    async with LocalExecutor(config) as executor:
        await executor.wait_ready(10)
        asyncio.create_task(executor.submit(echo_job(started=sys.argv[1], sleep_s=3600)))
        while not Path(sys.argv[1]).exists():
            await asyncio.sleep(0.01)
        sys.stdout.write(f"{executor.worker_pids}\\n")
        sys.stdout.flush()
        await asyncio.sleep(3600)

asyncio.run(main())
"""


def test_workers_end_when_their_parent_is_killed_even_in_mid_job(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "started")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().strip("()\n").split(",")]
        assert all(exists(pid) for pid in pids)
        parent.kill()
    deadline_s = time.monotonic() + 5
    while not none_exists(pids) and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert none_exists(pids)
