"""Several voices at once, never louder than a listener's decoder can bear."""

import math
from copy import copy
from typing import Final

import numpy as np

from pipeline.audio import Samples

CEILING: Final = 10 ** (-3 / 20)
"""-3 dBFS: nothing below it is touched. What a decoder makes of a packet overshoots a little."""
STEP_S: Final = 0.005
RELEASE_S: Final = 0.2


class Limiter:
    """Turns peaks down before they come; late by ``STEP_S``.

    ::

        peak of 5 ms   .3  .4  1.4  1.2  .3   .3   .3
        ceiling / peak  1   1  .5   .6    1    1    1
        gain           1───1  ╲.5──.5 ╱.52 ╱.53 ╱.55     straight lines between the steps

    At each border between two steps the gain is low enough for both, so it is all along both.
    """

    def __init__(self, rate_hz: int) -> None:
        self._step = round(STEP_S * rate_hz)
        self._recovery = 1 - math.exp(-STEP_S / RELEASE_S)
        self._gain = 1.0
        self._held: Samples = np.zeros(self._step, np.float32)
        self._allowed = 1.0
        """The gain that what is held back can bear."""

    def fork(self) -> "Limiter":
        """Return another that goes on from here."""
        return copy(self)  # Arrays are replaced, never changed.

    def push(self, block: Samples) -> Samples:
        """Return as much sound as came, that of 5 ms ago first.

        Args:
            block: a whole number of steps.
        """
        sound = np.concatenate((self._held, block))
        self._held = sound[block.size :]
        sound = sound[: block.size]
        peaks = np.abs(block.reshape(-1, self._step)).max(axis=1)
        if self._gain == self._allowed == 1.0 and peaks.max() <= CEILING:
            return sound
        gains = [self._gain]
        for peak in peaks.tolist():
            allowed = min(1.0, CEILING / peak) if peak > 0 else 1.0
            recovered = gains[-1] + (1 - gains[-1]) * self._recovery
            gains.append(min(self._allowed, allowed, 1.0 if recovered > 0.999 else recovered))
            self._allowed = allowed
        self._gain = gains[-1]
        borders = np.arange(len(gains)) * self._step
        curve = np.interp(np.arange(block.size), borders, gains)
        return (sound * curve).astype(np.float32)
