"""Appending processes, what they said, and whether a journal has kept it."""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from server.entries import Entry
from server.events import NoteAdded

ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class Said:
    """What appending processes have said so far."""

    kept: dict[int, str] = field(default_factory=dict)
    """seq → text of what was acknowledged."""
    refused: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    order: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Writer → seqs as they were acknowledged."""

    def take(self, line: str) -> None:
        """Take a line of an appender."""
        sign, _, rest = line.partition(" ")
        match sign:
            case "+":
                seq, _, text = rest.partition(" ")
                assert int(seq) not in self.kept, "a number was given twice"
                self.kept[int(seq)] = text
                self.order[text.split()[0]].append(int(seq))
            case "-":
                self.refused.append(rest)
            case "?":
                self.unknown.append(rest)
            case _:
                raise AssertionError(line)

    def check(self, entries: Sequence[Entry]) -> None:
        """Fail if anything acknowledged is missing, or anything is there twice or out of order."""
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        found = {e.seq: e.event.note for e in entries if isinstance(e.event, NoteAdded)}
        assert {seq: found.get(seq) for seq in self.kept} == self.kept
        assert len(set(found.values())) == len(entries), "something is there twice"
        assert not set(found.values()) & set(self.refused), "what was refused is there"
        assert all(seqs == sorted(seqs) for seqs in self.order.values())
        written: dict[str, list[int]] = defaultdict(list)
        for text in found.values():
            writer, number = text.split()
            written[writer].append(int(number))
        assert all(numbers == sorted(numbers) for numbers in written.values())


class Appender:
    """One appending process; ``start`` it, ``kill`` it."""

    def __init__(self, journal: str, name: str, said: Said) -> None:
        self._arguments = (journal, name)
        self._said = said
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.server.journal.appender", *self._arguments),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )

    async def hear(self, count: int) -> None:
        """Take the next ``count`` lines."""
        assert self._process is not None
        assert self._process.stdout is not None
        for _ in range(count):
            line = await self._process.stdout.readline()
            assert line, "the process ended by itself"
            self._said.take(line.decode().strip())

    async def hear_for(self, duration_s: float) -> None:
        """Take what is said within so many seconds."""
        try:
            async with asyncio.timeout(duration_s):
                await self.hear(10**9)
        except TimeoutError:
            pass

    async def kill(self) -> None:
        """End it as a crash does, and take the lines that it had written before."""
        if self._process is None:
            return
        process, self._process = self._process, None
        process.kill()
        assert process.stdout is not None
        *lines, rest = (await process.stdout.read()).decode().split("\n")
        await process.wait()
        del rest  # A line without its end was never heard by anybody.
        for line in lines:
            self._said.take(line)
