"""How good interim captions are, above all where committed words meet tentative ones.

``python -m bench.interims [--clips 40] [--context S] [--store]``: the measuring speech that
DAEDAM_SPEECH names, or else the generated clips of the tests, through a `LiveTrack` in virtual
time: models are asked inline and answer after fixed delays, so that equal code prints equal
figures. An interim is judged by the final words of its utterance: by the beginning of these that
it is most like, since the rest may not have been said yet.
"""

import argparse
import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from bench.corpus import Clip, monologue, speech_folder
from bench.results import Row, print_table, store
from bench.scoring import Errors, bare
from bench.turns import measuring_speech
from pipeline.assembly import Ears
from pipeline.audio import Samples, samples
from pipeline.captions import Interim, LiveEvent
from pipeline.inference import Backlog
from pipeline.interims import InterimConfig
from pipeline.jobs import Engine, Job, Priority, Result
from pipeline.live import LiveConfig, LiveTrack
from pipeline.models import Registry, default_folder
from pipeline.runner import Understood
from pipeline.worker import load_whisper

_BLOCK = samples(0.064)
_GAP = samples(1.5)
_ANSWER_AFTER = {Priority.INTERIM: samples(0.3), Priority.FINAL: samples(1.0)}
"""About what an unloaded machine takes. A final comes after its utterance has ended, so that the
guess, which is the final already, is not counted as an interim."""

_TWICE = re.compile(r"(.{2,}?)\1")


@dataclass(slots=True)
class Told:
    """What a track told about each utterance, by the sample at which it began."""

    interims: dict[int, list[Interim]] = field(default_factory=lambda: defaultdict(list))
    finals: dict[int, str] = field(default_factory=dict)

    def take(self, event: LiveEvent) -> None:
        match event:
            case Interim(start=start):
                self.interims[start].append(event)
            case Understood(utterance=utterance):
                self.finals[utterance.start] = event.transcript.text
            case _:
                pass

    def shown(self) -> list[tuple[str, list[Interim]]]:
        """Return for each utterance its final words and its interims."""
        return [(text, self.interims[start]) for start, text in self.finals.items()]


class Inline:
    """An ``Executor`` that does each job in the caller's process when its answer is due."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._now = 0
        self._open: list[tuple[int, Job, asyncio.Future[Result]]] = []
        self.cpu_s: dict[Priority, float] = defaultdict(float)

    async def submit(self, job: Job) -> Result:
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._open.append((self._now + _ANSWER_AFTER[job.priority], job, answer))
        return await answer

    def backlog(self, session: str | None = None) -> Backlog:
        return Backlog(0, len(self._open), 0.0)

    def advance(self, now: int) -> None:
        """Answer what is due at sample ``now``."""
        self._now = now
        for entry in [entry for entry in self._open if entry[0] <= now or entry[2].done()]:
            self._open.remove(entry)
            _, job, answer = entry
            if not answer.done():
                result = self._engine.run(job)
                self.cpu_s[job.priority] += result.cpu_s
                answer.set_result(result)


def answers(speech: list[Clip], count: int) -> Samples:
    """Join ``count`` clips to turns of one and of three clips, by turns, with pauses between."""
    chosen = speech[:: max(1, len(speech) // count)][:count]
    gap = np.zeros(_GAP, np.float32)
    pieces = [gap]
    at = 0
    while at < len(chosen):
        size = 3 if len(pieces) % 4 == 3 else 1
        pieces += [monologue(chosen[at : at + size]), gap]
        at += size
    return np.concatenate([*pieces, gap])


async def play(sound: Samples, ears: Ears, executor: Inline, context_s: float) -> Told:
    """Push the sound a block at a time; models answer between the blocks."""
    told = Told()
    config = LiveConfig(interims=InterimConfig(context_s=context_s))
    track = LiveTrack("bench", ears.segmenter(), executor, "bench", told.take, config)
    for at in range(0, sound.size, _BLOCK):
        track.push(sound[at : at + _BLOCK])
        executor.advance(track.position)
        for _ in range(8):  # As many turns as a task needs to begin, and an answer to be told.
            await asyncio.sleep(0)
    await track.close(0.0)
    return told


def rows(told: Told, interim_cpu_s: float) -> list[Row]:
    shown = told.shown()
    every = [(text, interim) for text, interims in shown for interim in interims]
    last = [(text, interims[-1]) for text, interims in shown if interims]
    seams = sum(_is_seam_doubled(interim, text) for text, interim in every)
    doubled = sum(_is_doubled(interim, text) for text, interim in every)
    committed = sum(len(bare(interim.committed)) for _, interim in last)
    final = sum(len(bare(text)) for text, _ in last)
    return [
        _row("said twice at the seam (% of interims)", len(every), 100 * seams / len(every)),
        _row("said twice anywhere (% of interims)", len(every), 100 * doubled / len(every)),
        _cer("CER of every interim", [(text, _whole(interim)) for text, interim in every]),
        _cer("CER of the last interim", [(text, _whole(interim)) for text, interim in last]),
        _cer("CER of the last committed", [(text, interim.committed) for text, interim in last]),
        _row("committed at the end (% of characters)", len(last), 100 * committed / final),
        _row("CPU of an interim (ms)", len(every), 1000 * interim_cpu_s / len(every)),
    ]


def _row(measured: str, count: int, value: float) -> Row:
    return {"measured": measured, "count": count, "value": value}


def _cer(measured: str, pairs: list[tuple[str, str]]) -> Row:
    errors = sum((_prefix_errors(final, text) for final, text in pairs), Errors())
    return _row(f"{measured} (%)", len(pairs), errors.cer_percent)


def _prefix_errors(final: str, text: str) -> Errors:
    """Edit distance of ``text`` to the beginning of ``final`` that it is most like."""
    reference = bare(final)
    row = list(range(len(reference) + 1))
    for character in bare(text):
        before, row = row, [row[0] + 1]
        for i, expected in enumerate(reference, 1):
            row.append(min(before[i - 1] + (character != expected), before[i] + 1, row[i - 1] + 1))
    return Errors(min(row), len(bare(text)))


def _whole(interim: Interim) -> str:
    return f"{interim.committed} {interim.tentative}"


def _is_seam_doubled(interim: Interim, final: str) -> bool:
    """Whether tentative words begin with two or more syllables that committed ones end with."""
    before, after = bare(interim.committed), bare(interim.tentative)
    return any(
        before.endswith(after[:size]) and 2 * after[:size] not in bare(final)
        for size in range(2, min(len(before), len(after)) + 1)
    )


def _is_doubled(interim: Interim, final: str) -> bool:
    """Whether two or more syllables follow themselves that do so nowhere in ``final``."""
    twice = _TWICE.finditer(bare(_whole(interim)))
    return any(found[0] not in bare(final) for found in twice)


async def measure(speech: list[Clip], count: int, context_s: float) -> list[Row]:
    ears = await asyncio.to_thread(Ears.load, Registry.default())
    executor = Inline(await asyncio.to_thread(load_whisper, default_folder()))
    told = await play(answers(speech, count), ears, executor, context_s)
    ears.close()
    return rows(told, executor.cpu_s[Priority.INTERIM])


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.interims")
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--context", type=float, default=InterimConfig().context_s)
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    table = asyncio.run(measure(measuring_speech(speech_folder()), options.clips, options.context))
    print_table(table)
    if options.store:
        print(store("interims", table))


if __name__ == "__main__":
    main()
