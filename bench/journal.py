"""What an event costs in a young session and in one of 100,000 events.

``python -m bench.journal [--events 100000]``. Appends one note at a time through the real
journal and folds a replay, in ten equal windows; bare SQLite with the same rows and the disk's
own fdatasync stand beside.
"""

import argparse
import asyncio
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from bench.results import Cell, print_table, store
from bench.serving import percentile
from server.entries import Draft
from server.events import NoteAdded, SessionConfig, SessionCreated
from server.journal.sqlite.journal import SqliteJournal
from server.session import Session

WINDOWS = 10
SYNCS = 2000
SESSION = "bench"
NOTE = "프로젝트 일정이 밀렸을 때 팀원들과 어떻게 조율했는지 구체적으로 설명함"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daedam-bench-", dir=".") as folder:
        table = asyncio.run(_measure(Path(folder), options.events // WINDOWS))
    print_table(table)
    print(store("journal", table))


async def _measure(folder: Path, window: int) -> list[dict[str, Cell]]:
    journal = SqliteJournal(folder / "journal.sqlite3")
    rows: list[dict[str, Cell]] = []
    try:
        await journal.append(SESSION, [draft(0, SessionCreated(config=SessionConfig()))])
        session = Session(SESSION)
        for number in range(WINDOWS):
            append_ms = await _append(journal, number * window + 1, window)
            began = time.perf_counter()
            while page := await journal.read(SESSION, session.seq):
                for entry in page:
                    session.apply(entry)
            replay_s = time.perf_counter() - began
            rows.append(
                {
                    "what": f"events {number * window} to {(number + 1) * window}",
                    "append_p50_ms": round(percentile(append_ms, 0.5), 3),
                    "append_p99_ms": round(percentile(append_ms, 0.99), 3),
                    "replay_us_per_event": round(1e6 * replay_s / window, 1),
                }
            )
    finally:
        await journal.close()
    synced = _reference("reference: write and fdatasync", fdatasync(folder, min(window, SYNCS)))
    return [*rows, _bare_sqlite(folder, window), synced]


async def _append(journal: SqliteJournal, first: int, count: int) -> list[float]:
    durations_ms = []
    for number in range(first, first + count):
        note = NoteAdded(note=NOTE, about="지원자_1", media_at=float(number))
        began = time.perf_counter()
        await journal.append(SESSION, [draft(number, note)], expect=number)
        durations_ms.append(1000 * (time.perf_counter() - began))
    return durations_ms


def draft(number: int, event: NoteAdded | SessionCreated) -> Draft:
    return Draft(at=float(number), wall=float(number), by="operator", event=event)


def _bare_sqlite(folder: Path, count: int) -> dict[str, Cell]:
    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE event(row INTEGER PRIMARY KEY, body TEXT)")
    durations_ms = []
    for _ in range(count):
        began = time.perf_counter()
        connection.execute("INSERT INTO event(body) VALUES(?)", (NOTE,))
        durations_ms.append(1000 * (time.perf_counter() - began))
    connection.close()
    return _reference("reference: bare SQLite, one insert a commit", durations_ms)


def fdatasync(folder: Path, count: int) -> list[float]:
    """Return how long this disk takes to keep a note each time, in milliseconds."""
    durations_ms = []
    with (folder / "plain").open("wb", buffering=0) as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(NOTE.encode())
            os.fdatasync(file.fileno())
            durations_ms.append(1000 * (time.perf_counter() - began))
    return durations_ms


def _reference(name: str, durations_ms: list[float]) -> dict[str, Cell]:
    return {
        "what": name,
        "append_p50_ms": round(percentile(durations_ms, 0.5), 3),
        "append_p99_ms": round(percentile(durations_ms, 0.99), 3),
        "replay_us_per_event": None,
    }


if __name__ == "__main__":
    main()
