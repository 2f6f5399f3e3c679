"""A session's journal in use: the fold that follows it, and the one way to add to it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from server.clock import SessionClock, anchor
from server.entries import Draft, Entry
from server.errors import (
    ClientError,
    ErrorCode,
    HeldElsewhere,
    JournalUnavailable,
    id_of_another_command,
)
from server.events import Erased, Event
from server.journal.protocol import Conflict, Fenced, Held, Journal
from server.session import Session
from server.tasks import Tasks

log = logging.getLogger(__name__)

RECENT = 1000
"""Entries kept in memory for subscribers; who is further behind while live is closed."""
PAGE = 500
"""Entries read from the journal at a time."""
LOOK_AGAIN_S = 1.0
"""After a journal that could not be read, before the next look for news."""
RELEASED_S = 0.0
"""A lease that has run out when somebody else asks for it."""

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


class Torn(JournalUnavailable):
    """What was folded is no longer what the journal holds; the session must be read anew."""

    def __init__(self) -> None:
        super().__init__("The record was changed elsewhere; reconnect and read it anew.")


class Ledger:
    """Reads, decides, keeps, folds; ``on_news`` is called after every change of the fold."""

    def __init__(
        self, session: str, journal: Journal, holder: str, on_news: Callable[[], None]
    ) -> None:
        self.session = Session(session)
        self.clock = SessionClock()
        self.closed = asyncio.Event()
        """Set when the session has ended."""
        self.deposed = asyncio.Event()
        """Set when the journal has said that another process holds the session now."""
        self.is_torn = False
        """The journal lost or erased what was folded here: nothing is added to this fold."""
        self._journal = journal
        self._holder = holder
        self._on_news = on_news
        self._epoch = 0
        self._lock = asyncio.Lock()
        self._failed_at = float("-inf")
        """When (monotonic) the journal last failed to keep something."""
        self._last: Entry | None = None
        self._recent: deque[tuple[Entry, str]] = deque(maxlen=RECENT)
        self._has_news = asyncio.Event()
        self._unfollow: Callable[[], None] | None = None
        self._tasks = Tasks(f"ledger {session}")

    @property
    def lease_s(self) -> float:
        """How long a claim lasts, in seconds."""
        return self._journal.lease_s

    def follow(self) -> None:
        """Begin to fold what others append, until ``close``; ``catch_up`` comes first."""
        self._unfollow = self._journal.follow(self.session.id, self._hear)
        self._has_news.set()  # Something may have come in between.
        self._tasks.start(self._follow(), "follow")

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
        task = self._tasks.spawn(self._commit(decide, by, cmd, as_holder), "commit")
        # Who asked may have gone away, and then nobody looks at a failure.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(task)

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
        """Fold what the journal has beyond the fold.

        Raises:
            Torn: the journal has something else where the fold ends.
        """
        async with self._lock:
            await self._catch_up()

    async def claim(self) -> str | None:
        """Become or stay the session's holder; return who is instead, None: this process."""
        try:
            epoch = await self._journal.claim(self.session.id, self._holder, self.lease_s)
        except Held as error:
            self._depose()
            return error.holder
        if epoch != self._epoch:
            self._epoch = epoch
            self.deposed.clear()
        return None

    async def release(self) -> None:
        """Let others hold the session at once; never raises."""
        if self._epoch:
            self._epoch = 0
            try:
                await self._journal.claim(self.session.id, self._holder, RELEASED_S)
            except (Held, ClientError):
                log.debug("the lease of %s runs out by itself", self.session.id)

    async def close(self) -> None:
        """Stop; what was acknowledged is in the journal."""
        if self._unfollow is not None:
            self._unfollow()
        await self._tasks.close()

    def _hear(self, seq: int | None) -> None:
        if seq is None or seq > self.session.seq:
            self._has_news.set()

    async def _follow(self) -> None:
        while not self.is_torn:
            await self._has_news.wait()
            self._has_news.clear()
            try:
                await self.catch_up()
            except Torn:
                self._on_news()
            except ClientError as error:
                log.warning("news of %s cannot be read yet: %s", self.session.id, error.code)
                self._has_news.set()
                await asyncio.sleep(LOOK_AGAIN_S)

    async def _catch_up(self) -> None:
        while True:
            # One that is known comes along: if it is another one now, so is all before it.
            known = self._last
            after = 0 if known is None else known.seq - 1
            page = await self._journal.read(self.session.id, after, PAGE)
            if known is not None:
                if not page or _envelope(page[0]) != _envelope(known):
                    self._tear("the journal has another past")
                    raise Torn
                page = page[1:]
            if not page:
                return
            is_live = self._unfollow is not None
            if is_live and any(isinstance(entry.event, Erased) for entry in page):
                self._tear("words were erased elsewhere")
                raise Torn
            self._take(page)

    def _tear(self, why: str) -> None:
        log.warning("session %s must be read anew: %s", self.session.id, why)
        self.is_torn = True

    def _depose(self) -> None:
        if self._epoch:
            log.warning("session %s is held elsewhere now", self.session.id)
            self._epoch = 0
            self.deposed.set()

    async def _commit(self, decide: Decide, by: str, cmd: str | None, as_holder: bool) -> Committed:
        asked = time.monotonic()
        async with self._lock:
            if asked < self._failed_at:
                # The journal did not answer while this waited: one patience is enough for all.
                raise JournalUnavailable
            while True:
                if self.is_torn:
                    raise Torn
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
                    await self._catch_up()

    async def _append(self, drafts: Sequence[Draft], as_holder: bool) -> Committed:
        try:
            appended = await self._journal.append(
                self.session.id,
                drafts,
                expect=self.session.seq,
                epoch=self._epoch if as_holder else None,
            )
        except Fenced as error:
            self._depose()
            raise HeldElsewhere from error
        except JournalUnavailable:
            self._failed_at = time.monotonic()
            raise
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
            self._last = entry
        if self.session.is_over:
            self.closed.set()
        self._on_news()


def seq_of(committed: Committed, cmd: str | None, kind: type[Event]) -> int | None:
    """Return the seq that a command's answer carries: the one of the event it caused.

    Raises:
        ClientError: ``bad_id``: the id was its author's for a command of another kind.
    """
    if committed.is_repeat and not isinstance(committed.entries[0].event, kind):
        raise id_of_another_command()
    return committed.seq if cmd is not None else None


def _envelope(entry: Entry) -> tuple[object, ...]:
    return entry.seq, entry.at, entry.wall, entry.by, entry.type, entry.cmd


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
