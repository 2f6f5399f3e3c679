"""What recordings led to: who sends one again gets the same answer."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from server.errors import ClientError, ErrorCode

REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a chunk led to."""

    utterances: tuple[str, ...] = ()
    error: str | None = None
    seq: int | None = None
    code: str | None = None


class Outcomes:
    """The newest outcomes of one room, by the ids of their commands."""

    def __init__(self) -> None:
        self._tasks: OrderedDict[str, tuple[str, asyncio.Task[Outcome]]] = OrderedDict()

    def get(self, cmd: str | None, author: str) -> asyncio.Task[Outcome] | None:
        """Return what the command is leading to; None: it is new.

        Raises:
            ClientError: ``bad_id``: it was somebody else's.
        """
        if cmd is None or cmd not in self._tasks:
            return None
        first_author, task = self._tasks[cmd]
        if first_author != author:
            raise ClientError(ErrorCode.BAD_ID, "This id was used by somebody else.")
        return task

    def put(self, cmd: str | None, author: str, task: asyncio.Task[Outcome]) -> None:
        """Remember what a command leads to, and forget the oldest ones."""
        if cmd is not None:
            self._tasks[cmd] = (author, task)
            while len(self._tasks) > REMEMBERED:
                self._tasks.popitem(last=False)
