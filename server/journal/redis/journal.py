"""The journal of several processes: one stream of Redis for each session.

Every change is one script, so it happens as a whole or not at all, and it is acknowledged when
Redis has kept it as ``Durability`` says. Redis is the one clock of leases.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from server.entries import Draft, Entry
from server.errors import JournalUnavailable
from server.events import Event
from server.journal.protocol import (
    EVERYTHING,
    Appended,
    Conflict,
    Fenced,
    Held,
    Listing,
    OnNews,
    SessionInfo,
    Unfollow,
)
from server.journal.redis.asking import Questions
from server.journal.redis.building import Building, Replacement, build_all, read_kept
from server.journal.redis.entries import TOKEN_MS, Append, undamaged
from server.journal.redis.files import rewrite_files
from server.journal.redis.keys import Keys
from server.journal.redis.listing import listed
from server.journal.redis.scripts import APPEND, CLAIM, COMMAND, RESTORE, SWAP
from server.journal.redis.writer import RedisWriter
from server.journal.restoring import summary_of
from server.journal_address import Durability
from server.redis.pubsub import Subscriptions
from server.tasks import Tasks

EVERYSEC = Durability("everysec")
LEASE_S = 6.0
"""A dead holder keeps a session from others for so long; renewed at a third of it, it survives two
renewals that fail."""
CLOSE_S = 10.0
"""For an erasure that is under way when the server stops."""
PAGE = 1000
"""Events asked for at a time: a few milliseconds of Redis and of the event loop."""
RELEASE_S = 0.01
"""A claim that lasts no longer gives the session away."""
MAX_SWAPS = 20
"""Attempts to replace a session's events; each one is taken back by an append in between."""


class RedisJournal:
    """``Journal`` in Redis; ``close()`` it before its client and its subscriptions."""

    def __init__(
        self,
        client: Redis,
        subscriptions: Subscriptions,
        durability: Durability = EVERYSEC,
        *,
        queue_size: int = 1024,
    ) -> None:
        """Connect when first used.

        Args:
            client: see ``server.redis.connection``.
            subscriptions: tells the news of others.
            durability: what Redis has to do before an append is acknowledged.
            queue_size: operations that may wait before callers are told ``overloaded``.
        """
        self._client = client
        self._subscriptions = subscriptions
        self._is_replicated = durability.replicas > 0
        self._writer = RedisWriter(client, durability, queue_size)
        self._questions = Questions(client)
        self._tasks = Tasks("redis journal")
        self._claimed: dict[str, tuple[int, str]] = {}
        self._is_closed = False

    @property
    def lease_s(self) -> float:
        return LEASE_S

    async def claim(self, session: str, holder: str, ttl_s: float) -> int:
        self._check_open("; nothing was saved.")
        keys = Keys(session)
        life_ms = max(1, round(1000 * ttl_s))
        is_taken, found = await asyncio.shield(
            self._writer.write(CLAIM, [keys.lease, keys.session], [holder, life_ms])
        )
        if not is_taken:
            self._claimed.pop(session, None)
            raise Held(found.decode())
        if ttl_s > RELEASE_S:
            self._claimed[session] = (int(found), holder)
        else:
            self._claimed.pop(session, None)
        return int(found)

    async def append(
        self,
        session: str,
        drafts: Sequence[Draft],
        *,
        expect: int | None = None,
        epoch: int | None = None,
    ) -> Appended:
        if not drafts:
            raise ValueError("an append needs at least one draft")
        self._check_open("; nothing was saved.")
        append = self._packed(session, drafts, expect, epoch)
        keys = Keys(session).changed(append.token)
        return _appended(await asyncio.shield(self._writer.write(APPEND, keys, append.arguments())))

    async def read(self, session: str, after: int = 0, limit: int = 500) -> list[Entry]:
        entries: list[Entry] = []
        while len(entries) < limit:
            wanted = min(PAGE, limit - len(entries))
            page = await self._page(session, after, wanted)
            entries += page
            if len(page) < wanted:
                break
            after = page[-1].seq
        return entries

    async def find(self, session: str, cmd: str) -> list[Entry]:
        self._check_open()
        kept = await self._questions.ask(COMMAND, [Keys(session).commands], cmd)
        if kept is None:
            return []
        first, last = (int(number) for number in kept.split()[:2])
        found = await self.read(session, first - 1, last - first + 1)
        return [entry for entry in found if entry.cmd == cmd]

    async def sessions(self, wanted: Listing = EVERYTHING) -> list[SessionInfo]:
        self._check_open()
        return await listed(self._questions, wanted)

    async def redact(
        self, session: str, bodies: Mapping[int, Event | None], receipt: Draft
    ) -> Appended:
        self._check_open("; nothing was saved.")
        # Shielded: words that were taken out of the stream are also taken out of the files.
        return await asyncio.shield(
            self._tasks.spawn(self._redact(session, bodies, receipt), "redact")
        )

    async def restore(self, session: str, entries: Sequence[Entry]) -> None:
        self._check_open("; nothing was saved.")
        keys = Keys(session)
        summary = summary_of(entries)
        building = Building(self._questions, keys)
        arguments: list[str | bytes | int] = [keys.id, keys.news, TOKEN_MS, summary.last_seq]
        arguments += [repr(float(wall)) for wall in (summary.created_wall, summary.last_wall)]
        arguments += [int(summary.is_closed), int(summary.is_erased)]
        try:
            await build_all(building, entries)
            changed = [*keys.changed(building.token), *building.built]
            outcome = await asyncio.shield(self._writer.write(RESTORE, changed, arguments))
        finally:
            await building.forget(self._client)
        if outcome == b"conflict":
            raise Conflict("the session exists")
        if outcome != b"new":
            raise JournalUnavailable

    def follow(self, session: str, on_news: OnNews) -> Unfollow:
        def hear(message: bytes | None) -> None:
            on_news(None if message is None else int(message))

        return self._subscriptions.add(Keys(session).news, hear)

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        await self._tasks.wait(CLOSE_S)
        await self._tasks.close()
        await self._writer.close()

    def _packed(
        self, session: str, drafts: Sequence[Draft], expect: int | None, epoch: int | None
    ) -> Append:
        # A Redis that lost its last second may give the same epoch to somebody else.
        claimed, holder = self._claimed.get(session, (None, ""))
        return Append(
            session,
            Keys(session).news,
            drafts,
            expect,
            epoch,
            holder if claimed == epoch else "",
            self._is_replicated,
        )

    async def _page(self, session: str, after: int, limit: int) -> list[Entry]:
        self._check_open()
        kept = await read_kept(self._questions, Keys(session), after, limit)
        with undamaged():
            return [one.entry() for one in kept]

    async def _redact(
        self, session: str, bodies: Mapping[int, Event | None], receipt: Draft
    ) -> Appended:
        appended = await self._replace(session, bodies, receipt)
        await rewrite_files(self._client)
        return appended

    async def _replace(
        self, session: str, bodies: Mapping[int, Event | None], receipt: Draft
    ) -> Appended:
        append = self._packed(session, [receipt], None, None)
        for _ in range(MAX_SWAPS):
            outcome = await self._swap(Keys(session), bodies, append)
            if outcome[0] not in (b"torn", b"moved"):
                return _appended(outcome)
        raise JournalUnavailable

    async def _swap(
        self, keys: Keys, bodies: Mapping[int, Event | None], append: Append
    ) -> list[Any]:
        """Build the events anew, then put them in the place of the old ones in one step."""
        building = Building(self._questions, keys)
        replacement = Replacement(building, bodies)
        changed = [*keys.changed(append.token), building.built[0], keys.builds]
        outcome: list[Any] = [b"moved"]
        try:
            known = await self._questions.ask(COMMAND, [keys.session], "rebuildings")
            rebuildings = int(known or 0)
            for _ in range(MAX_SWAPS):
                await replacement.take_all()
                arguments = [*append.arguments(), rebuildings, replacement.taken]
                outcome = await self._writer.write(SWAP, changed, arguments)
                if outcome[0] != b"moved":
                    break
        finally:
            await building.forget(self._client)
        return outcome

    def _check_open(self, what: str = ".") -> None:
        if self._is_closed:
            raise JournalUnavailable(f"The server is stopping{what}")


def _appended(answer: list[Any]) -> Appended:
    match answer:
        case [b"conflict", last]:
            raise Conflict(f"the session is at {last}")
        case [b"fenced"]:
            raise Fenced("the session has another epoch")
        case [kind, first, last]:
            return Appended(tuple(range(first, last + 1)), is_repeat=kind == b"repeat")
        case _:
            raise AssertionError(f"an answer of {len(answer)} parts")
