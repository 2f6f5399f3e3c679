"""How this process reaches Redis: one bounded pool, and nothing that waits for ever."""

import asyncio
from typing import Any

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import TimeoutError as RedisTimeoutError

from server.journal_address import RedisAddress

CONNECTIONS = 32
"""Of one process. Redis runs one command at a time, so more would only queue there."""
CONNECT_S = 2.0
"""For a handshake; over a network of one deployment it takes milliseconds."""
ANSWER_S = 2.0
"""For an answer. Longer than an fsync on a busy disk, short enough to try twice."""
POOL_S = 5.0
"""How long to wait for a connection while all of them are in use."""


class _Connection(redis.asyncio.Connection):
    """Redis-py writes within ``asyncio.wait_for``, which before Python 3.12 forgets a cancellation
    that comes when the writing is just done: its task then never ends, and nor does who awaits
    that. ``asyncio.timeout`` does not forget. To be deleted with Python 3.11.
    """

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        answer_s, self.socket_timeout = self.socket_timeout, None
        try:
            async with asyncio.timeout(answer_s):
                await super().send_packed_command(command, check_health)
        except TimeoutError as error:
            raise RedisTimeoutError("Redis takes nothing") from error
        finally:
            self.socket_timeout = answer_s


class _TlsConnection(_Connection, redis.asyncio.SSLConnection):
    """See ``_Connection``."""


def connect(address: RedisAddress) -> redis.asyncio.Redis:
    """Return a client that connects when it is first used; whoever opens it ``aclose()``s it.

    It repeats nothing by itself: only who asked knows what may be executed twice.
    """
    pool = redis.asyncio.BlockingConnectionPool.from_url(
        address.url,
        max_connections=CONNECTIONS,
        timeout=POOL_S,
        socket_connect_timeout=CONNECT_S,
        socket_timeout=ANSWER_S,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
        # RESP2: version 3 lets the server push into connections that expect an answer.
        protocol=2,
        # Otherwise every connection reads the installed package's files for its version first.
        driver_info=None,
    )
    is_tls = issubclass(pool.connection_class, redis.asyncio.SSLConnection)
    pool.connection_class = _TlsConnection if is_tls else _Connection
    return redis.asyncio.Redis.from_pool(pool)
