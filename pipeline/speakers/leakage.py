"""Whose speech an own microphone heard: its person's, or others' from afar.

How much of somebody's speech reaches another's microphone is learnt while they alone are loud.
What a microphone hears beyond what that explains is its own person's; where nothing is known to
arrive from others, everything is::

    their microphone    ######..######................######
    own microphone      ......::::::::....########..:#######    : what the path explains
    verdict             leakage           own         own
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.audio import Samples
from pipeline.speakers.envelopes import (
    FLOOR_DB,
    FRAMES_A_SECOND,
    Envelope,
    Levels,
    frame_of,
    levels,
    smoothed,
)
from pipeline.speakers.paths import LAGS, Path
from pipeline.speakers.verdicts import Stretch, VerdictConfig, verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakageConfig:
    """How the ways between people and microphones are learnt; durations in frames of 10 ms.

    Attributes:
        active_db: above a track's own noise, from which on it holds speech to learn from.
        dominant_db: above every other track: its person speaks, and nobody else does.
        spread: so far apart the same sound may lie on two tracks.
        decay_db: by which the reverberation of a sound falls each frame.
    """

    active_db: float = 15.0
    dominant_db: float = 2.0
    spread: int = 3
    decay_db: float = 1.0
    verdict: VerdictConfig = field(default_factory=VerdictConfig)


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two tracks at one time: the correlation of their levels, and by how much one is louder."""

    correlation: float
    louder_db: float


_CONTEXT = 60
"""Frames before a place that its reverberation comes from."""
_STEP = FRAMES_A_SECOND // 2
_SETTLED = 20
"""Frames until packets of all tracks have come, but for late ones."""
_MOST = 24
"""Microphones known at once; whoever comes back may come with a new one each time."""
_COMPARED = 30
"""Frames below which nothing can be said about two tracks."""


class Leakage:
    """Follows the own microphones of one room, and says what each heard of the others."""

    def __init__(self, config: LeakageConfig | None = None) -> None:
        """Start without microphones."""
        self._config = config or LeakageConfig()
        self._envelopes: dict[str, Envelope] = {}
        self._paths: dict[tuple[str, str], Path] = {}
        """(who is heard, by whose microphone) → the way between them."""
        self._learnt = 0
        """The frame up to which paths were learnt."""

    @property
    def paths(self) -> Mapping[tuple[str, str], Path]:
        """The ways from one's mouth to another's microphone, by (who, at whose)."""
        return self._paths

    def hear(self, track: str, start_s: float, sound: Samples) -> None:
        """Take the next sound of a microphone, at session second ``start_s``."""
        envelope = self._envelopes.setdefault(track, Envelope())
        if len(self._envelopes) > _MOST:
            others = [name for name in self._envelopes if name != track]
            self.forget(min(others, key=lambda name: self._envelopes[name].end))
        before = envelope.end
        envelope.put(start_s, sound)
        if envelope.end != before and len(self._envelopes) > 1:
            self._follow(_SETTLED)

    def forget(self, track: str) -> None:
        """The microphone has gone, and whoever comes with it next may sit elsewhere."""
        self._envelopes.pop(track, None)
        for pair in [pair for pair in self._paths if track in pair]:
            del self._paths[pair]

    def judge(self, track: str, start_s: float, sound: Samples) -> tuple[Stretch, ...]:
        """Say whose ``sound`` of ``track`` is, from its first to its last sample."""
        for envelope in self._envelopes.values():
            envelope.settle()
        self._follow(0)
        first, here = frame_of(start_s), levels(sound)
        arriving = {
            other: self._spread(other, path, first, first + here.size) + np.float32(path.gain_db)
            for (other, by), path in self._paths.items()
            if by == track and path.gain_db is not None and other in self._envelopes
        }
        if not arriving or not here.size or track not in self._envelopes:
            return (Stretch(0, sound.size, is_own=True),)
        noise_db = self._envelopes[track].noise_db
        found = verdicts(smoothed(here), noise_db, arriving, self._config.verdict)
        return (*found[:-1], replace(found[-1], end=sound.size))

    def compare(self, track: str, other: str, start_s: float, end_s: float) -> Likeness | None:
        """Return how alike two tracks were between two session seconds; None: not known."""
        if track not in self._envelopes or other not in self._envelopes:
            return None
        first, last = frame_of(start_s), frame_of(end_s)
        if last - first < _COMPARED:
            return None
        here, there = (
            smoothed(self._envelopes[name].between(first, last)) for name in (track, other)
        )
        if min(here.max(), there.max()) <= FLOOR_DB:
            return None
        spread = float(here.std() * there.std())
        alike = float(((here - here.mean()) * (there - there.mean())).mean()) / max(spread, 1e-6)
        loud = (float(np.percentile(one, 90)) for one in (here, there))
        return Likeness(alike, next(loud) - next(loud))

    def _follow(self, settled: int) -> None:
        """Learn from all whole steps up to ``settled`` frames ago."""
        if len(self._envelopes) < 2:
            return
        now = max(envelope.end for envelope in self._envelopes.values())
        self._learnt = max(self._learnt, now - 20 * _STEP)
        while self._learnt + _STEP <= now - settled:
            self._learn(self._learnt, self._learnt + _STEP)
            self._learnt += _STEP

    def _spread(self, track: str, path: Path, first: int, last: int) -> Levels:
        """Return a track's levels, each sound a little earlier, later, and reverberating."""
        spread, decay_db = self._config.spread, np.float32(self._config.decay_db)
        begin, end = first - path.lag - _CONTEXT - spread, last - path.lag + spread
        wide = smoothed(self._envelopes[track].between(begin, end), 3)
        near = np.lib.stride_tricks.sliding_window_view(wide, 2 * spread + 1).max(axis=1)
        # What falls by a constant each frame is a running maximum of what does not fall at all.
        slope = np.arange(near.size, dtype=np.float32) * decay_db
        found: Levels = (np.maximum.accumulate(near + slope) - slope)[_CONTEXT:]
        return found

    def _learn(self, first: int, last: int) -> None:
        names = [name for name, one in self._envelopes.items() if one.end >= last]
        if len(names) < 2:
            return
        wide = {name: smoothed(self._envelopes[name].between(first - LAGS, last)) for name in names}
        now = np.stack([wide[name][LAGS:] for name in names])
        ordered = np.sort(now, axis=0)
        is_clear = ordered[-1] - ordered[-2] > self._config.dominant_db
        for place, name in enumerate(names):
            loud_db = self._envelopes[name].noise_db + self._config.active_db
            alone = is_clear & (now.argmax(axis=0) == place) & (now[place] > loud_db)
            if not alone.any():
                continue
            before = np.lib.stride_tricks.sliding_window_view(wide[name], LAGS + 1)[alone, ::-1]
            for other, level in zip(names, now, strict=True):
                if other != name:
                    path = self._paths.setdefault((name, other), Path())
                    path.note_lag(level[alone], before)
                    path.note_gain((level - self._spread(name, path, first, last))[alone])
