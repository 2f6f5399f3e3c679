"""The command line when the journal is in Redis: no lock, no server of this machine needed."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from server.access import Role
from server.entrance.links import KEY_FILE, Links
from server.journal.protocol import Journal
from server.lockfile import DataLock
from tests.server.journal.redises import opened
from tests.server.redis_server import RedisServer
from tests.server.stories import CLOSED, CREATED, draft, note, said, seated
from tests.server.terminal import Typed, daedam, environment, files_with, finished, spawn

pytestmark = pytest.mark.redis

Type: TypeAlias = Callable[..., Typed]

NOTE, OTHER_NOTE, SECRET, PASSWORD = "침착하게 답함", "질문이 많음", "s" * 40, "geheim"
TOLD = (
    CREATED,
    seated("v1", "지원자_1"),
    said("u1", "개발 경험이 있습니다"),
    note(NOTE),
    note(OTHER_NOTE, "지원자_2"),
)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)


@pytest.fixture
def typed(
    capsys: pytest.CaptureFixture[str],
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Type:
    """Type a command about a Redis with a living session and one in review."""
    monkeypatch.setenv("DAEDAM_JOURNAL", redis_server.url)

    async def tell(journal: Journal) -> None:
        for session, events in (("면접 1", (*TOLD, CLOSED)), ("live", TOLD)):
            await journal.append(session, [draft(e, at=float(n)) for n, e in enumerate(events)])

    in_redis(redis_server, tell)
    return lambda command, *arguments: daedam(
        capsys, command, "--data", tmp_path / "data", *arguments
    )


def in_redis(server: RedisServer, work: Callable[[Journal], Awaitable[object]]) -> None:
    async def run() -> None:
        async with opened(server) as journal:
            await work(journal)

    asyncio.run(run())


def test_sessions_are_listed_and_written_without_any_folder(typed: Type, tmp_path: Path) -> None:
    lines = [line.split("\t")[:2] for line in typed("sessions").out.splitlines()]
    assert sorted(lines) == [["live", "live"], ["면접 1", "ended"]]
    assert NOTE in typed("export", "live").out
    assert not (tmp_path / "data").exists()


def test_a_command_at_work_in_the_folder_is_in_nobodys_way(typed: Type, tmp_path: Path) -> None:
    lock = DataLock.take(tmp_path / "data")
    try:
        assert typed("sessions").status == 0
    finally:
        lock.close()


def test_an_unknown_session_is_one_sentence(typed: Type) -> None:
    for command in (("export", "nobody"), ("end", "nobody"), ("delete", "nobody", "--yes")):
        assert "no interview with this id" in typed(*command).sentence()


def test_a_session_that_nobody_holds_is_ended_once(typed: Type) -> None:
    for _ in range(2):
        found = typed("end", "live")
        assert (found.status, found.err) == (0, "live has ended.\n")
    assert "live\tended\t" in typed("sessions").out
    assert len(typed("export", "live", "--format", "journal").out.splitlines()) == 6


def test_a_session_that_a_server_holds_is_not_ended_behind_its_back(
    typed: Type, redis_server: RedisServer
) -> None:
    in_redis(redis_server, lambda journal: journal.claim("live", "a server", 60.0))
    sentence = typed("end", "live").sentence()
    assert "A running server looks after this interview" in sentence
    assert "try again in 6 seconds" in sentence
    assert "live\tlive\t" in typed("sessions").out
    assert typed("end", "면접 1").status == 0, "it has ended, whoever holds it"


def test_what_was_deleted_is_in_no_answer_and_in_no_file(
    typed: Type, redis_server: RedisServer
) -> None:
    assert "end it first" in typed("delete", "live", "--yes").sentence()
    found = typed("delete", "면접 1", "--seat", "지원자_1", "--yes")
    assert (found.status, found.out) == (0, "")
    text = typed("export", "면접 1").out
    assert NOTE not in text
    assert OTHER_NOTE in text
    assert typed("end", "live").status == 0
    assert files_with(redis_server.folder, NOTE), "the search finds what is there"
    assert "Erased 6 events of live" in typed("delete", "live", "--yes").err
    assert typed("delete", "면접 1", "--yes").status == 0
    assert typed("sessions").out.count("\terased\t") == 2
    for word in (NOTE, OTHER_NOTE, "개발 경험", "김하나"):
        assert not files_with(redis_server.folder, word)


def test_a_record_moves_from_redis_to_a_file_and_back(
    typed: Type, monkeypatch: pytest.MonkeyPatch, redis_server: RedisServer, tmp_path: Path
) -> None:
    path = tmp_path / "면접 1.jsonl"
    assert typed("export", "면접 1", "--format", "journal", "--output", path).status == 0
    assert "already" in typed("import", path).sentence()
    monkeypatch.delenv("DAEDAM_JOURNAL")
    assert typed("import", path).status == 0
    assert typed("export", "면접 1", "--format", "journal").out == path.read_text("utf-8")
    monkeypatch.setenv("DAEDAM_JOURNAL", redis_server.url)
    found = typed("import", path, "--session", "again")
    assert found.err == f"Wrote 6 events as again into redis://127.0.0.1:{redis_server.port}/0.\n"
    assert typed("export", "again", "--format", "journal").out == path.read_text("utf-8")
    for to in ("text", "json"):
        before = typed("export", "면접 1", "--format", to).out
        assert typed("export", "again", "--format", to).out == before.replace("면접 1", "again")


def test_links_need_the_secret_that_the_servers_share(
    typed: Type, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert "same DAEDAM_SECRET" in typed("invite", "live", "--role", "observer").sentence()
    assert not (tmp_path / "data" / KEY_FILE).exists()
    monkeypatch.setenv("DAEDAM_SECRET", SECRET)
    monkeypatch.setenv("DAEDAM_PUBLIC_URL", "https://interview.example")
    found = typed("invite", "live", "--role", "observer")
    address, token = found.out.strip().split("?t=")
    assert address.startswith("wss://interview.example/")
    assert Links(SECRET).read(token).roles == frozenset({Role.OBSERVER})
    assert "No server runs here" not in found.err
    assert "its seats are" in typed("invite", "live", "--seat", "지원자_3").sentence()


def test_a_redis_that_is_not_there_is_one_sentence_without_its_password(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "s.jsonl"
    file.write_bytes(b'{"type":"session_created","seq":1,"at":0,"wall":1,"by":"x","v":1,"cmd":null')
    file.write_bytes(file.read_bytes() + b',"config":{}}')
    with RedisServer(tmp_path / "redis", password=PASSWORD) as server:
        for url in (server.url.replace(PASSWORD, "falsch"), server.url.replace(PASSWORD, "")):
            monkeypatch.setenv("DAEDAM_JOURNAL", url)
            sentence = daedam(capsys, "sessions").sentence()
            assert f"redis://127.0.0.1:{server.port}/0 refuses the password" in sentence
            assert "falsch" not in sentence
        monkeypatch.setenv("DAEDAM_JOURNAL", server.url)
        assert daedam(capsys, "import", file).status == 0
    for command in (("sessions",), ("end", "s"), ("import", file)):
        sentence = daedam(capsys, *command).sentence()
        assert f"redis://127.0.0.1:{server.port}/0" in sentence
        assert PASSWORD not in sentence


@pytest.mark.process
def test_a_redis_that_says_nothing_is_not_waited_for_long(tmp_path: Path) -> None:
    with RedisServer(tmp_path / "redis", password=PASSWORD) as server:
        server.pause()
        began = time.monotonic()
        commands = [
            spawn(command, "--data", tmp_path / "data", DAEDAM_JOURNAL=server.url)
            for command in ("sessions", "doctor")
        ]
        sessions, doctor = map(finished, commands)
        assert time.monotonic() - began < 20
    assert sessions.status == doctor.status == 1
    assert "is not reached" in sessions.err
    assert f"!!  journal: redis://127.0.0.1:{server.port}/0 does not answer" in doctor.out
    for word in (sessions.err, doctor.out, doctor.err):
        assert PASSWORD not in word
