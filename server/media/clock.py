"""From track time to session time, so that all tracks of a room agree on when something was said.

A block cannot arrive before it was spoken. So the least distance between arrival and the sender's
own count, over some seconds, is the way of a packet that nothing held up; the rest is jitter.
"""

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass

from pipeline.audio import samples, seconds

WINDOW_S = 10.0
"""Long enough to contain a packet nothing held up; a clock 100 ppm off moves 1 ms meanwhile."""
SLEW = 0.001
"""Seconds per second: ten times a poor crystal's drift (100 ppm), too slow for anybody to hear."""
AGREE_S = 0.04
"""What tracks of a room agree within; a larger error is mended at once instead of slewed."""
FAST_SLEW = 0.5
"""Seconds per second at most while session time turns out to run ahead: it slows, never turns."""
SETTLING_S = 2.0
"""The first packets are often held up; every error found so early is mended at once."""
PAUSE_S = 0.2
PAUSE_AFTER_S = 1.0
"""Blocks later than ``PAUSE_S`` for so long: the sender paused without counting. A network that
was stuck delivers in a burst and is on time again before this."""
ANCHOR_S = 1.0
ANCHORS = 256


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a block lies on the session's clock.

    Attributes:
        start_s: session seconds of its first sample.
        gap: from when to when nothing is known of the track, if that was learnt with this block.
    """

    start_s: float
    gap: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Late:
    """Blocks later than jitter explains: from where on the track, since when, the least of it."""

    position: int
    since_s: float
    distance_s: float


class TrackClock:
    """Maps one track's time to session time; depends on nothing but what it is told."""

    def __init__(self) -> None:
        """Start before the first block."""
        self._offset_s = 0.0
        """Session time minus track time, as far as known now."""
        self._distances = _SlidingMinimum()
        self._late: _Late | None = None
        self._line = _Line()
        self._settled_at = 0

    def push(self, at: int, size: int, arrived_s: float) -> Placed:
        """Place a block; blocks come in the track's order.

        Args:
            at: track time of its first sample.
            size: its samples.
            arrived_s: session time when it was complete.
        """
        distance_s = arrived_s - seconds(at + size)
        self._distances.push(arrived_s, distance_s)
        if not self._line:
            self._offset_s, self._settled_at = distance_s, at + samples(SETTLING_S)
            self._line.begin(at, seconds(at) + distance_s)
        gap = self._pause(at, arrived_s, distance_s)
        if gap is None:
            gap = self._follow(at, size)
        start_s = self._line.time_of(at)
        self._line.extend(at + size, max(start_s, seconds(at + size) + self._offset_s))
        return Placed(start_s, gap)

    def time_of(self, position: int) -> float:
        """Return the session time of a place on the track, at most four minutes back.

        Raises:
            ValueError: nothing was heard yet.
        """
        if not self._line:
            raise ValueError("A track has no time before its first block.")
        return self._line.time_of(position)

    def _pause(self, at: int, arrived_s: float, distance_s: float) -> tuple[float, float] | None:
        """Leap forward if the sender's count stood still for a while."""
        late = self._late
        if distance_s - self._offset_s <= PAUSE_S:
            self._late = None
        elif late is None:
            self._late = _Late(at, arrived_s, distance_s)
        else:
            self._late = _Late(late.position, late.since_s, min(late.distance_s, distance_s))
            if arrived_s - late.since_s >= PAUSE_AFTER_S:
                return self._leap(self._late.position, self._late.distance_s)
        least_s = self._distances.of_whole_window
        if least_s is not None and least_s - self._offset_s > AGREE_S:
            return self._leap(at, least_s)
        return None

    def _leap(self, position: int, offset_s: float) -> tuple[float, float]:
        ended_s = min(self._line.time_of(position), self._line.last[1])
        start_s = max(ended_s, seconds(position) + offset_s)
        self._line.break_at(position, start_s)
        self._offset_s, self._late = offset_s, None
        self._distances.clear()
        return ended_s, start_s

    def _follow(self, at: int, size: int) -> tuple[float, float] | None:
        """Slew towards the least distance; over a gap of the track, note when it was."""
        end, ended_s = self._line.last
        missing_s = seconds(at - end)
        error_s = self._distances.least - self._offset_s
        limit_s = SLEW * (seconds(size) + missing_s)
        # Late blocks prove nothing yet; early ones do, so only those are followed fast.
        if error_s < -AGREE_S or (error_s < 0 and at < self._settled_at):
            self._offset_s += max(error_s, -FAST_SLEW * seconds(size) - missing_s)
        else:
            self._offset_s += min(max(error_s, -limit_s), limit_s)
        if missing_s <= 0:
            return None
        start_s = max(ended_s, seconds(at) + self._offset_s)
        self._line.break_at(at, start_s)
        return ended_s, start_s


class _SlidingMinimum:
    """The least of the distances of the last ``WINDOW_S`` seconds."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._rising: deque[tuple[float, float]] = deque()
        self._fed_from_s = self._fed_to_s = float("-inf")

    @property
    def least(self) -> float:
        return self._rising[0][1] if self._rising else float("inf")

    @property
    def of_whole_window(self) -> float | None:
        """The least, or None if nothing came for a part of the window: it may be mere jitter."""
        return self.least if self._fed_to_s - self._fed_from_s >= WINDOW_S else None

    def push(self, moment_s: float, value: float) -> None:
        rising = self._rising
        while rising and rising[-1][1] >= value:
            rising.pop()
        rising.append((moment_s, value))
        while rising[0][0] < moment_s - WINDOW_S:
            rising.popleft()
        if moment_s - self._fed_to_s > 1.0:
            self._fed_from_s = moment_s
        self._fed_to_s = moment_s


class _Line:
    """Session time over track time: straight between anchors, never falling.

    The last anchor is the tip: where the newest block ends; it moves on with every block.
    """

    def __init__(self) -> None:
        self._positions: list[int] = []
        self._times: list[float] = []

    def __bool__(self) -> bool:
        return bool(self._positions)

    @property
    def last(self) -> tuple[int, float]:
        return self._positions[-1], self._times[-1]

    def begin(self, position: int, time_s: float) -> None:
        """Add an anchor to keep, with a tip that can move on from it."""
        self._positions += [position, position]
        self._times += [time_s, time_s]

    def extend(self, position: int, time_s: float) -> None:
        """Move the tip; every ``ANCHOR_S`` it leaves an anchor behind."""
        if self._positions[-1] - self._positions[-2] >= samples(ANCHOR_S):
            self._positions.append(position)
            self._times.append(time_s)
            del self._positions[:-ANCHORS], self._times[:-ANCHORS]
        self._positions[-1], self._times[-1] = position, time_s

    def break_at(self, position: int, time_s: float) -> None:
        """Let session time leap to ``time_s``; what was drawn from ``position`` on is forgotten."""
        if position < self._positions[-1]:
            ended_s = self.time_of(position)
            while self._positions and self._positions[-1] > position:
                self._positions.pop()
                self._times.pop()
            self._positions.append(position)
            self._times.append(ended_s)
        self.begin(position, time_s)

    def time_of(self, position: int) -> float:
        positions, times = self._positions, self._times
        after = bisect_right(positions, position)
        if after in (0, len(positions)):
            known = max(0, after - 1)
            return times[known] + seconds(position - positions[known])
        before = after - 1
        share = (position - positions[before]) / (positions[after] - positions[before])
        return times[before] + share * (times[after] - times[before])
