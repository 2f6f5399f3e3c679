"""Whether the person in a seat is still there, judged by what is heard of them; pure."""

import enum
import logging

log = logging.getLogger(__name__)

SUSPECT_S = 7.0
"""A connected browser that says nothing for so long may be cut off: it sends sound or reports of
what it hears all the time, and proves every few seconds that it agrees to be sent to (RFC 7675)."""
REPEAT_S = 2.0
"""How often anything but HERE is told again, so that who comes late need not ask."""


class Liveness(enum.StrEnum):
    """How the person of a seat is connected.

    HERE -> SUSPECT -> HERE (nothing is heard of a connection that lives)
    HERE, SUSPECT -> HELD -> HERE (no connection is left)
    HELD -> GONE (nobody has come back in time; whoever comes then is a new one)
    """

    HERE = "here"
    SUSPECT = "suspect"
    HELD = "held"
    GONE = "gone"


class SeatWatch:
    """Follows the person of one seat from their first connection on until their seat is free.

    Times are seconds of any one clock that never goes back.
    """

    def __init__(self, seat: str, now_s: float, hold_s: float) -> None:
        """Begin with somebody who has come just now.

        Args:
            seat: for the log.
            now_s: when.
            hold_s: how long after the last that was heard of them the seat is kept.
        """
        self._seat = seat
        self._hold_s = hold_s
        self._heard_s = now_s
        self._is_connected = True
        self._state = Liveness.HERE
        self._told_s = float("-inf")

    @property
    def state(self) -> Liveness:
        """As ``look`` found it."""
        return self._state

    def heard(self, heard_s: float) -> None:
        """Note that they are connected, and when they were heard of last."""
        self._is_connected = True
        self._heard_s = max(self._heard_s, heard_s)

    def lost(self, heard_s: float = float("-inf")) -> None:
        """Note that no connection of theirs is left, and when they were heard of last, if known."""
        self._is_connected = False
        self._heard_s = max(self._heard_s, heard_s)

    def left_s(self, now_s: float) -> float:
        """Return for how long the seat is kept if nobody comes back; 0 while they are connected."""
        if self._is_connected:
            return 0.0
        return max(0.0, self._heard_s + self._hold_s - now_s)

    def look(self, now_s: float) -> Liveness | None:
        """Return the state if it is to be told now: it is new, or was told a while ago."""
        state = self._now(now_s)
        is_due = state is not Liveness.HERE and now_s - self._told_s >= REPEAT_S
        is_first = self._told_s == float("-inf")
        if state is self._state and not is_due and not is_first:
            return None
        if state is not self._state:
            log.info("seat %s: %s -> %s", self._seat, self._state, state)
        self._state, self._told_s = state, now_s
        return state

    def _now(self, now_s: float) -> Liveness:
        if self._is_connected:
            return Liveness.SUSPECT if now_s - self._heard_s > SUSPECT_S else Liveness.HERE
        return Liveness.HELD if self.left_s(now_s) > 0 else Liveness.GONE
