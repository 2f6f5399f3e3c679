"""One number of rooms: everybody comes in, talks and goes, and what it took is measured."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.load.clients import Clients, clients
from bench.load.room import Judged, Room
from bench.load.script import Script
from bench.load.usage import Usage, cpu, drops, memory, packets
from bench.results import Cell
from bench.serving import Server, percentile

LAST_WORDS_S = 30.0
"""Finals that have not come so long after the last turn are missing."""
REPORTS_S = 2.0
"""Receivers report about every second."""
_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """What to measure, and where.

    Attributes:
        server: its process id is 0 where only its address is known.
        link: an operator's link, where the server asks for one.
        scripts: one for each room.
        silence: the packets of an open microphone.
        bind_address: where clients send from.
    """

    server: Server
    link: str | None
    seats: int
    scripts: list[Script]
    silence: Path
    bind_address: str | None


@dataclass(frozen=True, slots=True)
class Moments:
    """When usage was looked at: nobody there, everybody in, the talking over, the last words."""

    empty: Usage
    entered: Usage
    talked: Usage
    told: Usage


async def measure(step: Step) -> dict[str, Cell]:
    """Return one row of the curve.

    Raises:
        TimeoutError: somebody could not come in.
        aiohttp.ClientError: somebody was refused.
    """
    headers = {} if step.link is None else {"Authorization": f"Bearer {step.link}"}
    name = f"load-{secrets.token_hex(4)}"
    rooms = [Room(f"{name}-{i}", step.seats, script) for i, script in enumerate(step.scripts)]
    async with (
        aiohttp.ClientSession(step.server.url, headers=headers) as http,
        clients(step.bind_address) as every,
    ):
        moments = await _run(step, rooms, http, every)
        row: dict[str, Cell] = {
            "rooms": len(rooms),
            "people": sum(len(room.clients) for room in rooms),
            **_connections(rooms, moments),
            **packets(moments.entered, moments.told),
            **_words([room.judged() for room in rooms]),
            **drops(moments.empty, moments.told),
            **cpu(moments.entered, moments.talked),
            **memory(step.server, moments.told),
        }
        for room in rooms:
            await room.end(http, every)
    return row


async def _run(
    step: Step, rooms: list[Room], http: aiohttp.ClientSession, every: Clients
) -> Moments:
    empty = await Usage.now(step.server, http, every)
    await asyncio.gather(*(room.enter(http, every) for room in rooms))
    entered = await Usage.now(step.server, http, every)
    for room in rooms:
        await room.talk(http, every, step.silence)
    began_s = time.monotonic()
    durations_s = sorted(room.script.duration_s for room in rooms)
    # CPU is that of the time in which everybody talks.
    await asyncio.sleep(durations_s[0])
    talked = await Usage.now(step.server, http, every)
    await asyncio.sleep(began_s + durations_s[-1] - time.monotonic())
    await _last_words(rooms)
    every.hush()
    await asyncio.sleep(REPORTS_S)
    return Moments(empty, entered, talked, await Usage.now(step.server, http, every))


async def _last_words(rooms: list[Room]) -> None:
    """Wait until everybody has been told every turn."""
    give_up_s = time.monotonic() + LAST_WORDS_S
    # What was told is looked at as a whole; an event per message would cost more than it tells.
    while any(room.judged().missing for room in rooms) and time.monotonic() < give_up_s:  # noqa: ASYNC110
        await asyncio.sleep(_POLL_S)


def _connections(rooms: list[Room], moments: Moments) -> dict[str, Cell]:
    took_s = [one for room in rooms for one in room.connect_s]
    server_s = moments.entered.cpu_s["server"] - moments.empty.cpu_s["server"]
    return {
        **_spread("connect", took_s),
        "connect_cpu_ms": round(1000 * server_s / len(took_s), 1),
        "broken": sum(client.ended is not None for room in rooms for client in room.clients),
    }


def _words(rooms: list[Judged]) -> dict[str, Cell]:
    return {
        "finals": sum(len(room.finals_s) for room in rooms),
        "finals_missing": sum(room.missing for room in rooms),
        "turns_without_words": sum(room.dropped for room in rooms),
        "wrong_seat": sum(room.wrong for room in rooms),
        **_spread("final", [one for room in rooms for one in room.finals_s]),
        **_spread("interim", [one for room in rooms for one in room.interims_s]),
        "lag_signals": sum(room.behind for room in rooms),
        "lag_worst_s": max(room.worst_s for room in rooms),
    }


def _spread(name: str, values: list[float]) -> dict[str, Cell]:
    return {
        f"{name}_p50_s": round(percentile(values, 0.5), 3) if values else None,
        f"{name}_p95_s": round(percentile(values, 0.95), 3) if values else None,
    }
