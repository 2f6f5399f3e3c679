"""When the disk is full everybody is told, and nothing that was acknowledged is lost."""

import asyncio
from pathlib import Path

import pytest

from server.errors import ErrorCode, StorageFull
from server.journal.protocol import Appended
from tests.server.journal.files import notes, opened
from tests.server.stories import draft, note


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


async def test_a_full_disk_is_told_and_nothing_acknowledged_is_lost(path: Path) -> None:
    async with opened(path, max_pages=40) as journal:
        acknowledged: list[str] = []

        async def fill() -> None:
            while len(acknowledged) < 1000:
                text = f"{len(acknowledged)} " + "가" * 500
                await journal.append("a", [draft(note(text), cmd=f"c{len(acknowledged)}")])
                acknowledged.append(text)

        with pytest.raises(StorageFull) as caught:
            await fill()
        assert caught.value.code is ErrorCode.STORAGE_FULL
        assert 20 < len(acknowledged) < 1000
        assert notes(await journal.read("a")) == acknowledged
        assert await journal.find("a", f"c{len(acknowledged)}") == []

    async with opened(path) as journal:
        assert notes(await journal.read("a")) == acknowledged
        again = await journal.append("a", [draft(note("Platz"), cmd=f"c{len(acknowledged)}")])
        assert again.seqs == (len(acknowledged) + 1,)


async def test_when_the_disk_fills_under_many_each_is_told_the_truth(path: Path) -> None:
    async with opened(path, max_pages=40) as journal:
        outcomes: list[object] = []
        for start in range(0, 120, 10):
            outcomes += await asyncio.gather(
                *(
                    journal.append("a", [draft(note(f"{n} " + "나" * 600))])
                    for n in range(start, start + 10)
                ),
                return_exceptions=True,
            )
        kept = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, Appended)]
        full = [outcome for outcome in outcomes if isinstance(outcome, StorageFull)]
        assert kept
        assert full
        assert len(kept) + len(full) == 120
        assert [int(text.split()[0]) for text in notes(await journal.read("a"))] == kept


async def test_what_is_too_large_for_the_space_left_does_not_keep_out_what_fits(
    path: Path,
) -> None:
    async with opened(path, max_pages=12) as journal:
        with pytest.raises(StorageFull):
            await journal.append("a", [draft(note("다" * 20_000))])
        assert (await journal.append("a", [draft(note("klein"))])).seqs == (1,)
