"""The clock of a held session: what is due every 30 s of session time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from server import decisions
from server.errors import ClientError
from server.ledger import Ledger

log = logging.getLogger(__name__)


async def tick(ledger: Ledger, *works: Callable[[], Awaitable[None]]) -> None:
    """Do ``works`` at every tick until the session is over; one that fails is due again."""
    while not ledger.session.is_over:
        rest = decisions.TICK_S - ledger.now() % decisions.TICK_S
        await asyncio.sleep(rest + 0.001)
        if ledger.closed.is_set():
            return
        try:
            for work in works:
                await work()
        except ClientError as error:
            log.warning("tick of %s: %s", ledger.session.id, error.code)
        except Exception:
            log.exception("a tick of %s failed", ledger.session.id)
