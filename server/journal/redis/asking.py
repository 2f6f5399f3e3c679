"""Questions to Redis: they change nothing, so they are repeated until they are answered."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoScriptError

from server.errors import Overloaded
from server.journal.redis.scripts import Script
from server.redis.errors import LOST, translated

PATIENCE_S = 5.0
"""For an answer; as long as for an append."""
FIRST_BACKOFF_S = 0.02
LAST_BACKOFF_S = 0.5
AT_ONCE = 256
"""Questions in work or waiting for a connection; more are told to come later."""


class Questions:
    """Asks over the shared pool, a bounded number at once."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._count = 0

    async def ask(self, script: Script, keys: Sequence[str], *arguments: str | bytes | int) -> Any:
        """Run a script that may run twice.

        Raises:
            JournalUnavailable: Redis does not answer.
            Overloaded: too many ask already.
        """
        if self._count >= AT_ONCE:
            raise Overloaded
        self._count += 1
        try:
            with translated():
                async with asyncio.timeout(PATIENCE_S):
                    return await self._repeated(script, keys, arguments)
        finally:
            self._count -= 1

    async def _repeated(
        self, script: Script, keys: Sequence[str], arguments: Sequence[str | bytes | int]
    ) -> Any:
        backoff_s = FIRST_BACKOFF_S
        while True:
            try:
                return await self._run(script, keys, arguments)
            except AuthenticationError:
                raise
            except LOST:
                await asyncio.sleep(backoff_s)
                backoff_s = min(2 * backoff_s, LAST_BACKOFF_S)

    async def _run(
        self, script: Script, keys: Sequence[str], arguments: Sequence[str | bytes | int]
    ) -> Any:
        try:
            return await self._client.evalsha(script.sha, len(keys), *keys, *arguments)
        except NoScriptError:  # The first time, and after every restart of Redis.
            return await self._client.eval(script.text, len(keys), *keys, *arguments)
