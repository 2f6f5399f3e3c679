"""Interviews of several voices on one microphone, made by seed, whose truth is exact.

`script` says who says which clip when; `build` plays a script in a room. The clips are real
speech or the generated ones, see `bench.turns.measuring_speech`. Who sounds when is measured on
the dry clips: their silence is cut off, and a pause of `PAUSE_S` inside one is not speech.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.corpus import Clip
from bench.rooms import Room, rooms
from pipeline.audio import RATE_HZ, Samples, samples, seconds

PAUSE_S: Final = 0.3
_FRAME: Final = samples(0.01)
_SILENT_DB: Final = 35.0
"""Below the loud parts of a clip; its breaths and room are quieter, its weak syllables louder."""
_ENROLMENT_S: Final = 8.0
_ENROLMENT_SHARE: Final = 0.45
"""Of a voice's clips that enrolment may use up where there are few."""
_EDGE: Final = samples(1.0)

Turn = tuple[str, int, int]
"""Who, from which sample, to which."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip and the sample at which it begins; it is dry and at the level it was recorded."""

    clip: Clip
    start: int

    @property
    def end(self) -> int:
        return self.start + self.clip.audio.size


@dataclass(frozen=True, slots=True)
class Script:
    """Who says what when, and what everybody read for enrolment, used nowhere else."""

    placed: tuple[Placed, ...]
    enrolment: dict[str, Samples]

    @property
    def length(self) -> int:
        return max(one.end for one in self.placed) + _EDGE

    @property
    def turns(self) -> list[Turn]:
        """Return where each voice really sounds, in order of beginning."""
        every = [
            (one.clip.speaker, one.start + start, one.start + end)
            for one in self.placed
            for start, end in sounding(one.clip.audio)
        ]
        return sorted(every, key=lambda turn: turn[1:])


@dataclass(frozen=True, slots=True)
class Panel:
    """One recording of a whole interview.

    Attributes:
        turns: (speaker, start, end), exact; they overlap where voices do.
        enrolment: about 8 s of each voice as the room's microphone hears it.
        interviewers: half of the speakers.
    """

    samples: Samples
    turns: list[Turn]
    enrolment: dict[str, Samples]
    interviewers: frozenset[str]
    script: Script

    @property
    def speakers(self) -> list[str]:
        return sorted(self.enrolment)


def build(
    clips: Sequence[Clip],
    seed: int,
    overlap: float = 0.0,
    room: Room = "clean",
    minutes: float = 5.0,
) -> Panel:
    """Play the script of ``seed`` in ``room``.

    ``overlap`` is the share of changes of speaker at which the next begins before the last ends.
    """
    script_ = script(clips, seed, overlap, minutes)
    speakers = sorted(script_.enrolment)
    place = rooms(room, speakers, np.random.default_rng([seed, 1]))
    dry = {speaker: np.zeros(script_.length, np.float32) for speaker in speakers}
    for one in script_.placed:
        dry[one.clip.speaker][one.start : one.end] += one.clip.audio
    sound = np.zeros(script_.length, np.float32)
    for speaker, spoken in dry.items():
        sound += place.heard(speaker, spoken)
    sound = place.with_noise(sound, script_.length)
    enrolment = {
        speaker: place.enrolled(speaker, spoken) for speaker, spoken in script_.enrolment.items()
    }
    return Panel(sound, script_.turns, enrolment, frozenset(speakers[::2]), script_)


def script(clips: Sequence[Clip], seed: int, overlap: float = 0.0, minutes: float = 5.0) -> Script:
    """Deal clips into turns: each once, again only where there are too few for ``minutes``."""
    random = np.random.default_rng(seed)
    left: dict[str, list[Clip]] = defaultdict(list)
    for i in random.permutation(len(clips)):
        left[clips[i].speaker].append(_trimmed(clips[i]))
    enrolment = {speaker: _enrolment(mine) for speaker, mine in sorted(left.items())}
    placed: list[Placed] = []
    end = _EDGE
    dealt = _dealt(dict(left), random)
    while end < samples(60 * minutes):
        turn = next(dealt)
        begins = end + samples(random.uniform(0.15, 1.2))
        if placed and random.random() < overlap:
            shorter = min(placed[-1].clip.audio.size, turn[0].audio.size)
            begins = end - min(samples(random.uniform(0.4, 1.6)), shorter // 2)
        for clip in turn:
            placed.append(Placed(clip, max(0, begins)))
            end = placed[-1].end
            begins = end + samples(random.uniform(0.2, 0.6))
    return Script(tuple(placed), enrolment)


def sounding(audio: Samples) -> list[tuple[int, int]]:
    """Return where ``audio`` sounds, pauses shorter than `PAUSE_S` filled."""
    size = max(1, audio.size // _FRAME)
    frames = audio[: size * _FRAME].reshape(size, -1) if audio.size >= _FRAME else audio[None]
    power = np.convolve((frames * frames).mean(1), np.full(3, 1 / 3), "same")
    loud = np.flatnonzero(power > np.quantile(power, 0.95) * 10 ** (-_SILENT_DB / 10))
    if not loud.size:
        return []
    breaks = np.flatnonzero(np.diff(loud) > PAUSE_S * RATE_HZ / _FRAME)
    starts = loud[np.concatenate(([0], breaks + 1))]
    ends = loud[np.concatenate((breaks, [loud.size - 1]))] + 1
    return [
        (int(a) * _FRAME, min(int(b) * _FRAME, audio.size))
        for a, b in zip(starts, ends, strict=True)
    ]


def _trimmed(clip: Clip) -> Clip:
    spans = sounding(clip.audio)
    return Clip(clip.speaker, clip.text, clip.audio[spans[0][0] : spans[-1][1]])


def _enrolment(mine: list[Clip]) -> Samples:
    """Take clips away from ``mine`` until there are about 8 s, and join them."""
    all_s = sum(seconds(clip.audio.size) for clip in mine)
    wanted_s = min(_ENROLMENT_S, _ENROLMENT_SHARE * all_s)
    pieces: list[Samples] = []
    taken_s = 0.0
    while taken_s < wanted_s and len(mine) > 1:
        clip = mine.pop()
        taken_s += seconds(clip.audio.size)
        pieces += [clip.audio, np.zeros(samples(0.25), np.float32)]
    return np.concatenate(pieces)[: samples(_ENROLMENT_S)]


def _dealt(clips: dict[str, list[Clip]], random: np.random.Generator) -> Iterator[list[Clip]]:
    """Yield turns of 1-3 clips of one voice without end, never two of a voice in a row."""
    left = {speaker: list(mine) for speaker, mine in clips.items()}
    last = ""
    while True:
        voices = [voice for voice, mine in left.items() if mine and voice != last]
        if not voices:
            left = {speaker: list(mine) for speaker, mine in clips.items()}
            continue
        weights = np.array([len(left[voice]) for voice in voices], float)
        last = str(random.choice(voices, p=weights / weights.sum()))
        size = int(random.integers(1, 4))
        yield left[last][:size]
        left[last] = left[last][size:]
