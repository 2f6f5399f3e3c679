"""How long to wait for a missing packet: as long as late ones took to come in the last while."""

from collections import deque
from typing import Final, NamedTuple

MIN_WAIT_S: Final = 0.04
MAX_WAIT_S: Final = 0.2
MARGIN: Final = 1.25
"""The next one may be a little later than the latest so far."""
HALVING_S: Final = 10.0
"""A network that has calmed down is believed after some of these."""
_REMEMBERED_HOLES = 64


class _GivenUp(NamedTuple):
    sequence: int
    packets: int
    missed_s: float


class Patience:
    """Learns from late packets; depends on nothing but what it is told."""

    def __init__(self) -> None:
        """Start without experience."""
        self._peak_s = 0.0
        self._peak_at_s = 0.0
        self._given_up: deque[_GivenUp] = deque(maxlen=_REMEMBERED_HOLES)

    def wait_s(self, now_s: float) -> float:
        """Return how long a packet that is missed now is worth waiting for."""
        return min(max(MIN_WAIT_S, MARGIN * self._remembered_s(now_s)), MAX_WAIT_S)

    def came_late(self, late_s: float, now_s: float) -> None:
        """Note that a packet came so long after it had been missed.

        One that came later than anybody would have waited teaches nothing: waiting longer would
        delay everything else and still miss its like.
        """
        if self._remembered_s(now_s) < late_s <= MAX_WAIT_S:
            self._peak_s, self._peak_at_s = late_s, now_s

    def give_up(self, sequence: int, packets: int, missed_s: float) -> None:
        """Note that so many packets, the first of which is named, were waited for in vain.

        Args:
            sequence: of the first.
            packets: how many.
            missed_s: since when.
        """
        self._given_up.append(_GivenUp(sequence, packets, missed_s))

    def has_given_up(self, sequence: int, now_s: float) -> bool:
        """Return whether an old packet that came just now had been given up, and learn from it."""
        for hole in self._given_up:
            if (sequence - hole.sequence & 0xFFFF) < hole.packets:
                self.came_late(now_s - hole.missed_s, now_s)
                return True
        return False

    def forget_given_up(self) -> None:
        """Begin with another count; what was learnt of the network stays."""
        self._given_up.clear()

    def _remembered_s(self, now_s: float) -> float:
        forgotten = (now_s - self._peak_at_s) / HALVING_S
        return self._peak_s * float(0.5**forgotten)
