"""The command line without a server: records in a folder, the doctor, models, and bad input."""

import argparse
import asyncio
import json
import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from pipeline import model_entries, models
from pipeline.models import Registry
from server.cli.parser import _duration as duration
from server.entrance.links import KEY_FILE, Links
from server.entries import Draft
from server.events import Event
from server.journal.opening import JOURNAL_FILE
from server.journal.sqlite.journal import SqliteJournal
from server.lockfile import LOCK_FILE, DataLock, running_server
from tests.server.certificates import certificate
from tests.server.stories import CLOSED, CREATED, note, said, seated
from tests.server.terminal import Typed, daedam, environment, files_with, finished, spawn

Type: TypeAlias = Callable[..., Typed]

COMMANDS = (
    "serve", "doctor", "models", "sessions", "invite", "export", "import", "end", "delete",
    "transcribe",
)  # fmt: skip
FORMATS = ("json", "text", "srt", "vtt", "journal")  # Those that hold words: not rttm.
NOTE, OTHER_NOTE, WORDS = "침착하게 답함", "질문이 많음", "개발 경험이 있습니다"
TOLD: tuple[Event, ...] = (
    CREATED,
    seated("v1", "지원자_1"),
    said("u1", WORDS, start=2.0),
    note(NOTE, "지원자_1", at=3.0),
    note(OTHER_NOTE, "지원자_2", at=4.0),
)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a living session and one in review."""
    data = tmp_path / "data"
    data.mkdir()
    asyncio.run(tell(data))
    return data


async def tell(data: Path) -> None:
    journal = await asyncio.to_thread(SqliteJournal, data / JOURNAL_FILE)
    for session, events in (("면접 1", (*TOLD, CLOSED)), ("live", TOLD)):
        for at, event in enumerate(events):
            wall = time.time() - 60 + at + (session == "live")
            draft = Draft(at=float(at), wall=wall, by="면접관_1", event=event)
            await journal.append(session, [draft])
    await journal.close()


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], folder: Path) -> Type:
    """Type a command about the folder's records."""

    def typed(command: str, *arguments: str | Path) -> Typed:
        return daedam(capsys, command, "--data", folder, *arguments)

    return typed


# --- what is typed wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str], command: str) -> None:
    found = daedam(capsys, command, "--help")
    assert found.status == 0
    assert found.out.startswith(f"usage: daedam {command} ")


@pytest.mark.process
def test_the_module_is_a_program_and_names_every_command() -> None:
    found = finished(spawn("--help"))
    assert found.status == 0
    assert found.err == ""
    for command in COMMANDS:
        assert f"\n    {command}" in found.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("dance",),
        ("export",),
        ("export", "s", "--format", "docx"),
        ("import",),
        ("invite", "s", "--seat", "지원자_9"),
        ("invite", "s", "--role", "king"),
        ("invite", "s", "--seat", "지원자_1", "--expires", "soon"),
        ("delete", "s", "--seat", "operator"),
        ("serve", "--port", "70000"),
        ("serve", "--port", "http"),
        ("transcribe", "a.wav", "--format", "docx"),
        ("models", "eat"),
    ],
)
def test_a_command_nobody_knows_is_answered_with_usage(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    found = daedam(capsys, *arguments)
    assert found.status == 2
    assert "usage: daedam" in found.err
    assert found.out == ""


@pytest.mark.parametrize(
    ("text", "duration_s"), [("90", 90), ("90s", 90), ("30m", 1800), ("1.5h", 5400), ("7d", 604800)]
)
def test_durations_are_written_with_a_unit(text: str, duration_s: float) -> None:
    assert duration(text) == duration_s


@pytest.mark.parametrize("text", ["", "h", "7w", "-5m", "0", "367d", "nan", "inf", "1e9d"])
def test_what_is_no_duration_of_a_link_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        duration(text)


@pytest.mark.parametrize(
    ("variable", "text"),
    [("DAEDAM_PORT", "eighty"), ("DAEDAM_LEGACY_NETWORKS", "office"), ("DAEDAM_WORKERS", "-1")],
)
@pytest.mark.parametrize("command", ["serve", "sessions", "doctor"])
def test_a_damaged_setting_is_one_sentence_with_its_name(
    typed: Type, monkeypatch: pytest.MonkeyPatch, command: str, variable: str, text: str
) -> None:
    monkeypatch.setenv(variable, text)
    assert f"{variable} is wrong" in typed(command).sentence()


def test_a_log_level_nobody_knows_is_one_sentence(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAEDAM_LOG", "loud")
    assert "DAEDAM_LOG is wrong" in typed("serve").sentence()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1"])
def test_other_machines_are_not_listened_to_without_a_secret(typed: Type, host: str) -> None:
    sentence = typed("serve", "--host", host).sentence()
    assert "Without DAEDAM_SECRET the server listens on loopback only" in sentence


def test_a_short_secret_is_refused(typed: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAEDAM_SECRET", "short")
    assert "DAEDAM_SECRET needs at least 32 characters" in typed("serve").sentence()
    assert "32 characters" in typed("invite", "live", "--role", "observer").sentence()


def test_a_public_address_without_a_secret_is_refused(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAEDAM_PUBLIC_URL", "https://interview.example")
    assert "without DAEDAM_SECRET" in typed("serve").sentence()


def test_certificates_that_do_not_serve_are_refused_before_the_models_load(
    typed: Type, tmp_path: Path
) -> None:
    pair = certificate(tmp_path)
    for option in ("--tls-cert", "--tls-key"):
        assert "TLS needs both" in typed("serve", option, pair.cert).sentence()
    other = certificate(tmp_path, name="other")
    wrong = ("--tls-cert", pair.cert, "--tls-key", other.key)
    assert "does not belong" in typed("serve", *wrong).sentence()
    old = certificate(tmp_path, lasts=timedelta(hours=-1))
    assert "expired on" in typed("serve", *old.options).sentence()
    assert "cannot be read" in typed("serve", "--tls-cert", "x", "--tls-key", "y").sentence()


# --- records ------------------------------------------------------------------------------------


def test_sessions_are_listed_with_their_life(typed: Type) -> None:
    found = typed("sessions")
    assert (found.status, found.err) == (0, "")
    lines = [line.split("\t") for line in found.out.splitlines()]
    assert [(line[0], line[1], line[3]) for line in lines] == [
        ("live", "live", "5 events"),
        ("면접 1", "ended", "6 events"),
    ]


def test_an_invitation_is_one_link_on_stdout(typed: Type, folder: Path) -> None:
    found = typed("invite", "live", "--seat", "지원자_1", "--name", "김하나", "--expires", "2h")
    assert found.status == 0
    assert "No server runs here" in found.err
    address, token = found.out.strip().split("?t=")
    assert address == "ws://127.0.0.1:8000/api/v1/realtime-interview/ws/interview/live"
    principal = Links((folder / KEY_FILE).read_text()).read(token)
    assert (principal.seat, principal.name, principal.session) == ("지원자_1", "김하나", "live")


def test_an_invitation_to_an_ended_interview_says_so(typed: Type) -> None:
    assert "has ended" in typed("invite", "면접 1", "--seat", "지원자_1").err


def test_a_session_that_does_not_exist_yet_can_be_invited_to(typed: Type) -> None:
    found = typed("invite", "면접 2", "--role", "operator")
    assert found.status == 0
    assert "Warning: there is no interview 면접 2 yet" in found.err
    assert "begins when an operator connects" in found.err
    assert "?t=" in found.out


def test_a_seat_that_the_interview_does_not_have_is_not_invited(typed: Type) -> None:
    sentence = typed("invite", "live", "--seat", "지원자_3").sentence()
    assert "its seats are" in sentence


def test_an_operator_of_every_session_can_be_invited(typed: Type) -> None:
    found = typed("invite", "*", "--role", "operator")
    assert found.status == 0
    assert "No server runs here" in found.err
    assert "/SESSION?t=" in found.out
    token = found.out.strip().partition("?t=")[2]
    assert f"In a browser: http://127.0.0.1:8000/#t={token}\n" in found.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("live",),
        ("live", "--role", "applicant"),
        ("live", "--role", "interviewer"),
        ("live", "--seat", "지원자_1", "--role", "operator"),
        ("*", "--role", "observer"),
        ("a/b", "--role", "observer"),
    ],
)
def test_an_invitation_that_makes_no_sense_says_why(
    typed: Type, arguments: tuple[str, ...]
) -> None:
    assert typed("invite", *arguments).sentence().endswith(".")


@pytest.mark.parametrize("to", FORMATS)
def test_a_record_is_exported_in_every_format(typed: Type, tmp_path: Path, to: str) -> None:
    found = typed("export", "면접 1", "--format", to)
    assert (found.status, found.err) == (0, "")
    assert all(word in found.out for word in WORDS.split())
    output = tmp_path / "record"
    written = typed("export", "면접 1", "--format", to, "--output", output)
    assert (written.status, written.out, written.err) == (0, "", "")
    assert output.read_text("utf-8") == found.out


def test_each_format_is_what_its_name_says(typed: Type) -> None:
    def exported(to: str) -> str:
        return typed("export", "면접 1", "--format", to).out

    record = json.loads(exported("json"))
    assert record["speaker_notes"]["지원자_1"][0]["note"] == NOTE
    assert record["transcripts"][0]["speaker"] == "지원자_1"
    text = exported("text")
    assert typed("export", "면접 1").out == text
    assert f"지원자_1 김하나: {WORDS}" in text
    assert f"면접관_1 → 지원자_1: {NOTE}" in text
    assert exported("srt").startswith("1\n00:00:02,000 --> 00:00:0")
    assert exported("vtt").startswith("WEBVTT\n\n00:00:02.000 --> ")
    assert [json.loads(line)["seq"] for line in exported("journal").splitlines()] == [*range(1, 7)]


def test_an_output_that_cannot_be_written_is_one_sentence(typed: Type, tmp_path: Path) -> None:
    assert "nowhere" in typed("export", "live", "--output", tmp_path / "nowhere" / "f").sentence()


def test_a_session_is_ended_once(typed: Type) -> None:
    for _ in range(2):
        found = typed("end", "live")
        assert (found.status, found.out, found.err) == (0, "", "live has ended.\n")
    journal = typed("export", "live", "--format", "journal").out.splitlines()
    assert json.loads(journal[-1])["type"] == "session_closed"
    assert len(journal) == 6
    assert "live\tended" in typed("sessions").out


def test_a_living_session_is_not_deleted(typed: Type, folder: Path) -> None:
    assert "end it first" in typed("delete", "live", "--yes").sentence()
    assert NOTE in typed("export", "live").out


def test_deleting_asks_first_and_without_a_terminal_wants_to_be_told(typed: Type) -> None:
    assert "--yes" in typed("delete", "면접 1").sentence()
    assert NOTE in typed("export", "면접 1").out


@pytest.mark.parametrize(
    ("answer", "is_erased"), [("y", True), ("예", True), ("", False), ("n", False), ("x", False)]
)
def test_only_a_yes_deletes(
    typed: Type, monkeypatch: pytest.MonkeyPatch, answer: str, is_erased: bool
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert typed("delete", "면접 1").status == (0 if is_erased else 1)
    assert (NOTE in typed("export", "면접 1").out) != is_erased


def test_what_was_deleted_is_in_no_file_of_the_folder(typed: Type, folder: Path) -> None:
    typed("end", "live")
    for word in (NOTE, "경험이", "김하나", "백엔드 개발자 면접"):
        assert files_with(folder, word), "the search finds what is there"
    for session in ("live", "면접 1"):
        found = typed("delete", session, "--yes")
        assert (found.status, found.out) == (0, "")
        assert f"Erased 6 events of {session}" in found.err
    for word in (NOTE, OTHER_NOTE, "경험이", "김하나", "백엔드 개발자 면접"):
        assert not files_with(folder, word)
    assert typed("sessions").out.count("\terased\t") == 2
    journal = typed("export", "면접 1", "--format", "journal").out.splitlines()
    assert [json.loads(line)["seq"] for line in journal] == [*range(1, 8)]


def test_one_persons_words_are_deleted_and_the_others_stay(typed: Type, folder: Path) -> None:
    typed("end", "live")
    for session in ("live", "면접 1"):
        assert typed("delete", session, "--seat", "지원자_1", "--yes").status == 0
    for word in (NOTE, "경험이", "김하나"):
        assert not files_with(folder, word)
    assert files_with(folder, OTHER_NOTE)
    assert OTHER_NOTE in typed("export", "면접 1").out


@pytest.mark.parametrize("command", ["export", "end", "delete"])
def test_an_unknown_session_is_one_sentence(typed: Type, command: str) -> None:
    extra = ["--yes"] if command == "delete" else []
    assert "no interview with this id" in typed(command, "nobody", *extra).sentence()
    assert "nobody" not in typed("sessions").out


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_records_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, exists: bool
) -> None:
    data = tmp_path / "empty"
    if exists:
        data.mkdir()
    found = daedam(capsys, "sessions", "--data", data)
    assert f"no records in {data}" in found.sentence()
    assert data.exists() == exists
    assert not exists or not list(data.iterdir())


def test_a_folder_another_command_works_in_is_one_sentence(typed: Type, folder: Path) -> None:
    lock = DataLock.take(folder)
    try:
        assert "in use by a process" in typed("end", "live").sentence()
        assert "in use by a process" in typed("serve").sentence()
    finally:
        lock.close()
    assert typed("end", "live").status == 0


def test_a_damaged_key_is_one_sentence(typed: Type, folder: Path) -> None:
    (folder / KEY_FILE).write_text("torn")
    assert KEY_FILE in typed("invite", "live", "--role", "observer").sentence()


def test_a_damaged_journal_is_one_sentence(typed: Type, folder: Path) -> None:
    (folder / JOURNAL_FILE).write_bytes(b"no database at all" * 1000)
    assert "journal file is damaged" in typed("export", "live").sentence()


@pytest.mark.process
def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    asyncio.run(many_notes(folder))
    process = spawn("export", "long", "--data", folder, "--format", "journal")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    assert process.stderr.read() == ""
    process.stderr.close()


async def many_notes(data: Path) -> None:
    """Add a record longer than a pipe holds."""
    journal = await asyncio.to_thread(SqliteJournal, data / JOURNAL_FILE)
    events = [CREATED, *(note("가" * 5000) for _ in range(50))]
    drafts = [Draft(at=0, wall=time.time(), by="system", event=event) for event in events]
    await journal.append("long", drafts)
    await journal.close()


# --- doctor and models --------------------------------------------------------------------------


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_the_doctor_finds_nothing_wrong_where_nothing_is(typed: Type) -> None:
    found = typed("doctor", "--port", free_port())
    assert (found.status, found.err) == (0, "")
    lines = found.out.splitlines()
    assert all(line.startswith("ok  ") for line in lines)
    for about in ("python", "access", "model whisper-base", "model silero-vad", "voices", "disk"):
        assert any(f"ok  {about}: " in line for line in lines)
    assert "ok  journal: ok" in lines


def test_the_doctor_leaves_no_trace_in_a_folder_that_is_not_there(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    daedam(capsys, "doctor", "--data", tmp_path / "new", "--port", free_port())
    assert not (tmp_path / "new").exists()


def test_the_doctor_says_how_to_get_a_missing_model(
    typed: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAEDAM_MODELS", str(tmp_path / "no models"))
    found = typed("doctor", "--port", free_port())
    assert found.status == 1
    assert "!!  model whisper-base: missing\n      -> daedam models fetch whisper-base" in found.out
    # Without the others an interview has all its words.
    assert " !  model campplus: missing\n      -> daedam models fetch campplus" in found.out
    assert " !  voices: several people on one microphone are not told apart" in found.out


def test_the_doctor_notices_a_port_in_use(typed: Type) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        found = typed("doctor", "--port", port)
    assert found.status == 1
    assert f"!!  port: 127.0.0.1:{port}: Address already in use" in found.out
    assert "--port" in found.out


def test_the_doctor_notices_settings_that_would_be_refused(
    typed: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = typed("doctor", "--host", "0.0.0.0", "--port", free_port())
    assert found.status == 1
    assert "!!  settings: refused" in found.out
    monkeypatch.setenv("DAEDAM_SECRET", "short")
    assert typed("doctor", "--port", free_port()).status == 1


@pytest.mark.parametrize("damage", ["no database", "a torn page", "cut short"])
def test_the_doctor_notices_a_damaged_journal(typed: Type, folder: Path, damage: str) -> None:
    path = folder / JOURNAL_FILE
    whole = path.read_bytes()
    path.write_bytes(
        {
            "no database": b"no database at all" * 1000,
            "a torn page": whole[: len(whole) - 4096] + b"\xa5" * 4096,
            "cut short": whole[: len(whole) - 5000],
        }[damage]
    )
    found = typed("doctor", "--port", free_port())
    assert found.status == 1
    assert "!!  journal: " in found.out
    assert "restore the file from a backup" in found.out


def test_the_doctor_looks_at_what_browsers_need(
    typed: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pair = certificate(tmp_path, lasts=timedelta(days=5))
    monkeypatch.setenv("DAEDAM_SECRET", "s" * 40)
    monkeypatch.setenv("DAEDAM_BIND_ADDRESS", "127.0.0.1")
    found = typed("doctor", "--port", free_port(), *pair.options)
    assert found.status == 0, "a warning only"
    assert "ok  microphones: this server speaks https" in found.out
    assert " !  certificate: for interview.example, 127.0.0.1, until " in found.out
    assert "\n      -> renew it" in found.out
    assert "ok  live sound address: UDP at 127.0.0.1" in found.out
    monkeypatch.setenv("DAEDAM_ICE_SERVERS", f'[{{"urls":"stun:127.0.0.1:{free_port()}"}}]')
    found = typed("doctor", "--port", free_port())
    assert found.status == 1
    assert "!!  stun:127.0.0.1:" in found.out


def test_the_doctor_does_not_disturb_a_command_at_work(typed: Type, folder: Path) -> None:
    lock = DataLock.take(folder)
    found = typed("doctor", "--port", free_port())
    lock.close()
    assert found.status == 1
    assert "!!  journal: in use" in found.out


def test_models_are_listed_with_their_licence(capsys: pytest.CaptureFixture[str]) -> None:
    found = daedam(capsys, "models")
    assert found.status == 0
    for name in Registry.default().entries:
        assert f"\n{name} " in f"\n{found.out}"
    assert "MIT" in found.out
    assert "folder: " in found.err


def test_a_check_of_a_missing_model_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAEDAM_MODELS", str(tmp_path))
    found = daedam(capsys, "models", "check", "whisper-base")
    assert found.status == 1
    assert found.out.split()[:2] == ["whisper-base", "missing"]
    assert daedam(capsys, "models", "list").status == 0


def test_an_unknown_model_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert "There is no model gpt" in daedam(capsys, "models", "check", "gpt").sentence()


def test_a_folder_without_the_model_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAEDAM_MODELS", str(tmp_path / "models"))
    found = daedam(capsys, "models", "fetch", "whisper-base", "--from", tmp_path)
    assert found.status == 1
    assert "could not be fetched" in found.err


def test_a_model_that_cannot_be_had_stops_a_start_only_when_it_is_needed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DAEDAM_MODELS", str(tmp_path / "models"))
    source = tmp_path / "copied"
    needed = Registry.default().path("silero-vad")  # The only one that is small and needed.
    source.mkdir()
    monkeypatch.setattr(models, "ENTRIES", (model_entries.SILERO_VAD, model_entries.CAMPPLUS))
    found = daedam(capsys, "models", "fetch", "--from", source)
    assert found.status == 0
    assert f"silero-vad: {needed}" in found.out
    assert "The model campplus could not be fetched" in found.out
    assert "The server works without it" in found.out
    assert daedam(capsys, "models", "fetch", "campplus", "--from", source).status == 1


def test_nothing_of_this_file_left_a_lock(folder: Path) -> None:
    assert running_server(folder) is None
    assert not (folder / LOCK_FILE).exists()
