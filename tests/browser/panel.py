"""Writes one microphone's sound of a whole panel, each person's reading, and who says what.

python -m tests.browser.panel FOLDER

Six real voices where DAEDAM_SPEECH has them, else those generated ones that the embeddings tell
apart: two of the others are too much alike.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from bench.corpus import clips, speech_folder
from pipeline.audio import RATE_HZ, Samples, samples
from server.events import SEATS
from tests.speech.clips import all_clips

TURNS: Final = 2
"""Of every person in the panel."""
PAUSE_S: Final = 1.2
"""Between two persons; long enough to end an utterance."""
READING_S: Final = 9.0
"""What a person reads to be known by; at least."""
GENERATED: Final = ("면접관_1", "면접관_2", "지원자_1", "지원자_2")
"""Speakers of the generated clips whose voices differ enough."""
LIMITS_S: Final = (3.0, 9.0)
"""Of a turn: long enough to be recognised, short enough for a test."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one person says, and how it sounds."""

    seat: str
    text: str
    sound: Samples


def sentences() -> list[Sentence]:
    """Return everything there is to say, by the seats of those who say it."""
    folder = speech_folder()
    if folder is None:
        return [
            Sentence(clip.speaker, clip.text, clip.samples)
            for clip in all_clips()
            if clip.speaker in GENERATED
        ]
    found = clips(folder)
    seats = dict(zip(sorted({clip.speaker for clip in found}), SEATS, strict=False))
    return [Sentence(seats[clip.speaker], clip.text, clip.audio) for clip in found]


def write(folder: Path) -> dict[str, object]:
    """Write the panel and the readings; return where they are and who says what, in order."""
    spoken: dict[str, list[Sentence]] = defaultdict(list)
    for sentence in sentences():
        spoken[sentence.seat].append(sentence)
    turns = {seat: _turns(each) for seat, each in spoken.items()}
    order = [turns[seat][turn] for turn in range(TURNS) for seat in turns]
    pause = np.zeros(samples(PAUSE_S), np.float32)
    panel = np.concatenate([part for each in order for part in (each.sound, pause)])
    soundfile.write(folder / "panel.wav", panel, RATE_HZ, subtype="PCM_16")
    return {
        "file": str(folder / "panel.wav"),
        "duration_s": panel.size / RATE_HZ,
        "said": [{"seat": each.seat, "text": each.text} for each in order],
        "readings": {
            seat: _write_reading(folder / f"{seat}.pcm", _reading(each, turns[seat]))
            for seat, each in spoken.items()
        },
    }


def _turns(spoken: Sequence[Sentence]) -> list[Sentence]:
    low, high = (samples(limit_s) for limit_s in LIMITS_S)
    return [each for each in spoken if low <= each.sound.size <= high][:TURNS]


def _reading(spoken: Sequence[Sentence], turns: Iterable[Sentence]) -> Samples:
    """Return what the panel does not say, as far as that is long enough."""
    said = {id(each) for each in turns}
    others = [each.sound for each in spoken if id(each) not in said]
    reading = np.zeros(0, np.float32)
    for sound in [*others, *(each.sound for each in spoken)]:
        if reading.size >= samples(READING_S):
            break
        reading = np.concatenate((reading, sound))
    return reading[: samples(READING_S * 1.5)]


def _write_reading(file: Path, sound: Samples) -> str:
    file.write_bytes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return str(file)


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    os.umask(0o077)  # Voices are people's.
    sys.stdout.write(json.dumps(write(Path(sys.argv[1])), ensure_ascii=False))
