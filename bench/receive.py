"""What hearing a microphone costs: aiortc's own receiver and ours, over real connections.

``python -m bench.receive [--tracks 20] [--seconds 10] [--loop asyncio|uvloop|both] [--rounds 3]
[--profile] [--store]``: ready-made Opus from another process over loopback. Stock is ``recv()``
and a resampler to 16 kHz mono; ours is ``Peer``. They take turns on each kind of loop, so that
both meet the same weather; the targets are a ratio of at most 40 %, and 25 % if we can. Every
connection costs something by itself (silence to the browser, RTCP, ICE's consent): this is
measured when the microphones have hushed, and both ratios are told.
"""

import argparse
import asyncio
import contextlib
import cProfile
import gc
import pstats
import resource
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Protocol, TypeAlias

import uvloop

from bench.microphones import microphones
from bench.results import Row, print_table, store
from bench.stock import StockPeer
from pipeline.audio import Samples
from server.media.frames import Frame
from server.media.peer import End, Peer, PeerConfig

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}
_WARM_S = 1.5
_CONNECT_S = 60


class Answered(Protocol):
    """A connection of either kind."""

    async def close(self) -> None:
        """End it."""


Answer: TypeAlias = Callable[[str, "Counter"], Awaitable[tuple[Answered, str]]]


class Counter:
    """Counts frames of one connection; says of ours only what ``Listener`` wants to be told."""

    def __init__(self) -> None:
        self.frames = 0
        self.samples = 0
        self.heard = asyncio.Event()

    def on_block(self, samples: Samples, _at: int) -> None:
        if not self.frames:
            self.heard.set()
        self.frames += 1
        self.samples += samples.size

    def on_sound(self, frame: Frame) -> None:
        self.on_block(frame.samples, frame.at)

    def on_connected(self) -> None: ...
    def on_text(self, channel: str, text: str) -> None: ...
    def on_open(self, channel: str) -> None: ...
    def on_close(self, channel: str) -> None: ...
    def on_reception(self, counts: object) -> None: ...
    def on_end(self, reason: End) -> None: ...


async def stock(offer: str, counter: Counter) -> tuple[Answered, str]:
    return await StockPeer.answer(offer, counter.on_block)


async def ours(offer: str, counter: Counter) -> tuple[Answered, str]:
    return await Peer.answer(offer, counter, PeerConfig(bind_address="127.0.0.1"))


PATHS: dict[str, Answer] = {"stock": stock, "ours": ours}


@dataclass(frozen=True, slots=True)
class Span:
    """What the whole process used from one moment to another; ``waits``: it gave the CPU up."""

    frames: int
    wall_s: float
    cpu_s: float
    waits: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run of one path cost; ``threads``: Python's, beyond those before."""

    speaking: Span
    hushed: Span
    threads: int

    @property
    def us_per_packet(self) -> float:
        return 1e6 * self.speaking.cpu_s / self.speaking.frames

    @property
    def receiving_us_per_packet(self) -> float:
        """Return the cost beyond that of the connections by themselves."""
        speaking, hushed = self.speaking, self.hushed
        own_s = hushed.cpu_s / hushed.wall_s * speaking.wall_s
        return 1e6 * (speaking.cpu_s - own_s) / speaking.frames


async def run(
    path: str, tracks: int, duration_s: float, profile: cProfile.Profile | None = None
) -> Cost:
    """Answer ``tracks`` microphones by one path and measure while they speak, then hush."""
    gc.collect()
    threads_before = threading.active_count()
    async with microphones(tracks) as sender:
        counters = [Counter() for _ in range(tracks)]
        answered = [
            await PATHS[path](offer, counter)
            for offer, counter in zip(sender.offers, counters, strict=True)
        ]
        await sender.answer([sdp for _, sdp in answered])
        async with asyncio.timeout(_CONNECT_S):
            await asyncio.gather(*(counter.heard.wait() for counter in counters))
        await asyncio.sleep(_WARM_S)
        with profile or contextlib.nullcontext():
            speaking = await _measure(counters, duration_s)
        threads = threading.active_count() - threads_before
        await sender.hush()
        await asyncio.sleep(_WARM_S)
        hushed = await _measure(counters, duration_s / 2)
        await asyncio.gather(*(peer.close() for peer, _ in answered))
    return Cost(speaking, hushed, threads)


async def _measure(counters: list[Counter], duration_s: float) -> Span:
    frames = sum(counter.frames for counter in counters)
    before, began_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    await asyncio.sleep(duration_s)
    after, wall_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - began_s
    return Span(
        frames=sum(counter.frames for counter in counters) - frames,
        wall_s=wall_s,
        cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        waits=after.ru_nvcsw - before.ru_nvcsw,
    )


def measure(loops: list[str], tracks: int, duration_s: float, rounds: int) -> list[Row]:
    """Run both paths in turn, who is first changing with every round."""
    costs: dict[tuple[str, str], list[Cost]] = {}
    for number in range(rounds):
        for loop in loops:
            for path in list(PATHS)[:: -1 if number % 2 else 1]:
                with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
                    cost = runner.run(run(path, tracks, duration_s))
                costs.setdefault((loop, path), []).append(cost)
                print(f"{loop} {path}: {cost.us_per_packet:.0f} µs a packet", file=sys.stderr)
    return [
        row
        for loop in loops
        for row in (
            *(_row(loop, path, tracks, costs[loop, path]) for path in PATHS),
            _ratio(loop, costs[loop, "stock"], costs[loop, "ours"]),
        )
    ]


def _row(loop: str, path: str, tracks: int, costs: list[Cost]) -> Row:
    spans = [cost.speaking for cost in costs]
    each = [cost.us_per_packet for cost in costs]
    return {
        "loop": loop,
        "path": path,
        "packets": sum(span.frames for span in spans),
        "us_per_packet": median(each),
        "least": min(each),
        "most": max(each),
        "receiving_alone": median(cost.receiving_us_per_packet for cost in costs),
        "core_percent_per_track": _core_percent(spans, tracks),
        "hushed_core_percent": _core_percent([cost.hushed for cost in costs], tracks),
        "threads": max(cost.threads for cost in costs),
        "waits_per_packet": median(span.waits / span.frames for span in spans),
    }


def _core_percent(spans: list[Span], tracks: int) -> float:
    return median(100 * span.cpu_s / span.wall_s / tracks for span in spans)


def _ratio(loop: str, theirs: list[Cost], own: list[Cost]) -> Row:
    """Compare what was measured one after the other; the whole machine's weather cancels out."""
    pairs = list(zip(own, theirs, strict=True))
    each = [100 * mine.us_per_packet / other.us_per_packet for mine, other in pairs]
    alone = [
        100 * mine.receiving_us_per_packet / other.receiving_us_per_packet for mine, other in pairs
    ]
    return {
        "loop": loop,
        "path": "ours / stock (%)",
        "us_per_packet": median(each),
        "least": min(each),
        "most": max(each),
        "receiving_alone": median(alone),
    }


def profiled(loop: str, path: str, tracks: int, duration_s: float) -> None:
    """Print where the event loop's thread spends its time; the profiler's own cost is in it."""
    profile = cProfile.Profile()
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        cost = runner.run(run(path, tracks, duration_s, profile))
    print(
        f"{loop} {path}: {cost.speaking.frames} packets, {cost.us_per_packet:.0f} µs each, profiled"
    )
    pstats.Stats(profile).sort_stats("tottime").print_stats(30)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.receive")
    parser.add_argument("--tracks", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--loop", choices=[*LOOPS, "both"], default="both")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    loops = list(LOOPS) if options.loop == "both" else [options.loop]
    if options.profile:
        for loop in loops:
            for path in PATHS:
                profiled(loop, path, options.tracks, options.seconds)
        return
    table = measure(loops, options.tracks, options.seconds, options.rounds)
    print_table([{"tracks": options.tracks, **row} for row in table])
    if options.store:
        print(store("receive", table))


if __name__ == "__main__":
    main()
