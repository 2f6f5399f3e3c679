"""Which part of a microphone's sound is worth mixing; positions are samples of its track."""

from typing import Final

OPEN_DBOV: Final = -50
"""Quieter than any word into a microphone, louder than a room after noise suppression."""
STAY_DBOV: Final = -57
"""The ends of words are quieter than their beginnings."""
HANGOVER_S: Final = 0.3
"""The pause between two words is shorter, and the last breath of one is not cut off."""


class Gate:
    """Remembers until where there is something to hear.

    ::

        level    ........####..###.............................
        open     ------=============================-----------
                       ^ what waits before a loud   ^ 0.3 s after the last loud one
                         frame is played too

    It is asked for positions that still wait to be played, so it opens before the sound that
    opened it by as much as play-out lags behind arrival.
    """

    def __init__(self, rate_hz: int) -> None:
        self._hangover = round(HANGOVER_S * rate_hz)
        self._until: int | None = None

    def hear(self, level: int, start: int, end: int) -> bool:
        """Take a frame's level in dBov; return whether the frame itself is loud."""
        is_loud = level >= (STAY_DBOV if self.is_open(start) else OPEN_DBOV)
        if is_loud:
            self._until = end + self._hangover
        return is_loud

    def is_open(self, position: int) -> bool:
        """Return whether what lies at ``position`` is to be heard."""
        return self._until is not None and position < self._until

    def reset(self) -> None:
        """Forget what was heard: positions are counted anew."""
        self._until = None
