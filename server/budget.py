"""Memory that large messages share: first come, first served, nobody overtakes."""

import asyncio
from collections import deque

SMALL = 64 * 1024
"""Bytes of a message that is never made to wait."""


class MemoryBudget:
    """Bytes in work at once; who asks for more than is free waits in line."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._free = total
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def free(self) -> int:
        return self._free

    async def take(self, size: int) -> int:
        """Wait for ``size`` bytes; return how many were taken, to be given back."""
        wanted = 0 if size <= SMALL else min(size, self._total)
        if not wanted:
            return 0
        if not self._line and wanted <= self._free:
            self._free -= wanted
            return wanted
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((wanted, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self.give(0)  # Who stood behind may fit now.
            else:
                self.give(wanted)
            raise
        return wanted

    def give(self, taken: int) -> None:
        """Give back what ``take`` returned."""
        self._free += taken
        while self._line and (self._line[0][1].cancelled() or self._line[0][0] <= self._free):
            wanted, turn = self._line.popleft()
            if not turn.cancelled():
                self._free -= wanted
                turn.set_result(None)
