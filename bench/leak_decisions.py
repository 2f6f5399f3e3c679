"""How much speech the screen of own microphones takes out, own and others', in seconds.

``python -m bench.leak_decisions [--seeds 1-4] [--minutes 4] [--people 6]``; quick, as no words
are made of it: see ``bench.leakage`` for those. Own speech counts where it is louder than 25 dB
below its loud parts; others' where it stands out of the noise and nobody speaks over it.
"""

import argparse
import asyncio
from collections import Counter

import numpy as np
from numpy.typing import NDArray

from bench.corpus import speech_folder
from bench.hearing import Ears
from bench.leakage import CASES, Bench
from bench.neighbours import Table, table
from bench.results import Row, print_table, store
from bench.turns import measuring_speech
from pipeline.audio import RATE_HZ, Samples
from pipeline.models import Registry
from pipeline.speakers.envelopes import FRAME, levels

_SPEECH_DB = 25.0
_AUDIBLE_DB = 6.0
_CLEARLY_DB = 3.0


async def decisions(bench: Bench, at: Table) -> Counter[str]:
    """Count frames of own and others' speech, and those that the screen got wrong."""
    counts: Counter[str] = Counter()
    kept = {person: np.zeros(at.script.length // FRAME + 1, np.bool_) for person in at.people}
    heard = {person: kept[person].copy() for person in at.people}
    async for person, span, left in bench.screened(at, None):
        first = span.start // FRAME
        frames = slice(first, first + (span.end - span.start) // FRAME)
        heard[person][frames] = True
        if left is not None:
            sound = left[: (frames.stop - frames.start) * FRAME].reshape(-1, FRAME)
            kept[person][frames] = sound.any(axis=1)
    for person in at.people:
        own, others, is_clear = _truth(at.own[person], at.heard[person])
        listened = heard[person][: own.size]
        taken_out = listened & ~kept[person][: own.size]
        counts["own"] += int((own & listened).sum())
        counts["own_lost"] += int((own & taken_out).sum())
        counts["clear"] += int((own & is_clear & listened).sum())
        counts["clear_lost"] += int((own & is_clear & taken_out).sum())
        counts["others"] += int((others & listened).sum())
        counts["others_kept"] += int((others & listened & ~taken_out).sum())
    return counts


def _truth(
    own: Samples, heard: Samples
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where oneself speaks, where only others are heard, and where one is louder."""
    mine, theirs = levels(own), levels(heard - own)
    speaks = mine > np.percentile(mine, 97) - _SPEECH_DB
    noise_db = np.percentile(mine, 20)
    return speaks, ~speaks & (theirs > noise_db + _AUDIBLE_DB), mine > theirs + _CLEARLY_DB


async def measure(arguments: argparse.Namespace) -> list[Row]:
    """Return a row for each case, pooled over seeds, printing each."""
    clips = measuring_speech(speech_folder())
    people = sorted({clip.speaker for clip in clips})[-arguments.people :]
    spoken = [clip for clip in clips if clip.speaker in people]
    bench = Bench(Ears(Registry.default().path("whisper-base")))
    first, _, last = arguments.seeds.partition("-")
    rows: list[Row] = []
    for case, kind, level_db in CASES:
        counts: Counter[str] = Counter()
        for seed in range(int(first), int(last or first) + 1):
            at = table(spoken, seed, arguments.minutes, kind, level_db)
            counts += await decisions(bench, at)
        rows.append(
            {
                "case": case,
                "own_s": counts["own"] * FRAME / RATE_HZ,
                "own_lost_percent": _percent(counts, "own"),
                "own_and_louder_lost_percent": _percent(counts, "clear"),
                "others_s": counts["others"] * FRAME / RATE_HZ,
                "others_kept_percent": 100 * counts["others_kept"] / max(1, counts["others"]),
            }
        )
        print_table(rows[-1:])
    return rows


def _percent(counts: Counter[str], what: str) -> float:
    return 100 * counts[f"{what}_lost"] / max(1, counts[what])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-2", help="first-last")
    parser.add_argument("--minutes", type=float, default=4.0)
    parser.add_argument("--people", type=int, default=6)
    rows = asyncio.run(measure(parser.parse_args()))
    print_table(rows)
    print(f"stored in {store('leak_decisions', rows)}")


if __name__ == "__main__":
    main()
