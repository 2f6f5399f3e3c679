"""What one room says: a conversation in which the turn goes round, as Opus packets in a file."""

import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.corpus import Clip
from bench.talker import browser_opus
from bench.turns import Turn, interview
from pipeline.audio import RATE_HZ, Samples, samples, seconds

FRAME = samples(0.02)
_NOISE = 0.001
"""An open microphone in a quiet room: noise at -60 dB of full scale, well above digital silence."""
_SILENCE_S = 5.0
_STAGGER_S = 1.3
_LATEST_START_S = 4.0
_SILENT_LEVEL = 127


@dataclass(frozen=True, slots=True)
class Script:
    """A conversation.

    Attributes:
        turns: what is said, in samples from the beginning.
        packets: the file with all frames of it.
        floor: for each frame the number of the seat that says it.
    """

    turns: list[Turn]
    packets: Path
    floor: list[int]

    @property
    def duration_s(self) -> float:
        return seconds(len(self.floor) * FRAME)

    def seat_of(self, turn: Turn) -> int:
        return self.floor[min(turn.start // FRAME, len(self.floor) - 1)]

    def seat_at(self, at_s: float) -> int:
        """Return who has the floor at a second; before and after it is the first's or last's."""
        return self.floor[max(0, min(int(at_s * RATE_HZ) // FRAME, len(self.floor) - 1))]


def make_script(speech: list[Clip], minutes: float, seats: int, seed: int, path: Path) -> Script:
    """Let ``seats`` talk in turns for about ``minutes``; write the packets to ``path``."""
    random = np.random.default_rng(seed)
    # Not every room's first turn ends at the same moment.
    pieces = [np.zeros(samples(seed * _STAGGER_S % _LATEST_START_S), np.float32)]
    size = pieces[0].size
    turns: list[Turn] = []
    while size < minutes * 60 * RATE_HZ:
        left = minutes - seconds(size) / 60
        some, sound = interview(speech, left, seed=int(random.integers(1 << 31)))
        turns += [Turn(size + turn.start, size + turn.end, turn.clips) for turn in some]
        pieces.append(sound)
        size += sound.size
    sound = np.concatenate(pieces)
    packets = write_packets(sound + noise(sound.size, random), path)
    return Script(turns, path, _floor(turns, packets, seats))


def write_silence(path: Path) -> Path:
    """Write what an open microphone sends while nobody speaks, to be repeated."""
    write_packets(noise(samples(_SILENCE_S), np.random.default_rng(1)), path)
    return path


def write_packets(sound: Samples, path: Path) -> int:
    """Write ``sound`` as frames of rtp.mjs; return how many there are."""
    packets = browser_opus(sound)
    with path.open("wb") as file:
        for number, packet in enumerate(packets):
            level = _level(sound[number * FRAME : (number + 1) * FRAME])
            file.write(struct.pack(">HB", len(packet), level) + packet)
    return len(packets)


def noise(size: int, random: np.random.Generator) -> Samples:
    return (_NOISE * random.standard_normal(size)).astype(np.float32)


def _floor(turns: list[Turn], frames: int, seats: int) -> list[int]:
    """Each seat speaks in its turn; the floor goes over in the middle of the pause between."""
    floor = [0] * frames
    for number, (turn, following) in enumerate(zip(turns, turns[1:], strict=False)):
        middle = (turn.end + following.start) // 2 // FRAME
        floor[middle:] = [(number + 1) % seats] * (frames - middle)
    return floor


def _level(frame: Samples) -> int:
    """Decibels below full scale, as browsers write them (RFC 6464, section 3)."""
    power = float(np.mean(frame * frame)) if frame.size else 0.0
    return min(_SILENT_LEVEL, max(0, round(-10 * math.log10(max(power, 1e-13)))))
