"""How fast a note is acknowledged while a recording is transcribed, and while nothing else runs.

``python -m bench.notes [--notes 1000] [--rate 10]``. One client sends notes over the WebSocket,
another a long recording of generated speech; the server is a real process on loopback.
"""

import argparse
import asyncio
import base64
import time

import aiohttp
import numpy as np

from bench.results import Cell, print_table, store
from bench.serving import percentile, serving
from pipeline.audio import RATE_HZ
from server.paths import PREFIX
from tests.containers import encode
from tests.speech.clips import all_clips

IDLE_NOTES = 200
REFERENCE = "idle"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=10, help="notes a second")
    options = parser.parse_args()
    table = asyncio.run(_measure(options.notes, options.rate))
    print_table(table)
    print(store("notes", table))


async def _measure(notes: int, rate: float) -> list[dict[str, Cell]]:
    async with serving() as server, aiohttp.ClientSession(server.url) as client:
        idle = await _notes(client, "idle", IDLE_NOTES, rate)
        rows = [_row(REFERENCE, idle, await _loop_lag(client))]
        recording = asyncio.create_task(_transcribe(client))
        await asyncio.sleep(2)
        busy = await _notes(client, "busy", notes, rate)
        rows.append(_row("while transcribing", busy, await _loop_lag(client)))
        recording.cancel()
        return rows


def _row(name: str, latencies_ms: list[float], lag: dict[str, float]) -> dict[str, Cell]:
    return {
        "load": name,
        "notes": len(latencies_ms),
        "ack_p50_ms": round(percentile(latencies_ms, 0.5), 2),
        "ack_p99_ms": round(percentile(latencies_ms, 0.99), 2),
        "ack_max_ms": round(max(latencies_ms), 2),
        "loop_lag_p99_ms": lag["p99"],
        "loop_lag_max_ms": lag["max"],
    }


async def _notes(
    client: aiohttp.ClientSession, session: str, count: int, rate: float
) -> list[float]:
    latencies_ms = []
    async with client.ws_connect(f"{PREFIX}/ws/interview/{session}") as socket:
        began = time.monotonic()
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            sent = time.monotonic()
            await socket.send_json(
                {"type": "speaker_note", "speaker": "지원자_1", "note": f"메모 {number}"}
            )
            answer = await socket.receive_json(timeout=10)
            latencies_ms.append(1000 * (time.monotonic() - sent))
            assert answer["type"] == "note_saved"
    return latencies_ms


async def _transcribe(client: aiohttp.ClientSession) -> None:
    """Send recordings of several minutes one after the other until cancelled."""
    pause = np.zeros(RATE_HZ, np.float32)
    parts = [part for clip in all_clips() for part in (clip.samples, pause)]
    data = base64.b64encode(encode(np.concatenate(parts * 3), "webm")).decode()
    path = f"{PREFIX}/ws/interview/recording"
    async with client.ws_connect(path, max_msg_size=0) as socket:
        while True:
            await socket.send_json(
                {"type": "audio_chunk", "audio_data": data, "speaker": "지원자_1"}
            )
            answer = await socket.receive_json(timeout=600)
            assert answer["result"]["success"], "the recording was not understood"


async def _loop_lag(client: aiohttp.ClientSession) -> dict[str, float]:
    async with client.get("/healthz") as response:
        found: dict[str, float] = (await response.json())["loop_lag_ms"]
        return found


if __name__ == "__main__":
    main()
