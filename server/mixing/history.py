"""The last second of a microphone's sound, by position; where nothing came there is silence."""

import numpy as np

from pipeline.audio import Samples
from server.mixing.seams import FADE_S, continuation, falling, rising

KEPT_S = 0.6
"""What may still wait to be played, and a little before it."""


class History:
    """Remembers sound until it is overwritten; positions are samples of the track."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._fade = round(FADE_S * rate_hz)
        self._kept = round(KEPT_S * rate_hz)
        self._sound: Samples = np.zeros(2 * self._kept, np.float32)
        self._size = 0
        self.end = 0
        """Where the next sample comes."""

    @property
    def start(self) -> int:
        """The oldest position that is still known."""
        return self.end - self._size

    def restart(self, at: int) -> None:
        """Forget everything; the next sample comes at ``at``."""
        self._size, self.end = 0, at

    def append(self, samples: Samples, at: int) -> None:
        """Put sound at ``at``, not before ``end``; a hole is faded out and in."""
        hole = at - self.end
        if hole > 0 and self._size:
            self._add(self._hole(hole))
            samples = samples.copy()
            size = min(self._fade, samples.size)
            samples[:size] *= rising(self._fade)[:size]
        self.end = at
        self._add(samples)

    def read(self, position: int, size: int) -> Samples:
        """Return a copy of ``size`` samples; what is not known is silence."""
        begin = position - self.start
        if 0 <= begin and begin + size <= self._size:
            return self._sound[begin : begin + size].copy()
        sound = np.zeros(size, np.float32)
        low, high = max(0, begin), min(self._size, begin + size)
        if low < high:
            sound[low - begin : high - begin] = self._sound[low:high]
        return sound

    def _hole(self, size: int) -> Samples:
        silence = np.zeros(min(size, self._kept), np.float32)
        fade = min(self._fade, silence.size)
        before = self._sound[max(0, self._size - 4 * self._fade) : self._size]
        silence[:fade] = (continuation(before, self._fade, self._rate_hz) * falling(self._fade))[
            :fade
        ]
        return silence

    def _add(self, samples: Samples) -> None:
        self.end += samples.size
        samples = samples[-self._kept :]
        if self._size + samples.size > self._sound.size:
            kept = self._kept - samples.size
            self._sound[:kept] = self._sound[self._size - kept : self._size]
            self._size = kept
        self._sound[self._size : self._size + samples.size] = samples
        self._size += samples.size
