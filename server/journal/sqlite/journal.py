"""The embedded journal: one SQLite file, one writing thread, one commit for all who wait.

WAL with ``synchronous=FULL``: when an append returns, the event survives a power cut. Bodies are
erased by overwriting them with the same number of bytes, so SQLite changes the page in place and
no copy is left in a freed cell; ``secure_delete`` and a truncated WAL take care of the rest.
"""

import asyncio
import functools
import logging
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from server.entries import Draft, Entry, decode_body, encode_body
from server.errors import JournalUnavailable
from server.events import Blank, Erased, Event, SessionClosed
from server.journal.following import Followers
from server.journal.listing import Page
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
from server.journal.restoring import summary_of
from server.journal.sqlite.listing import (
    LIST_INDEXES,
    LISTED_AT_ONCE,
    PAST_EVERYTHING,
    listed,
)
from server.journal.sqlite.restoring import INSERT_EVENT, restored
from server.journal.sqlite.writer import Writer, translated

log = logging.getLogger(__name__)
T = TypeVar("T")

LEASE_S = 90.0
"""Nobody else can hold a session of this file while the data folder is locked."""
SCHEMA_VERSION = 1
CHECKED_SIZE = 256 * 1024 * 1024
"""Bytes of a journal that is checked as a whole when it is opened: about a second."""
SCHEMA = """
CREATE TABLE session(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last_seq INTEGER NOT NULL DEFAULT 0,
  created_wall REAL NOT NULL DEFAULT 0, last_wall REAL NOT NULL DEFAULT 0,
  is_closed INTEGER NOT NULL DEFAULT 0, is_erased INTEGER NOT NULL DEFAULT 0,
  holder TEXT, epoch INTEGER NOT NULL DEFAULT 0, lease_until REAL NOT NULL DEFAULT 0);
CREATE TABLE event(
  row INTEGER PRIMARY KEY, session INTEGER NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL,
  wall REAL NOT NULL, author TEXT NOT NULL, v INTEGER NOT NULL, type TEXT NOT NULL, cmd TEXT,
  body BLOB NOT NULL);
CREATE UNIQUE INDEX event_seq ON event(session, seq);
CREATE INDEX event_cmd ON event(session, cmd, seq) WHERE cmd IS NOT NULL;
"""


class SqliteJournal:
    """``Journal`` in one file; ``close()`` it. The data folder's lock keeps others out."""

    def __init__(self, path: Path, *, queue_size: int = 1024, max_pages: int | None = None) -> None:
        """Open or create the file.

        Args:
            path: the database file; its folder exists.
            queue_size: operations that may wait before callers are told ``overloaded``.
            max_pages: SQLite's ``max_page_count``, to test a full disk.

        Raises:
            JournalUnavailable: the file is damaged, not a journal or of a newer release.
        """
        self._path = path
        if path.exists() and path.stat().st_size == 0:
            raise JournalUnavailable(
                f"{path} is empty, though it was there: restore it from a backup, or remove it to "
                "begin anew."
            )
        with translated():
            connection = _connect(path, max_pages)
            self._reader = _connect(path, None, is_reader=True)
        self._reading = ThreadPoolExecutor(1, "journal-read")
        self._writer = Writer(connection, queue_size)
        self._followers = Followers()
        self._is_closed = False

    @property
    def lease_s(self) -> float:
        return LEASE_S

    async def claim(self, session: str, holder: str, ttl_s: float) -> int:
        now = time.time()

        def work(connection: sqlite3.Connection) -> int:
            key = _session_key(connection, session)
            row = connection.execute(
                "SELECT holder, epoch, lease_until FROM session WHERE id=?", (key,)
            ).fetchone()
            if row[0] != holder and row[2] > now:
                raise Held(str(row[0]))
            epoch = int(row[1]) if row[0] == holder else int(row[1]) + 1
            connection.execute(
                "UPDATE session SET holder=?, epoch=?, lease_until=? WHERE id=?",
                (holder, epoch, now + ttl_s, key),
            )
            return epoch

        return await self._write(work)

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
        packed = _pack(drafts)
        appended = await self._write(lambda c: _append(c, session, packed, expect, epoch))
        self._followers.tell(session, appended.seqs[-1])
        return appended

    async def read(self, session: str, after: int = 0, limit: int = 500) -> list[Entry]:
        return await self._select("seq>? ORDER BY seq LIMIT ?", (session, after, limit))

    async def find(self, session: str, cmd: str) -> list[Entry]:
        return await self._select("cmd=? ORDER BY seq", (session, cmd))

    async def _select(self, condition: str, values: tuple[object, ...]) -> list[Entry]:
        def work() -> list[Entry]:
            rows = self._reader.execute(
                "SELECT seq, at, wall, author, v, type, cmd, body FROM event"
                f" WHERE session=(SELECT id FROM session WHERE name=?) AND {condition}",
                values,
            ).fetchall()
            return [_entry(row) for row in rows]

        return await self._read(work)

    async def sessions(self, wanted: Listing = EVERYTHING) -> list[SessionInfo]:
        page = Page(wanted)
        rest = PAST_EVERYTHING if wanted.before is None else (wanted.before, -1)
        while not page.is_full:
            # A search may pass over thousands: other readers come in between.
            rows = await self._read(functools.partial(listed, self._reader, wanted, rest))
            for _, info in rows:
                page.add(info)
            if len(rows) < LISTED_AT_ONCE:
                break
            number, last = rows[-1]
            rest = (last.created_wall, number)
        return page.found

    async def redact(
        self, session: str, bodies: Mapping[int, Event | None], receipt: Draft
    ) -> Appended:
        packed = _pack([receipt])

        def work(connection: sqlite3.Connection) -> Appended:
            key = _session_key(connection, session)
            for seq, event in bodies.items():
                _overwrite(connection, key, seq, event)
            return _append(connection, session, packed, None, None)

        appended = await self._write(work)
        self._followers.tell(session, appended.seqs[-1])
        await self._write(_truncate_wal, is_alone=True)
        return appended

    async def restore(self, session: str, entries: Sequence[Entry]) -> None:
        summary = summary_of(entries)
        await self._write(lambda c: restored(c, _session_key(c, session), entries, summary))
        self._followers.tell(session, summary.last_seq)

    def follow(self, session: str, on_news: OnNews) -> Unfollow:
        return self._followers.add(session, on_news)

    async def durability(self) -> dict[str, object]:
        """Return the writing connection's own word on how it keeps things."""

        def work(connection: sqlite3.Connection) -> dict[str, object]:
            names = ("journal_mode", "synchronous", "secure_delete", "max_page_count")
            return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names}

        return await self._write(work)

    async def check(self) -> str:
        """Return SQLite's verdict on the whole file: ``ok`` or what is broken."""
        return await self._read(
            lambda: str(self._reader.execute("PRAGMA quick_check(1)").fetchone()[0])
        )

    async def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        await self._writer.close()
        # The last connection to close empties and removes the WAL: not on the event loop.
        self._reading.submit(self._reader.close)
        await asyncio.to_thread(self._reading.shutdown)

    async def _write(self, work: Callable[[sqlite3.Connection], T], *, is_alone: bool = False) -> T:
        if self._is_closed:
            raise JournalUnavailable("The server is stopping; nothing was saved.")
        return await self._writer.write(work, is_alone=is_alone)

    async def _read(self, work: Callable[[], T]) -> T:
        if self._is_closed:
            raise JournalUnavailable("The server is stopping.")

        def told_apart() -> T:
            with translated():
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._reading, told_apart)


@dataclass(frozen=True, slots=True)
class _Packed:
    """Drafts as rows, and what they mean for the list of sessions."""

    rows: tuple[tuple[float, float, str, int, str, str | None, bytes], ...]
    is_closing: bool
    is_erasing: bool


def _pack(drafts: Sequence[Draft]) -> _Packed:
    return _Packed(
        rows=tuple(
            (d.at, d.wall, d.by, d.event.VERSION, d.event.type(), d.cmd, encode_body(d.event))
            for d in drafts
        ),
        is_closing=any(isinstance(draft.event, SessionClosed) for draft in drafts),
        is_erasing=any(isinstance(d.event, Erased) and d.event.seat is None for d in drafts),
    )


def _connect(path: Path, max_pages: int | None, *, is_reader: bool = False) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        if is_reader:
            connection.execute("PRAGMA query_only=ON")
        else:
            _prepare(connection, path, max_pages)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, max_pages: int | None) -> None:
    path.chmod(0o600)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise JournalUnavailable(f"{path.name} was written by a newer release; upgrade first.")
    if version == 0:
        connection.executescript(f"BEGIN;{SCHEMA}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")
    connection.executescript(LIST_INDEXES)
    if path.stat().st_size <= CHECKED_SIZE:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    if max_pages is not None:
        connection.execute(f"PRAGMA max_page_count={max_pages}")
    # Leases of an earlier process mean nothing: the data folder's lock says it is gone.
    connection.execute("UPDATE session SET lease_until=0 WHERE lease_until>0")


def _session_key(connection: sqlite3.Connection, session: str) -> int:
    connection.execute("INSERT OR IGNORE INTO session(name) VALUES(?)", (session,))
    row = connection.execute("SELECT id FROM session WHERE name=?", (session,)).fetchone()
    return int(row[0])


def _append(
    connection: sqlite3.Connection,
    session: str,
    packed: _Packed,
    expect: int | None,
    epoch: int | None,
) -> Appended:
    key = _session_key(connection, session)
    rows = packed.rows
    cmd = rows[0][5]
    if cmd is not None:
        found = connection.execute(
            "SELECT seq FROM event WHERE session=? AND cmd=? ORDER BY seq", (key, cmd)
        ).fetchall()
        if found:
            return Appended(tuple(row[0] for row in found), is_repeat=True)
    last, current = connection.execute(
        "SELECT last_seq, epoch FROM session WHERE id=?", (key,)
    ).fetchone()
    if epoch is not None and epoch != current:
        raise Fenced(f"epoch {epoch} is not {current}")
    if expect is not None and expect != last:
        raise Conflict(f"expected {expect}, the session is at {last}")
    seqs = tuple(range(last + 1, last + 1 + len(rows)))
    connection.executemany(
        INSERT_EVENT,
        [(key, seq, *row) for seq, row in zip(seqs, rows, strict=True)],
    )
    connection.execute(
        "UPDATE session SET last_seq=?, last_wall=? WHERE id=?", (seqs[-1], rows[-1][1], key)
    )
    # Apart from it, because naming an indexed column writes its indexes, changed or not.
    if last == 0:
        connection.execute("UPDATE session SET created_wall=? WHERE id=?", (rows[0][1], key))
    if packed.is_closing:
        connection.execute("UPDATE session SET is_closed=1 WHERE id=?", (key,))
    if packed.is_erasing:
        connection.execute("UPDATE session SET is_erased=1 WHERE id=?", (key,))
    return Appended(seqs)


def _overwrite(connection: sqlite3.Connection, key: int, seq: int, event: Event | None) -> None:
    row = connection.execute(
        "SELECT row, length(body), v FROM event WHERE session=? AND seq=?", (key, seq)
    ).fetchone()
    if row is None:
        raise ValueError(f"no event {seq}")
    number, size, version = row
    body = b""
    if event is not None and not isinstance(event, Blank):
        body, version = encode_body(event), event.VERSION
    if len(body) > size:
        raise ValueError(f"the new body of event {seq} is longer than the old one")
    connection.execute(
        "UPDATE event SET body=?, v=? WHERE row=?", (body.ljust(size), version, number)
    )


def _truncate_wal(connection: sqlite3.Connection) -> None:
    """Empty the WAL so that no old page is left in it; readers hold it for milliseconds only."""
    deadline = time.monotonic() + 10
    while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        if time.monotonic() > deadline:
            raise JournalUnavailable("Erased, but the write-ahead log could not be emptied.")
        time.sleep(0.01)


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, at, wall, author, version, kind, cmd, body = row
    return Entry(
        seq=seq,
        at=at,
        wall=wall,
        by=author,
        v=version,
        type=kind,
        cmd=cmd,
        event=decode_body(kind, version, bytes(body)),
    )
