"""What is lost when the network is cut in mid-sentence: through a real server, beside no cut.

``python -m bench.cuts [--cuts 20] [--at-once 2] [--seconds 15] [--long 40] [--store]``: the
measuring speech that DAEDAM_SPEECH names, or else the generated clips of the tests. Everybody talks
twice: once without a cut, and once through a tunnel (``bench.tunnel``) that is cut at a seeded
moment in the middle of a sentence. They give their connection up after six seconds, as pages do,
and try to come back from then on. The turns that the cut touches are compared.

The long cut comes twice, too: in one run somebody else takes the seat, in the other one the person
comes back after it.
"""

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from bench.corpus import Clip, speech_folder
from bench.results import Row, print_table, store
from bench.scoring import Errors, bare, raw_errors, split_like
from bench.serving import Server, serving
from bench.train import Record, Talk, ride
from bench.turns import measuring_speech, spread

_SYLLABLES = 3
"""So many in a row that are there once too often are words said twice."""
_OVERLAP_S = 0.3
"""By less than this the words of two utterances may seem to overlap."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One talk with and without a cut, in the turns that it touches."""

    cut: Errors
    uncut: Errors
    twice: int
    overlaps: int
    late: int
    gaps: int
    resent_s: float
    last_s: float | None
    """From the end of the cut to the last words from before that."""


def compare(talk: Talk, uncut: Record, cut: Record) -> Compared:
    """Compare what was written down of each turn."""
    texts = [turn.text for turn in talk.turns]
    touched = [i for i, turn in enumerate(talk.turns) if talk.cut.touches(turn)]
    whole, mended = split_like(texts, uncut.text), split_like(texts, cut.text)
    late = [came_s for came_s, final in cut.finals if final.get("is_late")]
    return Compared(
        cut=_errors(zip([texts[i] for i in touched], [mended[i] for i in touched], strict=True)),
        uncut=_errors(zip([texts[i] for i in touched], [whole[i] for i in touched], strict=True)),
        twice=sum(twice(mended[i], texts[i], whole[i]) for i in touched),
        overlaps=_overlaps(cut),
        late=len(late),
        gaps=len(cut.of("gap")),
        resent_s=cut.sent_again_s,
        last_s=max(late) - talk.cut.end_s if late else None,
    )


def _errors(pairs: Iterable[tuple[str, str]]) -> Errors:
    return sum((raw_errors(said, heard) for said, heard in pairs), Errors())


def _overlaps(record: Record) -> int:
    """Count utterances that begin well before the one before them has ended."""
    finals = [final for _, final in record.finals]
    pairs = zip(finals, finals[1:], strict=False)
    return sum(two["start"] < one["end"] - _OVERLAP_S for one, two in pairs)


def twice(heard: str, *once: str) -> int:
    """Count the parts of ``heard`` that are there more often than in any of the others."""
    allowed: Counter[str] = Counter()
    for text in once:
        allowed |= Counter(_parts(text))
    seen: Counter[str] = Counter()
    count, was_more = 0, False
    for part in _parts(heard):
        seen[part] += 1
        # What was misheard is new; only what was there before can be said again.
        is_more = seen[part] > max(1, allowed[part])
        count += is_more and not was_more
        was_more = is_more
    return count


def _parts(text: str) -> list[str]:
    letters = bare(text)
    return [letters[i : i + _SYLLABLES] for i in range(len(letters) - _SYLLABLES + 1)]


async def cuts(
    server: Server, speech: list[Clip], count: int, at_once: int, length_s: float
) -> list[Compared]:
    """Let ``count`` people talk, some at once."""
    places = asyncio.Semaphore(at_once)

    async def one(seed: int) -> Compared:
        async with places:
            talk = await asyncio.to_thread(Talk.of, speech, seed, length_s)
            uncut, cut = await asyncio.gather(
                ride(server, talk, f"uncut-{seed}", is_cut=False),
                ride(server, talk, f"cut-{seed}", is_cut=True),
            )
        compared = compare(talk, uncut, cut)
        print(f"cut {seed}: {compared}", file=sys.stderr)
        return compared

    return await asyncio.gather(*(one(seed) for seed in range(count)))


def cut_rows(length_s: float, every: list[Compared]) -> list[Row]:
    mended = sum((one.cut for one in every), Errors())
    whole = sum((one.uncut for one in every), Errors())
    more = mended.cer_percent - whole.cer_percent
    characters = mended.characters
    rows: list[Row] = [
        _value("CER of the turns touched, no cut (%)", characters, whole.cer_percent),
        _value("CER of the same turns, cut (%)", characters, mended.cer_percent),
        _value("the cut's own points", characters, more),
        _value("parts said twice", len(every), sum(one.twice for one in every)),
        _value("utterances that overlap", len(every), sum(one.overlaps for one in every)),
        _value("gaps in the record", len(every), sum(one.gaps for one in every)),
        _value("utterances marked late", len(every), sum(one.late for one in every)),
        spread("sent again (s)", [one.resent_s for one in every]),
        spread(
            "last late words after the cut (s)",
            [one.last_s for one in every if one.last_s is not None],
        ),
    ]
    return [{"cut_s": length_s, **row} for row in rows]


def _value(measured: str, count: int, value: float) -> Row:
    return {"measured": measured, "count": count, "p50": float(value)}


async def long_cut(server: Server, speech: list[Clip], length_s: float) -> list[Row]:
    """Let a person stay away for longer than their seat is kept."""
    talk = await asyncio.to_thread(Talk.of, speech, 1000, length_s)
    back, given_up = await asyncio.gather(
        ride(server, talk, "long-back", is_cut=True),
        ride(server, talk, "long-given-up", is_cut=True, is_given_up=True),
    )
    rows: list[Row] = [
        _value("somebody else refused while it was held", 1, given_up.refused),
        _value("somebody else seated afterwards", 1, given_up.taken),
        _value("parts said twice", 1, twice(back.text, " ".join(t.text for t in talk.turns))),
    ]
    for name, record in {"back": back, "given up": given_up}.items():
        gone = [at_s for at_s, told in record.of("presence") if told["state"] == "gone"]
        gaps = [gap for _, gap in record.of("gap")]
        rows.append(spread(f"{name}: seat free after (s)", [s - talk.cut.start_s for s in gone]))
        starts = [gap["start"] - record.offset_s - talk.cut.start_s for gap in gaps]
        lengths = [gap["end"] - gap["start"] for gap in gaps]
        rows.append(spread(f"{name}: the gap begins after the cut (s)", starts))
        rows.append(spread(f"{name}: the gap's length (s)", lengths))
    return [{"cut_s": length_s, **row} for row in rows]


async def measure(count: int, at_once: int, length_s: float, long_s: float) -> list[Row]:
    speech = measuring_speech(speech_folder())
    rows: list[Row] = []
    async with serving() as server:
        if count:
            rows += cut_rows(length_s, await cuts(server, speech, count, at_once, length_s))
        if long_s:
            rows += await long_cut(server, speech, long_s)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.cuts")
    parser.add_argument("--cuts", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--long", type=float, default=40.0, help="0: leave it out")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    table = asyncio.run(measure(options.cuts, options.at_once, options.seconds, options.long))
    print_table(table)
    if options.store:
        print(store("cuts", table), file=sys.stderr)


if __name__ == "__main__":
    main()
