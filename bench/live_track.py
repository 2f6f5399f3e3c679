"""How soon one talker is understood: speech at 1x into a live track, without WebRTC.

``python -m bench.live_track [--minutes 2] [--workers 1] [--store]``: the measuring speech that
DAEDAM_SPEECH names, or else the generated clips of the tests. Speech begins and ends at known
samples, so that every delay counts the silence that endpointing waits for.
"""

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.corpus import Clip, clips, monologue, speech_folder
from bench.results import Row, print_table, store
from bench.scoring import Errors, raw_errors
from bench.serving import percentile
from pipeline.assembly import Ears
from pipeline.audio import RATE_HZ, Samples, samples, seconds
from pipeline.captions import Interim, LiveEvent
from pipeline.inference import JobTranscriber
from pipeline.jobs import Priority
from pipeline.live import LiveTrack
from pipeline.models import Registry, default_folder
from pipeline.processes import LocalConfig, LocalExecutor
from pipeline.runner import Dropped, Understood
from tests.speech.clips import all_clips

_BLOCK = samples(0.02)
_EDGE = samples(0.05)
"""Silence that `monologue` leaves around the sound of a clip; 0.1 s more follow it."""
_LONG_S = (12.0, 18.0)
_LONG_EVERY = 5


@dataclass(frozen=True, slots=True)
class Turn:
    """Speech from sample ``start`` to ``end`` of the track, and what is said in it."""

    start: int
    end: int
    text: str

    @property
    def is_long(self) -> bool:
        return _LONG_S[0] <= seconds(self.end - self.start) <= _LONG_S[1]


@dataclass(slots=True)
class Heard:
    """What the track told, and at which second of the replay."""

    events: list[tuple[float, LiveEvent]] = field(default_factory=list)
    push_s: list[float] = field(default_factory=list)


def interview(speech: list[Clip], minutes: float) -> tuple[list[Turn], Samples]:
    """Join clips into turns 1.5-2.5 s apart, every fifth one 12-18 s long."""
    random = np.random.default_rng(3)
    left = [speech[i] for i in random.permutation(len(speech))]
    turns: list[Turn] = []
    pieces = [np.zeros(RATE_HZ, np.float32)]
    size = RATE_HZ
    while left and size < minutes * 60 * RATE_HZ:
        turn = [left.pop()]
        if len(turns) % _LONG_EVERY == _LONG_EVERY - 1:
            while left and seconds(monologue(turn).size) < _LONG_S[0]:
                turn.append(left.pop())
        sound = monologue(turn)
        end = size + sound.size - samples(0.1) - _EDGE
        turns.append(Turn(size + _EDGE, end, " ".join(clip.text for clip in turn)))
        pieces += [sound, np.zeros(samples(random.uniform(1.5, 2.5)), np.float32)]
        size += pieces[-2].size + pieces[-1].size
    return turns, np.concatenate([*pieces, np.zeros(2 * RATE_HZ, np.float32)])


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
            lambda event: heard.events.append((time.perf_counter() - begin_s, event)),
        )
        await play(track, sound, heard, begin_s)
        alone = JobTranscriber(executor, "bench", priority=Priority.RECORDING)
        texts = [(await alone(sound[turn.start : turn.end])).text for turn in turns]
    ears.close()
    return [*delays(turns, heard), *errors(turns, heard, texts), *costs(heard)]


def delays(turns: list[Turn], heard: Heard) -> list[Row]:
    first: list[float] = []
    short: list[float] = []
    long: list[float] = []
    refresh: list[float] = []
    for turn, end in zip(turns, [*(turn.start for turn in turns[1:]), 1 << 62], strict=True):
        interims = [
            (at_s, event)
            for at_s, event in heard.events
            if isinstance(event, Interim) and turn.start - RATE_HZ <= event.start < end - RATE_HZ
        ]
        if interims:
            first.append(interims[0][0] - seconds(turn.start))
        for (before_s, one), (after_s, two) in zip(interims, interims[1:], strict=False):
            if one.start == two.start:
                refresh.append(after_s - before_s)
        finals = [
            at_s
            for at_s, event in heard.events
            if isinstance(event, Understood) and turn.start < event.utterance.end < end
        ]
        if finals:
            (long if turn.is_long else short).append(finals[-1] - seconds(turn.end))
    return [
        _row("final after the end of speech (s)", short),
        _row("the same, turns of 12-18 s (s)", long),
        _row("first interim after speech starts (s)", first),
        _row("interim refresh (s)", refresh),
    ]


def errors(turns: list[Turn], heard: Heard, alone: list[str]) -> list[Row]:
    said = " ".join(turn.text for turn in turns)
    live = " ".join(e.transcript.text for _, e in heard.events if isinstance(e, Understood))
    apart = sum((raw_errors(t.text, text) for t, text in zip(turns, alone, strict=True)), Errors())
    dropped = sum(isinstance(event, Dropped) for _, event in heard.events)
    return [
        {
            "measured": "CER, live (%)",
            "count": len(turns),
            "p50": raw_errors(said, live).cer_percent,
        },
        {"measured": "CER, turn by turn (%)", "count": len(turns), "p50": apart.cer_percent},
        {"measured": "utterances dropped", "count": dropped},
    ]


def costs(heard: Heard) -> list[Row]:
    return [
        _row("push of 20 ms on the event loop (ms)", [1000 * push_s for push_s in heard.push_s])
    ]


def _row(name: str, values: list[float]) -> Row:
    if not values:
        return {"measured": name, "count": 0}
    return {
        "measured": name,
        "count": len(values),
        "p50": percentile(values, 0.5),
        "p95": percentile(values, 0.95),
        "max": max(values),
    }


def _speech(folder: Path | None) -> list[Clip]:
    if folder is not None:
        return clips(folder)
    print("DAEDAM_SPEECH names no measuring speech: generated clips instead")
    return [Clip(clip.speaker, clip.text, clip.samples) for clip in all_clips()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.live_track")
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    speech = _speech(speech_folder())
    table = asyncio.run(measure(speech, options.minutes, options.workers))
    print_table(table)
    if options.store:
        print(store("live_track", table))


if __name__ == "__main__":
    main()
