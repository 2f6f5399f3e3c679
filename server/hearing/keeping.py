"""What a live microphone led to, on its way into the journal: in order, and patient."""

import asyncio
import logging

from server.errors import ClientError, JournalUnavailable
from server.events import SYSTEM
from server.ledger import Decide, Ledger
from server.operations.metrics import NOT_KEPT, Metrics

log = logging.getLogger(__name__)

KEEP_TRIES = 30
KEEP_PAUSE_S = 1.0
"""A journal that fails for less than KEEP_TRIES × KEEP_PAUSE_S seconds loses nothing."""


class Keeper:
    """Commits one track's events one after the other; ``put`` never blocks."""

    def __init__(self, track: str, ledger: Ledger, metrics: Metrics) -> None:
        self._track = track
        self._ledger = ledger
        self._metrics = metrics
        self._waiting: asyncio.Queue[Decide | None] = asyncio.Queue()

    def put(self, decide: Decide) -> None:
        """Let ``decide`` say, in its turn, which events to keep."""
        self._waiting.put_nowait(decide)

    def end(self) -> None:
        """Let ``run`` end after what was put so far."""
        self._waiting.put_nowait(None)

    async def run(self) -> None:
        """Keep everything, in its order, until the end."""
        while (decide := await self._waiting.get()) is not None:
            try:
                await self._keep(decide)
            except Exception:
                # One event that cannot be kept must not hold back those that can.
                log.exception("something heard on %s was lost", self._track)
                self._metrics.count_drop(NOT_KEPT)

    async def _keep(self, decide: Decide) -> None:
        for attempt in range(1, KEEP_TRIES + 1):
            try:
                await self._ledger.commit(decide, by=SYSTEM, as_holder=True)
                return
            except JournalUnavailable as error:
                log.error("a final of %s waits for the journal: %s", self._track, error.code)
                if attempt < KEEP_TRIES:
                    await asyncio.sleep(KEEP_PAUSE_S)
            except ClientError as error:
                log.error("a final of %s was refused: %s", self._track, error.code)
                self._metrics.count_drop(NOT_KEPT)
                return
        log.error("a final of %s was lost: the journal did not come back", self._track)
        self._metrics.count_drop(NOT_KEPT)
