"""Korean speech for measuring, found through DAEDAM_SPEECH, and interviews made of it.

The folder holds ``manifest.tsv`` (file, speaker, duration_s, transcript_written, ...) and the
clips. It is for measuring only: neither clips nor transcripts may enter the project or a result.
"""

import csv
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from pipeline.audio import RATE_HZ, Samples, samples


@dataclass(frozen=True, slots=True)
class Clip:
    """One recorded sentence and what is said in it, as printed."""

    speaker: str
    text: str
    audio: Samples


def speech_folder() -> Path | None:
    """Return the folder of measuring speech, or None when this machine has none."""
    name = os.environ.get("DAEDAM_SPEECH")
    folder = Path(name) if name else None
    return folder if folder and (folder / "manifest.tsv").is_file() else None


def clips(folder: Path) -> list[Clip]:
    with (folder / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [_clip(folder, row) for row in rows]


def _clip(folder: Path, row: dict[str, str]) -> Clip:
    audio, rate_hz = soundfile.read(folder / row["file"], dtype="float32")
    if rate_hz != RATE_HZ:
        raise ValueError(f"{row['file']} is not at 16 kHz")
    return Clip(row["speaker"], row["transcript_written"], audio)


def panel(clips: list[Clip], seed: int) -> tuple[list[Clip], Samples]:
    """Make one recording in which the voices of ``clips`` take turns, each clip once.

    A turn is 1-3 clips of a voice 0.25-0.6 s apart; another voice follows after 0.55-1.8 s.
    Turns differ in level by up to 6 dB either way; a quiet room is heard throughout.

    Returns:
        The clips in their order, and the recording.
    """
    random = np.random.default_rng(seed)
    order: list[Clip] = []
    pieces = [_pause(random, 0.5, 1.0)]
    for turn in _turns(clips, random):
        gain = 10 ** (random.uniform(-6, 6) / 20)
        for i, clip in enumerate(turn):
            if i:
                pieces.append(_pause(random, 0.25, 0.6))
            pieces.append(np.clip(gain * clip.audio, -1, 1).astype(np.float32))
        pieces.append(_pause(random, 0.55, 1.8))
        order.extend(turn)
    speech = np.concatenate(pieces)
    return order, speech + _room(random, speech.size)


def monologue(clips: list[Clip]) -> Samples:
    """Make one voice talk without drawing breath: ``clips`` 0.1 s apart, their silence cut off.

    Endpointing finds no pause in it and must cut for length.
    """
    gap = np.zeros(samples(0.1), np.float32)
    return np.concatenate([part for clip in clips for part in (_trimmed(clip.audio), gap)])


def _trimmed(audio: Samples) -> Samples:
    """Cut silence off both ends, 50 ms short of the sound."""
    frame, margin = samples(0.02), samples(0.05)
    power = np.convolve(audio * audio, np.full(frame, 1 / frame, np.float32), "same")
    loud = np.flatnonzero(power > 0.002 * power.max())
    return audio[max(0, int(loud[0]) - margin) : int(loud[-1]) + margin]


def _turns(clips: list[Clip], random: np.random.Generator) -> list[list[Clip]]:
    """Deal each voice's shuffled clips into turns, never two turns of a voice in a row if able."""
    left: dict[str, list[Clip]] = defaultdict(list)
    for i in random.permutation(len(clips)):
        left[clips[i].speaker].append(clips[i])
    turns: list[list[Clip]] = []
    last = ""
    while left:
        # Weighted by what is left, so that the last minutes do not belong to a single voice.
        voices = [voice for voice in left if voice != last] or list(left)
        weights = np.array([len(left[voice]) for voice in voices], float)
        last = str(random.choice(voices, p=weights / weights.sum()))
        size = int(random.integers(1, 4))
        turns.append(left[last][:size])
        left[last] = left[last][size:]
        if not left[last]:
            del left[last]
    return turns


def _pause(random: np.random.Generator, low_s: float, high_s: float) -> Samples:
    return np.zeros(samples(random.uniform(low_s, high_s)), np.float32)


def _room(random: np.random.Generator, size: int) -> Samples:
    """A quiet room: brown-ish noise near -60 dB of full scale."""
    white = random.standard_normal(size)
    smooth = np.convolve(white, np.ones(8) / np.sqrt(8), "same")
    return (0.001 * smooth).astype(np.float32)
