"""What a room costs whose people hear each other, how late they do, and that nobody hears an echo.

``python -m bench.mix [--people 6] [--seconds 10] [--rounds 3] [--chirps 60] [--no-cost] [--no-ear]
[--store]``: real connections over loopback, ours beside what one builds of aiortc's own parts.

The cost is that of receiving and sending together in one process without the understanding of
words; people are libdatachannel in another process, and what they were sent is counted there. One
talks while five microphones are open, then all talk, then nobody does.

How late: libwebrtc at both ends, from a sound that is spoken to when it leaves the listener's
play-out buffer, through the same rooms and, in the last row, through a whole server.
"""

import argparse
import asyncio
import contextlib
import gc
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import aiohttp
import numpy as np
import uvloop

from bench import ear
from bench.corpus import speech_folder
from bench.load.clients import Client, Clients, clients, offer
from bench.load.script import write_packets, write_silence
from bench.mixing_rooms import ROOMS
from bench.results import Row, print_table, store
from bench.serving import percentile, serving
from bench.turns import measuring_speech, spread
from pipeline.audio import RATE_HZ, Samples, samples
from server.paths import SESSION

_WARM_S = 2.0
_SPEECH_S = 30
_SEED = 6
_TONE_S = 10.0
_HEARD_S = 6.0
"""Of a tone, by which it is judged: after buffers and limiters have settled."""


@dataclass(frozen=True, slots=True)
class Talk:
    """Who talks; ``talkers`` of all people, the others' microphones are open."""

    name: str
    talkers: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a room used, and how much was heard and sent in that time."""

    wall_s: float
    cpu_s: float
    heard: int
    sent: int

    @property
    def core_percent(self) -> float:
        return 100 * self.cpu_s / self.wall_s


def talks(people: int) -> list[Talk]:
    return [Talk("nobody", 0), Talk("one", 1), Talk("all", people)]


async def cost(path: str, talk: Talk, people: int, folder: Path, duration_s: float) -> Cost:
    """Measure one room."""
    gc.collect()
    room = ROOMS[path]()
    async with clients() as every:
        seats = [await every.make() for _ in range(people)]
        for seat in seats:
            await every.answer(seat, await room.answer(seat.offer.result()))
        await _talk(every, seats, talk, folder)
        await asyncio.sleep(_WARM_S)
        heard, sent = room.frames, await _sent(every)
        before, began_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        await asyncio.sleep(duration_s)
        after, wall_s = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - began_s
        heard, sent = room.frames - heard, await _sent(every) - sent
        await room.close()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall_s, cpu_s, heard, sent)


async def _talk(every: Clients, seats: list[Client], talk: Talk, folder: Path) -> None:
    frames = _SPEECH_S * 50
    silence = folder / "silence"
    for number, seat in enumerate(seats):
        floor = [0 if number < talk.talkers else -1] * frames
        await every.talk([seat], folder / f"speech {number}", silence, floor)


async def _sent(every: Clients) -> int:
    """Return how many packets have reached the clients."""
    return sum(one.heard for one in (await every.counts()).by_client.values())


def write_sound(people: int, folder: Path) -> None:
    """Write what each says: the same words, from different places on."""
    speech = measuring_speech(speech_folder())
    sound = np.concatenate([clip.audio for clip in speech[:20]])
    sound = np.tile(sound, 1 + _SPEECH_S * RATE_HZ // sound.size)[: _SPEECH_S * RATE_HZ]
    for number in range(people):
        write_packets(np.roll(sound, number * sound.size // people), folder / f"speech {number}")
    write_silence(folder / "silence")


def costs(people: int, duration_s: float, rounds: int) -> list[Row]:
    """Run all rooms in turn, who is first changing with every round."""
    found: dict[tuple[str, str], list[Cost]] = {}
    with tempfile.TemporaryDirectory(prefix="daedam-mix-") as folder:
        write_sound(people, Path(folder))
        for number in range(rounds):
            for talk in talks(people):
                for path in list(ROOMS)[:: -1 if number % 2 else 1]:
                    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                        one = runner.run(cost(path, talk, people, Path(folder), duration_s))
                    found.setdefault((talk.name, path), []).append(one)
                    print(f"{talk.name} {path}: {one.core_percent:.1f} %", file=sys.stderr)
    return [
        _cost_row(talk, path, people, found[talk.name, path], found[talk.name, "stock"])
        for talk in talks(people)
        for path in ROOMS
    ]


def _cost_row(talk: Talk, path: str, people: int, own: list[Cost], theirs: list[Cost]) -> Row:
    each = [one.core_percent for one in own]
    ratios = [
        100 * mine.core_percent / other.core_percent
        for mine, other in zip(own, theirs, strict=True)
    ]
    return {
        "people": people,
        "talking": talk.name,
        "path": path,
        "core_percent": median(each),
        "least": min(each),
        "most": max(each),
        "of_stock_percent": median(ratios),
        "heard_per_s": median(one.heard / one.wall_s for one in own),
        "sent_per_s": median(one.sent / one.wall_s for one in own),
    }


@contextlib.asynccontextmanager
async def entrances(path: str, people: int) -> AsyncIterator[list[ear.Answer]]:
    """Open a room; yield how each of its people comes in."""
    if path in ROOMS:
        room = ROOMS[path]()
        try:
            yield [room.answer] * people
        finally:
            await room.close()
        return
    async with serving() as server, aiohttp.ClientSession(server.url) as client:
        seats = [f"{kind}_{i + 1}" for i in range(people) for kind in ("면접관", "지원자")]
        places = [{"seat": seat} for seat in seats[:people]]
        wanted = {"session_id": "bench", "consent": "external", "seats": places}
        async with client.post(SESSION, json=wanted) as response:
            response.raise_for_status()
            tokens = [link["token"] for link in (await response.json())["links"]]

        def entrance(token: str) -> ear.Answer:
            return lambda sdp: offer(client, f"{SESSION}/bench", token, sdp)

        yield [entrance(token) for token in tokens[:people]]


async def lateness(path: str, people: int, count: int) -> list[Row]:
    """Measure from one's mouth to the ears of all others."""
    said, at = ear.chirps(count, _SEED)
    says: list[Samples] = [said, *[np.zeros(0, np.float32)] * (people - 1)]
    async with entrances(path, people) as answers, ear.people(answers, says) as every:
        await asyncio.sleep(said.size / RATE_HZ + 0.5)
    mouth = every[0].mouth
    late = [one for person in every[1:] for one in ear.delays_s(mouth, at, person.ear)]
    row = spread("mouth to ear (ms)", [1000 * one for one in late if one is not None])
    return [{"path": path, **row, "not_heard": sum(one is None for one in late)}]


async def echoes(path: str, people: int) -> list[Row]:
    """Measure by how much everybody's own voice is quieter than the others'."""
    pitches = ear.pitches_hz(people)
    says = [ear.tone(hz, _TONE_S) for hz in pitches]
    async with entrances(path, people) as answers, ear.people(answers, says) as every:
        await asyncio.sleep(_TONE_S - 1)
        sounds = [person.ear.sound[-samples(_HEARD_S) * 3 :] for person in every]
    below = [
        ear.own_voice_db(own, [hz for hz in pitches if hz != own], sound)
        for own, sound in zip(pitches, sounds, strict=True)
    ]
    return [
        {
            "path": path,
            "measured": "own voice below the others (dB)",
            "count": len(below),
            "p50": percentile(below, 0.5),
            "least": min(below),
        }
    ]


async def hearing(people: int, count: int) -> tuple[list[Row], list[Row]]:
    late: list[Row] = []
    own: list[Row] = []
    for path in (*ROOMS, "server"):
        late += await lateness(path, people, count)
        print(*late[-1].items(), file=sys.stderr)
        own += await echoes(path, people)
        print(*own[-1].items(), file=sys.stderr)
    return late, own


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.mix")
    parser.add_argument("--people", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chirps", type=int, default=60)
    parser.add_argument("--no-cost", action="store_true")
    parser.add_argument("--no-ear", action="store_true")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    tables: dict[str, list[Row]] = {}
    if not options.no_cost:
        tables["mix"] = costs(options.people, options.seconds, options.rounds)
    if not options.no_ear:
        # asyncio's own loop, because libwebrtc's Python part wants to be called back by it.
        late, own = asyncio.run(hearing(options.people, options.chirps))
        tables |= {"mix_delay": late, "mix_own_voice": own}
    for name, table in tables.items():
        print_table(table)
        if options.store:
            print(store(name, table), file=sys.stderr)


if __name__ == "__main__":
    main()
