"""``daedam import``: what ``export --format journal`` wrote, taken in by another journal."""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from server import intake
from server.journal.opening import JOURNAL_FILE
from server.journal.sqlite.journal import SqliteJournal
from server.lockfile import LOCK_FILE, DataLock, RunningServer
from tests.server.stories import CLOSED, CREATED, draft, note, said, seated
from tests.server.terminal import Typed, daedam, environment

Type: TypeAlias = Callable[..., Typed]

ID = "면접 1.2"
TOLD = (CREATED, seated("v1", "지원자_1"), said("u1", "개발 경험이 있습니다"), note("침착"))


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A data folder with a session that has ended and one that has not."""
    data = tmp_path / "source"
    data.mkdir()

    async def tell() -> None:
        journal = await asyncio.to_thread(SqliteJournal, data / JOURNAL_FILE)
        for session, events in ((ID, (*TOLD, CLOSED)), ("live", TOLD)):
            drafts = [draft(e, at=float(at), cmd=f"c{at}") for at, e in enumerate(events)]
            await journal.append(session, drafts)
        await journal.close()

    asyncio.run(tell())
    return data


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Type:
    """Type a command about a folder that is new."""

    def typed(command: str, *arguments: str | Path) -> Typed:
        return daedam(capsys, command, "--data", tmp_path / "new", *arguments)

    return typed


@pytest.fixture
def file(capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path) -> Path:
    return exported(capsys, source, tmp_path, ID)


def exported(capsys: pytest.CaptureFixture[str], source: Path, folder: Path, session: str) -> Path:
    path = folder / f"{session}.jsonl"
    found = daedam(
        capsys, "export", session, "--data", source, "--format", "journal", "--output", path
    )
    assert (found.status, found.err) == (0, "")
    return path


def test_an_imported_record_is_the_one_that_was_exported(
    typed: Type, file: Path, capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    found = typed("import", file)
    assert (found.status, found.out) == (0, "")
    assert found.err == f"Wrote 5 events as {ID} into {tmp_path / 'new' / JOURNAL_FILE}.\n"
    for to in ("json", "text", "srt", "vtt", "journal"):
        there = daedam(capsys, "export", ID, "--data", source, "--format", to)
        assert typed("export", ID, "--format", to) == there
    assert typed("sessions").out.split("\t")[:2] == [ID, "ended"]


def test_another_id_can_be_chosen(typed: Type, file: Path) -> None:
    assert "as 면접 3 into" in typed("import", file, "--session", "면접 3").err
    assert "as 면접 4 into" in typed("import", "--session", "면접 4", file).err
    assert len(typed("sessions").out.splitlines()) == 2


def test_standard_input_needs_an_id(
    typed: Type, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with file.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert "--session ID" in typed("import", "-").sentence()
        assert typed("import", "-", "--session", "piped").status == 0
    reading, writing = os.pipe()
    with open(writing, "wb") as pipe:
        pipe.write(file.read_bytes())
    with open(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert typed("import", "-", "--session", "a pipe").status == 0
    assert typed("sessions").out.count("5 events") == 2


@pytest.mark.parametrize("name", ["record.txt", "record", ".jsonl", "...jsonl"])
def test_a_file_that_is_named_after_no_session_needs_an_id(
    typed: Type, file: Path, tmp_path: Path, name: str
) -> None:
    path = file.rename(tmp_path / name)
    assert " id" in typed("import", path).sentence()
    assert not (tmp_path / "new").exists()
    assert typed("import", path, "--session", "s").status == 0


@pytest.mark.parametrize("session", ["*", "..", "a/b", "a\nb", "x" * 129])
def test_an_id_that_no_session_may_have_is_refused(typed: Type, file: Path, session: str) -> None:
    assert "session id" in typed("import", file, "--session", session).sentence()


def test_a_living_record_says_that_it_has_not_ended(
    typed: Type, capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    found = typed("import", exported(capsys, source, tmp_path, "live"))
    assert found.status == 0
    assert "has not ended" in found.err
    assert typed("end", "live").status == 0
    lines = typed("export", "live", "--format", "journal").out.splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3, 4, 5]


def test_an_erased_record_stays_erased(
    typed: Type, capsys: pytest.CaptureFixture[str], source: Path, tmp_path: Path
) -> None:
    assert daedam(capsys, "delete", ID, "--data", source, "--yes").status == 0
    path = exported(capsys, source, tmp_path, ID)
    assert typed("import", path).status == 0
    assert typed("export", ID, "--format", "journal").out == path.read_text("utf-8")
    assert typed("sessions").out.split("\t")[1] == "erased"


def test_a_session_that_exists_is_left_alone(typed: Type, file: Path) -> None:
    assert typed("import", file).status == 0
    before = typed("export", ID, "--format", "journal").out
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    sentence = typed("import", file).sentence()
    assert f"an interview {ID} already" in sentence
    assert "--session" in sentence
    assert typed("export", ID, "--format", "journal").out == before


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda lines: [], "empty"),
        (lambda lines: [*lines[:4], lines[4][:-9]], "Line 5 is no JSON object"),
        (lambda lines: [*lines[:2], *lines[3:]], "Line 3 has event 4"),
        (lambda lines: lines[::-1], "Line 1 has event 5"),
        (lambda lines: [*lines[:3], b"\n", lines[3]], "Line 4 is no JSON object"),
        (lambda lines: [lines[0], lines[1].replace(b'"by"', b'"b"')], "Line 2 is no event"),
    ],
)
def test_a_damaged_file_is_one_sentence_and_writes_nothing(
    typed: Type,
    file: Path,
    tmp_path: Path,
    damage: Callable[[list[bytes]], list[bytes]],
    words: str,
) -> None:
    file.write_bytes(b"".join(damage(file.read_bytes().splitlines(keepends=True))))
    sentence = typed("import", file).sentence()
    assert words in sentence
    assert "Nothing was written" in sentence
    assert not (tmp_path / "new").exists()


def test_what_is_no_text_at_all_is_read_no_further_than_a_line_may_be(typed: Type) -> None:
    assert "Line 1 is longer" in typed("import", "/dev/zero", "--session", "s").sentence()


@pytest.mark.parametrize("name", ["nowhere.jsonl", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(typed: Type, tmp_path: Path, name: str) -> None:
    assert str(tmp_path) in typed("import", tmp_path / name, "--session", "s").sentence()


def test_a_folder_that_a_server_holds_is_left_to_it(
    typed: Type, file: Path, tmp_path: Path
) -> None:
    lock = DataLock.take(tmp_path / "new")
    lock.announce(RunningServer(os.getpid(), "http://127.0.0.1:1", "token"))
    try:
        sentence = typed("import", file).sentence()
    finally:
        lock.close()
    assert f"in use by the server with pid {os.getpid()}" in sentence
    assert "Stop it, import, and start it again." in sentence
    assert [path.name for path in (tmp_path / "new").iterdir()] == [LOCK_FILE]
    assert typed("import", file).status == 0


def test_another_file_can_be_the_journal(
    typed: Type, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "elsewhere.sqlite3"
    monkeypatch.setenv("DAEDAM_JOURNAL", f"sqlite:///{path}")
    assert f"no records in {path}; look at DAEDAM_JOURNAL" in typed("sessions").sentence()
    assert typed("import", file).err.endswith(f" into {path}.\n")
    assert typed("sessions").out.split("\t")[0] == ID
    assert not (tmp_path / "new" / JOURNAL_FILE).exists()


def test_long_files_show_how_far_they_were_read(
    typed: Type, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.cli.importing.QUIET_S", 0.0)
    assert "Reading: 100%" in typed("import", file).err
    monkeypatch.setattr(intake, "MAX_LINE", 10)
    assert "Line 1 is longer" in typed("import", file, "--session", "s").err
