"""How soon talkers are understood through the whole server: real peer connections at 1x.

``python -m bench.live_room [--minutes 4] [--rooms 1] [--seat 지원자_1] [--store]``: the measuring
speech that DAEDAM_SPEECH names, or else the generated clips of the tests. Every room has one
talker; a WebSocket subscriber notes when words arrive. The reference for the errors is the same
engine on every clip alone, in the same run.
"""

import argparse
import asyncio
import contextlib
import time
from dataclasses import dataclass

import aiohttp

from bench.corpus import Clip, speech_folder
from bench.results import Row, print_table, store
from bench.scoring import Errors, raw_errors
from bench.serving import Server, serving
from bench.talker import Talker, browser_opus
from bench.turns import Told, Turn, delays, interview, measuring_speech, spread
from pipeline.audio import Samples
from pipeline.engines.whisper import DecodeOptions, WhisperEngine
from pipeline.models import Registry
from server.paths import PREFIX, SESSION

_LAST_WORDS_S = 15.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One room: what was said, what was told, and the lag the server itself told of."""

    turns: list[Turn]
    told: Told
    lag_s: list[float]


async def measure(speech: list[Clip], minutes: float, rooms: int, seat: str) -> list[Row]:
    talks = [interview(speech, minutes, seed) for seed in range(3, 3 + rooms)]
    packets = [await asyncio.to_thread(browser_opus, sound) for _, sound in talks]
    async with serving() as server, aiohttp.ClientSession(server.url) as client:
        before, began_s = server.cpu_s(), time.perf_counter()
        heard = await asyncio.gather(
            *(
                _room(client, number, seat, turns, sound, packets[number])
                for number, (turns, sound) in enumerate(talks)
            )
        )
        rows = [*delays([(one.turns, one.told) for one in heard]), *_lag(heard)]
        rows += _cpu(server, before, rooms, time.perf_counter() - began_s)
    return [*rows, *await asyncio.to_thread(errors, heard)]


async def _room(
    client: aiohttp.ClientSession,
    number: int,
    seat: str,
    turns: list[Turn],
    sound: Samples,
    packets: list[bytes],
) -> Heard:
    session = f"bench-{number}"
    wanted = {"session_id": session, "consent": "external", "seats": [{"seat": seat}]}
    async with client.post(SESSION, json=wanted) as response:
        token = (await response.json())["links"][0]["token"]
    async with client.get(f"{SESSION}/{session}/join") as response:
        created_s = time.perf_counter() - (await response.json())["now"]
    heard = Heard(turns, Told(), [])
    talker = Talker(sound, packets)
    async with client.ws_connect(f"{PREFIX}/ws/interview/{session}") as socket:
        await socket.send_json({"type": "subscribe"})
        noting = asyncio.create_task(_note(socket, heard, created_s))
        began_s = await talker.speak(client, f"{SESSION}/{session}", token)
        await asyncio.sleep(began_s + talker.duration_s - time.perf_counter())
        await talker.close()
        await asyncio.sleep(_LAST_WORDS_S)
        noting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await noting
    offset_s = began_s - created_s
    told = heard.told
    told.interims = [(came_s - offset_s, at_s - offset_s) for came_s, at_s in told.interims]
    told.finals = [(came_s - offset_s, at_s - offset_s, text) for came_s, at_s, text in told.finals]
    return heard


async def _note(socket: aiohttp.ClientWebSocketResponse, heard: Heard, created_s: float) -> None:
    """Note what arrives, in session seconds."""
    while True:
        message = await socket.receive_json()
        came_s = time.perf_counter() - created_s
        match message["type"]:
            case "interim" if message["committed"] or message["tentative"]:
                heard.told.interims.append((came_s, message["start"]))
            case "utterance_final":
                words = [word[2] for one in message["segments"] for word in one["words"]]
                heard.told.finals.append((came_s, message["end"], " ".join(words)))
            case "utterance_dropped":
                heard.told.dropped += 1
            case "lag":
                heard.lag_s.append(message["final_s"])
            case _:
                pass


def errors(rooms: list[Heard]) -> list[Row]:
    """Compare with the same engine on every clip alone."""
    engine = WhisperEngine(Registry.default().path("whisper-base"))
    live, alone, drops = Errors(), Errors(), 0
    for room in rooms:
        live += raw_errors(" ".join(turn.text for turn in room.turns), room.told.text)
        drops += room.told.dropped
        for clip in (clip for turn in room.turns for clip in turn.clips):
            text = engine.transcribe(clip.audio, DecodeOptions()).text
            alone += raw_errors(clip.text, text)
    count = sum(len(turn.clips) for room in rooms for turn in room.turns)
    return [
        {"measured": "CER, live through Opus (%)", "count": count, "p50": live.cer_percent},
        {"measured": "CER, clips one by one (%)", "count": count, "p50": alone.cer_percent},
        {"measured": "utterances dropped", "count": drops},
    ]


def _lag(rooms: list[Heard]) -> list[Row]:
    return [spread("lag that the server told (s)", [lag for room in rooms for lag in room.lag_s])]


def _cpu(server: Server, before: dict[str, float], rooms: int, took_s: float) -> list[Row]:
    after = server.cpu_s()
    return [
        {
            "measured": f"CPU of {name} per room (% of a core)",
            "count": rooms,
            "p50": 100 * (after[name] - before[name]) / took_s / rooms,
        }
        for name in after
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.live_room")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--seat", default="지원자_1")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    speech = measuring_speech(speech_folder())
    rows = asyncio.run(measure(speech, options.minutes, options.rooms, options.seat))
    table = [{"rooms": options.rooms, "seat": options.seat, **row} for row in rows]
    print_table(table)
    if options.store:
        print(store(f"live_room_{options.rooms}", table))


if __name__ == "__main__":
    main()
