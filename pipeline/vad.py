"""Voice activity: how likely each window holds speech. Deciding is the endpointer's work."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import Samples


class Vad(Protocol):
    """Speech probability of consecutive windows of one track; carries state between calls."""

    def __call__(self, windows: Samples) -> NDArray[np.float32]:
        """Return one probability in [0, 1] per window.

        Args:
            windows: shape (n, WINDOW), float32 in [-1, 1], 16 kHz mono, following the last call.
        """
        ...
