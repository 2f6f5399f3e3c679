"""Background work with an owner: nothing runs unreferenced, no failure goes unnoticed."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")


class Tasks:
    """The children of one owner; ``close()`` ends those that are left.

    Unlike a ``TaskGroup``, one child's failure is logged and leaves its siblings alone: in a
    room, one person's broken recording must not end the interview.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Start what somebody waits for; its failure is theirs to handle."""
        task = asyncio.create_task(work, name=f"{self._owner}: {name}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def start(self, work: Coroutine[Any, Any, object], name: str) -> None:
        """Start what nobody waits for; its failure is logged."""
        self.spawn(work, name).add_done_callback(_log_failure)

    async def wait(self, timeout_s: float) -> None:
        """Wait until all children have finished, or the time is over."""
        others = self._running - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=timeout_s)

    async def close(self) -> None:
        """Cancel and await the rest; idempotent."""
        others = self._running - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)


def _log_failure(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)
