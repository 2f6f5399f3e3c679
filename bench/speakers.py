"""Who speaks on one microphone: how much of it is told wrongly, how late, and at what cost.

``python -m bench.speakers [--seeds 1,2] [--minutes 5] [--outsiders 2] [--hops] [--memory]
[--answers FILE] [--store]``: panels of `bench.panels` through `Attribution` in virtual time. The
voices are those that DAEDAM_SPEECH names, or else the generated clips. ``--answers`` keeps what the
models said in a file outside the project, so that a second run is arithmetic.

Errors are those of pyannote.metrics, collar 0, overlap scored, pooled over the files of a row, in
percent of all speech. With enrolment a name must be the right one; without, voices are mapped to
speakers so that most is right. What is left unknown counts as missed.
"""

import argparse
import asyncio
import importlib.util
import sys
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from bench.corpus import speech_folder
from bench.panels import Panel, Turn, build
from bench.results import Row, print_table, store
from bench.rooms import ROOMS
from bench.serving import percentile
from bench.turns import measuring_speech
from bench.voice_costs import costs, memory
from bench.voice_errors import Errors
from bench.voice_runs import Said, enrolled, follow, utterances
from bench.voices import EngineModels, Remembered
from pipeline.assembly import Ears
from pipeline.audio import RATE_HZ, Samples, samples, seconds
from pipeline.models import Registry
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.models import VoiceModels
from pipeline.speakers.turns import VoiceTurn
from pipeline.speakers.whole import Known, whole_pass

_OVERLAPS = (0.0, 0.15)


@dataclass(slots=True)
class Pooled:
    """The errors of one row of the table at each time."""

    provisional: Errors = field(default_factory=Errors)
    turn: Errors = field(default_factory=Errors)
    session: Errors = field(default_factory=Errors)
    revised: list[float] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)

    def rows(self, names: Mapping[str, object]) -> list[Row]:
        found: list[Row] = []
        for name, errors in (
            ("provisional", self.provisional),
            ("turn", self.turn),
            ("session", self.session),
        ):
            if errors.total_s:
                row: dict[str, object] = {**names, "label": name, **errors.row()}
                found.append(row)  # type: ignore[arg-type]  # Cells are what `Errors` makes.
        return found


@dataclass(frozen=True, slots=True)
class Case:
    """Who of a panel is enrolled."""

    name: str
    enrolled: frozenset[str]


async def measure(
    panel: Panel, case: Case, ears: Ears, models: VoiceModels, pooled: Pooled, expected: int = 6
) -> None:
    """Let one panel be heard, and count."""
    known = {name: panel.enrolment[name] for name in sorted(case.enrolled)}
    gallery = await enrolled(known, models, expected)
    said = await follow(panel.samples, utterances(panel.samples, ears), models, gallery)
    roles = panel.interviewers
    mapped = not known
    pooled.provisional.add(panel.turns, said.first_labels, roles, is_mapped=mapped)
    pooled.turn.add(panel.turns, said.turns, roles, is_mapped=mapped)
    pooled.delays_s += map(seconds, said.delays)
    pooled.revised.append(_revised(said))
    final = await _session_final(panel, said, models, gallery)
    if final is not None:
        pooled.session.add(panel.turns, final, roles, is_mapped=mapped)


async def _session_final(
    panel: Panel, said: Said, models: VoiceModels, gallery: Gallery
) -> Sequence[VoiceTurn] | None:
    known = Known(expected=gallery.expected, heard=tuple(said.turns), history=said.history)
    try:
        return (await whole_pass(panel.samples, models, gallery, known)).turns
    except NotImplementedError:
        return None


def _revised(said: Said) -> float:
    """Return the share of first labels that the end of the turn changed."""
    first = Errors()
    last: list[Turn] = [(turn.voice or "unknown", turn.start, turn.end) for turn in said.turns]
    named = [
        VoiceTurn(turn.voice or "unknown", turn.start, turn.end, turn.confidence)
        for turn in said.first_labels
    ]
    first.add(last, named, frozenset(), is_mapped=False)
    return first.confusion_s / max(1e-9, first.total_s)


async def accuracy(options: argparse.Namespace, models: VoiceModels) -> list[Row]:
    """Return the table over rooms, overlaps and who is enrolled."""
    clips = measuring_speech(speech_folder())
    ears = await asyncio.to_thread(Ears.load, Registry.default())
    table: dict[tuple[str, str, str], Pooled] = defaultdict(Pooled)
    for seed in options.seeds:
        for room in ROOMS:
            for overlap in _OVERLAPS:
                panel = await asyncio.to_thread(build, clips, seed, overlap, room, options.minutes)
                for case in _cases(panel, options.outsiders, seed):
                    key = (case.name, room, f"{overlap:.0%}")
                    await measure(panel, case, ears, models, table[key])
                    print(*key, seed, table[key].turn.row(), file=sys.stderr, flush=True)
    ears.close()
    rows: list[Row] = []
    for (case_name, room_name, changes), pooled in sorted(table.items()):
        extra = {"p95_s": percentile(pooled.delays_s, 0.95) if pooled.delays_s else None}
        extra["revised_%"] = 100 * sum(pooled.revised) / max(1, len(pooled.revised))
        names = {"enrolled": case_name, "room": room_name, "overlap": changes, **extra}
        rows += pooled.rows(names)
    return rows


def _cases(panel: Panel, outsiders: int, seed: int) -> list[Case]:
    everybody = frozenset(panel.speakers)
    gone = [panel.speakers[(seed + 2 * i) % len(everybody)] for i in range(outsiders)]
    return [
        Case("all", everybody),
        Case("none", frozenset()),
        *(Case("all but one", everybody - {one}) for one in gone),
    ]


async def sample(models: VoiceModels) -> list[Row]:
    """Return the errors on pyannote's own sample: real, two speakers."""
    # Only looked for: torch is imported where its settings are made (pipeline.engines.torch_setup).
    spec = importlib.util.find_spec("pyannote.audio")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "sample"
    sound, rate_hz = soundfile.read(folder / "sample.wav", dtype="float32")
    assert rate_hz == RATE_HZ
    lines = [line.split() for line in (folder / "sample.rttm").read_text().splitlines() if line]
    turns = [
        (words[7], round(float(words[3]) * RATE_HZ), round(sum(map(float, words[3:5])) * RATE_HZ))
        for words in lines
    ]
    enrolment = {name: _first_words(sound, turns, name) for name in {turn[0] for turn in turns}}
    panel = Panel(sound, turns, enrolment, frozenset(), script=None)  # type: ignore[arg-type]
    ears = await asyncio.to_thread(Ears.load, Registry.default())
    rows: list[Row] = []
    for name, known in (("none", frozenset[str]()), ("by its first words", frozenset(enrolment))):
        pooled = Pooled()
        await measure(panel, Case(name, known), ears, models, pooled, expected=2)
        rows += pooled.rows({"enrolled": name, "room": "pyannote sample", "overlap": "real"})
    ears.close()
    return rows


def _first_words(sound: Samples, turns: Sequence[Turn], name: str) -> Samples:
    """Return up to 5 s that only ``name`` says: there is no other sound to enrol from."""
    count = np.zeros(sound.size, np.int8)
    mine = np.zeros(sound.size, bool)
    for speaker, start, end in turns:
        count[start:end] += 1
        mine[start:end] |= speaker == name
    return np.asarray(sound[mine & (count == 1)][: samples(5.0)], np.float32)


async def run(options: argparse.Namespace) -> dict[str, list[Row]]:
    inner = EngineModels()
    models: VoiceModels = Remembered(inner, options.answers) if options.answers else inner
    tables: dict[str, list[Row]] = {}
    if not options.only_costs:
        tables["speakers"] = await accuracy(options, models) + await sample(models)
    clips = measuring_speech(speech_folder())
    if options.hops:
        panel = await asyncio.to_thread(build, clips, 1, 0.0, "clean", options.minutes)
        tables["speakers_cost"] = await costs(panel, inner)
    if options.memory:
        panel = await asyncio.to_thread(build, clips, 1, 0.0, "clean", options.minutes)
        tables["speakers_memory"] = await memory(panel)
    return tables


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(prog="bench.speakers")
    parser.add_argument(
        "--seeds", type=lambda text: [int(one) for one in text.split(",")], default=[1, 2]
    )
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--outsiders", type=int, default=2)
    parser.add_argument("--answers", type=Path)
    parser.add_argument("--hops", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--only-costs", action="store_true")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    for name, table in asyncio.run(run(options)).items():
        print_table(table)
        if options.store:
            print(store(name, table), file=sys.stderr)


if __name__ == "__main__":
    main()
