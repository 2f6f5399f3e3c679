"""A server process looked at from inside and outside: what it has at one moment."""

import asyncio
import contextlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bench.counted_server import COUNTS
from bench.serving import Server, serving
from server.rooms import HOUSEKEEPING_S

_IDLE_S = 2.0
_SETTLE_S = 60.0
_POLL_S = 1.0
_STEADY_S = 5.0
_HOUSEKEEPING_S = HOUSEKEEPING_S + 2
"""By then the server has given memory back that it does not use."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a server has at one moment; ``tasks`` by their names, numbers left out."""

    descriptors: int
    threads: int
    tasks: Counter[str]
    objects: int
    rss_mb: float
    cpu_s: float

    def beyond(self, before: "Standing") -> str:
        """Return what is here that was not there before, in words; memory is not asked for."""
        more = [
            f"{count - then} {what}"
            for what, count, then in (
                ("descriptors", self.descriptors, before.descriptors),
                ("threads", self.threads, before.threads),
                ("tasks", self.tasks.total(), before.tasks.total()),
            )
            if count > then
        ]
        if self.tasks.total() > before.tasks.total():
            named = sorted((self.tasks - before.tasks).items())
            more += [f"{name} ({count})" for name, count in named]
        return ", ".join(more)


@dataclass(frozen=True, slots=True)
class Settled:
    """How it stands, after how long, and what was there for longest."""

    now: Standing
    after_s: float
    slowest: str = ""


class Inspected:
    """A server whose inside can be counted; made by ``inspected``."""

    def __init__(self, server: Server, counts: Path) -> None:
        self.server = server
        self._counts = counts

    async def look(self) -> Standing:
        """Count; the server is asked by a signal, and collects its garbage."""
        self._counts.unlink(missing_ok=True)
        os.kill(self.server.pid, signal.SIGUSR1)
        async with asyncio.timeout(10):
            while not self._counts.exists():  # noqa: ASYNC110  # Another process writes it.
                await asyncio.sleep(0.01)
        counts = json.loads(self._counts.read_text())
        process = Path(f"/proc/{self.server.pid}")
        pages = int((process / "statm").read_text("ascii").split()[1])
        return Standing(
            len(list((process / "fd").iterdir())),
            len(list((process / "task").iterdir())),
            Counter(name.rstrip("0123456789") for name in counts["tasks"]),
            counts["objects"],
            pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
            self.server.cpu_s()["server"],
        )

    async def steady(self) -> Standing:
        """Wait until nothing changes any more; return how it stands."""
        await asyncio.sleep(_HOUSEKEEPING_S)
        now, last = await self.look(), None
        while last is None or now.beyond(last) or last.beyond(now):
            await asyncio.sleep(_STEADY_S)
            now, last = await self.look(), now
        return now

    async def settled(self, before: Standing) -> Settled:
        """Wait until nothing is left beyond ``before``, for a minute at most."""
        began_s, slowest = time.monotonic(), ""
        while (now := await self.look()).beyond(before):
            took_s = time.monotonic() - began_s
            if took_s > _SETTLE_S:
                return Settled(now, took_s, slowest)
            slowest = now.beyond(before)
            await asyncio.sleep(_POLL_S)
        took_s = time.monotonic() - began_s
        await asyncio.sleep(_HOUSEKEEPING_S)
        return Settled(await self.look(), took_s, slowest)

    async def idle_percent(self) -> float:
        """Return the CPU of two seconds, in per cent of a core."""
        before_s = self.server.cpu_s()["server"]
        await asyncio.sleep(_IDLE_S)
        return 100 * (self.server.cpu_s()["server"] - before_s) / _IDLE_S


@contextlib.asynccontextmanager
async def inspected(folder: Path, **environment: str) -> AsyncIterator[Inspected]:
    """Start a server; what it has is written into ``folder``."""
    counts = folder / "counts"
    async with serving("bench.counted_server", **{COUNTS: str(counts)}, **environment) as server:
        yield Inspected(server, counts)
