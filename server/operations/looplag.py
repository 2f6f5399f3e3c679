"""How late the event loop runs what is due: the first sign that something blocks it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable

PERIOD_S = 0.02
KEPT = 6000
"""Samples of the last two minutes."""


class LoopLag:
    """Sleeps for a period again and again and keeps how much later it woke."""

    def __init__(self, observe: Callable[[float], None]) -> None:
        """Tell ``observe`` each lag, in seconds."""
        self._observe = observe
        self._lags_s: deque[float] = deque(maxlen=KEPT)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = time.monotonic() + PERIOD_S
            await asyncio.sleep(PERIOD_S)
            lag_s = time.monotonic() - due
            self._lags_s.append(lag_s)
            self._observe(lag_s)

    def summary_ms(self) -> dict[str, float]:
        """Return percentiles of the last two minutes in milliseconds; empty before the first."""
        lags = sorted(self._lags_s)
        if not lags:
            return {}
        return {
            name: round(1000 * lags[min(len(lags) - 1, int(len(lags) * share))], 2)
            for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
        }
