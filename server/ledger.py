"""A session's journal in use: the fold that follows it, and the one way to add to it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from server.clock import SessionClock, anchor
from server.entries import Draft, Entry
from server.errors import ClientError, ErrorCode, JournalUnavailable
from server.events import Event
from server.journal.protocol import Conflict, Fenced, Held, Journal
from server.session import Session
from server.tasks import Tasks

log = logging.getLogger(__name__)

RECENT = 1000
"""Entries kept in memory for subscribers; who is further behind while live is closed."""
LEASE_S = 90.0
PAGE = 500
"""Entries read from the journal at a time."""

Decide = Callable[[Session, float], Sequence[Event]]
"""From the session as it is and now (session seconds) to events; raises ``ClientError``."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What a command led to; empty when there was nothing to change."""

    entries: tuple[Entry, ...] = ()
    is_repeat: bool = False

    def __bool__(self) -> bool:
        return bool(self.entries)

    @property
    def seq(self) -> int | None:
        return self.entries[0].seq if self.entries else None


class Ledger:
    """Reads, decides, keeps, folds; ``on_news`` is called after every change of the fold."""

    def __init__(
        self, session: str, journal: Journal, holder: str, on_news: Callable[[], None]
    ) -> None:
        self.session = Session(session)
        self.clock = SessionClock()
        self.closed = asyncio.Event()
        """Set when the session has ended."""
        self._journal = journal
        self._holder = holder
        self._on_news = on_news
        self._epoch = 0
        self._lock = asyncio.Lock()
        self._recent: deque[tuple[Entry, str]] = deque(maxlen=RECENT)
        self._tasks = Tasks(f"ledger {session}")

    def now(self) -> float:
        """Return session seconds; an ended session's clock stands at its close."""
        return self.clock.now() if self.session.closed_at is None else self.session.closed_at

    def go_on(self) -> None:
        """Anchor the clock of a session that was read from the journal."""
        self.clock = SessionClock(anchor(self.session.created_wall, self.session.at, time.time()))

    async def commit(
        self, decide: Decide, *, by: str, cmd: str | None = None, as_holder: bool = False
    ) -> Committed:
        """Decide on events, keep them, fold them, tell everybody.

        Args:
            decide: called again when the session has moved on meanwhile.
            by: the author.
            cmd: the command's id; a repeat by the same author gives the first outcome.
            as_holder: only the session's holder may say this.

        Raises:
            ClientError: what ``decide`` refuses; ``bad_id``; the journal fails.
        """
        # Shielded: once an event is appended it must also be folded and told.
        return await asyncio.shield(
            self._tasks.spawn(self._commit(decide, by, cmd, as_holder), "commit")
        )

    async def entries_after(self, after: int, limit: int = PAGE) -> list[tuple[Entry, str]]:
        """Return up to ``limit`` entries after ``after`` with their wire form."""
        if self._recent and self._recent[0][0].seq <= after + 1:
            first = self._recent[0][0].seq
            start = after + 1 - first
            end = min(len(self._recent), start + limit)
            return [self._recent[index] for index in range(start, end)]
        if after >= self.session.seq:
            return []
        entries = await self._journal.read(self.session.id, after, limit)
        return [(entry, entry.to_wire().decode()) for entry in entries]

    async def first(self, cmd: str, by: str) -> Committed:
        """Return what the command led to the first time, if there was one."""
        entries = await self._journal.find(self.session.id, cmd)
        if any(entry.by != by for entry in entries):
            raise ClientError(ErrorCode.BAD_ID, "This id was used by somebody else.")
        return Committed(tuple(entries), is_repeat=bool(entries))

    async def catch_up(self) -> None:
        """Fold what the journal has beyond the fold."""
        while entries := await self._journal.read(self.session.id, self.session.seq, PAGE):
            self._take(entries)

    async def claim(self) -> None:
        """Become or stay the session's holder.

        Raises:
            JournalUnavailable: another server holds it.
        """
        try:
            self._epoch = await self._journal.claim(self.session.id, self._holder, LEASE_S)
        except Held as error:
            raise JournalUnavailable("This interview is held by another server.") from error

    async def close(self) -> None:
        """Stop; what was acknowledged is in the journal."""
        await self._tasks.close()

    async def _commit(self, decide: Decide, by: str, cmd: str | None, as_holder: bool) -> Committed:
        async with self._lock:
            while True:
                if not self.session.exists:
                    # Session time 0 is the instant that the first event carries as its wall.
                    self.clock = SessionClock()
                at, wall = round(max(self.now(), self.session.at), 3), round(time.time(), 3)
                try:
                    events = decide(self.session, at)
                except ClientError:
                    # What was executed once is no longer refused: its answer was lost.
                    if cmd is not None and (earlier := await self.first(cmd, by)):
                        return earlier
                    raise
                if not events:
                    # Nothing changes; a repeat still gets the answer that was lost.
                    return await self.first(cmd, by) if cmd is not None else Committed()
                drafts = [Draft(at=at, wall=wall, by=by, event=event, cmd=cmd) for event in events]
                try:
                    return await self._append(drafts, as_holder)
                except Conflict:
                    await self.catch_up()

    async def _append(self, drafts: Sequence[Draft], as_holder: bool) -> Committed:
        try:
            appended = await self._journal.append(
                self.session.id,
                drafts,
                expect=self.session.seq,
                epoch=self._epoch if as_holder else None,
            )
        except Fenced as error:
            log.error("session %s is held elsewhere", self.session.id)
            raise JournalUnavailable("This interview moved to another server.") from error
        if appended.is_repeat:
            assert drafts[0].cmd is not None
            return await self.first(drafts[0].cmd, drafts[0].by)
        entries = tuple(
            _numbered(draft, seq) for draft, seq in zip(drafts, appended.seqs, strict=True)
        )
        self._take(entries)
        return Committed(entries)

    def _take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.session.apply(entry)
            self._recent.append((entry, entry.to_wire().decode()))
        if self.session.is_over:
            self.closed.set()
        self._on_news()


def _numbered(draft: Draft, seq: int) -> Entry:
    event = draft.event
    return Entry(
        seq=seq,
        at=draft.at,
        wall=draft.wall,
        by=draft.by,
        v=event.VERSION,
        type=event.type(),
        cmd=draft.cmd,
        event=event,
    )
