"""Words that own microphones borrow of neighbours, and own words that are lost over it.

``python -m bench.leakage [--minutes 3] [--seed 1] [--people 4]``; speech comes from
DAEDAM_SPEECH, else it is generated. People's levels differ by 12 dB, a tenth of what is said
overlaps, clocks err by up to 20 ms. Own words are those that the same ears write of the same
microphones where nobody else is heard. The targets: words on a wrong seat and own words lost at
most 1 %, and nothing taken out where nothing is borrowed.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.corpus import speech_folder
from bench.hearing import Ears
from bench.neighbours import Kind, Table, double_talk, table
from bench.results import Row, print_table, store
from bench.turns import measuring_speech
from pipeline.audio import Samples, samples, seconds
from pipeline.endpointing import Span
from pipeline.engines.campplus import EmbeddingEngine
from pipeline.engines.whisper import DecodeOptions
from pipeline.guards import objection
from pipeline.models import Registry
from pipeline.speakers.leakage import Leakage
from pipeline.speakers.models import Activity
from pipeline.speakers.own import OwnSpeech, Voices
from pipeline.transcription import Transcript

CASES: Final[tuple[tuple[str, Kind, float], ...]] = (
    ("separate rooms", "none", 0.0),
    ("leakage -6 dB", "leakage", -6.0),
    ("leakage -10 dB", "leakage", -10.0),
    ("leakage -15 dB", "leakage", -15.0),
    ("leakage -20 dB", "leakage", -20.0),
    ("leakage -12 dB, gains over 12 dB", "gains", -12.0),
    ("echo cancelled to -25 dB", "echo", -25.0),
)
_SETTLED_S: Final = 0.3
"""After the end of speech, when it is judged: the pause that a final decode waits for."""
_BLOCK: Final = samples(0.1)
_NEAR_S: Final = 0.4
"""Whisper's times are no better."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word at its time in the interview."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """Words of all microphones, and what is wrong with them."""

    own: int
    wrong_seat: int
    lost: int
    lost_alone: int
    alone: int


class Bench:
    """Loaded ears and a table; words of clean microphones are made once a table."""

    def __init__(self, ears: Ears) -> None:
        self._ears = ears
        self._known: dict[int, Transcript] = {}
        """What was heard before: much is the same whatever is taken out elsewhere."""

    def hear(self, at: Table, *, is_clean: bool) -> dict[str, list[Word]]:
        """Return the words of every microphone, without anything taken out."""
        tracks = at.own if is_clean else at.heard
        return {
            person: [word for span in self._ears.spans(track) for word in self._words(track, span)]
            for person, track in tracks.items()
        }

    async def screen(self, at: Table, voices: Voices | None) -> dict[str, list[Word]]:
        """Return the words that are left when others' speech is taken out."""
        words: dict[str, list[Word]] = {person: [] for person in at.people}
        async for person, span, left in self.screened(at, voices):
            if left is not None:
                words[person] += self._words(left, span, is_cut=True)
        return words

    async def screened(
        self, at: Table, voices: Voices | None
    ) -> AsyncIterator[tuple[str, Span, Samples | None]]:
        """Yield every utterance and what is left of it, judged when it would be live."""
        leakage = Leakage()
        screens = {
            person: OwnSpeech(leakage, person, _session_s(at.offsets_s[person]), voices)
            for person in at.people
        }
        spans = [
            (span.end + samples(_SETTLED_S), person, span)
            for person in at.people
            for span in self._ears.spans(at.heard[person])
        ]
        position = 0
        for due, person, span in sorted(spans, key=lambda item: item[:2]):
            while position < due:
                for name, track in at.heard.items():
                    start_s = seconds(position) + at.offsets_s[name] + 1.0
                    leakage.hear(name, start_s, track[position : position + _BLOCK])
                position += _BLOCK
            sound = at.heard[person][span.start : span.end]
            yield person, span, (await screens[person](span.start, sound, is_final=True)).samples

    def _words(self, track: Samples, span: Span, *, is_cut: bool = False) -> list[Word]:
        sound = track if is_cut else track[span.start : span.end]
        name = hash(sound.tobytes())
        if name not in self._known:
            self._known[name] = self._ears.whisper.transcribe(sound, DecodeOptions())
        transcript = self._known[name]
        if objection(transcript, seconds(sound.size)) is not None:
            return []
        begin_s = seconds(span.start)
        return [Word(begin_s + one.start, begin_s + one.end, one.text) for one in transcript.words]


def score(at: Table, clean: dict[str, list[Word]], heard: dict[str, list[Word]]) -> Score:
    """Compare what was written with what the same ears write of clean microphones.

    A word is on a wrong seat where its person is silent and another speaks, or where it is in
    what another says and not in what its person says at that time. An own word is lost where
    nothing is written of its time.
    """
    speaks = {person: np.zeros(at.script.length + 1, bool) for person in at.people}
    for person, start, end in at.script.turns:
        speaks[person][start:end] = True
    counts: Counter[str] = Counter()
    for person in at.people:
        others = [other for other in at.people if other != person]
        theirs = [word for other in others for word in clean[other]]
        counts["wrong"] += sum(
            _is_others(word, speaks[person], [speaks[one] for one in others], clean[person], theirs)
            for word in heard[person]
        )
        for word in clean[person]:
            is_alone = not any(_overlaps(word, speaks[other]) for other in others)
            is_lost = not any(_is_near(word, one) for one in heard[person])
            counts["own"] += 1
            counts["alone"] += is_alone
            counts["lost"] += is_lost
            counts["lost_alone"] += is_lost and is_alone
    return Score(
        counts["own"], counts["wrong"], counts["lost"], counts["lost_alone"], counts["alone"]
    )


def _is_others(
    word: Word,
    mine: NDArray[np.bool_],
    others: list[NDArray[np.bool_]],
    own: list[Word],
    theirs: list[Word],
) -> bool:
    if not _overlaps(word, mine):
        return any(_overlaps(word, other) for other in others)
    near = {one.text for one in own if _is_near(word, one)}
    return word.text not in near and any(
        one.text == word.text and _is_near(word, one) for one in theirs
    )


def _overlaps(word: Word, speaks: NDArray[np.bool_]) -> bool:
    start, end = samples(word.start_s - _NEAR_S / 2), samples(word.end_s + _NEAR_S / 2)
    return bool(speaks[max(0, start) : end].any())


def _is_near(one: Word, two: Word) -> bool:
    return one.start_s < two.end_s + _NEAR_S and two.start_s < one.end_s + _NEAR_S


def _row(case: str, how: str, at: Table, found: Score) -> Row:
    return {
        "case": case,
        "screen": how,
        "people": len(at.people),
        "double_talk_percent": round(100 * double_talk(at.script), 1),
        "own_words": found.own,
        "wrong_seat_percent": round(100 * found.wrong_seat / max(1, found.own), 2),
        "own_lost_percent": round(100 * found.lost / max(1, found.own), 2),
        "own_lost_alone_percent": round(100 * found.lost_alone / max(1, found.alone), 2),
    }


def _session_s(offset_s: float) -> Callable[[int], float]:
    return lambda sample: seconds(sample) + offset_s + 1.0


@dataclass(frozen=True, slots=True)
class _Models:
    """The embedding model in this process; nobody asks for activity."""

    engine: EmbeddingEngine

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        return self.engine.embed(pieces)

    async def activity(self, sound: Samples) -> Activity:
        raise NotImplementedError


def _voices(at: Table) -> Voices:
    """Enrol everybody, as their own microphones hear them."""
    engine = EmbeddingEngine(Registry.default().path("campplus"))
    known = {
        person: engine.embed([at.script.enrolment[person]])[0] for person in at.script.enrolment
    }
    return Voices(known.get, _Models(engine))


async def measure(arguments: argparse.Namespace) -> list[Row]:
    """Return a row for each case and way to take others' speech out, printing each."""
    clips = measuring_speech(speech_folder())
    people = sorted({clip.speaker for clip in clips})[-arguments.people :]
    spoken = [clip for clip in clips if clip.speaker in people]
    bench = Bench(Ears(Registry.default().path("whisper-base")))
    rows: list[Row] = []
    clean: dict[str, list[Word]] | None = None
    for case, kind, level_db in CASES:
        if arguments.cases and not any(part in case for part in arguments.cases.split(",")):
            continue
        at = table(spoken, arguments.seed, arguments.minutes, kind, level_db)
        if clean is None or kind == "gains":
            clean = bench.hear(at, is_clean=True)
        for way in arguments.ways.split(","):
            if way == "none":
                heard = clean if kind == "none" else bench.hear(at, is_clean=False)
            else:
                heard = await bench.screen(at, _voices(at) if "voices" in way else None)
            rows.append(_row(case, way, at, score(at, clean, heard)))
            print_table(rows[-1:])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=4, help="2, 3, 4 or 6")
    parser.add_argument("--ways", default="none,levels,levels and voices")
    parser.add_argument("--cases", default="", help="parts of their names, with commas between")
    arguments = parser.parse_args()
    rows = asyncio.run(measure(arguments))
    print_table(rows)
    if not arguments.cases:
        print(f"stored in {store('leakage', rows)}")


if __name__ == "__main__":
    main()
