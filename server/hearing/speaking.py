"""Whether somebody speaks into a microphone, for a mark beside a name; pure, times are told."""

import math

QUIET = -127
"""dBov of digital silence (RFC 6464): what is told when nobody speaks any more."""
BEGIN_DBOV = -45
"""Speech into a microphone is louder than this; a room or a fan after noise suppression is not."""
STAY_DBOV = -55
"""The ends of words are quieter than their beginnings."""
BEGIN_S = 0.06
"""So much of the sound has to be loud: a click or a key is shorter."""
END_S = 0.5
"""The pause between two words is shorter."""
TELL_S = 0.25
"""How often it is told while somebody speaks."""


def dbov(mean_square: float) -> int:
    """Return how loud samples of this power are, 0 (full scale) to -127."""
    if mean_square <= 0.0:
        return QUIET
    return max(QUIET, min(0, round(10 * math.log10(mean_square))))


class Speaking:
    """Follows one microphone, frame by frame; times are seconds of any clock that never goes back.

    Both methods return the level to tell now, or None: the loudest since it was told last, and
    ``QUIET`` once at the end.
    """

    def __init__(self) -> None:
        self._is_speaking = False
        self._loud_s = 0.0
        """How much of the sound was loud lately, on the way to ``BEGIN_S``."""
        self._heard_s = self._told_s = float("-inf")
        """When it was last loud, and when that was told."""
        self._loudest = QUIET

    def hear(self, level: int, length_s: float, now_s: float) -> int | None:
        """Take the level of the next frame, in dBov."""
        if level >= (STAY_DBOV if self._is_speaking else BEGIN_DBOV):
            self._loud_s = min(BEGIN_S, self._loud_s + length_s)
            self._heard_s = now_s
            self._loudest = max(self._loudest, level)
        elif not self._is_speaking:
            self._loud_s = max(0.0, self._loud_s - length_s)
            if self._loud_s == 0.0:
                self._loudest = QUIET
        if not self._is_speaking:
            # Sums of hundredths of a second miss the bound by a rounding.
            self._is_speaking = self._loud_s >= BEGIN_S - 1e-6
        return self.look(now_s)

    def look(self, now_s: float) -> int | None:
        """Say what is to be told when nothing may have arrived."""
        if not self._is_speaking:
            return None
        if now_s - self._heard_s >= END_S:
            return self.stop()
        if now_s - self._told_s < TELL_S or self._loudest == QUIET:
            return None
        level, self._loudest, self._told_s = self._loudest, QUIET, now_s
        return level

    def stop(self) -> int | None:
        """Listen no more; the next frame begins anew."""
        was_speaking, self._is_speaking = self._is_speaking, False
        self._loud_s, self._loudest = 0.0, QUIET
        return QUIET if was_speaking else None
