"""A session that somebody uses: its fold, its clock, its connections, and who is told."""

import asyncio
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.assembly import Ears
from pipeline.evaluation.evaluator import Evaluator
from pipeline.inference import Executor
from server import decisions
from server.access import Principal
from server.clock import SessionClock, anchor
from server.errors import ClientError, ErrorCode, JournalUnavailable, id_of_another_command
from server.events import (
    SYSTEM,
    CloseReason,
    Draft,
    Entry,
    Event,
    Joined,
    Left,
    SessionClosed,
    SessionConfig,
)
from server.journal.protocol import Conflict, Fenced, Held, Journal
from server.listening import Listening
from server.messages import Consent, SpeakerNote
from server.session import Life, Session
from server.settings import Settings
from server.tasks import Tasks

log = logging.getLogger(__name__)

RECENT = 1000
"""Entries kept in memory for subscribers; who is further behind while live is closed."""
LEASE_S = 90.0
PAGE = 500
"""Entries read from the journal at a time."""

Decide = Callable[[Session, float], Sequence[Event]]
"""From the session as it is and now (session seconds) to events; raises ``ClientError``."""


class Door(Protocol):
    """One connection's way out, as the room sees it."""

    def wake(self) -> None:
        """There is something new to read; must not block."""
        ...

    def dismiss(self, code: ErrorCode | None, close_code: int) -> None:
        """Close soon: with an error message, or (None) because the session is over."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What every room shares."""

    journal: Journal
    executor: Executor
    ears: Ears
    evaluator: Evaluator
    settings: Settings
    holder: str


@dataclass(slots=True, eq=False)
class Connection:
    """A person's open connection; ``cursor``: the last seq a subscriber has been sent."""

    id: str
    principal: Principal
    door: Door
    cursor: int | None = None
    is_caught_up: bool = False


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


@dataclass(slots=True)
class _Hold:
    """A seat's person, and until when (monotonic) the seat is kept without a connection."""

    link: str | None
    until: float | None = field(default=None)


class Room:
    """One live or reviewed session. ``load`` it, ``close`` it."""

    def __init__(self, session: str, services: Services) -> None:
        self.session = Session(session)
        self.clock = SessionClock()
        self.connections: dict[str, Connection] = {}
        self.closed = asyncio.Event()
        """Set when ``session_closed`` is in the journal."""
        self.tasks = Tasks(f"room {session}")
        self.last_used = time.monotonic()
        self.listening = Listening(self)
        self.services = services
        self._epoch = 0
        self._lock = asyncio.Lock()
        self._recent: deque[tuple[Entry, str]] = deque(maxlen=RECENT)
        self._seats: dict[str, _Hold] = {}
        self._ending: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        return self.session.id

    @property
    def life(self) -> Life:
        if self._ending is not None and not self.session.is_over:
            return Life.ENDING
        return self.session.life

    @property
    def is_busy(self) -> bool:
        return bool(self.connections) or self.listening.is_busy or self.life is Life.ENDING

    def now(self) -> float:
        """Return session seconds; an ended session's clock stands at its close."""
        return self.clock.now() if self.session.closed_at is None else self.session.closed_at

    async def load(self, create: SessionConfig | None = None) -> None:
        """Read the journal, claim the session if it lives, and start its clock.

        Args:
            create: open the session with this configuration if it does not exist.

        Raises:
            ClientError: the journal fails.
        """
        await self._catch_up()
        if not self.session.exists and create is not None:
            await self._claim()
            await self.commit(
                lambda session, _: () if session.exists else (decisions.create(create),),
                by=SYSTEM,
            )
        elif self.session.exists and not self.session.is_over:
            await self._claim()
            self.clock = SessionClock(
                anchor(self.session.created_wall, self.session.at, time.time())
            )
            await self._part_with_the_lost()
        if self.session.is_over:
            self.closed.set()
        elif self.session.exists:
            self.tasks.start(self._tick(), "clock")

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
            self.tasks.spawn(self._commit(decide, by, cmd, as_holder), "commit")
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
        entries = await self.services.journal.read(self.id, after, limit)
        return [(entry, entry.to_wire().decode()) for entry in entries]

    async def join(self, principal: Principal, door: Door) -> Connection:
        """Let a person in; an ended session can still be read.

        Raises:
            ClientError: ``seat_taken``, ``unknown_seat``.
        """
        if principal.seat is not None:
            decisions.check_seat(self.session, principal.seat)
            self._take_seat(principal.seat, principal)
        for other in list(self.connections.values()):
            if principal.link is not None and other.principal.link == principal.link:
                other.door.dismiss(ErrorCode.REPLACED, 4001)
        connection = Connection(secrets.token_hex(6), principal, door)
        self.connections[connection.id] = connection
        self.last_used = time.monotonic()
        joined = Joined(connection=connection.id, role=str(principal.role), seat=principal.seat)
        await self._presence(joined, principal.author)
        return connection

    async def leave(self, connection: Connection, reason: str = "closed") -> None:
        """Forget a connection; idempotent."""
        if self.connections.pop(connection.id, None) is None:
            return
        self.last_used = time.monotonic()
        seat = connection.principal.seat
        if seat is not None and not any(
            other.principal.seat == seat for other in self.connections.values()
        ):
            self._seats[seat].until = time.monotonic() + self.services.settings.hold_seat_s
        self.listening.forget(connection.id)
        await self._presence(
            Left(connection=connection.id, reason=reason), connection.principal.author
        )

    async def note(self, principal: Principal, command: SpeakerNote) -> Committed:
        """Keep a note."""
        return await self.commit(
            lambda session, at: (decisions.note(session, command, at),),
            by=principal.author,
            cmd=command.id,
        )

    async def consent(self, principal: Principal, command: Consent) -> Committed:
        """Keep the consent of the person's own seat."""
        return await self.commit(
            lambda session, _: decisions.consent(session, principal),
            by=principal.author,
            cmd=command.id,
        )

    async def evaluate(self) -> None:
        """Evaluate every applicant whose words have changed."""
        await self.commit(
            lambda session, at: decisions.evaluations(session, self.services.evaluator, at),
            by=SYSTEM,
            as_holder=True,
        )

    async def end(self, by: str, cmd: str | None = None, reason: CloseReason = "ended") -> None:
        """End the session once; everybody who asks waits for the same end.

        Raises:
            ClientError: the journal could not keep the end; the session lives on.
        """
        if self.session.is_over:
            return
        if self._ending is None:
            self._ending = self.tasks.spawn(self._end(by, cmd, reason), "end")
        await asyncio.shield(self._ending)

    async def close(self) -> None:
        """Stop everything that runs for this room; the journal has what was acknowledged."""
        for connection in list(self.connections.values()):
            connection.door.dismiss(ErrorCode.SHUTTING_DOWN, 1001)
        await self.listening.close()
        await self.tasks.close()

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
                    return Committed()
                drafts = [Draft(at=at, wall=wall, by=by, event=event, cmd=cmd) for event in events]
                try:
                    appended = await self.services.journal.append(
                        self.id,
                        drafts,
                        expect=self.session.seq,
                        epoch=self._epoch if as_holder else None,
                    )
                except Conflict:
                    await self._catch_up()
                    continue
                except Fenced as error:
                    log.error("session %s is held elsewhere", self.id)
                    raise JournalUnavailable("This interview moved to another server.") from error
                if appended.is_repeat:
                    assert cmd is not None
                    return await self.first(cmd, by)
                entries = tuple(
                    _numbered(draft, seq) for draft, seq in zip(drafts, appended.seqs, strict=True)
                )
                self._take(entries)
                return Committed(entries)

    async def first(self, cmd: str, by: str) -> Committed:
        """Return what the command led to the first time, if there was one."""
        entries = await self.services.journal.find(self.id, cmd)
        if any(entry.by != by for entry in entries):
            raise ClientError(ErrorCode.BAD_ID, "This id was used by somebody else.")
        return Committed(tuple(entries), is_repeat=bool(entries))

    def _take(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.session.apply(entry)
            self._recent.append((entry, entry.to_wire().decode()))
        for connection in list(self.connections.values()):
            if connection.cursor is None:
                continue
            if connection.is_caught_up and self.session.seq - connection.cursor > RECENT:
                connection.door.dismiss(ErrorCode.SLOW_CONSUMER, 4008)
            else:
                connection.door.wake()

    async def _catch_up(self) -> None:
        while entries := await self.services.journal.read(self.id, self.session.seq, PAGE):
            self._take(entries)

    async def _claim(self) -> None:
        try:
            self._epoch = await self.services.journal.claim(self.id, self.services.holder, LEASE_S)
        except Held as error:
            raise JournalUnavailable("This interview is held by another server.") from error

    async def _part_with_the_lost(self) -> None:
        """Connections of a process that died never left; say so now."""
        lost = list(self.session.present)
        if lost:
            await self.commit(
                lambda *_: [Left(connection=connection, reason="lost") for connection in lost],
                by=SYSTEM,
                as_holder=True,
            )

    async def _presence(self, event: Joined | Left, by: str) -> None:
        """Record presence; a reader is served even when the journal cannot write."""
        if self.session.is_over:
            return
        try:
            await self.commit(lambda session, _: () if session.is_over else (event,), by=by)
        except ClientError as error:
            log.warning("presence in %s not recorded: %s", self.id, error.code)

    def _take_seat(self, seat: str, principal: Principal) -> None:
        hold = self._seats.setdefault(seat, _Hold(principal.link))
        if hold.link != principal.link:
            if hold.until is None or hold.until > time.monotonic():
                raise ClientError(
                    ErrorCode.SEAT_TAKEN, f"{seat} is taken by somebody else.", status=409
                )
            hold.link = principal.link
        hold.until = None

    async def _tick(self) -> None:
        """Renew the lease and evaluate at every 30 s of session time."""
        while not self.session.is_over:
            rest = decisions.TICK_S - self.now() % decisions.TICK_S
            await asyncio.sleep(rest + 0.001)
            try:
                await self._claim()
                await self.evaluate()
            except ClientError as error:
                log.warning("tick of %s: %s", self.id, error.code)
            except Exception:
                log.exception("evaluation of %s failed", self.id)

    async def _end(self, by: str, cmd: str | None, reason: CloseReason) -> None:
        log.info("session %s: live -> ending", self.id)
        try:
            await self.listening.settle(self.services.settings.end_patience_s)
            await self.evaluate()
            await self.commit(
                lambda *_: (SessionClosed(reason=reason),), by=by, cmd=cmd, as_holder=True
            )
            if not self.session.is_over:
                raise id_of_another_command()
        except BaseException:
            self._ending = None
            raise
        log.info("session %s: ending -> review", self.id)
        self.closed.set()
        for connection in list(self.connections.values()):
            connection.door.dismiss(None, 1000)


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
