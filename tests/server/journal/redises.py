"""Opening journals in a redis-server of the tests."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from server.journal.redis.journal import RedisJournal
from server.journal_address import Durability
from server.redis.connection import connect
from server.redis.pubsub import Subscriptions
from tests.server.redis_server import RedisServer


@asynccontextmanager
async def opened(
    server: RedisServer,
    durability: Durability = Durability("everysec"),  # noqa: B008  # immutable
    *,
    queue_size: int = 1024,
) -> AsyncIterator[RedisJournal]:
    """Open a journal for the block with a client of its own, as a process has."""
    client = connect(server.address)
    subscriptions = Subscriptions(client)
    journal = RedisJournal(client, subscriptions, durability, queue_size=queue_size)
    try:
        yield journal
    finally:
        await journal.close()
        await subscriptions.close()
        await client.aclose()
