"""Session time: seconds since the session was created, never backwards, whatever the wall does."""

import time
from collections.abc import Callable


class SessionClock:
    """Counts from the process's monotonic clock, anchored once when the session is loaded."""

    def __init__(
        self, anchor_s: float = 0.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Start at ``anchor_s`` session seconds."""
        self._monotonic = monotonic
        self._offset_s = anchor_s - monotonic()

    def now(self) -> float:
        return self._monotonic() + self._offset_s

    def at_monotonic(self, instant: float) -> float:
        """Return the session time of an instant of the same monotonic clock."""
        return instant + self._offset_s


def anchor(created_wall: float, last_at: float, wall: float) -> float:
    """Return the session time to go on from after a restart or a takeover.

    The wall clock bridges the time nobody counted; a wall clock that was set back cannot move
    the session before its last event.
    """
    return max(wall - created_wall, last_at)
