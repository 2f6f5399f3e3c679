"""The command line and kept sound: what is written, what is deleted, why there is nothing."""

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from server.entries import Draft
from server.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Erased,
    Event,
    RoomConfirmed,
    SessionClosed,
    SessionConfig,
    SessionCreated,
)
from server.journal.opening import JOURNAL_FILE
from server.journal.sqlite.journal import SqliteJournal
from server.store.folder import FOLDER, FolderStore
from server.store.retention import DAY_S
from tests.server.terminal import daedam, environment

SEAT, OTHER = "지원자_1", "면접관_1"
CREATED = SessionCreated(config=SessionConfig())
AGREED = ConsentGiven(seat=SEAT, keep_audio_days=30)
SILENT = b"\xf8\xff\xfe"


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def happen(
    folder: Path, events: Sequence[Event], tracks: Sequence[str] = (), ago_s: float = 0.0
) -> None:
    """Make a data folder in which this happened, and with sound of these tracks."""

    async def tell() -> None:
        journal = await asyncio.to_thread(SqliteJournal, folder / JOURNAL_FILE)
        for event in events:
            draft = Draft(at=0.0, wall=time.time() - ago_s, by="operator", event=event)
            await journal.append("s1", [draft])
        await journal.close()
        store = FolderStore(folder / FOLDER)
        for track in tracks:
            recorder = store.record("s1", track)
            for number in range(100):
                recorder.keep(5 + number * 0.02, SILENT)
        await store.close()

    folder.mkdir()
    asyncio.run(tell())


def pieces(folder: Path) -> int:
    return len(list(folder.rglob("*.piece")))


@pytest.mark.parametrize("events", [(), (SessionClosed(),)])
def test_every_microphone_becomes_a_file(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], events: tuple[Event, ...]
) -> None:
    happen(folder, (CREATED, AGREED, RoomConfirmed(), *events), (SEAT, "room-c1"))
    out = tmp_path / "new" / "sound"
    where = ("--data", folder, "--format", "ogg", "--output", out)
    found = daedam(capsys, "export", *where, "s1")
    assert found.status == 0
    assert found.err == f"{out / 'room-c1.ogg'}: 7.0 s\n{out / '지원자_1.ogg'}: 7.0 s\n"
    assert sorted(path.name for path in out.iterdir()) == ["room-c1.ogg", "지원자_1.ogg"]
    assert out.stat().st_mode & 0o777 == 0o700, "voices are for nobody else"
    assert {path.stat().st_mode & 0o777 for path in out.iterdir()} == {0o600}


def test_what_may_not_stay_is_not_handed_out_though_it_still_lies_there(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events = (CREATED, AGREED, ConsentGiven(seat=OTHER), RoomConfirmed(), SessionClosed())
    happen(folder, events, (SEAT, OTHER, "room-c1"))
    out = tmp_path / "sound"
    where = ("--data", folder, "--format", "ogg", "--output", out)
    assert daedam(capsys, "export", *where, "s1").status == 0
    assert [path.name for path in out.iterdir()] == ["지원자_1.ogg"]


@pytest.mark.parametrize(
    ("events", "ago_days", "words"),
    [
        ((CREATED, AGREED, ConsentWithdrawn(seat=SEAT), SessionClosed()), 0, "nobody in it agreed"),
        ((CREATED, AGREED, ConsentWithdrawn(seat=SEAT), AGREED, SessionClosed()), 0, "withdrew"),
        ((CREATED, AGREED, SessionClosed()), 30, "the 30 days are over"),
        ((CREATED, AGREED, SessionClosed(), Erased(seat=None, events=())), 0, "nobody in it"),
        ((CREATED, AGREED, ConsentWithdrawn(seat=SEAT)), 0, "There is no sound"),
    ],
)
def test_where_none_may_stay_nothing_is_handed_out(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    events: tuple[Event, ...],
    ago_days: int,
    words: str,
) -> None:
    monkeypatch.setenv("DAEDAM_KEEP_AUDIO_DAYS", "30")
    happen(folder, events, (SEAT,), ago_s=ago_days * DAY_S)
    where = ("--data", folder, "--format", "ogg", "--output", tmp_path / "sound")
    assert words in daedam(capsys, "export", *where, "s1").sentence()
    assert not (tmp_path / "sound").exists()


@pytest.mark.parametrize(
    ("events", "days", "words"),
    [
        ((CREATED, AGREED), "0", "nobody has been heard"),
        ((CREATED, ConsentGiven(seat=SEAT), SessionClosed()), "0", "set DAEDAM_KEEP_AUDIO_DAYS"),
        ((CREATED, ConsentGiven(seat=SEAT), SessionClosed()), "30", "nobody in it agreed"),
        ((CREATED, AGREED, SessionClosed()), "30", "the 30 days are over"),
        (
            (SessionCreated(config=SessionConfig(consent="external")), SessionClosed()),
            "30",
            "consent: external",
        ),
    ],
)
def test_where_nothing_is_kept_one_sentence_says_why(
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    events: tuple[Event, ...],
    days: str,
    words: str,
) -> None:
    monkeypatch.setenv("DAEDAM_KEEP_AUDIO_DAYS", days)
    happen(folder, events)
    where = ("--data", folder, "--format", "ogg", "--output", tmp_path / "sound")
    assert words in daedam(capsys, "export", *where, "s1").sentence()
    assert not (tmp_path / "sound").exists()


def test_sound_needs_a_folder_to_go_to(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    happen(folder, (CREATED, AGREED), (SEAT,))
    where = ("--data", folder, "--format", "ogg")
    assert "--output FOLDER" in daedam(capsys, "export", *where, "s1").sentence()
    (tmp_path / "file").touch()
    wrong = daedam(capsys, "export", *where, "--output", tmp_path / "file", "s1")
    assert "File exists" in wrong.sentence()


def test_sound_of_an_interview_that_is_not_there_is_not_looked_for(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    happen(folder, (CREATED,))
    where = ("--data", folder, "--format", "ogg", "--output", tmp_path / "sound")
    assert "no interview with this id" in daedam(capsys, "export", *where, "x").sentence()


def test_the_end_deletes_sound_without_a_server(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    happen(folder, (CREATED, AGREED, ConsentGiven(seat=OTHER)), (SEAT, OTHER))
    assert daedam(capsys, "end", "--data", folder, "s1").status == 0
    assert pieces(folder) == 1


def test_who_is_erased_without_a_server_leaves_no_sound(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    happen(folder, (CREATED, AGREED, SessionClosed()), (SEAT, OTHER, "room-c1"))
    gone = daedam(capsys, "delete", "--data", folder, "--yes", "--seat", SEAT, "s1")
    assert gone.status == 0
    assert pieces(folder) == 1
    assert daedam(capsys, "delete", "--data", folder, "--yes", "s1").status == 0
    assert not list((folder / FOLDER).iterdir())


@pytest.mark.parametrize(("days", "words"), [("0", "deleted when"), ("0.5", "for 0.5 days")])
def test_the_doctor_says_how_long_sound_is_kept(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    days: str,
    words: str,
) -> None:
    monkeypatch.setenv("DAEDAM_KEEP_AUDIO_DAYS", days)
    [line] = [
        line
        for line in daedam(capsys, "doctor", "--data", folder).out.splitlines()
        if line.startswith("ok  sound:")
    ]
    assert words in line


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "never", "100000"])
def test_days_that_are_none_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, days: str
) -> None:
    monkeypatch.setenv("DAEDAM_KEEP_AUDIO_DAYS", days)
    found = daedam(capsys, "sessions", "--data", folder)
    assert "DAEDAM_KEEP_AUDIO_DAYS is wrong" in found.sentence()


def test_the_doctor_says_when_no_sound_can_be_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.mkdir()
    (folder / FOLDER).touch()
    found = daedam(capsys, "doctor", "--data", folder)
    assert found.status == 1
    assert f"{folder / FOLDER} cannot be written to" in found.out
