"""What an event costs in a real redis-server on this machine.

``python -m bench.redis_journal [--events 100000] [--seconds 20]``. First a steady 500 events a
second, as many interviews at once make them, with ``appendfsync`` everysec and always; each is
timed from the moment it was due, so that a pause counts for all that waited. This disk's own
fdatasync stands beside. Then one session that grows: appends one after the other and replays, in
ten equal windows.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench.journal import NOTE, SESSION, draft, fdatasync
from bench.results import Cell, print_table, store
from bench.serving import percentile
from server.events import NoteAdded, SessionConfig, SessionCreated
from server.journal.protocol import Journal
from server.journal.redis.journal import RedisJournal
from server.journal_address import Durability
from server.redis.connection import connect
from server.redis.pubsub import Subscriptions
from server.session import Session
from tests.server.redis_server import RedisServer

WINDOWS = 10
RATE = 500
SESSIONS = 20
REPLAY = 10_000
SYNCS = 2000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daedam-bench-", dir=".") as folder:
        table = asyncio.run(_measure(Path(folder).resolve(), options.events, options.seconds))
    print_table(table)
    print(store("redis_journal", table))


async def _measure(folder: Path, events: int, seconds: float) -> list[dict[str, Cell]]:
    rows = []
    for fsync in ("everysec", "always"):
        async with journal_in(folder / f"steady-{fsync}", fsync) as (journal, _):
            durations_ms = await _steady(journal, round(seconds * RATE))
        limit = 10 if fsync == "everysec" else None
        rows.append(_row(f"{RATE} events/s, {fsync}", durations_ms, limit_p99_ms=limit))
    rows.append(_row("reference: write and fdatasync", fdatasync(folder, SYNCS)))
    async with journal_in(folder / "growing", "everysec") as (journal, server):
        rows += await _growing(journal, events // WINDOWS)
        rows.append(await _replay(journal, min(REPLAY, events)))
        rows.append(_memory(server, events))
    return rows


@contextlib.asynccontextmanager
async def journal_in(folder: Path, fsync: str) -> AsyncIterator[tuple[RedisJournal, RedisServer]]:
    """Start a Redis for the block; its files lie in ``folder``."""
    with RedisServer(folder, appendfsync=fsync, hz="10") as server:
        client = connect(server.address)
        subscriptions = Subscriptions(client)
        journal = RedisJournal(client, subscriptions, Durability("everysec"))
        try:
            yield journal, server
        finally:
            await journal.close()
            await subscriptions.close()
            await client.aclose()


async def _steady(journal: Journal, count: int) -> list[float]:
    """Append ``count`` notes at the rate, whether or not earlier ones are answered."""
    durations_ms: list[float] = []

    async def append(number: int, due: float) -> None:
        await journal.append(f"s{number % SESSIONS}", [draft(number, _note(number))])
        durations_ms.append(1000 * (time.perf_counter() - due))

    began = time.perf_counter() + 0.1
    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            due = began + number / RATE
            await asyncio.sleep(due - time.perf_counter())
            tasks.create_task(append(number, due))
    return durations_ms


async def _growing(journal: Journal, window: int) -> list[dict[str, Cell]]:
    rows = []
    await journal.append(SESSION, [draft(0, SessionCreated(config=SessionConfig()))])
    for first in range(1, WINDOWS * window, window):
        durations_ms = []
        for number in range(first, first + window):
            began = time.perf_counter()
            await journal.append(SESSION, [draft(number, _note(number))], expect=number)
            durations_ms.append(1000 * (time.perf_counter() - began))
        began = time.perf_counter()
        count = 0
        while page := await journal.read(SESSION, first + count, min(500, window - count)):
            count += len(page)
        replay_us = 1e6 * (time.perf_counter() - began) / window
        what = f"events {first - 1} to {first - 1 + window}"
        rows.append(_row(what, durations_ms, read_us_per_event=round(replay_us, 1)))
    return rows


async def _replay(journal: Journal, count: int) -> dict[str, Cell]:
    """Read and fold the first events, as a process does that takes a session over."""
    began = time.perf_counter()
    session = Session(SESSION)
    while session.seq < count:
        for entry in await journal.read(SESSION, session.seq, min(500, count - session.seq)):
            session.apply(entry)
    return _row(f"replay of {count} events", [], seconds=round(time.perf_counter() - began, 3))


def _memory(server: RedisServer, events: int) -> dict[str, Cell]:
    [line] = [
        line
        for line in server.ask("INFO", "memory").decode().splitlines()
        if line.startswith("used_memory_dataset:")
    ]
    return _row("Redis's memory for an event", [], size_bytes=int(line.split(":")[1]) // events)


def _note(number: int) -> NoteAdded:
    return NoteAdded(note=NOTE, about="지원자_1", media_at=float(number))


def _row(what: str, durations_ms: list[float], **more: Cell) -> dict[str, Cell]:
    def share(part: float) -> float | None:
        return round(percentile(durations_ms, part), 3) if durations_ms else None

    row: dict[str, Cell] = {
        "what": what,
        "append_p50_ms": share(0.5),
        "append_p99_ms": share(0.99),
        "limit_p99_ms": None,
        "read_us_per_event": None,
        "seconds": None,
        "size_bytes": None,
    }
    return row | more


if __name__ == "__main__":
    main()
