"""How much later than its author everybody else has an event, when they are in another process.

``python -m bench.fanout [--events 1000] [--rate 50] [--subscribers 100]``. First the journal alone:
a real redis-server, a process that appends, and this one, which follows the session and hands every
event to each of its subscribers. Then people: two real servers, an author's WebSocket at one, all
subscribers' at the other. Added latency is from the acknowledgement to a subscriber's turn; with
WebSockets it includes this one client, which reads for all of them.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import aiohttp

from bench.journal import NOTE, SESSION, draft
from bench.redis_journal import journal_in
from bench.results import Cell, print_table, store
from bench.serving import Server, percentile, serving
from server.events import NoteAdded, SessionConfig, SessionCreated
from server.journal.redis.journal import RedisJournal
from server.journal_address import RedisAddress
from server.ledger import Ledger
from server.paths import PREFIX
from server.redis.connection import connect
from server.redis.pubsub import Subscriptions
from server.settings import MIN_SECRET_CHARACTERS
from tests.server.redis_server import RedisServer

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
    load = options.events, options.rate, options.subscribers
    with tempfile.TemporaryDirectory(prefix="daedam-bench-", dir=".") as folder:
        table = [asyncio.run(_journal(Path(folder).resolve(), *load))]
    with tempfile.TemporaryDirectory(prefix="daedam-bench-", dir=".") as folder:
        table.append(asyncio.run(_sockets(Path(folder).resolve(), *load)))
    print_table(table)
    print(store("fanout", table))


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


async def _journal(folder: Path, count: int, rate: float, subscribers: int) -> dict[str, Cell]:
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
    return _row("journal", added_ms, whole_ms, count, rate, subscribers)


async def _sockets(folder: Path, count: int, rate: float, subscribers: int) -> dict[str, Cell]:
    secret = "s" * MIN_SECRET_CHARACTERS
    with RedisServer(folder) as redis:
        shared = {"DAEDAM_JOURNAL": redis.url, "DAEDAM_SECRET": secret, "DAEDAM_WORKERS": "1"}
        shared["DAEDAM_LEGACY_NETWORKS"] = "127.0.0.0/8"
        async with serving(**shared) as first, serving(**shared) as second:
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector) as client:
                return await _conversation(client, (first, second), count, rate, subscribers)


async def _conversation(
    client: aiohttp.ClientSession,
    servers: tuple[Server, Server],
    count: int,
    rate: float,
    subscribers: int,
) -> dict[str, Cell]:
    author, reader = (f"{server.url}{PREFIX}/ws/interview/{SESSION}" for server in servers)
    heard: dict[str, list[float]] = {f"{NOTE} {number}": [] for number in range(count)}

    async def subscribe(socket: aiohttp.ClientWebSocketResponse) -> None:
        left = count
        while left:
            message = await socket.receive_json(timeout=60)
            if message["type"] == "note_added":
                heard[message["note"]].append(time.monotonic())
                left -= 1

    writing = await client.ws_connect(author)
    sockets = [await client.ws_connect(reader) for _ in range(subscribers)]
    for socket in sockets:
        await socket.send_json({"type": "subscribe"})
    readers = [asyncio.create_task(subscribe(socket)) for socket in sockets]
    await asyncio.sleep(1)
    asked, acknowledged = [], []
    began = time.monotonic()
    for number in range(count):
        await asyncio.sleep(began + number / rate - time.monotonic())
        asked.append(time.monotonic())
        await writing.send_json(
            {"type": "speaker_note", "speaker": "지원자_1", "note": f"{NOTE} {number}"}
        )
        await writing.receive_json(timeout=10)
        acknowledged.append(time.monotonic())
    await asyncio.gather(*readers)
    added_ms, whole_ms = [], []
    for times, sent, answered in zip(heard.values(), asked, acknowledged, strict=True):
        added_ms += [1000 * max(0.0, moment - answered) for moment in times]
        whole_ms += [1000 * (moment - sent) for moment in times]
    return _row("WebSockets at two servers", added_ms, whole_ms, count, rate, subscribers)


def _row(
    what: str,
    added_ms: list[float],
    whole_ms: list[float],
    count: int,
    rate: float,
    subscribers: int,
) -> dict[str, Cell]:
    assert len(added_ms) == count * subscribers
    return {
        "what": what,
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
