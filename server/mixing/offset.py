"""A microphone's constant offset (DC), which nobody hears and which would eat up the headroom."""

from typing import Final

import numpy as np

from pipeline.audio import Samples
from server.mixing.seams import rising

SETTLING_S: Final = 0.2
NEGLIGIBLE: Final = 0.002
"""-54 dBFS: so much stays, so that the slow waves of ordinary sound pass unchanged."""


class Offset:
    """Follows the mean of one microphone's samples and takes it away."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._mean = self._removed = 0.0

    def remove(self, block: Samples) -> Samples:
        """Return ``block``, which must not be empty, without the offset; it is not changed."""
        weight = min(1.0, block.size / (SETTLING_S * self._rate_hz))
        self._mean += weight * (float(np.add.reduce(block)) / block.size - self._mean)
        before = self._removed
        self._removed = self._mean - min(max(self._mean, -NEGLIGIBLE), NEGLIGIBLE)
        if before == self._removed == 0.0:
            return block
        # A straight line from what was taken away so far: a step would click.
        line = rising(block.size) * np.float32(self._removed - before)
        return block - (line + np.float32(before))
