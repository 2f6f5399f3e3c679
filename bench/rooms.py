"""What a microphone in a room hears of dry speech: reflections, distance, levels and noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from pipeline.audio import RATE_HZ, Samples, samples

Room = Literal["clean", "reverberant", "table"]
ROOMS: Final[tuple[Room, ...]] = ("clean", "reverberant", "table")

_RT60_S: Final = 0.4
_VOLUME_M3: Final = 84.0
_CRITICAL_M: Final = 0.057 * (_VOLUME_M3 / _RT60_S) ** 0.5
"""Distance at which reflections are as loud as the voice itself (Kuttruff, Room Acoustics, 5.4)."""
_REVERBERANT_M: Final = 1.0
_NEAR_M: Final = 0.5
_FAR_M: Final = 3.0
_LEVELS_DB: Final = 12.0
_LOUD_RMS: Final = 0.05
_BLOCK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Place:
    """A room with somebody in every seat.

    Attributes:
        responses: of each speaker's seat to the microphone; None: right in front of it.
        near: the same from where they enrol.
        gains: of each speaker.
        noise_db: below the mean level of speech.
    """

    responses: dict[str, Samples | None]
    near: dict[str, Samples | None]
    gains: dict[str, float]
    noise_db: float
    random: np.random.Generator

    def heard(self, speaker: str, dry: Samples) -> Samples:
        return through(_levelled(dry) * np.float32(self.gains[speaker]), self.responses[speaker])

    def enrolled(self, speaker: str, dry: Samples) -> Samples:
        return self.with_noise(through(_levelled(dry), self.near[speaker]), dry.size)

    def with_noise(self, sound: Samples, size: int) -> Samples:
        """Add a room's noise, mostly low, and keep within [-1, 1]."""
        level = _rms(sound) * 10 ** (-self.noise_db / 20)
        white = self.random.standard_normal(size + 7)
        low = np.convolve(white, np.ones(8) / np.sqrt(8), "valid")
        return np.clip(sound + level * low, -1, 1).astype(np.float32)


def rooms(room: Room, speakers: Sequence[str], random: np.random.Generator) -> Place:
    """Seat ``speakers`` in a room of that kind."""
    clean = dict.fromkeys(speakers)
    if room == "clean":
        gains = {one: 10 ** (random.uniform(-3, 3) / 20) for one in speakers}
        return Place({**clean}, {**clean}, gains, 45.0, random)
    if room == "reverberant":
        seats: dict[str, Samples | None] = {
            one: response(_REVERBERANT_M, random) for one in speakers
        }
        gains = {one: 10 ** (random.uniform(-3, 3) / 20) for one in speakers}
        return Place(seats, {**seats}, gains, 15.0, random)
    metres = random.permutation(np.geomspace(_NEAR_M, _FAR_M, len(speakers)))
    levels = random.permutation(np.linspace(-_LEVELS_DB / 2, _LEVELS_DB / 2, len(speakers)))
    return Place(
        {one: response(float(m), random) for one, m in zip(speakers, metres, strict=True)},
        {one: response(_NEAR_M, random) for one in speakers},
        {one: float(10 ** (db / 20)) for one, db in zip(speakers, levels, strict=True)},
        25.0,
        random,
    )


def response(distance_m: float, random: np.random.Generator) -> Samples:
    """Return a room's response: the voice itself, then decaying reflections, of power 1."""
    time_s = np.arange(samples(_RT60_S)) / RATE_HZ
    tail = random.standard_normal(time_s.size) * np.exp(-6.91 * time_s / _RT60_S)
    tail[: samples(0.002)] = 0
    tail *= distance_m / _CRITICAL_M / np.sqrt((tail * tail).sum())
    tail[0] = 1.0
    return np.asarray(tail / np.sqrt((tail * tail).sum()), np.float32)


def through(dry: Samples, answer: Samples | None) -> Samples:
    if answer is None:
        return dry
    spectrum = np.fft.rfft(answer, _BLOCK)
    step = _BLOCK - answer.size
    wet = np.zeros(dry.size + _BLOCK, np.float32)
    for start in range(0, dry.size, step):
        part = np.fft.rfft(dry[start : start + step], _BLOCK)
        wet[start : start + _BLOCK] += np.fft.irfft(part * spectrum, _BLOCK).astype(np.float32)
    return wet[: dry.size]


def _levelled(dry: Samples) -> Samples:
    """Return ``dry`` at the level everybody speaks at."""
    return (dry * (_LOUD_RMS / max(1e-9, _rms(dry)))).astype(np.float32)


def _rms(sound: Samples) -> float:
    """Return the level of where ``sound`` sounds."""
    loud = sound[np.abs(sound) > 1e-3 * np.abs(sound).max(initial=1e-9)]
    return float(np.sqrt((loud.astype(np.float64) ** 2).mean())) if loud.size else 0.0
