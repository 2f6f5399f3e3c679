"""How loud the microphones of one room were, on the session's clock."""

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import Samples, seconds

FRAME = 160
"""Samples of one frame, 10 ms: finer than the clocks of two tracks agree."""
FRAMES_A_SECOND = 100
KEPT = 60 * FRAMES_A_SECOND
"""Frames: longer than any utterance, and than a page takes to send again what got lost."""
FLOOR_DB = -90.0
_QUIETEST_DB = -70.0
"""Where a browser takes noise out, what is left is no measure of the room."""
_NOISE_PERCENT = 10
_SMOOTHED = 5
_TENTH = 10 * FRAME

Levels = NDArray[np.float32]
"""Mean square per frame, in dB of full scale; `FLOOR_DB` where nothing was heard."""


def levels(sound: Samples) -> Levels:
    """Return the level of every whole frame of ``sound``."""
    frames = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    return decibels(np.mean(frames * frames, axis=1, dtype=np.float32))


def decibels(power: NDArray[np.float32]) -> Levels:
    """Return the level of each mean square."""
    floor = np.float32(10 ** (FLOOR_DB / 10))
    found: Levels = (10 * np.log10(np.maximum(power, floor))).astype(np.float32)
    return found


def smoothed(found: Levels, width: int = _SMOOTHED) -> Levels:
    """Return ``found``, each frame's power the mean of the ``width`` around it."""
    power = np.power(np.float32(10), found / 10)
    padded = np.pad(power, (width // 2, width - 1 - width // 2), mode="edge")
    return decibels(np.convolve(padded, np.full(width, 1 / width, np.float32), "valid"))


def frame_of(session_s: float) -> int:
    """Return the number of the frame that begins nearest to a session second."""
    return round(session_s * FRAMES_A_SECOND)


class Envelope:
    """The last minute of one microphone's levels; what it holds does not grow."""

    def __init__(self) -> None:
        """Start before the first sound."""
        self.noise_db = _QUIETEST_DB
        """What is heard while nobody speaks, as far as known."""
        self._ring: Levels = np.full(KEPT, FLOOR_DB, np.float32)
        self._waiting: list[Samples] = []
        """Sound that is not in the ring yet: whole tenths of a second cost less."""
        self._size = 0
        self._start_s = 0.0
        self._begin: int | None = None
        self._end = 0
        self._noise_at = 0

    @property
    def end(self) -> int:
        """The frame after the newest that is known."""
        return self._end

    def put(self, start_s: float, sound: Samples) -> None:
        """Hear ``sound`` at session second ``start_s``; what came before it may be missing."""
        waiting_s = seconds(self._size)
        if abs(self._start_s + waiting_s - start_s) > 1 / FRAMES_A_SECOND:
            self.settle()
            self._waiting, self._size = [], 0
        self._start_s = start_s - seconds(self._size)
        self._waiting.append(sound)
        self._size += sound.size
        if self._size >= _TENTH:
            self.settle()

    def settle(self) -> None:
        """Know all whole frames that were heard."""
        if self._size < FRAME:
            return
        sound = np.concatenate(self._waiting)
        found = levels(sound)
        self._write(frame_of(self._start_s), found)
        rest = sound[found.size * FRAME :].copy()
        self._waiting, self._size = [rest], rest.size
        self._start_s += found.size / FRAMES_A_SECOND

    def between(self, first: int, last: int) -> Levels:
        """Return the levels of frames ``first`` to ``last`` (exclusive)."""
        found: Levels = np.full(max(0, last - first), FLOOR_DB, np.float32)
        low, high = max(first, self._end - KEPT), min(last, self._end)
        if low < high:
            found[low - first : high - first] = self._ring[np.arange(low, high) % KEPT]
        return found

    def _write(self, first: int, found: Levels) -> None:
        if self._begin is None:
            self._begin = self._end = self._noise_at = first
        if first > self._end:  # Nothing is known of what lies between.
            self._ring[np.arange(max(self._end, first - KEPT), first) % KEPT] = FLOOR_DB
        self._end = max(self._end, first + found.size)
        kept = max(first, self._end - KEPT)
        if kept < first + found.size:
            self._ring[np.arange(kept, first + found.size) % KEPT] = found[kept - first :]
        if self._end - self._noise_at >= FRAMES_A_SECOND:
            self._noise_at = self._end
            heard = self.between(max(self._begin, self._end - KEPT), self._end)
            self.noise_db = max(_QUIETEST_DB, float(np.percentile(heard, _NOISE_PERCENT)))
