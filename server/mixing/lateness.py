"""How late a microphone's sound comes, and how long it had better wait before it is played."""

from typing import Final

WINDOW_S: Final = 5.0
"""The quickest way is the quickest of the last one or two of these: clocks drift apart."""
LEAP_S: Final = 1.0
"""No network changes so much at once: the sender counts anew."""
MIN_WAIT_S: Final = 0.02
"""A block that is played is 20 ms long, and its last sample has to be there."""
MAX_WAIT_S: Final = 0.12
"""People begin to talk over each other when they hear one another later."""
HOPELESS_S: Final = 0.2
"""What is later teaches nothing: waiting longer would still miss it, or the way has changed."""
STEP_S: Final = 0.005
SHARE: Final = 0.01
"""Of the frames, so many may come too late; they are played, but with a seam."""
_FADING: Final = 1 / 500
"""Ten seconds of frames are remembered; older ones count ever less."""
_STEPS: Final = round((MAX_WAIT_S - MIN_WAIT_S) / STEP_S)
_EXPECTED: Final = 4
"""Until more is known: 15 to 20 ms, as from browsers at home."""


class Lateness:
    """Follows one microphone; times are seconds of any clock that never goes back."""

    def __init__(self) -> None:
        """Start without experience: half a frame's weight is given to a guess."""
        self._weights = [0.0] * (_STEPS + 1)
        self._weights[_EXPECTED] = 0.5
        self._sum = 0.5
        self._weight = 1.0
        self._lowest_s = self._lower_s = float("inf")
        """The least way of this window and of the one before."""
        self._window_ends_s = float("-inf")

    def restart(self) -> None:
        """Begin with another count of the sender's; what was learnt of the network stays."""
        self._lowest_s = self._lower_s = float("inf")

    @property
    def base_s(self) -> float:
        """Arrival less track time of sound that nothing held up; infinite before the first."""
        return min(self._lowest_s, self._lower_s)

    @property
    def wait_s(self) -> float:
        """How long after its quickest arrival sound is played, so that nearly all is there."""
        allowed = SHARE * self._sum
        for step in range(_STEPS, 0, -1):
            allowed -= self._weights[step]
            if allowed < 0:
                return MIN_WAIT_S + step * STEP_S
        return MIN_WAIT_S

    def push(self, start_s: float, arrived_s: float) -> None:
        """Take a frame: track time of its first sample, and when it came."""
        way_s = arrived_s - start_s
        base_s = self.base_s
        if abs(way_s - base_s) > LEAP_S:
            self._lowest_s = self._lower_s = base_s = way_s
            self._window_ends_s = arrived_s + WINDOW_S
        elif arrived_s >= self._window_ends_s:
            self._lower_s, self._lowest_s = self._lowest_s, way_s
            self._window_ends_s = arrived_s + WINDOW_S
        elif way_s < self._lowest_s:
            self._lowest_s = way_s
        late_s = max(0.0, way_s - base_s)
        if late_s <= HOPELESS_S:
            self._count(late_s)

    def _count(self, late_s: float) -> None:
        # Instead of every weight falling, that of the next frame grows.
        self._weight *= 1 + _FADING
        if self._weight > 1e9:
            self._weights = [weight / self._weight for weight in self._weights]
            self._sum, self._weight = self._sum / self._weight, 1.0
        self._weights[min(_STEPS, -int(-late_s // STEP_S))] += self._weight
        self._sum += self._weight
