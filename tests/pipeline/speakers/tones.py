"""People who hum, each their own tone, and models that tell them apart by it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.speakers.models import EMBEDDING_SIZE, Activity

TONES_HZ = {"A": 200.0, "B": 500.0, "C": 1100.0}
STEP = 320
SILENT = 1e-6
LOUD = 0.1
"""Part of the loudest tone from which a tone is somebody who speaks."""


def hum(timeline: str, each_s: float = 0.5, level: float = 0.3) -> Samples:
    """Return what is drawn: ``AAA..BBX`` is A, silence, B, and A with B at once."""
    parts = []
    for letter in timeline:
        time_s = np.arange(samples(each_s)) / RATE_HZ
        who = {"X": "AB", ".": ""}.get(letter, letter)
        waves = [np.sin(2 * np.pi * TONES_HZ[one] * time_s) for one in who]
        parts.append(level * np.sum([np.zeros_like(time_s), *waves], axis=0))
    return np.concatenate(parts).astype(np.float32)


def noise(sound: Samples, snr_db: float) -> Samples:
    """Return ``sound`` in white noise, so far below what is not silence in it."""
    power = float(np.square(sound[sound != 0]).mean())
    drawn = np.random.default_rng(1).standard_normal(sound.size)
    noisy: Samples = (sound + drawn * np.sqrt(power) * 10 ** (-snr_db / 20)).astype(np.float32)
    return noisy


class ToneModels:
    """``VoiceModels`` for `hum`; counts what it is asked."""

    def __init__(self) -> None:
        self.windows: list[int] = []
        self.pieces: list[int] = []

    async def activity(self, sound: Samples) -> Activity:
        self.windows.append(sound.size)
        frames = sound[: sound.size // STEP * STEP].reshape(-1, STEP)
        heights = _heights(frames)
        speakers = heights > max(LOUD * heights.max(initial=0), SILENT)
        return Activity(speakers.astype(np.float32), float(STEP))

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        self.pieces.append(len(pieces))
        heights = np.concatenate([_heights(piece[None, :]) for piece in pieces])
        # Nobody's embedding is a pure one: all voices have something in common.
        return _wide(_units(heights / heights.max(axis=1, keepdims=True) + 0.2))


def _wide(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(rows, ((0, 0), (0, EMBEDDING_SIZE - rows.shape[1])))


def _heights(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    time_s = np.arange(frames.shape[1]) / RATE_HZ
    waves = [np.exp(-2j * np.pi * hz * time_s) for hz in TONES_HZ.values()]
    heights: NDArray[np.float32] = np.abs(frames @ np.stack(waves, axis=1))
    heights *= 2 / frames.shape[1]
    return heights.astype(np.float32)


def _units(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    units: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return units.astype(np.float32)
