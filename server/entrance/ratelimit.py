"""How often somebody may do something: a sliding window; time is told."""

from collections import OrderedDict, deque


class SlidingWindow:
    """Admits at most ``limit`` times within any ``window_s`` seconds, for each key apart."""

    def __init__(self, limit: int, window_s: float) -> None:
        """Start with nothing admitted; what is refused does not count."""
        self._limit = limit
        self._window_s = window_s
        self._admitted: OrderedDict[str, deque[float]] = OrderedDict()
        """By key, the one admitted last at the end."""

    def __len__(self) -> int:
        """Keys remembered: those that were admitted within the window."""
        return len(self._admitted)

    def admit(self, key: str, now_s: float) -> bool:
        """Return whether ``key`` may go on now, and count it if so.

        Args:
            key: whose turn it is.
            now_s: seconds of any one clock that never goes back.
        """
        self._forget(now_s - self._window_s)
        times = self._admitted.setdefault(key, deque())
        while times and times[0] <= now_s - self._window_s:
            times.popleft()
        if len(times) >= self._limit:
            return False
        times.append(now_s)
        self._admitted.move_to_end(key)
        return True

    def _forget(self, before_s: float) -> None:
        while self._admitted:
            key, times = next(iter(self._admitted.items()))
            if times and times[-1] > before_s:
                return
            del self._admitted[key]
