"""Sees to it that a connection of which nothing is heard any more comes to an end."""

import asyncio
import time
from collections.abc import Callable


class Vigil:
    """Looks when a client could be gone, which is seldom while it is heard.

    It is not gone before a second look shortly after the first: when the event loop was held up,
    what arrived meanwhile is still waiting to be read, and a look that comes late shows it.
    """

    def __init__(
        self, heard_at: Callable[[], float], gone_s: float, on_gone: Callable[[], None]
    ) -> None:
        """Wait for ``begin``.

        Args:
            heard_at: ``time.monotonic()`` of when the client was heard.
            gone_s: how long it may say nothing.
            on_gone: called once, on the event loop.
        """
        self._heard_at = heard_at
        self._gone_s = gone_s
        self._second_s = gone_s / 24
        self._on_gone = on_gone
        self._alarm: asyncio.TimerHandle | None = None
        self._due_s = 0.0
        self._is_second = False

    def begin(self) -> None:
        """Look from now on."""
        self._look_in(self._gone_s)

    def end(self) -> None:
        """Look no more; idempotent."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _look_in(self, delay_s: float) -> None:
        self._due_s = time.monotonic() + delay_s
        self._alarm = asyncio.get_running_loop().call_later(delay_s, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        left_s = self._heard_at() + self._gone_s - now
        is_late = now - self._due_s > self._second_s
        if left_s > 0:
            self._is_second = False
            self._look_in(left_s)
        elif self._is_second and not is_late:
            self._on_gone()
        else:
            self._is_second = True
            self._look_in(self._second_s)
