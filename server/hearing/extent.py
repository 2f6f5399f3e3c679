"""Until when a track was heard, and when it was meant to be; pure, times are told."""

from typing import Literal

from server.hearing.splice import Hole


class Extent:
    """What is missing of one track, but for the time in which it was muted.

    Times are session seconds.
    """

    def __init__(self) -> None:
        self.heard_s: float | None = None
        """Until when something came, muted or not; None: nothing yet."""
        self._unmuted_s = float("-inf")
        self._is_muted = False
        self._muted_s: float | None = None
        """Since when it is muted, if nothing has come since."""

    @property
    def end_s(self) -> float | None:
        """Until when nothing is missing; None: nothing was heard."""
        return None if self.heard_s is None else max(self.heard_s, self._unmuted_s)

    def mute(self, now_s: float) -> None:
        """From now on nothing is missing."""
        self._is_muted, self._muted_s = True, now_s

    def unmute(self, now_s: float) -> None:
        """From now on it is meant to be heard; ``rest`` was asked before."""
        self._is_muted, self._muted_s = False, None
        self._unmuted_s = now_s

    def hear(self, end_s: float) -> None:
        """Note what came."""
        self.heard_s, self._muted_s = end_s, None

    def hole(
        self, start_s: float, end_s: float, reason: Literal["no_packets", "reconnected"]
    ) -> Hole | None:
        """Return which part of what did not come was not muted."""
        if self._is_muted:
            if self._muted_s is None:
                return None
            end_s = min(end_s, self._muted_s)
        start_s = max(start_s, self._unmuted_s)
        return Hole(start_s, end_s, reason) if start_s < end_s else None

    def rest(self, now_s: float) -> Hole | None:
        """Return what has not come until now, if nothing comes any more."""
        return None if self.heard_s is None else self.hole(self.heard_s, now_s, "no_packets")
