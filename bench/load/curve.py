"""Rooms of people with real WebRTC clients until captions lag: the curve, and where CPU goes.

``python -m bench.load [--rooms 1 2 3] [--seats 6] [--minutes 2] [--server URL] [--link TOKEN]
[--store]``: in every room one person talks at a time, the turn goes round, and the microphones of
the others stay open. Everybody subscribes over a data channel. The speech is the one that
DAEDAM_SPEECH names, or else the generated clips of the tests; its packets lie in a temporary
folder while the program runs.

A server of its own is started for each number of rooms (DAEDAM_* settings apply), or the one at
``--server`` is used, which must not be an ocean away: its clock is read over HTTP. The program
stops after the first number of rooms at which captions lag. It exits with 1 if a connection broke,
a packet or a final is missing, or words stood at the wrong seat, before captions lagged.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from bench.corpus import Clip, speech_folder
from bench.load.clients import LOOPBACK, ClientsMissing
from bench.load.script import Script, make_script, write_silence
from bench.load.step import Step, measure
from bench.results import Cell, Row, print_table, store
from bench.serving import Server, serving
from bench.turns import measuring_speech

LAG_S = 3.0
"""Captions lag when one final in twenty comes later than this."""
OTHERS_PERCENT = 20.0
"""Beside more of others' work, how late captions come says nothing."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to measure; ``server`` is the address of a running one, ``link`` an operator's."""

    rooms: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    seats: int = 6
    minutes: float = 2.0
    server: str | None = None
    link: str | None = None


async def curve(speech: list[Clip], load: Load, folder: Path) -> list[dict[str, Cell]]:
    """Measure one number of rooms after the other, until captions lag."""
    silence = await asyncio.to_thread(write_silence, folder / "silence")
    scripts: list[Script] = []
    rows: list[dict[str, Cell]] = []
    for rooms in load.rooms:
        for seed in range(len(scripts), rooms):
            path = folder / f"room-{seed}"
            arguments = (speech, load.minutes, load.seats, seed, path)
            scripts.append(await asyncio.to_thread(make_script, *arguments))
        async with _server(load) as server:
            step = Step(server, load.link, load.seats, scripts[:rooms], silence, _bind(server.url))
            try:
                rows.append(await measure(step))
            except (TimeoutError, aiohttp.ClientError) as error:
                print(f"{rooms} rooms: not everybody came in ({error!r})", file=sys.stderr)
                break
        print(f"{rooms} rooms: {_summary(rows[-1])}", file=sys.stderr)
        if lags(rows[-1]):
            break
    return rows


def lags(row: Row) -> bool:
    """Whether captions came late, or words were lost because there was too much to do."""
    late, lost = row["final_p95_s"], row["words_lost"]
    return (isinstance(late, float) and late > LAG_S) or bool(lost)


def is_sound(row: Row) -> bool:
    """Whether everybody stayed connected, every packet arrived, and every word where it belongs."""
    wrong = (
        "broken",
        "deaf",
        "packets_unreported",
        "packets_uncounted",
        "finals_missing",
        "wrong_seat",
    )
    return not any(row[name] for name in wrong)


def _summary(row: Row) -> str:
    told = f"final p95 {row['final_p95_s']} s"
    others = row["cpu_others"]
    if isinstance(others, float) and others > OTHERS_PERCENT:
        told += f"; void: other programs of this machine took {others:.0f} % of a core"
    return told if is_sound(row) else f"{told}; something is missing or wrong"


@contextlib.asynccontextmanager
async def _server(load: Load) -> AsyncIterator[Server]:
    if load.server is not None:
        yield Server(load.server.rstrip("/"), 0)
        return
    async with serving(DAEDAM_BIND_ADDRESS=LOOPBACK) as server:
        yield server


def _bind(url: str) -> str | None:
    """Clients of a server on this machine's loopback stay there."""
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return LOOPBACK if ipaddress.ip_address(host).is_loopback else None
    return LOOPBACK if host == "localhost" else None


def across(rows: list[dict[str, Cell]]) -> list[Row]:
    """Turn the table: one column for each number of rooms."""
    return [
        {"measured": name, **{f"{row['rooms']} rooms": row[name] for row in rows}}
        for name in rows[0]
        if name != "rooms"
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.load")
    default = Load()
    parser.add_argument("--rooms", type=int, nargs="+", default=list(default.rooms))
    parser.add_argument("--seats", type=int, choices=range(1, 7), default=default.seats)
    parser.add_argument("--minutes", type=float, default=default.minutes)
    parser.add_argument("--server", help="address of a running server")
    parser.add_argument("--link", help="an operator's link there, if it asks for one")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    load = Load(tuple(options.rooms), options.seats, options.minutes, options.server, options.link)
    speech = measuring_speech(speech_folder())
    with tempfile.TemporaryDirectory(prefix="daedam-load-") as folder:
        try:
            rows = asyncio.run(curve(speech, load, Path(folder)))
        except ClientsMissing as missing:
            sys.exit(str(missing))
    if not rows:
        sys.exit(1)
    print_table(across(rows))
    if options.store:
        print(store(f"load_{load.seats}", rows))
    sys.exit(0 if all(is_sound(row) or lags(row) for row in rows) else 1)
