"""After an erasure: Redis's files are written anew, so that none of them holds the old words."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from server.errors import JournalUnavailable
from server.redis.errors import LOST, translated

FILES_S = 60.0
"""For both files. Redis writes some hundred MB a second."""
LOOK_EVERY_S = 0.02


class NotWritten(RedisError):
    """Redis could not write its files anew."""


async def rewrite_files(client: Redis) -> None:
    """Let Redis replace its append-only file and its snapshot by ones of what it has now.

    Raises:
        JournalUnavailable: it did not; everything is erased but for what these files hold.
    """
    try:
        with translated():
            async with asyncio.timeout(FILES_S):
                await _rewrite(client, client.bgrewriteaof, "aof_last_bgrewrite_status")
                # Also where no snapshots are made: an old one may lie there.
                await _rewrite(client, client.bgsave, "rdb_last_bgsave_status")
    except JournalUnavailable as error:
        raise JournalUnavailable(
            "Erased, but Redis could not write its files anew: they still hold the old words."
        ) from error


async def _rewrite(client: Redis, command: Callable[[], Awaitable[object]], verdict: str) -> None:
    """Run a command that began after the erasure, to its end."""
    await _idle(client)
    await _begin(client, command)
    if (await _idle(client))[verdict] != "ok":
        raise NotWritten(f"{verdict} is not ok")


async def _begin(client: Redis, command: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await command()
        except ResponseError as error:
            # Somebody else's began in between: "in progress" or "another child is active".
            if "progress" not in str(error) and "active" not in str(error):
                raise
            await _idle(client)
        else:
            return


async def _idle(client: Redis) -> dict[str, Any]:
    """Return what Redis says of its files when it is writing none in the background."""
    while True:
        try:
            found: dict[str, Any] = await client.info("persistence")
        except LOST:  # Busy, or starting again; the whole wait is bounded.
            found = {"aof_rewrite_in_progress": 1}
        busy = ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")
        if not any(found.get(name) for name in busy):
            return found
        await asyncio.sleep(LOOK_EVERY_S)
