"""How the speech of one person reaches another's microphone: how much of it, and how late."""

import numpy as np
from numpy.typing import NDArray

from pipeline.speakers.envelopes import Levels

LAGS = 40
"""Frames by which the echo of a loudspeaker may come later; leakage through the air does not."""
_LOWEST_DB, _HIGHEST_DB = -45, 15
_MEMORY = 12_000.0
"""Frames of one person's speech, two minutes: people move, and automatic gains follow them."""
_LEAST = 40
"""Frames of somebody's speech before anything is said about where it arrives."""
_ALIKE = 0.5
_ALIKE_AT_FIRST = 0.85
"""Correlation of two levels from which on one may be the other's echo; more after few frames."""
_ENOUGH = 300
"""Frames after which chance makes no two tracks alike."""
_SHARE = 0.5
"""Of what arrives, so much is no louder than the gain says; more of it is told by the spread."""
_LATER = 0.05
"""By how much a later echo must fit better than sound through the air."""
_ALIKE_LATER = 0.6
_ENOUGH_LATER = 500
"""The same of echoes: among so many lags two people who talk at once soon seem alike at one."""
_AIR = 5
"""Frames that count as at once: clocks of two tracks agree within 40 ms."""


class Path:
    """From one person to another's microphone, learnt while only that person is loud."""

    def __init__(self) -> None:
        """Start before anybody has spoken."""
        self._ratios: NDArray[np.float64] = np.zeros(_HIGHEST_DB - _LOWEST_DB + 1)
        self._sums: NDArray[np.float64] = np.zeros((5, LAGS + 1))
        self._frames = 0.0
        self._is_alike = False
        self.lag = 0
        """Frames by which it arrives later."""
        self.gain_db: float | None = None
        """How loud it arrives, against its own microphone; None: nothing of it, as far as known."""

    def note_lag(self, here: Levels, there: Levels) -> None:
        """Compare levels while only the other person is loud.

        Args:
            here: shape (n,), on the microphone that may hear the other.
            there: shape (n, LAGS + 1), on the other's own microphone, so many frames before.
        """
        x = here[:, None].astype(np.float64)
        y = there.astype(np.float64)
        self._sums *= max(0.0, 1 - here.size / _MEMORY)
        self._sums += np.stack(
            [np.broadcast_to(part, y.shape).sum(axis=0) for part in (x, y, x * x, y * y, x * y)]
        )
        self._frames = self._frames * max(0.0, 1 - here.size / _MEMORY) + here.size
        alike = self._correlations()
        best = int(np.argmax(alike))
        at_once = float(alike[:_AIR].max())
        is_echo = alike[best] > max(_ALIKE_LATER, at_once + _LATER)
        self.lag = best if best >= _AIR and is_echo and self._frames >= _ENOUGH_LATER else 0
        certainty = min(1.0, self._frames / _ENOUGH)
        wanted = _ALIKE_AT_FIRST + certainty * (_ALIKE - _ALIKE_AT_FIRST)
        self._is_alike = self.lag > 0 or (self._frames >= _LEAST and at_once >= wanted)

    def note_gain(self, ratios_db: Levels) -> None:
        """Learn from how much louder the other's own microphone was, frame by frame."""
        bins = np.clip(np.round(ratios_db) - _LOWEST_DB, 0, self._ratios.size - 1)
        self._ratios *= max(0.0, 1 - ratios_db.size / _MEMORY)
        np.add.at(self._ratios, bins.astype(np.intp), 1.0)
        if not self._is_alike:
            self.gain_db = None
            return
        half = np.searchsorted(np.cumsum(self._ratios), self._ratios.sum() * _SHARE)
        self.gain_db = float(half) + _LOWEST_DB

    def _correlations(self) -> NDArray[np.float64]:
        x, y, xx, yy, xy = self._sums / self._frames
        spread = np.sqrt(np.maximum((xx - x * x) * (yy - y * y), 1e-6))
        found: NDArray[np.float64] = (xy - x * y) / spread
        return found
