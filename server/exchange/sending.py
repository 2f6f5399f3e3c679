"""What waits to be published: bounded, in order, and never in the way of who publishes."""

import asyncio
import logging
from collections import deque

from redis.asyncio import Redis

from server.redis.errors import reason
from server.tasks import Tasks

log = logging.getLogger(__name__)

WAITING = 2000
"""Messages. Signals of a room are a few dozen a second; more than this is an outage."""
AT_ONCE = 200
SEND_S = 2.0


class Sender:
    """One task that publishes what is waiting.

    Messages are passing: the oldest are dropped when too many wait, and those that Redis did not
    take at their turn are not sent again, or an outage would end with a flood of what was.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=WAITING)
        self._is_waiting = asyncio.Event()
        self._tasks = Tasks("exchange")
        self._is_closed = False
        self._dropped = 0

    def put(self, channel: str, message: bytes) -> None:
        """Publish soon."""
        if self._is_closed:
            return
        if len(self._waiting) == WAITING:
            self._dropped += 1
        self._waiting.append((channel, message))
        self._is_waiting.set()
        if not len(self._tasks):
            self._tasks.start(self._run(), "publish")

    async def close(self) -> None:
        """Give what is waiting a last chance; idempotent."""
        self._is_closed = True
        await self._tasks.close()
        if self._waiting:
            await self._send()

    async def _run(self) -> None:
        is_away = False
        while True:
            await self._is_waiting.wait()
            error = await self._send()
            if error is None and is_away:
                log.warning("signals reach other servers again; %d were dropped", self._dropped)
                self._dropped = 0
            elif error is not None and not is_away:
                log.warning("signals do not reach other servers: %s", reason(error))
            is_away = error is not None

    async def _send(self) -> Exception | None:
        """Publish the oldest that wait; return why it failed."""
        batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        if not self._waiting:
            self._is_waiting.clear()
        try:
            async with asyncio.timeout(SEND_S):
                async with self._client.pipeline(transaction=False) as pipeline:
                    for channel, message in batch:
                        _ = pipeline.publish(channel, message)
                    await pipeline.execute()
        except Exception as error:  # Whatever it is, later messages have their own chance.
            self._dropped += len(batch)
            return error
        return None
