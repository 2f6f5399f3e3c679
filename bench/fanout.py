"""How much later than its author everybody else has an event, when they are in another process.

``python -m bench.fanout [--events 1000] [--rate 50] [--subscribers 100]``. A real redis-server, a
process that appends, and this one, which follows the session and hands every event to each of its
subscribers. Added latency is from the acknowledgement in the first process to a subscriber's turn
in the second.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench.journal import NOTE, SESSION, draft
from bench.redis_journal import journal_in
from bench.results import Cell, print_table, store
from bench.serving import percentile
from server.events import NoteAdded, SessionConfig, SessionCreated
from server.journal.redis.journal import RedisJournal
from server.journal_address import RedisAddress
from server.ledger import Ledger
from server.redis.connection import connect
from server.redis.pubsub import Subscriptions

LIMIT_P99_MS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50, help="events a second")
    parser.add_argument("--subscribers", type=int, default=100)
    parser.add_argument("--append-to", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.append_to:
        asyncio.run(_append(options.append_to, options.events, options.rate))
        return
    with tempfile.TemporaryDirectory(prefix="daedam-bench-", dir=".") as folder:
        row = asyncio.run(
            _measure(Path(folder).resolve(), options.events, options.rate, options.subscribers)
        )
    print_table([row])
    print(store("fanout", [row]))


async def _append(url: str, count: int, rate: float) -> None:
    """Append as the other process; print when each seq was asked for and acknowledged."""
    client = connect(RedisAddress(url))
    subscriptions = Subscriptions(client)
    journal = RedisJournal(client, subscriptions)
    began = time.monotonic() + 0.5
    for number in range(count):
        await asyncio.sleep(began + number / rate - time.monotonic())
        asked = time.monotonic()
        note = NoteAdded(note=NOTE, about="지원자_1", media_at=float(number))
        appended = await journal.append(SESSION, [draft(number, note)])
        print(appended.seqs[0], asked, time.monotonic())
    await journal.close()
    await client.aclose()


async def _measure(folder: Path, count: int, rate: float, subscribers: int) -> dict[str, Cell]:
    async with journal_in(folder, "everysec") as (journal, server):
        await journal.append(SESSION, [draft(0, SessionCreated(config=SessionConfig()))])
        audience = _Audience(journal, subscribers, count + 1)
        await audience.begin()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.fanout", "--append-to", server.url),
            *("--events", str(count), "--rate", str(rate)),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        await audience.end()
    lines = [line.split() for line in said.decode().splitlines()]
    added_ms, whole_ms = [], []
    for seq, asked, acknowledged in lines:
        for heard in audience.heard[int(seq)]:
            added_ms.append(1000 * (heard - float(acknowledged)))
            whole_ms.append(1000 * (heard - float(asked)))
    assert len(added_ms) == count * subscribers
    return {
        "subscribers": subscribers,
        "events": count,
        "events_per_s": rate,
        "added_p50_ms": round(percentile(added_ms, 0.5), 3),
        "added_p99_ms": round(percentile(added_ms, 0.99), 3),
        "limit_p99_ms": LIMIT_P99_MS,
        "from_asked_p50_ms": round(percentile(whole_ms, 0.5), 3),
        "from_asked_p99_ms": round(percentile(whole_ms, 0.99), 3),
    }


class _Audience:
    """Subscribers of one session, each a task that takes what is new for it."""

    def __init__(self, journal: RedisJournal, count: int, last_seq: int) -> None:
        self.heard: dict[int, list[float]] = {seq: [] for seq in range(1, last_seq + 1)}
        """seq → when each subscriber had it (monotonic)."""
        self._last_seq = last_seq
        self._news = [asyncio.Event() for _ in range(count)]
        self._ledger = Ledger(SESSION, journal, "bench", self._tell)
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        await self._ledger.catch_up()
        self._ledger.follow()
        self._tasks = [asyncio.create_task(self._subscribe(news)) for news in self._news]

    async def end(self) -> None:
        async with asyncio.timeout(30):
            await asyncio.gather(*self._tasks)
        await self._ledger.close()

    def _tell(self) -> None:
        for news in self._news:
            news.set()

    async def _subscribe(self, news: asyncio.Event) -> None:
        seq = 0
        while seq < self._last_seq:
            for entry, _ in await self._ledger.entries_after(seq):
                seq = entry.seq
                self.heard[seq].append(time.monotonic())
            if seq < self._last_seq:
                await news.wait()
                news.clear()


if __name__ == "__main__":
    main()
