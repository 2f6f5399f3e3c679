"""Streams built page by page where nobody reads them, so that Redis never stops for long."""

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.entries import Entry, encode_body
from server.events import Blank, Event
from server.journal.redis.asking import Questions
from server.journal.redis.entries import Kept, head_of, undamaged, unpacked, with_version
from server.journal.redis.keys import Keys
from server.journal.redis.scripts import BUILD, READ

PAGE = 500
"""Events in one step: a few milliseconds of Redis."""
LIFE_MS = 600_000
"""What a process that died was building goes away by itself."""


@dataclass(frozen=True, slots=True)
class Building:
    """A stream and a hash of commands that nobody reads yet."""

    questions: Questions
    keys: Keys
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def built(self) -> list[str]:
        return [self.keys.built_events(self.token), self.keys.built_commands(self.token)]

    async def add(
        self,
        events: Sequence[tuple[int, bytes | str, bytes | str]],
        commands: Mapping[str, str],
    ) -> None:
        """Add (seq, head, body) at the end and commands with their seqs; repeatable."""
        words: list[str | bytes | int] = [part for event in events for part in event]
        words += [part for command in commands.items() for part in command]
        keys = [*self.built, self.keys.builds]
        await self.questions.ask(BUILD, keys, LIFE_MS, len(events), *words)

    async def forget(self, client: Redis) -> None:
        """Remove what nobody will finish; where that fails, it goes away by itself."""
        with contextlib.suppress(RedisError, OSError):
            await client.unlink(*self.built)


async def read_kept(questions: Questions, keys: Keys, after: int, limit: int) -> list[Kept]:
    """Return events as they lie in the stream, up to ``limit`` with seq > ``after``."""
    page = await questions.ask(READ, [keys.events], f"{after + 1}-0", "+", limit)
    with undamaged():
        return unpacked(page)


class Replacement:
    """Builds a session's events anew with some bodies replaced."""

    def __init__(self, building: Building, bodies: Mapping[int, Event | None]) -> None:
        self._building = building
        self._bodies = bodies
        self._missing = set(bodies)
        self.taken = 0
        """The last seq that was built."""

    async def take_all(self) -> None:
        """Build everything there is beyond ``taken``.

        Raises:
            ValueError: a body is longer than the one it replaces, or there is no such event.
        """
        building = self._building
        while page := await read_kept(building.questions, building.keys, self.taken, PAGE):
            await building.add([self._replaced(kept) for kept in page], {})
            self.taken = page[-1].seq
        if self._missing:
            raise ValueError(f"no event {min(self._missing)}")

    def _replaced(self, kept: Kept) -> tuple[int, bytes | str, bytes | str]:
        if kept.seq not in self._bodies:
            return kept.seq, kept.head, kept.body
        self._missing.discard(kept.seq)
        event = self._bodies[kept.seq]
        if event is None or isinstance(event, Blank):
            return kept.seq, kept.head, b""
        body = encode_body(event)
        if len(body) > len(kept.body.encode()):
            raise ValueError(f"the new body of event {kept.seq} is longer than the old one")
        return kept.seq, with_version(kept.head, event.VERSION), body


async def build_all(building: Building, entries: Sequence[Entry]) -> None:
    """Build a whole session, its commands too."""
    firsts: dict[str, int] = {}
    for start in range(0, len(entries), PAGE):
        page = entries[start : start + PAGE]
        commands: dict[str, str] = {}
        for entry in page:
            if entry.cmd is not None:
                first = firsts.setdefault(entry.cmd, entry.seq)
                commands[entry.cmd] = f"{first} {entry.seq}"
        events = [(entry.seq, head_of(entry), encode_body(entry.event)) for entry in page]
        await building.add(events, commands)
