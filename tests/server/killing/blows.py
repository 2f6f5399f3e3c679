"""Load on a deployment, and what is killed under it at random moments."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import aiohttp

from tests.server.killing.deployment import Deployment
from tests.server.killing.people import Reader, Writer, journal_of
from tests.server.killing.verdict import Verdict, judged

Victim: TypeAlias = Literal["server", "redis", "frozen redis"]
"""A frozen Redis is not killed: what it was asked before it executes when it goes on."""

LONG = 0.2
"""Share of the blows to Redis after which it is away for longer than servers wait for it."""

SEATS = (None, None, "면접관_1", "면접관_2")
"""Of the writers of one session: two operators, two interviewers, so that seats move as well."""
PROGRESS = 3
"""Notes that each writer gets acknowledged before the next blow."""
PATIENCE_S = 60.0


@dataclass(slots=True)
class Load:
    """Writers and readers of several sessions, spread over the servers."""

    deployment: Deployment
    client: aiohttp.ClientSession
    writers: list[Writer]
    readers: list[Reader]
    writing: list[asyncio.Task[None]] = field(default_factory=list)
    reading: list[asyncio.Task[None]] = field(default_factory=list)

    async def progressed(self, count: int = PROGRESS) -> None:
        """Wait until each writer has ``count`` more notes acknowledged."""
        async with asyncio.timeout(PATIENCE_S):
            async with asyncio.TaskGroup() as waiting:
                for writer in self.writers:
                    waiting.create_task(writer.until(len(writer.acknowledged) + count))
        self.raise_failures()

    async def finished(self) -> Verdict:
        """Let everybody finish, and judge; every server has to run."""
        for writer in self.writers:
            writer.is_stopping = True
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*self.writing)
            self.raise_failures()
            verdict = Verdict()
            for session in sorted({writer.session for writer in self.writers}):
                verdict += await self._judged(session)
            return verdict

    def raise_failures(self) -> None:
        """Raise what ended somebody; losses and refusals do not."""
        for task in (*self.writing, *self.reading):
            if task.done():
                task.result()

    async def _judged(self, session: str) -> Verdict:
        nodes = range(len(self.deployment.nodes))
        journals = [await journal_of(self.client, self.deployment, node, session) for node in nodes]
        writers = [writer for writer in self.writers if writer.session == session]
        readers = [reader for reader in self.readers if reader.session == session]
        with contextlib.suppress(TimeoutError):  # Then the verdict says who did not see it.
            async with asyncio.timeout(10):
                await asyncio.gather(*(reader.until(len(journals[0])) for reader in readers))
        return judged(journals, writers, readers)


@contextlib.asynccontextmanager
async def under_load(
    deployment: Deployment, *, sessions: Sequence[str], pause_s: float
) -> AsyncIterator[Load]:
    """Open sessions and begin to write and to read in them.

    Args:
        deployment: where.
        sessions: their ids, each with four writers and a reader per server.
        pause_s: of a writer after each note, in the mean.
    """
    writers = [
        Writer(deployment, session, number + at, f"{session}w{at}", seat)
        for number, session in enumerate(sessions)
        for at, seat in enumerate(SEATS)
    ]
    readers = [
        Reader(deployment, session, node)
        for session in sessions
        for node in range(len(deployment.nodes))
    ]
    async with aiohttp.ClientSession() as client:
        load = Load(deployment, client, writers, readers)
        load.writing += [asyncio.create_task(writer.run(client, pause_s)) for writer in writers]
        load.reading += [asyncio.create_task(reader.run(client)) for reader in readers]
        try:
            await load.progressed()
            yield load
        finally:
            tasks = (*load.writing, *load.reading)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Blow:
    """One round.

    Attributes:
        victim: what was struck.
        outage_s: from then until every writer had notes acknowledged again.
        back_s: until what was struck was there again as well.
    """

    victim: Victim
    outage_s: float
    back_s: float


async def struck(
    load: Load, victim: Victim, moments: random.Random, *, is_long: bool | None = None
) -> Blow:
    """Strike at a random moment, let what was struck come back, and wait until all is well.

    Args:
        load: under which.
        victim: what is struck; one of the servers at random.
        moments: decides.
        is_long: whether Redis is away for seconds; None: sometimes.
    """
    await asyncio.sleep(moments.uniform(0.0, 0.5))
    if is_long is None:
        is_long = moments.random() < LONG
    away_s = moments.uniform(6.0, 7.5) if is_long else moments.uniform(0.0, 0.5)
    node = moments.choice([node for node in load.deployment.nodes if node.url is not None])
    began = time.monotonic()
    if victim == "server":
        await node.kill()
        return await _survived(load, victim, began, node.start())
    redis = load.deployment.redis
    down, up = (redis.kill, redis.start) if victim == "redis" else (redis.pause, redis.resume)
    await asyncio.to_thread(down)
    await asyncio.sleep(away_s)
    await asyncio.to_thread(up)
    return await _survived(load, victim, began, asyncio.sleep(0))


async def _survived(
    load: Load, victim: Victim, began: float, coming_back: Coroutine[Any, Any, None]
) -> Blow:
    back = asyncio.create_task(coming_back)
    await load.progressed()
    outage_s = time.monotonic() - began
    await back
    return Blow(victim, outage_s, time.monotonic() - began)
