"""``daedam serve`` as people start it: a real process, and the command line beside it."""

import asyncio
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import aiohttp
import pytest
from yarl import URL

from server.cli.office import TLS_GOODBYE_S
from server.cli.serve import loop_factory
from server.entrance.links import KEY_FILE
from server.lockfile import LOCK_FILE, running_server
from tests.server.certificates import certificate
from tests.server.conftest import answer, ask, socket_path
from tests.server.redis_server import RedisServer
from tests.server.talk import note
from tests.server.terminal import daedam, environment, files_with, finished, spawn

pytestmark = pytest.mark.process

NOTE, OTHER_NOTE = "침착하게 답함", "질문이 많음"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server of this file; ``log``: what it writes on stderr."""

    process: "subprocess.Popen[str]"
    url: str
    data: Path
    log: Path

    @property
    def port(self) -> str:
        return str(urlsplit(self.url).port)


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)


def begun(data: Path, *arguments: str, scheme: str = "http", **variables: str) -> Server:
    """Start a server and wait for the line that says where it is."""
    log = data.parent / f"{data.name}.log"
    with log.open("w") as stderr:
        process = spawn(
            "serve", "--port", "0", "--data", data, *arguments, stderr=stderr.fileno(), **variables
        )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert url.startswith(f"{scheme}://"), log.read_text()
    return Server(process, url, data, log)


def stopped(server: Server, how: signal.Signals = signal.SIGTERM) -> int:
    """Ask it to stop; return its exit status."""
    server.process.send_signal(how)
    out, _ = server.process.communicate(timeout=30)
    assert out == "", "the link was the last line"
    return server.process.returncode


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = begun(tmp_path_factory.mktemp("serve") / "data")
    yield running
    running.process.kill()
    running.process.communicate()


def by_hand(
    address: str,
    work: Callable[[Any], Awaitable[None]],
    trusting: ssl.SSLContext | Literal[True] = True,
) -> None:
    """Do something on the WebSocket at ``address``."""

    async def connected() -> None:
        async with aiohttp.ClientSession() as client:
            async with client.ws_connect(URL(address, encoded=True), ssl=trusting) as websocket:
                await work(websocket)
        if trusting is not True:
            await asyncio.sleep(TLS_GOODBYE_S)

    asyncio.run(connected())


def talk(server: Server, session: str, work: Callable[[Any], Awaitable[None]]) -> None:
    """Do something on a WebSocket without a link, as a client on this machine."""
    by_hand(server.url + socket_path(quote(session, safe="")), work)


async def two_notes(websocket: Any) -> None:
    for text, about in ((NOTE, "지원자_1"), (OTHER_NOTE, "지원자_2")):
        assert (await ask(websocket, note(text, about)))["type"] == "note_saved"


async def ended_with_two_notes(websocket: Any) -> None:
    await two_notes(websocket)
    assert (await ask(websocket, {"type": "session_end"}))["type"] == "session_ended"


def test_the_link_is_printed_last_and_answers(server: Server) -> None:
    log = server.log.read_text().splitlines()
    assert log[0] == "Loading the models …"
    assert log[-1].startswith("Ready after ")
    assert "ERROR" not in "".join(log)
    connection = http.client.HTTPConnection("127.0.0.1", int(server.port), timeout=10)
    connection.request("GET", "/healthz")
    assert json.load(connection.getresponse())["status"] == "ok"
    connection.close()


def test_it_runs_on_uvloop(server: Server) -> None:
    assert "/uvloop/loop." in Path(f"/proc/{server.process.pid}/maps").read_text()


def test_it_runs_on_pythons_own_loop_where_there_is_no_uvloop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert loop_factory() is not None
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert loop_factory() is None


def test_it_listens_on_loopback_only(server: Server) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}"
    with socket.socket() as other:
        # The whole of 127.0.0.0/8 is loopback, and the server asked for one address of it.
        assert other.connect_ex(("127.0.0.2", int(server.port))) != 0


def test_a_second_server_on_the_same_folder_is_refused(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = daedam(capsys, "serve", "--data", server.data, "--port", "0").sentence()
    assert f"is in use by the server with pid {server.process.pid} at {server.url}." in sentence
    assert running_server(server.data) is not None


def test_a_port_in_use_is_one_sentence(server: Server, tmp_path: Path) -> None:
    found = finished(spawn("serve", "--data", tmp_path / "other", "--port", server.port))
    assert found.status == 1
    assert found.out == ""
    assert found.err.splitlines()[-1] == (
        f"daedam: 127.0.0.1:{server.port} is in use; choose another port with --port."
    )
    assert "Loading" not in found.err, "it is told before anything heavy is loaded"
    assert "Traceback" not in found.err
    assert running_server(tmp_path / "other") is None


def test_the_commands_ask_the_running_server(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    session = "면접 100% #1"
    talk(server, session, two_notes)
    here = ("--data", server.data)
    assert f"{session}\tlive\t" in daedam(capsys, "sessions", *here).out
    assert "end it first" in daedam(capsys, "delete", session, "--yes", *here).sentence()
    invited = daedam(capsys, "invite", session, "--seat", "면접관_1", *here)
    token = invited.out.strip().partition("?t=")[2]
    room = f"In a browser: {server.url}/room/{quote(session, safe='')}#t={token}\n"
    assert (invited.status, invited.err) == (0, room)
    assert invited.out.startswith(f"ws://127.0.0.1:{server.port}/api/v1/realtime-interview/ws/")
    assert daedam(capsys, "invite", session, "--role", "applicant", *here).sentence()
    assert daedam(capsys, "end", session, *here).err == f"{session} has ended.\n"
    assert f"{session}\tended\t" in daedam(capsys, "sessions", *here).out
    for to in ("json", "text", "journal"):
        found = daedam(capsys, "export", session, "--format", to, *here)
        assert (found.status, found.err) == (0, "")
        assert NOTE in found.out
    assert daedam(capsys, "export", session, "--format", "vtt", *here).out == "WEBVTT\n"
    assert daedam(capsys, "export", session, "--format", "srt", *here).out == ""


@pytest.mark.parametrize("session", ["*", "면접 100% #2?"])
def test_a_link_that_was_invited_by_hand_works(
    server: Server, capsys: pytest.CaptureFixture[str], session: str
) -> None:
    invited = daedam(capsys, "invite", session, "--role", "operator", "--data", server.data)
    by_hand(invited.out.strip().replace("SESSION", "any"), two_notes)
    expected = "any" if session == "*" else session
    assert f"{expected}\tlive\t" in daedam(capsys, "sessions", "--data", server.data).out


@pytest.mark.parametrize("command", ["export", "end", "delete"])
def test_an_unknown_session_is_one_sentence_with_a_server_too(
    server: Server, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    extra = ["--yes"] if command == "delete" else []
    found = daedam(capsys, command, "nobody", *extra, "--data", server.data)
    assert "no interview with this id" in found.sentence()


def test_a_record_is_imported_when_the_server_has_stopped(
    server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    talk(server, "to export", two_notes)
    path = tmp_path / "imported.jsonl"
    here = ("--data", server.data)
    export = ("export", "to export", "--format", "journal", "--output", path)
    assert daedam(capsys, *export, *here).status == 0
    sentence = daedam(capsys, "import", path, *here).sentence()
    assert f"pid {server.process.pid} at {server.url}. Stop it" in sentence
    assert "imported\t" not in daedam(capsys, "sessions", *here).out
    there = ("--data", tmp_path / "other")
    assert daedam(capsys, "import", path, *there).status == 0
    assert daedam(capsys, "export", "imported", "--format", "journal", *there).out == (
        path.read_text("utf-8")
    )


@pytest.mark.redis
def test_servers_with_another_secret_on_one_redis_are_refused(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    url, data = redis_server.url, tmp_path / "two"
    running = begun(tmp_path / "one", DAEDAM_SECRET="s" * 40, DAEDAM_JOURNAL=url)
    try:
        other = spawn(
            "serve", "--port", "0", "--data", data, DAEDAM_SECRET="t" * 40, DAEDAM_JOURNAL=url
        )
        out, err = other.communicate(timeout=60)
        assert (other.returncode, out) == (1, "")
        assert "another DAEDAM_SECRET" in err
    finally:
        assert stopped(running) == 0


@pytest.mark.redis
def test_a_server_that_is_not_where_others_are_told_says_so(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    running = begun(
        tmp_path / "data",
        DAEDAM_JOURNAL=redis_server.url,
        DAEDAM_SECRET="s" * 40,
        DAEDAM_INTERNAL_URL="http://127.0.0.1:9",
    )
    assert stopped(running) == 0
    log = running.log.read_text()
    assert "http://127.0.0.1:9" in log
    assert "DAEDAM_INTERNAL_URL" in log


@pytest.mark.redis
def test_a_session_in_redis_is_ended_beside_its_server_only_and_erased_from_anywhere(
    redis_server: RedisServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("DAEDAM_JOURNAL", redis_server.url)
    monkeypatch.setenv("DAEDAM_SECRET", "s" * 40)
    running = begun(tmp_path / "data", DAEDAM_JOURNAL=redis_server.url, DAEDAM_SECRET="s" * 40)
    here, there = ("--data", running.data), ("--data", tmp_path / "another machine")
    try:
        invited = daedam(capsys, "invite", "s1", "--role", "operator", *here)
        by_hand(invited.out.strip(), two_notes)
        assert "server looks after this interview" in daedam(capsys, "end", "s1", *there).sentence()
        assert NOTE in daedam(capsys, "export", "s1", *there).out
        assert daedam(capsys, "end", "s1", *here).err == "s1 has ended.\n"
        assert "s1\tended\t" in daedam(capsys, "sessions", *there).out
        assert daedam(capsys, "delete", "s1", "--yes", *there).status == 0
        assert NOTE not in daedam(capsys, "export", "s1", *here).out
        assert stopped(running) == 0
    finally:
        running.process.kill()
        running.process.communicate()


def test_what_is_deleted_while_the_server_runs_is_in_no_file_and_no_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    running = begun(tmp_path / "data")
    here = ("--data", running.data)
    try:
        for session in ("one", "two"):
            talk(running, session, ended_with_two_notes)
        assert files_with(tmp_path, NOTE)
        for session in ("one", "two"):
            found = daedam(capsys, "delete", session, "--seat", "지원자_1", "--yes", *here)
            assert "Erased 1 events" in found.err
        assert not files_with(tmp_path, NOTE)
        assert files_with(tmp_path, OTHER_NOTE)
        assert OTHER_NOTE in daedam(capsys, "export", "one", *here).out
        for session in ("one", "two"):
            assert daedam(capsys, "delete", session, "--yes", *here).status == 0
            exported = daedam(capsys, "export", session, "--format", "json", *here).out
            assert not json.loads(exported)["speaker_notes"]
        assert not files_with(tmp_path, OTHER_NOTE)
    finally:
        assert stopped(running) == 0
    assert not files_with(tmp_path, OTHER_NOTE)


def test_the_doctor_knows_the_server(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    found = daedam(capsys, "doctor", "--data", server.data, "--port", server.port)
    assert found.status == 0
    assert f"journal: held by the server with pid {server.process.pid} at {server.url}" in found.out
    assert f"port: 127.0.0.1:{server.port} is served by this data folder's server" in found.out


def test_with_a_secret_nobody_comes_in_without_a_link_and_the_commands_still_work(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    running = begun(tmp_path / "data", "--host", "0.0.0.0", DAEDAM_SECRET="s" * 40)
    try:
        with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
            talk(running, "s1", two_notes)
        here = ("--data", running.data)
        assert daedam(capsys, "sessions", *here).status == 0
        address = daedam(capsys, "invite", "s1", "--role", "operator", *here).out.strip()
        by_hand(address, two_notes)
        assert not (running.data / KEY_FILE).exists()
        assert "s1\tlive" in daedam(capsys, "sessions", *here).out
    finally:
        assert stopped(running, signal.SIGINT) == 0


def test_with_a_certificate_people_and_commands_come_in_over_tls(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pair = certificate(tmp_path)
    variables = {"DAEDAM_SECRET": "s" * 40, "DAEDAM_PUBLIC_URL": "https://interview.example"}
    running = begun(tmp_path / "data", *pair.options, scheme="https", **variables)
    try:
        assert "People come in at https://interview.example\n" in running.log.read_text()
        assert daedam(capsys, "sessions", "--data", running.data).out == ""
        invited = daedam(capsys, "invite", "s1", "--role", "operator", "--data", running.data)
        assert "In a browser: https://interview.example/room/s1#t=" in invited.err
        assert invited.out.startswith("wss://interview.example/")
        address = invited.out.strip().replace("interview.example", f"127.0.0.1:{running.port}")
        trusting = ssl.create_default_context(cafile=pair.cert)
        by_hand(address, two_notes, trusting)
        assert "s1\tlive" in daedam(capsys, "sessions", "--data", running.data).out
        assert daedam(capsys, "end", "s1", "--data", running.data).status == 0
        found = daedam(capsys, "doctor", "--data", running.data, "--port", running.port)
        assert "is served by this data folder's server" in found.out
    finally:
        assert stopped(running) == 0
    assert "Traceback" not in running.log.read_text()


def test_sigterm_parts_from_everybody_exits_0_and_keeps_everything(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    statuses = []

    async def interrupted(websocket: Any) -> None:
        await two_notes(websocket)
        server.process.send_signal(signal.SIGTERM)
        statuses.append((await answer(websocket))["code"])
        statuses.append((await websocket.receive(timeout=10)).data)

    token = json.loads((server.data / LOCK_FILE).read_text())["token"]
    talk(server, "interrupted", interrupted)
    assert statuses == ["shutting_down", 1001]
    out, _ = server.process.communicate(timeout=30)
    assert (server.process.returncode, out) == (0, "")
    log = server.log.read_text()
    assert log.count("Stopping: ") == 1
    for secret in (NOTE, token, token.split(".")[1], "?t=", "Traceback"):
        assert secret not in log
    assert running_server(server.data) is None
    assert not files_with(server.data, token)
    exported = daedam(capsys, "export", "interrupted", "--data", server.data).out
    assert NOTE in exported
    assert OTHER_NOTE in exported
