"""``/readyz``: what it says, that probes cost nothing, and that it never lies when things hang."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipeline.jobs import EngineError
from pipeline.processes import LocalConfig, LocalExecutor
from server.api import context, readiness
from server.api.readiness import Check, Checks, Readiness, Standing
from server.entries import Entry
from server.errors import JournalUnavailable
from server.journal.sqlite.journal import SqliteJournal
from tests.server.conftest import Client
from tests.server.talk import eventually


class Watched(SqliteJournal):
    """A journal that counts its reads, and hangs or fails as it is told."""

    reads = 0
    error: Exception | None = None
    gate: asyncio.Event | None = None

    async def read(self, session: str, after: int = 0, limit: int = 500) -> list[Entry]:
        self.reads += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return await super().read(session, after, limit)


class Crew:
    """``Workers`` in the state a test wants."""

    def __init__(
        self, problems: Mapping[str, str], is_able: bool, voice_problem: str | None = None
    ) -> None:
        self.is_able = is_able
        self._problems = problems
        self._voice_problem = voice_problem

    def problems(self) -> Mapping[str, str]:
        return self._problems

    async def voice_problem(self) -> str | None:
        return self._voice_problem


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Watched]:
    journal = await asyncio.to_thread(Watched, tmp_path / "journal.sqlite3")
    yield journal
    await journal.close()


@pytest.fixture
async def ready(journal: Watched) -> AsyncIterator[Readiness]:
    ready = Readiness(journal)
    yield ready
    await ready.close()


async def probe(client: Client) -> tuple[int, Any]:
    response = await client.get("/readyz", headers={"X-Forwarded-For": "10.0.0.9"})
    return response.status, await response.json()


WELL = Checks(models=Check.OK, journal=Check.OK, workers=Check.OK, voices=Check.OK)
ALL_WELL = {"models": "ok", "journal": "ok", "workers": "ok", "voices": "ok"}


async def test_a_server_that_can_work_says_so_to_everybody(client: Client) -> None:
    assert await probe(client) == (200, {"status": "ready", "checks": ALL_WELL})


async def test_a_server_that_is_about_to_stop_is_not_ready_and_lives_on(client: Client) -> None:
    assert client.app is not None
    client.app[context.READINESS].drain()
    assert await probe(client) == (503, {"status": "draining", "checks": ALL_WELL})
    assert client.app[context.READINESS].is_draining
    assert (await client.get("/healthz")).status == 200
    assert "daedam_ready 0.0" in await (await client.get("/metrics")).text()


async def test_a_closed_journal_is_told_without_its_reasons(client: Client) -> None:
    assert client.app is not None
    await client.app[context.JOURNAL].close()
    status, found = await probe(client)
    assert (status, found["status"]) == (503, "not_ready")
    assert found["checks"] == {**ALL_WELL, "journal": "no_answer"}


@pytest.mark.parametrize(
    ("crew", "checks"),
    [
        (Crew({}, is_able=True), WELL),
        (
            Crew({"transcribe": "/models/x is missing"}, is_able=True),
            replace(WELL, models=Check.MISSING),
        ),
        (Crew({"worker": "no process"}, is_able=False), replace(WELL, workers=Check.DEAD)),
        # One of several places cannot start its process: the others do the work.
        (Crew({"worker": "no process"}, is_able=True), WELL),
    ],
)
async def test_each_thing_that_is_missing_has_its_word(
    ready: Readiness, crew: Crew, checks: Checks
) -> None:
    ready.workers = crew
    report = await ready.report()
    assert report.checks == checks
    is_well = checks == WELL
    assert (report.is_ready, ready.is_ready) == (is_well, is_well)


async def test_a_process_that_tells_no_voices_apart_says_so_and_is_ready(
    ready: Readiness,
) -> None:
    ready.workers = Crew({}, is_able=True, voice_problem="/models/campplus is missing")
    report = await ready.report()
    assert report.checks == replace(WELL, voices=Check.MISSING)
    assert report.is_ready


@pytest.mark.parametrize("error", [JournalUnavailable(), RuntimeError("a bug")])
async def test_a_journal_that_fails_makes_the_process_not_ready_until_it_answers(
    ready: Readiness, journal: Watched, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "JOURNAL_ASKED_AGAIN_S", 0.0)
    assert (await ready.report()).is_ready
    journal.error = error
    assert (await ready.report()).checks.journal is Check.NO_ANSWER
    journal.error = None
    assert (await ready.report()).is_ready


async def test_many_probes_are_one_read(ready: Readiness, journal: Watched) -> None:
    reports = await asyncio.gather(*(ready.report() for _ in range(50)))
    assert all(report.is_ready for report in reports)
    await ready.report()
    assert journal.reads == 1


async def test_a_journal_that_hangs_is_waited_for_once_and_asked_once(
    ready: Readiness, journal: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "JOURNAL_ANSWERS_S", 0.05)
    monkeypatch.setattr(readiness, "JOURNAL_ASKED_AGAIN_S", 0.0)
    journal.gate = gate = asyncio.Event()
    began = time.monotonic()
    assert (await ready.report()).checks.journal is Check.NO_ANSWER
    assert time.monotonic() - began < 1
    for _ in range(10):
        assert (await ready.report()).checks.journal is Check.NO_ANSWER
    assert journal.reads == 1
    gate.set()

    async def is_back() -> bool:
        return (await ready.report()).is_ready

    assert await eventually(is_back)


async def test_a_change_is_logged_once_with_what_is_missing(
    ready: Readiness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await ready.report()
    ready.workers = Crew({"worker": "no process"}, is_able=False)
    await ready.report()
    await ready.report()
    ready.drain()
    ready.drain()
    changes = [line for line in caplog.messages if line.startswith("readiness: ")]
    assert [line.split(" (")[0] for line in changes] == [
        "readiness: not_ready -> ready",
        "readiness: ready -> not_ready",
        "readiness: not_ready -> draining",
    ]
    assert "workers dead" in changes[1]


async def test_what_drains_stays_so(ready: Readiness) -> None:
    ready.drain()
    assert (await ready.report()).status is Standing.DRAINING
    assert not ready.is_ready


@pytest.mark.process
async def test_workers_that_never_start_are_dead_and_stay_so_between_attempts(
    tmp_path: Path,
) -> None:
    config = LocalConfig(
        models=tmp_path, engine="no.such:engine", workers=1, backoff_s=0.01, backoff_max_s=0.01
    )
    async with LocalExecutor(config) as executor:
        assert executor.is_able, "there is hope at the beginning"
        with pytest.raises(EngineError):
            await executor.wait_ready(30)
        until = time.monotonic() + 0.3
        while time.monotonic() < until:
            assert not executor.is_able
            await asyncio.sleep(0.01)
    assert not executor.is_able
