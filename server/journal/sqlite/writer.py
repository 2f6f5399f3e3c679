"""One thread writes: whatever waits is one transaction, and nobody hears before its commit."""

import asyncio
import itertools
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import msgspec

from server.errors import JournalUnavailable, Overloaded, StorageFull

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 256
"""Operations in one commit at most: bounds the wait of the first of them."""


class _Operation(Generic[T]):
    """Something for the writing thread to do, and who waits for it."""

    def __init__(self, work: Callable[[sqlite3.Connection], T], *, is_alone: bool) -> None:
        self.work = work
        self.is_alone = is_alone
        self.done: Future[T] = Future()
        self.outcome: Callable[[], None] = lambda: None

    def attempt(self, connection: sqlite3.Connection) -> None:
        """Run inside a savepoint; the outcome is told only after the commit."""
        connection.execute("SAVEPOINT operation")
        try:
            result = self.work(connection)
        except sqlite3.Error:
            raise
        except Exception as error:  # This one's own mistake; the others of the group go on.
            connection.execute("ROLLBACK TO operation")
            refusal = error
            self.outcome = lambda: self.done.set_exception(refusal)
        else:
            self.outcome = lambda: self.done.set_result(result)
        connection.execute("RELEASE operation")

    def run_alone(self, connection: sqlite3.Connection) -> None:
        """Run outside any transaction, as checkpoints must."""
        result = self.work(connection)
        self.outcome = lambda: self.done.set_result(result)


class Writer:
    """Owns the writing connection; ``close()`` it to finish what is queued."""

    def __init__(self, connection: sqlite3.Connection, queue_size: int) -> None:
        self._connection = connection
        self._queue: queue.Queue[_Operation[Any] | None] = queue.Queue(queue_size)
        # A daemon: what it has not committed was acknowledged to nobody, so a process that ends
        # without closing loses nothing, and must not hang.
        self._thread = threading.Thread(target=self._run, name="journal-write", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[sqlite3.Connection], T], *, is_alone: bool = False) -> T:
        """Run ``work`` in the next transaction, or (alone) outside any; return after its commit.

        Raises:
            Overloaded: too much waits already.
            JournalUnavailable: the store failed; nothing was kept.
        """
        operation = _Operation(work, is_alone=is_alone)
        try:
            self._queue.put_nowait(operation)
        except queue.Full:
            raise Overloaded from None
        # Shielded: a caller that goes away does not undo what it asked for.
        return await asyncio.shield(asyncio.wrap_future(operation.done))

    async def close(self) -> None:
        await asyncio.to_thread(self._queue.put, None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._next_batch()
            for is_alone, group in itertools.groupby(batch, lambda operation: operation.is_alone):
                self._commit(list(group), is_alone)
        self._connection.close()

    def _next_batch(self) -> tuple[list[_Operation[Any]], bool]:
        """Return whoever waits, at least one unless closing, and whether more may come."""
        batch = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) == BATCH:
                return batch, True
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _commit(self, group: list[_Operation[Any]], is_alone: bool) -> None:
        try:
            with translated():
                if is_alone:
                    for operation in group:
                        operation.run_alone(self._connection)
                else:
                    self._transact(group)
        except Exception as error:  # Everyone who waits for this commit is told, nobody guesses.
            for operation in group:
                operation.done.set_exception(error)
        else:
            for operation in group:
                operation.outcome()

    def _transact(self, group: list[_Operation[Any]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for operation in group:
                operation.attempt(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite has rolled back by itself when the disk was full.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


@contextmanager
def translated() -> Iterator[None]:
    """Turn SQLite's errors into what a client may be told; the log keeps the reason."""
    try:
        yield
    except sqlite3.OperationalError as error:
        log.error("journal: %s", error)
        if error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
            raise StorageFull from error
        raise JournalUnavailable from error
    except (sqlite3.DatabaseError, msgspec.DecodeError, UnicodeDecodeError) as error:
        # A body that is no JSON of its type any more is damage that SQLite cannot see.
        log.error("journal: %s", error)
        raise JournalUnavailable(
            "The journal file is damaged; restore it from a backup (see: daedam doctor)."
        ) from error
