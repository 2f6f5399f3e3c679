"""The sound format every stage agrees on: float32 mono at 16 kHz, counted in samples."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
WINDOW = 512
"""Samples in one VAD window (32 ms), the size Silero was trained on at 16 kHz."""

Samples: TypeAlias = NDArray[np.float32]
"""Shape (n,), float32 in [-1, 1], 16 kHz mono."""


def seconds(samples: int) -> float:
    return samples / RATE_HZ


def samples(duration_s: float) -> int:
    return round(duration_s * RATE_HZ)


class WindowCutter:
    """Cuts blocks of any length into whole VAD windows and keeps the rest for the next block."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.float32)

    @property
    def pending(self) -> int:
        """Samples that wait for the rest of their window."""
        return int(self._rest.size)

    def push(self, block: Samples) -> Samples:
        """Return every window completed by ``block``: shape (n, WINDOW), n may be 0."""
        joined = np.concatenate((self._rest, block)) if self._rest.size else block
        whole = joined.size // WINDOW * WINDOW
        self._rest = joined[whole:].copy()
        return joined[:whole].reshape(-1, WINDOW)

    def flush(self) -> Samples:
        """Return the remaining samples as one window padded with silence, or no window."""
        rest, self._rest = self._rest, np.zeros(0, np.float32)
        if not rest.size:
            return np.zeros((0, WINDOW), np.float32)
        return np.pad(rest, (0, WINDOW - rest.size)).reshape(1, WINDOW)
