"""How a live microphone is, judged by what arrives of it; pure, every time is told."""

import enum
import logging

import numpy as np

from pipeline.audio import Samples

log = logging.getLogger(__name__)

LOST_S = 3.0
"""No packet for so long: the connection, or the device behind it, has a problem."""
SILENT_S = 5.0
SILENT_DBFS = -75.0
"""Below this root mean square a living microphone in a room never stays for ``SILENT_S``: its
own noise is louder. What is left is a switch, another device, or a revoked permission."""
REPEAT_S = 2.0
"""How often a state is told again, so that who comes late need not ask."""
_SILENT_POWER = 10 ** (SILENT_DBFS / 10)


class MicrophoneState(enum.StrEnum):
    """What people are told of a microphone.

    OPEN -> SILENT -> OPEN (packets hold digital silence)
    OPEN, SILENT -> LOST -> OPEN (no packets)
    any -> OFF (it has gone)
    """

    OPEN = "open"
    SILENT = "silent"
    LOST = "lost"
    OFF = "off"


def power(block: Samples) -> float:
    """Return the mean square of a block that is not empty; costs a microsecond."""
    return float(np.dot(block, block)) / block.size


class MicrophoneWatch:
    """Follows one microphone from its first instant on.

    Times are seconds of any one clock that never goes back.
    """

    def __init__(self, track: str, now_s: float) -> None:
        """Begin open: nobody is called silent or lost before they had the time to be."""
        self._track = track
        self._state = MicrophoneState.OPEN
        self._heard_s = self._loud_s = now_s
        self._told_s = float("-inf")

    @property
    def state(self) -> MicrophoneState:
        return self._state

    @property
    def heard_s(self) -> float:
        """When the newest block arrived."""
        return self._heard_s

    def hear(self, mean_square: float, arrived_s: float) -> None:
        """Note a block; after a loss its silence counts anew."""
        if mean_square >= _SILENT_POWER or arrived_s - self._heard_s > LOST_S:
            self._loud_s = arrived_s
        self._heard_s = arrived_s

    def look(self, now_s: float) -> MicrophoneState | None:
        """Return the state if it is to be told now: it changed, or was told a while ago."""
        state = self._now(now_s)
        if state is self._state and now_s - self._told_s < REPEAT_S:
            return None
        if state is not self._state:
            log.info("microphone of %s: %s -> %s", self._track, self._state, state)
        self._state, self._told_s = state, now_s
        return state

    def _now(self, now_s: float) -> MicrophoneState:
        if now_s - self._heard_s > LOST_S:
            return MicrophoneState.LOST
        if self._heard_s - self._loud_s >= SILENT_S:
            return MicrophoneState.SILENT
        return MicrophoneState.OPEN
