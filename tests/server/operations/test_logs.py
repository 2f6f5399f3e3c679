"""What the process writes about itself: lines for people, or JSON that every program can read."""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from server.operations import logs
from server.operations.logs import JsonLines
from server.settings import SettingsError
from tests.server.conftest import ask, socket_path
from tests.server.talk import note
from tests.server.terminal import ROOT, environment, spawn
from tests.server.test_serve import by_hand

NOTE = "침착하게 답함"


def record(message: str, *values: object, **fields: Any) -> logging.LogRecord:
    made = logging.LogRecord("server.room", logging.WARNING, __file__, 1, message, values, None)
    made.__dict__.update(fields)
    return made


def line(made: logging.LogRecord, formatter: JsonLines | None = None) -> dict[str, Any]:
    text = (formatter or JsonLines()).format(made)
    assert "\n" not in text
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_json_line_says_when_how_bad_where_and_what() -> None:
    found = line(record("session %s: %d", "면접\n1", 3))
    assert set(found) == {"time", "level", "logger", "message"}
    assert found["message"] == "session 면접\n1: 3"
    assert (found["level"], found["logger"]) == ("WARNING", "server.room")
    assert datetime.fromisoformat(found["time"]).tzinfo is not None


def test_an_exception_stays_in_its_line() -> None:
    try:
        raise ValueError("what was wrong")
    except ValueError:
        found = line(record("failed", exc_info=sys.exc_info()))
    assert "ValueError: what was wrong" in found["exception"]
    assert "Traceback" in found["exception"]


def test_lines_carry_the_name_of_their_process_once_it_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handler = logging.StreamHandler()
    lines = JsonLines()
    handler.setFormatter(lines)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    logs.name_process("a1b2")
    assert line(record("hello"), lines)["process"] == "a1b2"


@pytest.mark.parametrize(
    ("level", "form", "variable"),
    [("loud", "text", "DAEDAM_LOG "), ("INFO", "xml", "DAEDAM_LOG_FORMAT ")],
)
def test_a_wrong_value_is_one_sentence(level: str, form: str, variable: str) -> None:
    with pytest.raises(SettingsError) as refused:
        logs.setup(level, form)
    assert str(refused.value).startswith(f"{variable}is wrong: choose one of ")


STRAY = """
import os, subprocess, sys, warnings
from server.operations import logs
logs.setup("ERROR", "JSON")
logs.progress.info("said whatever the level")
print("by print", file=sys.stderr)
os.write(2, b"by a library \\xff\\n\\n")
subprocess.run([sys.executable, "-c", "import sys; print('by a child', file=sys.stderr)"])
warnings.warn("a warning")
1 / 0
"""


def test_whoever_else_writes_on_stderr_writes_json_too_up_to_the_last_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRAY], cwd=ROOT, env=environment(), capture_output=True, timeout=30
    )
    assert done.returncode == 1
    found = [json.loads(text) for text in done.stderr.decode().splitlines()]
    said = "\n".join(each["message"] for each in found)
    for what in ("said whatever the level", "by print", "by a library", "by a child", "a warning"):
        assert what in said
    (end,) = (each for each in found if "exception" in each)
    assert "ZeroDivisionError" in end["exception"]


@dataclass(frozen=True, slots=True)
class Logging:
    """A running server and the file that its standard error goes to."""

    process: "subprocess.Popen[str]"
    url: str
    log: Path

    def lines(self) -> list[Mapping[str, Any]]:
        return [json.loads(text) for text in self.log.read_text().splitlines()]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Logging]:
    log = tmp_path / "log"
    with log.open("w") as stderr:
        process = spawn(
            *("serve", "--port", "0", "--data", tmp_path / "data"),
            stderr=stderr.fileno(),
            DAEDAM_LOG_FORMAT="json",
        )
    assert process.stdout is not None
    yield Logging(process, process.stdout.readline().strip(), log)
    process.kill()
    process.communicate()


async def one_note(websocket: Any) -> None:
    assert (await ask(websocket, note(NOTE)))["type"] == "note_saved"


@pytest.mark.process
def test_every_line_of_a_servers_life_is_json_and_the_link_stays_on_stdout(
    server: Logging,
) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    by_hand(server.url + socket_path("s1"), one_note)
    worker = next(iter(children(server.process.pid)))
    os.kill(worker, signal.SIGKILL)
    server.process.send_signal(signal.SIGTERM)
    out, _ = server.process.communicate(timeout=30)
    assert (server.process.returncode, out) == (0, "")
    lines = server.lines()
    assert all({"time", "level", "logger", "message"} <= set(found) for found in lines)
    said = [found["message"] for found in lines]
    assert said[0] == "Loading the models …"
    assert any(text.startswith("Ready after ") for text in said)
    assert any(text.startswith("Stopping: ") for text in said)
    (access,) = (text for text in said if text.startswith("GET ") and "/ws/interview/" in text)
    assert "?" not in access
    assert any(found.get("process") for found in lines)
    assert NOTE not in server.log.read_text()


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert found
    return [int(each) for each in found]
