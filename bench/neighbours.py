"""Own microphones in one room: each hears its person, and the others from afar."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from bench.corpus import Clip
from bench.panels import Script, script
from bench.rooms import response, through
from pipeline.audio import Samples, samples

Kind = Literal["none", "leakage", "gains", "echo"]

_RMS: Final = 0.05
_LEVELS_DB: Final = 12.0
_NOISE_DB: Final = -66.0
_AGREE_S: Final = 0.02
"""Tracks of a room agree within 40 ms on when something was said."""
_DOUBLE_TALK: Final = 0.10
_OVERLAPS: Final = (0.3, 0.5, 0.7, 0.9)
"""Of changes of speaker, so many overlap: whichever comes nearest to a tenth of what is said."""


@dataclass(frozen=True, slots=True)
class Table:
    """People around a table, each with a microphone.

    Attributes:
        own: what each microphone hears of its own person alone, and the room's noise.
        heard: what it hears in truth.
        offsets_s: by which the session's clock errs for each track.
        script: who says what when.
    """

    own: dict[str, Samples]
    heard: dict[str, Samples]
    offsets_s: dict[str, float]
    script: Script

    @property
    def people(self) -> list[str]:
        return sorted(self.own)


def table(
    clips: Sequence[Clip], seed: int, minutes: float, kind: Kind, level_db: float = 0.0
) -> Table:
    """Seat everybody whose voice is in ``clips``; people's levels differ by 12 dB.

    Args:
        clips: of all voices.
        seed: of everything random.
        minutes: of the interview.
        kind: ``none``: separate rooms; ``leakage``: 1-10 ms through the air; ``gains``: the same
            with microphones whose gains differ by 12 dB, too; ``echo``: from loudspeakers 150-350
            ms later, cancelled better and worse from moment to moment.
        level_db: of others, against their own microphones.
    """
    random = np.random.default_rng([seed, 7])
    said = min(
        (script(clips, seed, overlap, minutes) for overlap in _OVERLAPS),
        key=lambda one: abs(double_talk(one) - _DOUBLE_TALK),
    )
    people = sorted({one.clip.speaker for one in said.placed})
    levels = random.permutation(np.linspace(-_LEVELS_DB / 2, _LEVELS_DB / 2, len(people)))
    voices = {
        person: _voice(said, person, float(db)) for person, db in zip(people, levels, strict=True)
    }
    spread = random.permutation(np.linspace(-_LEVELS_DB / 2, _LEVELS_DB / 2, len(people)))
    gains = {
        person: 10 ** (db / 20) if kind == "gains" else 1.0
        for person, db in zip(people, spread, strict=True)
    }
    offsets_s = {person: float(random.uniform(-_AGREE_S, _AGREE_S)) for person in people}
    noises = [_noise(said.length, random) for _ in people]
    own, heard = {}, {}
    for person, noise in zip(people, noises, strict=True):
        others = np.zeros(said.length, np.float32)
        if kind != "none":
            for other in people:
                if other != person:
                    others += _arrived(voices[other], kind, level_db, random)
        gain = np.float32(gains[person])
        own[person] = np.clip(gain * (voices[person] + noise), -1, 1).astype(np.float32)
        heard[person] = np.clip(gain * (voices[person] + noise + others), -1, 1).astype(np.float32)
    return Table(own, heard, offsets_s, said)


def double_talk(said: Script) -> float:
    """Return the share of what is said while somebody else speaks, too."""
    count = np.zeros(said.length, np.int8)
    for _, start, end in said.turns:
        count[start:end] += 1
    return float((count > 1).sum() / max(1, (count > 0).sum()))


def _noise(size: int, random: np.random.Generator) -> Samples:
    return np.asarray(random.standard_normal(size) * 10 ** (_NOISE_DB / 20), np.float32)


def _voice(said: Script, person: str, level_db: float) -> Samples:
    dry = np.zeros(said.length, np.float32)
    for one in said.placed:
        if one.clip.speaker == person:
            dry[one.start : one.end] += one.clip.audio
    loud = dry[np.abs(dry) > 1e-3]
    rms = float(np.sqrt((loud.astype(np.float64) ** 2).mean()))
    return (dry * (_RMS / rms * 10 ** (level_db / 20))).astype(np.float32)


def _arrived(voice: Samples, kind: Kind, level_db: float, random: np.random.Generator) -> Samples:
    if kind == "echo":
        delay = samples(random.uniform(0.15, 0.35))
        step = samples(0.2)
        cancelled = 10 ** (-random.uniform(0, 20, voice.size // step + 1) / 20)
        wet = voice * np.repeat(cancelled, step)[: voice.size].astype(np.float32)
    else:
        delay = samples(random.uniform(0.001, 0.010))
        wet = through(voice, response(1.0, random))
    arrived = np.concatenate((np.zeros(delay, np.float32), wet))[: voice.size]
    return (arrived * 10 ** (level_db / 20)).astype(np.float32)
