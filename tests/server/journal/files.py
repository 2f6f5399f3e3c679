"""Opening and looking into journal files, from outside where the tests need an outside view."""

import asyncio
import sqlite3
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

from server.entries import Entry
from server.events import NoteAdded
from server.journal.sqlite.journal import SqliteJournal


async def open_file(
    path: Path, *, queue_size: int = 1024, max_pages: int | None = None
) -> SqliteJournal:
    return await asyncio.to_thread(SqliteJournal, path, queue_size=queue_size, max_pages=max_pages)


@asynccontextmanager
async def opened(
    path: Path, *, queue_size: int = 1024, max_pages: int | None = None
) -> AsyncIterator[SqliteJournal]:
    """Open a journal for the block; a test that fails in it leaves no thread behind."""
    journal = await open_file(path, queue_size=queue_size, max_pages=max_pages)
    try:
        yield journal
    finally:
        await journal.close()


@contextmanager
def others_write_lock(path: Path) -> Iterator[None]:
    """Hold the file's write lock from a second connection: every commit waits."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def commits_in_wal(path: Path) -> int:
    """Count commit frames: those that name the size of the database after them.

    https://www.sqlite.org/fileformat2.html#the_write_ahead_log
    """
    wal = path.with_name(path.name + "-wal").read_bytes()
    page_size, salts = struct.unpack(">8xI4x8s", wal[:24])
    frames = (wal[at : at + 24] for at in range(32, len(wal), 24 + page_size))
    heads = (struct.unpack(">II8s", frame[:16]) for frame in frames)
    return sum(size > 0 for _, size, frame_salts in heads if frame_salts == salts)


def notes(entries: list[Entry]) -> list[str]:
    return [entry.event.note for entry in entries if isinstance(entry.event, NoteAdded)]
