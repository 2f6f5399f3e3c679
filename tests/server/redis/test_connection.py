"""What redis-py does not promise of its connections, and this server needs."""

import asyncio
from pathlib import Path

import pytest

from server.redis.connection import connect
from tests.server.redis_server import RedisServer

pytestmark = pytest.mark.redis


@pytest.mark.parametrize("rounds", range(12))
async def test_cancelled_command_is_cancelled_at_whatever_moment(
    tmp_path: Path, rounds: int
) -> None:
    with RedisServer(tmp_path) as server:
        async with connect(server.address) as client:
            await client.ping()

            async def ask_for_ever() -> None:
                while True:
                    await client.ping()

            task = asyncio.create_task(ask_for_ever())
            for _ in range(rounds):
                await asyncio.sleep(0)
            task.cancel()
            _, running = await asyncio.wait([task], timeout=1)
            task.cancel()
            assert not running


async def test_connection_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    with RedisServer(tmp_path) as server:
        async with connect(server.address) as client:
            await client.ping()
            server.pause()
            with pytest.raises(Exception, match="Redis takes nothing"):
                await client.set("large", bytes(50_000_000))
            server.resume()
