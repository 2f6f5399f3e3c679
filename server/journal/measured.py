"""A journal whose writing is measured: how long an append takes, and how often writing fails."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from server.entries import Draft, Entry
from server.errors import JournalUnavailable, Overloaded
from server.events import Event
from server.journal.protocol import (
    EVERYTHING,
    Appended,
    Journal,
    Listing,
    OnNews,
    SessionInfo,
    Unfollow,
)
from server.operations.metrics import Metrics


class MeasuredJournal:
    """Passes everything on to another ``Journal`` and counts; see there for the promises."""

    def __init__(self, journal: Journal, metrics: Metrics) -> None:
        self._journal = journal
        self._metrics = metrics

    @property
    def lease_s(self) -> float:
        return self._journal.lease_s

    async def claim(self, session: str, holder: str, ttl_s: float) -> int:
        with self._counting_failures():
            return await self._journal.claim(session, holder, ttl_s)

    async def append(
        self,
        session: str,
        drafts: Sequence[Draft],
        *,
        expect: int | None = None,
        epoch: int | None = None,
    ) -> Appended:
        began = time.monotonic()
        with self._counting_failures():
            appended = await self._journal.append(session, drafts, expect=expect, epoch=epoch)
        self._metrics.observe_append(time.monotonic() - began)
        return appended

    async def restore(self, session: str, entries: Sequence[Entry]) -> None:
        with self._counting_failures():
            await self._journal.restore(session, entries)

    async def read(self, session: str, after: int = 0, limit: int = 500) -> list[Entry]:
        return await self._journal.read(session, after, limit)

    async def find(self, session: str, cmd: str) -> list[Entry]:
        return await self._journal.find(session, cmd)

    async def sessions(self, wanted: Listing = EVERYTHING) -> list[SessionInfo]:
        return await self._journal.sessions(wanted)

    async def redact(
        self, session: str, bodies: Mapping[int, Event | None], receipt: Draft
    ) -> Appended:
        with self._counting_failures():
            return await self._journal.redact(session, bodies, receipt)

    def follow(self, session: str, on_news: OnNews) -> Unfollow:
        return self._journal.follow(session, on_news)

    async def close(self) -> None:
        await self._journal.close()

    @contextmanager
    def _counting_failures(self) -> Iterator[None]:
        """Count what the store could not keep; a refusal (``Conflict``, ``Held``) is no failure."""
        try:
            yield
        except (JournalUnavailable, Overloaded):
            self._metrics.count_journal_failure()
            raise
