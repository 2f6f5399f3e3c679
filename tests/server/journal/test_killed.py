"""Processes and servers that are killed in the middle of appends lose nothing acknowledged."""

import asyncio
import random
from pathlib import Path

import pytest

from server.journal_address import Durability
from tests.server.journal.appender import SESSION
from tests.server.journal.appending import Appender, Said
from tests.server.journal.files import opened
from tests.server.journal.redises import opened as opened_redis
from tests.server.redis_server import RedisServer

ROUNDS = 3
ACKNOWLEDGED = 150
"""Lines read before the process is killed."""

PROCESSES = 3
REDIS_ROUNDS = 5
SEED = 20260731


@pytest.mark.process
async def test_everything_acknowledged_before_kill_9_is_kept_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    said = Said()
    for round_ in range(ROUNDS):
        before = len(said.kept)
        appender = Appender(f"sqlite:///{path}", f"r{round_}w", said)
        await appender.start()
        try:
            await appender.hear(ACKNOWLEDGED)
        finally:
            await appender.kill()
        assert len(said.kept) - before >= ACKNOWLEDGED
        async with opened(path) as journal:
            said.check(await journal.read(SESSION, limit=10**6))
            assert await journal.check() == "ok"


@pytest.mark.process
@pytest.mark.redis
async def test_everything_acknowledged_before_kill_9_of_redis_is_kept_in_order(
    tmp_path: Path,
) -> None:
    moments = random.Random(SEED)
    said = Said()
    with RedisServer(tmp_path / "redis", appendfsync="always") as server:
        appenders = [Appender(server.url, f"p{number}w", said) for number in range(PROCESSES)]
        try:
            for appender in appenders:
                await appender.start()
            await asyncio.gather(*(appender.hear(1) for appender in appenders))
            for _ in range(REDIS_ROUNDS):
                before = len(said.kept)
                await _hear_all(appenders, moments.uniform(0.05, 0.4))
                server.kill()
                # While it is away, and while it reads its file.
                await _hear_all(appenders, moments.uniform(0.0, 0.1))
                server.start()
                await asyncio.gather(*(appender.hear(5) for appender in appenders))
                assert len(said.kept) > before + 10
        finally:
            for appender in appenders:
                await appender.kill()
        async with opened_redis(server, Durability("always")) as journal:
            said.check(await journal.read(SESSION, limit=10**6))
    # Redis was back before anybody's patience ended.
    assert not said.refused
    assert not said.unknown


async def _hear_all(appenders: list[Appender], duration_s: float) -> None:
    await asyncio.gather(*(appender.hear_for(duration_s) for appender in appenders))
