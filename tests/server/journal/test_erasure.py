"""After ``redact`` no file of the journal holds the erased words, whatever was written before."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.events import Erased, Event
from server.journal.sqlite.journal import SqliteJournal
from tests.server.journal.files import opened
from tests.server.stories import draft, note


@dataclass(frozen=True, slots=True)
class Written:
    """One note of the plan: in which session, how long, and what becomes of it."""

    session: int
    repeats: int
    fate: str

    def marker(self, number: int) -> str:
        return f"표식{number:03}{self.fate}"

    def text(self, number: int) -> str:
        # The marker fills the body, so that any page left behind would hold a whole one.
        return " ".join([self.marker(number)] * self.repeats)


written = st.builds(
    Written,
    session=st.integers(0, 2),
    repeats=st.sampled_from((1, 2, 20, 130, 200, 600)),
    fate=st.sampled_from(("blanked", "shortened", "kept")),
)


@given(plan=st.lists(written, min_size=1, max_size=60), pause=st.integers(1, 60))
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_file_holds_erased_words_and_every_other_word_stays(
    plan: list[Written], pause: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_scenario(Path(folder), plan, pause))


def test_a_large_journal_of_many_pages_is_erased_as_well() -> None:
    plan = [
        Written(
            session=number % 3,
            repeats=(1, 3, 40, 150, 400)[number * 7 % 5],
            fate=("blanked", "kept", "shortened")[number * 5 % 3],
        )
        for number in range(600)
    ]
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_scenario(Path(folder), plan, 300))


async def _scenario(folder: Path, plan: list[Written], pause: int) -> None:
    async with opened(folder / "journal") as journal:
        await _write(journal, plan[:pause], 0)
        # A restart in between: part of the pages lies in the file, part in the log.
    async with opened(folder / "journal") as journal:
        await _write(journal, plan[pause:], pause)

        everything = _content(folder)
        assert all(item.marker(n).encode() in everything for n, item in enumerate(plan))
        await _redact(journal, plan)
        _check(folder, plan)
        await journal.append("0", [draft(note("danach"))])
        _check(folder, plan)
    _check(folder, plan)


async def _write(journal: SqliteJournal, plan: list[Written], start: int) -> None:
    await asyncio.gather(
        *(
            journal.append(str(item.session), [draft(note(item.text(n)), cmd=f"c{n}")])
            for n, item in enumerate(plan, start)
        )
    )


async def _redact(journal: SqliteJournal, plan: list[Written]) -> None:
    for session in {item.session for item in plan}:
        bodies: dict[int, Event | None] = {}
        for n, item in enumerate(plan):
            if item.session == session and item.fate != "kept":
                [entry] = await journal.find(str(session), f"c{n}")
                bodies[entry.seq] = None if item.fate == "blanked" else note("-")
        receipt = Erased(seat=None, events=tuple(bodies))
        await journal.redact(str(session), bodies, draft(receipt))


def _check(folder: Path, plan: list[Written]) -> None:
    everything = _content(folder)
    for n, item in enumerate(plan):
        assert (item.marker(n).encode() in everything) == (item.fate == "kept"), item


def _content(folder: Path) -> bytes:
    """Return every byte of every file: the database, its log and its shared memory."""
    return b"".join(file.read_bytes() for file in folder.iterdir())
