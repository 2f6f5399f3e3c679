"""A process that is killed in the middle of its appends loses nothing it acknowledged."""

import asyncio
import sys
from pathlib import Path

import pytest

from server.events import NoteAdded
from tests.server.journal.files import opened

ROUNDS = 3
ACKNOWLEDGED = 150
"""Lines read before the process is killed."""


@pytest.mark.process
async def test_everything_acknowledged_before_kill_9_is_kept_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    last = 0
    for _ in range(ROUNDS):
        acknowledged = await _append_until_killed(path)
        assert len(acknowledged) >= ACKNOWLEDGED
        async with opened(path) as journal:
            entries = await journal.read("a", limit=10**6)
            assert await journal.check() == "ok"
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        kept = {e.seq: e.event.note for e in entries if isinstance(e.event, NoteAdded)}
        assert {seq: kept.get(seq) for seq in acknowledged} == acknowledged
        assert min(acknowledged) > last
        last = len(entries)
        for writer in "0123":
            numbers = [int(text.split()[1]) for text in acknowledged.values() if text[0] == writer]
            assert numbers == list(range(len(numbers)))


async def _append_until_killed(path: Path) -> dict[int, str]:
    """Return what the process said it had kept: seq → text."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.server.journal.appender",
        str(path),
        cwd=Path(__file__).parents[3],
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        lines = [await process.stdout.readline() for _ in range(ACKNOWLEDGED)]
    finally:
        process.kill()
    lines += (await process.stdout.read()).splitlines()
    await process.wait()
    found = (line.decode().strip().partition(" ") for line in lines)
    return {int(seq): text for seq, _, text in found}
