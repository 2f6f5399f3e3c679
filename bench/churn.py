"""What people who come and go leave behind in a server: it should be nothing.

``python -m bench.churn [--cycles 2000] [--abandoned 1000] [--at-once 15] [--store]``. One real
server process. First real clients connect, subscribe, say a word and leave: nine of ten as
browsers do (libwebrtc), one without a goodbye (libdatachannel, whose last packet ends the data
channels only). Then offers are made that never become connections, in waves of one for each
person, each until the server has given all of them up. Before (after visits and one wave to
warm up), between and after: descriptors, threads, tasks, objects, memory, and CPU while nothing
happens. The limits of a person's offers stay as they are: there are as many people (links) as it
takes. Seats are kept for a second only.

Exits with 1 if anything is left: a descriptor, thread or task, or more than 20 MB of memory.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import numpy as np

from bench.inspected import Inspected, Settled, Standing, inspected
from bench.load.clients import LOOPBACK, Clients, ClientsMissing, clients, offer
from bench.load.room import ROSTER
from bench.load.script import noise
from bench.results import Cell, Row, print_table, store
from bench.scrape import scrape
from pipeline.audio import RATE_HZ
from server.paths import SESSION, session_path
from tests.server.media.libwebrtc import Libwebrtc

OFFERS_EACH = 12
"""Fewer than the 20 offers that a person may make within a minute."""
WAVE = 250
"""Offers that wait for their connection at the same time."""
RSS_MB = 20.0
IDLE_PERCENT = 2.0
WARM_UP = 200
"""Cycles before the first look: so many take the heap to where it stays."""
_SILENT_EVERY = 10
_TALK_EVERY = 3
_TALK_S = 0.2


@dataclass(frozen=True, slots=True)
class Person:
    """A link and the session it is for."""

    path: str
    token: str


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody who comes and goes, and through what."""

    http: aiohttp.ClientSession
    light: Clients
    people: list[Person]
    at_once: int

    async def come_and_go(self, cycles: int) -> None:
        """Connect and leave ``cycles`` times, everybody in turn; wait until it is noticed."""
        visits = iter(range(cycles))
        await asyncio.gather(*(self._visits(visits) for _ in range(self.at_once)))
        await self.gone()

    async def warm_up(self) -> None:
        """Let the server have what it makes once: its threads, its heap, and every session."""
        await self.come_and_go(max(WARM_UP, len(self.people)))
        await self.abandon(min(WAVE, len(self.people)))
        await asyncio.gather(*(scrape(self.http) for _ in range(4 * self.at_once)))

    async def abandon(self, count: int) -> None:
        """Make offers whose answers nobody takes; wait until they are given up."""
        client = await self.light.make()
        sdp = client.offer.result()
        for start in range(0, count, WAVE):
            wave = iter(self.people[: min(WAVE, count - start)])
            await asyncio.gather(*(self._offers(wave, sdp) for _ in range(self.at_once)))
            await self.gone()
        self.light.close(client)

    async def gone(self) -> None:
        """Wait until the server has noticed that nobody is there."""
        while (await scrape(self.http)).total("daedam_connections", "peer"):  # noqa: ASYNC110
            await asyncio.sleep(0.5)

    async def _visits(self, visits: Iterator[int]) -> None:
        # One iterator for all: whoever comes next is the one who has been away for longest.
        for number in visits:
            person = self.people[number % len(self.people)]
            if number % _SILENT_EVERY == 0:
                await self._vanish(person)
            else:
                await self._visit(person, _TALK_S if number % _TALK_EVERY == 0 else 0.0)

    async def _visit(self, person: Person, talk_s: float) -> None:
        client = Libwebrtc(speaks=noise(RATE_HZ, np.random.default_rng(1)))
        try:
            answer = await offer(self.http, person.path, person.token, await client.offer())
            await client.take(answer)
            await client.say("interview", '{"type":"subscribe"}')
            await asyncio.sleep(talk_s)
        finally:
            await client.close()

    async def _vanish(self, person: Person) -> None:
        client = await self.light.connect(self.http, person.path, person.token)
        self.light.send(client, {"type": "subscribe"})
        await client.caught_up.wait()
        self.light.close(client)

    async def _offers(self, people: Iterator[Person], sdp: str) -> None:
        for person in people:
            await offer(self.http, person.path, person.token, sdp)


async def churn(cycles: int, abandoned: int, at_once: int, folder: Path) -> list[dict[str, Cell]]:
    """Measure; one row for each moment."""
    # Nothing of this program stays connected, so that every descriptor is the server's own.
    connector = aiohttp.TCPConnector(force_close=True)
    async with (
        inspected(folder, DAEDAM_BIND_ADDRESS=LOOPBACK, DAEDAM_HOLD_SEAT_S="1") as inside,
        aiohttp.ClientSession(inside.server.url, connector=connector) as http,
        clients() as light,
    ):
        before = await inside.steady()
        rows = [await _row("started", inside, before, Settled(before, 0.0))]
        offers = WARM_UP + WAVE + cycles + abandoned
        count = max(-(-offers // OFFERS_EACH), min(WAVE, abandoned), at_once)
        crowd = Crowd(http, light, await _people(http, count), at_once)
        await crowd.warm_up()
        before = await inside.steady()
        rows.append(await _row("warmed up", inside, before, Settled(before, 0.0)))
        await crowd.come_and_go(cycles)
        settled = await inside.settled(before)
        rows.append(await _row(f"{cycles} connected and left", inside, before, settled))
        await crowd.abandon(abandoned)
        settled = await inside.settled(before)
        rows.append(await _row(f"{abandoned} offers abandoned", inside, before, settled))
    return rows


def is_clean(rows: Sequence[Row]) -> bool:
    """Whether nothing is left in the end."""
    limits = {"descriptors": 0.0, "threads": 0.0, "tasks": 0.0}
    limits |= {"rss_mb": RSS_MB, "idle_cpu_percent": IDLE_PERCENT}
    return all(
        float(row[name] or 0) <= float(rows[1][name] or 0) + more
        for name, more in limits.items()
        for row in rows[2:]
    )


async def _people(http: aiohttp.ClientSession, count: int) -> list[Person]:
    people: list[Person] = []
    while len(people) < count:
        name = f"churn-{len(people)}"
        seats = [{"seat": seat} for seat in ROSTER]
        wanted = {"session_id": name, "consent": "external", "seats": seats}
        async with http.post(SESSION, json=wanted) as response:
            response.raise_for_status()
            links = (await response.json())["links"]
        people += [Person(session_path(name), one["token"]) for one in links]
    return people[:count]


async def _row(
    moment: str, inside: Inspected, before: Standing, settled: Settled
) -> dict[str, Cell]:
    now = settled.now
    row: dict[str, Cell] = {
        "moment": moment,
        "descriptors": now.descriptors,
        "threads": now.threads,
        "tasks": now.tasks.total(),
        "objects": now.objects,
        "rss_mb": round(now.rss_mb, 1),
        "idle_cpu_percent": round(await inside.idle_percent(), 1),
        "cpu_s": round(now.cpu_s, 1),
        "settled_s": round(settled.after_s, 1),
        "slowest": settled.slowest or None,
        "left": now.beyond(before) or None,
    }
    print(", ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.churn")
    parser.add_argument("--cycles", type=int, default=2000)
    parser.add_argument("--abandoned", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=15)
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="daedam-churn-") as folder:
        arguments = (options.cycles, options.abandoned, options.at_once, Path(folder))
        try:
            rows = asyncio.run(churn(*arguments))
        except ClientsMissing as missing:
            sys.exit(str(missing))
    print_table(rows)
    if options.store:
        print(store("churn", rows))
    sys.exit(0 if is_clean(rows) else 1)


if __name__ == "__main__":
    main()
