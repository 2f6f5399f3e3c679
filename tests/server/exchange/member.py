"""One process of a deployment, to be killed: ``python -m tests.server.exchange.member URL NAME``.

It announces itself, sits down (link ``L``, seat ``면접관_1`` of session ``s``) and says "ready".
"""

import asyncio
import sys

from server.exchange.redis import RedisExchange
from server.journal_address import RedisAddress
from server.redis.connection import connect
from server.redis.pubsub import Subscriptions
from tests.server.exchange.quick import quicken


async def _live(url: str, name: str) -> None:
    client = connect(RedisAddress(url))
    exchange = RedisExchange(client, Subscriptions(client), name)
    await exchange.announce("http://127.0.0.1:8001")
    assert await exchange.take_seat("s", "면접관_1", "L", 0.5)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    quicken()
    asyncio.run(_live(*sys.argv[1:]))
