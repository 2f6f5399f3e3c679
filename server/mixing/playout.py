"""One microphone's sound, which comes in fits and starts, played evenly."""

from collections import deque
from typing import Final

import numpy as np

from pipeline.audio import Samples
from server.mixing.gate import Gate
from server.mixing.history import History
from server.mixing.lateness import Lateness
from server.mixing.seams import FADE_S, MAX_PERIOD_S, SIMILAR, continuation, falling, period, rising

BLOCK_S: Final = 0.02
MAX_BEHIND_S: Final = 0.5
"""More than this never waits to be played."""
URGENT_S: Final = 0.2
"""What is played so much too late is shortened also where it can be heard."""
MARGIN_S: Final = 0.01
"""A place so near to the right one is right."""
LOOK_PULLS: Final = 25
"""After so many blocks it is known how much sound was always to spare."""
REST_PULLS: Final = 5
"""Blocks between two seams."""


class Playout:
    """Sound in whenever it comes, blocks of 20 ms out; silence where nobody speaks is None.

    Positions are samples of the track. What is played lags behind what arrived quickest by as
    long as nearly all sound took longer lately (``Lateness.wait_s``, 20 to 120 ms)::

        pushed      1 2 3 . . 4 5 6 7 8        4 comes 40 ms late: more than was waited for
        pulled    . . 1 2 3╲. ╱4 5 6 7 8       nothing is skipped: everything is later from here

        pulled    7 8 . . . . 9 10 11          nobody spoke before 9: it is played in time again

    While somebody speaks for long, one period of the voice at a time is left out or repeated.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._block = round(BLOCK_S * rate_hz)
        self._fade = round(FADE_S * rate_hz)
        self._gate = Gate(rate_hz)
        self._lateness = Lateness()
        self._history = History(rate_hz)
        self._is_new = True
        """Nothing has ever come."""
        self._is_placed = False
        """Whether ``_position`` follows the clock already."""
        self._position = 0
        """What is played next; goes on with time also where nothing has come yet."""
        self._played = 0
        """Nothing before it will be played any more."""
        self._tail: Samples | None = np.zeros(self._fade, np.float32)
        """What would have followed if all went on: the next block begins with it, fading."""
        self._spare: deque[int] = deque(maxlen=LOOK_PULLS)
        """How much was left to play after each of the last blocks."""
        self._rest = 0

    @property
    def wait_s(self) -> float:
        """How long after its quickest arrival sound is to be played at present."""
        return self._lateness.wait_s

    def push(self, samples: Samples, at: int, arrived_s: float, level: int) -> None:
        """Take a frame.

        Args:
            samples: not empty.
            at: of its first sample; less than where the one before ended: counted anew.
            arrived_s: seconds of the clock that ``pull`` is told.
            level: how loud it is, in dBov.
        """
        if self._is_new or at < self._history.end:
            self._restart(at)
        self._lateness.push(at / self._rate_hz, arrived_s)
        self._history.append(samples, at)
        self._gate.hear(level, at, self._history.end)
        if at < self._position and self._gate.is_open(at):
            # It came too late and is played nevertheless: everything else waits for it. Of what
            # was there before it, a fade's length may not have been played.
            self._position = max(self._played, at - self._fade)
            self._spare.clear()
        if self._history.end - self._position > self._samples(MAX_BEHIND_S):
            self._jump(self._history.end - self._samples(self.wait_s))

    def pull(self, now_s: float) -> Samples | None:
        """Return the next 20 ms, shape (n,); None: nothing to be heard."""
        if self._is_new:
            return None
        if not self._is_placed:
            # Nothing of a first word is skipped, should it have come in a burst.
            first = max(self._history.start, self._history.end - self._samples(MAX_BEHIND_S))
            self._is_placed, self._position = True, min(first, self._due(now_s))
        if not self._gate.is_open(self._position):
            return self._close(now_s)
        self._keep_pace(now_s)
        available = self._history.end - self._position
        if available >= self._block:
            return self._play()
        return self._run_dry(max(0, available))

    def _samples(self, duration_s: float) -> int:
        return round(duration_s * self._rate_hz)

    def _due(self, now_s: float) -> int:
        """Return what should be played now."""
        return self._samples(now_s - self._lateness.base_s - self.wait_s)

    def _restart(self, at: int) -> None:
        """Begin with another count; what waits is not worth a mixture of both."""
        if self._tail is None:
            self._tail = self._following()
        self._is_new = self._is_placed = False
        self._lateness.restart()
        self._history.restart(at)
        self._gate.reset()
        self._position = at
        self._played = at - self._samples(MAX_BEHIND_S)
        self._spare.clear()

    def _close(self, now_s: float) -> Samples | None:
        """Nobody speaks: fade out what was played, and go to where play-out should be."""
        ended, self._tail = self._tail, np.zeros(self._fade, np.float32)
        following = self._following() if ended is None else ended
        self._position = max(self._played, self._due(now_s) + self._block)
        self._spare.clear()
        if not following.any():
            return None
        block = np.zeros(self._block, np.float32)
        block[: self._fade] = following * falling(self._fade)
        return block

    def _play(self) -> Samples:
        block = self._blend(self._history.read(self._position, self._block))
        self._position += self._block
        self._played = self._position
        self._spare.append(self._history.end - self._position)
        return block

    def _run_dry(self, available: int) -> Samples | None:
        """Play what is left and fade out; the position goes on with time."""
        # A fade has to fit into the block: what there is no room for is played later.
        kept = min(available, self._block - self._fade)
        block = np.zeros(self._block, np.float32)
        if kept:
            block[:kept] = self._blend(self._history.read(self._position, kept))
        following = self._tail if self._tail is not None else self._following(kept)
        block[kept : kept + self._fade] = following * falling(self._fade)
        if kept:
            self._played = self._position + kept
        self._position += self._block
        self._tail = np.zeros(self._fade, np.float32)
        self._spare.clear()
        return block if kept or following.any() else None

    def _blend(self, sound: Samples) -> Samples:
        """Let sound begin with what would have followed before it, fading."""
        tail, self._tail = self._tail, None
        if tail is None:
            return sound
        size = min(sound.size, self._fade)
        mixed = sound[:size] * rising(self._fade)[:size] + (tail * falling(self._fade))[:size]
        sound[:size] = mixed
        return sound

    def _following(self, after: int = 0) -> Samples:
        """Return what follows ``after`` samples from here, or seems to."""
        position = self._position + after
        if self._history.end - position >= self._fade:
            return self._history.read(position, self._fade)
        reach = self._fade + self._samples(MAX_PERIOD_S)
        begin = max(self._history.start, position - reach)
        if position <= begin or position > self._history.end:
            return np.zeros(self._fade, np.float32)
        return continuation(self._history.read(begin, position - begin), self._fade, self._rate_hz)

    def _jump(self, position: int) -> None:
        """Go on from another place, without a click."""
        if self._tail is None:
            self._tail = self._following()
        # What is left to play changes likewise.
        self._spare = deque((one + self._position - position for one in self._spare), LOOK_PULLS)
        self._position = position
        self._played = min(self._played, position)

    def _keep_pace(self, now_s: float) -> None:
        """Leave a period out, or repeat one, where play-out is too late or too early."""
        self._rest -= 1
        if self._tail is not None or self._rest > 0:
            return
        early = self._position - self._due(now_s)
        margin = self._samples(MARGIN_S)
        if early > margin:
            self._stretch(-1, is_urgent=False)
        elif -early > 2 * margin and len(self._spare) == LOOK_PULLS:
            # What came late may have had a reason that ``wait_s`` does not know yet.
            late = min(-early, min(self._spare))
            if late > 2 * margin:
                self._stretch(1, is_urgent=late > self._samples(URGENT_S))

    def _stretch(self, direction: int, *, is_urgent: bool) -> None:
        """Move by one period of the voice: forward (1) or back (-1)."""
        needed = self._fade + self._samples(MAX_PERIOD_S)
        sound = self._history.read(self._position, needed)
        if direction < 0:
            sound = self._history.read(self._position + self._fade - needed, needed)[::-1]
        found = period(sound, self._rate_hz)
        if found.likeness >= SIMILAR or is_urgent:
            self._rest = REST_PULLS
            self._jump(self._position + direction * found.size)
