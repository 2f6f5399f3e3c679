"""How soon one talker is understood: speech at 1x into a live track, without WebRTC.

``python -m bench.live_track [--minutes 2] [--workers 1] [--store]``: the measuring speech that
DAEDAM_SPEECH names, or else the generated clips of the tests. Speech begins and ends at known
samples, so that every delay counts the silence that endpointing waits for.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass, field

from bench.corpus import Clip, speech_folder
from bench.results import Row, print_table, store
from bench.scoring import Errors, raw_errors
from bench.turns import Told, Turn, delays, interview, measuring_speech, spread
from pipeline.assembly import Ears
from pipeline.audio import Samples, samples, seconds
from pipeline.captions import Interim, LiveEvent
from pipeline.inference import JobTranscriber
from pipeline.jobs import Priority
from pipeline.live import LiveTrack
from pipeline.models import Registry, default_folder
from pipeline.processes import LocalConfig, LocalExecutor
from pipeline.runner import Dropped, Understood

_BLOCK = samples(0.02)


@dataclass(slots=True)
class Heard:
    """What the track told, and at which second of the replay."""

    told: Told = field(default_factory=Told)
    push_s: list[float] = field(default_factory=list)

    def take(self, at_s: float, event: LiveEvent) -> None:
        match event:
            case Interim():
                self.told.interims.append((at_s, seconds(event.start)))
            case Understood(utterance=utterance):
                said = event.transcript.text
                self.told.finals.append((at_s, seconds(utterance.end), said))
            case Dropped():
                self.told.dropped += 1
            case _:
                pass


async def play(track: LiveTrack, sound: Samples, heard: Heard, begin_s: float) -> None:
    """Push the samples at the pace of the clock, 20 ms at a time."""
    for at in range(0, sound.size, _BLOCK):
        delay_s = begin_s + seconds(at + _BLOCK) - time.perf_counter()
        if delay_s > 0:
            await asyncio.sleep(delay_s)
        pushed_s = time.perf_counter()
        track.push(sound[at : at + _BLOCK])
        heard.push_s.append(time.perf_counter() - pushed_s)
    await track.close(10.0)


async def measure(speech: list[Clip], minutes: float, workers: int) -> list[Row]:
    turns, sound = interview(speech, minutes)
    ears = await asyncio.to_thread(Ears.load, Registry.default())
    config = LocalConfig(models=default_folder(), workers=workers)
    async with LocalExecutor(config) as executor:
        await executor.wait_ready(120)
        heard = Heard()
        begin_s = time.perf_counter() + 0.1
        track = LiveTrack(
            "bench",
            ears.segmenter(),
            executor,
            "bench",
            lambda event: heard.take(time.perf_counter() - begin_s, event),
        )
        await play(track, sound, heard, begin_s)
        alone = JobTranscriber(executor, "bench", priority=Priority.RECORDING)
        texts = [(await alone(sound[turn.start : turn.end])).text for turn in turns]
    ears.close()
    return [
        *delays([(turns, heard.told)]),
        *errors(turns, heard.told, texts),
        *costs(heard),
    ]


def errors(turns: list[Turn], told: Told, alone: list[str]) -> list[Row]:
    said = " ".join(turn.text for turn in turns)
    live = raw_errors(said, told.text).cer_percent
    apart = sum((raw_errors(t.text, text) for t, text in zip(turns, alone, strict=True)), Errors())
    return [
        {"measured": "CER, live (%)", "count": len(turns), "p50": live},
        {"measured": "CER, turn by turn (%)", "count": len(turns), "p50": apart.cer_percent},
        {"measured": "utterances dropped", "count": told.dropped},
    ]


def costs(heard: Heard) -> list[Row]:
    pushed_ms = [1000 * push_s for push_s in heard.push_s]
    return [spread("push of 20 ms on the event loop (ms)", pushed_ms)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.live_track")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    speech = measuring_speech(speech_folder())
    table = asyncio.run(measure(speech, options.minutes, options.workers))
    print_table(table)
    if options.store:
        print(store("live_track", table))


if __name__ == "__main__":
    main()
