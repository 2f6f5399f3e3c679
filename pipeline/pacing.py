"""How often something that may fall behind is renewed."""


class Pace:
    """Every ``period`` samples, thinned out when the answers take longer; time is a sample count.

    An answer that took more than the period, or never came, doubles it up to ``longest``; one
    that would be in time at half of it halves it again, down to the first ``period``.
    """

    def __init__(self, period: int, longest: int) -> None:
        self._shortest = period
        self._longest = longest
        self._next = 0
        self.period = period

    @property
    def is_thinned(self) -> bool:
        return self.period > self._shortest

    def is_due(self, now: int) -> bool:
        return now >= self._next

    def wait(self, until: int) -> None:
        """Be due at ``until``, not before."""
        self._next = until

    def begin(self, now: int) -> None:
        """Something was asked."""
        self._next = now + self.period

    def answered(self, took: int) -> None:
        """An answer came ``took`` samples after it was asked."""
        if took > self.period:
            self._become(2 * self.period)
        elif 2 * took <= self.period:
            self._become(self.period // 2)

    def missed(self, now: int) -> None:
        """No answer came, or it makes no sense to ask: be due a longer period from ``now``."""
        self._become(2 * self.period)
        self._next = now + self.period

    def _become(self, period: int) -> None:
        self._next += max(self._shortest, min(self._longest, period)) - self.period
        self.period = max(self._shortest, min(self._longest, period))
