"""The lock of a data folder: one holder, freed by any death, stale words ignored."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.lockfile import LOCK_FILE, DataInUse, DataLock, RunningServer, running_server

HOLDER = """
import sys, time
from pathlib import Path
from server.lockfile import DataLock, RunningServer
lock = DataLock.take(Path(sys.argv[1]))
if len(sys.argv) > 2:
    lock.announce(RunningServer(int(sys.argv[2]), "http://127.0.0.1:1", "token"))
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def holder(data: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Hold the folder in another process."""
    command = [sys.executable, "-c", HOLDER, str(data), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_folder_is_made_held_once_and_free_again(tmp_path: Path) -> None:
    data = tmp_path / "deep" / "data"
    lock = DataLock.take(data)
    with pytest.raises(DataInUse, match=r"data is in use by a process\."):
        DataLock.take(data)
    lock.close()
    lock.close()
    DataLock.take(data).close()


def test_the_holder_says_where_it_is_while_it_holds(tmp_path: Path) -> None:
    server = RunningServer(os.getpid(), "http://127.0.0.1:8000", "secret token")
    lock = DataLock.take(tmp_path)
    assert running_server(tmp_path) is None, "held, and nothing announced"
    lock.announce(server)
    assert running_server(tmp_path) == server
    longer = RunningServer(server.pid, "http://127.0.0.1:8001", "t" * 500)
    lock.announce(longer)
    lock.announce(server)
    assert running_server(tmp_path) == server
    with pytest.raises(DataInUse) as error:
        DataLock.take(tmp_path)
    assert f"pid {os.getpid()} at http://127.0.0.1:8000" in str(error.value)
    assert "token" not in str(error.value)
    lock.close()
    assert running_server(tmp_path) is None
    assert (tmp_path / LOCK_FILE).read_text() == ""


def test_only_the_owner_may_read_the_token_in_it(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        DataLock.take(tmp_path).close()
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / LOCK_FILE).stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_has_no_server(tmp_path: Path) -> None:
    assert running_server(tmp_path / "nothing") is None
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("stale", ['{"pid":1,"url":"http://x","token":"t"}', "[]", "{", "\x00"])
def test_what_a_dead_server_left_is_ignored(tmp_path: Path, stale: str) -> None:
    (tmp_path / LOCK_FILE).write_text(stale)
    assert running_server(tmp_path) is None
    DataLock.take(tmp_path).close()


@pytest.mark.parametrize("rubbish", ["[]", "5", "null", '{"pid":null}', '{"pid":{}}', "\x00", "é"])
def test_rubbish_in_a_held_file_is_no_server(tmp_path: Path, rubbish: str) -> None:
    lock = DataLock.take(tmp_path)
    (tmp_path / LOCK_FILE).write_text(rubbish, "latin-1")
    assert running_server(tmp_path) is None
    with pytest.raises(DataInUse, match="by a process"):
        DataLock.take(tmp_path)
    lock.close()


@pytest.mark.process
def test_another_process_is_kept_out_until_the_holder_is_killed(tmp_path: Path) -> None:
    with holder(tmp_path, "4711") as process:
        with pytest.raises(DataInUse, match="the server with pid 4711 at http://127.0.0.1:1"):
            DataLock.take(tmp_path)
        found = running_server(tmp_path)
        assert found is not None
        assert found.token == "token"
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert "4711" in (tmp_path / LOCK_FILE).read_text(), "it had no time to tidy up"
        assert running_server(tmp_path) is None
        lock = DataLock.take(tmp_path)
        assert running_server(tmp_path) is None, "the dead one's words are gone"
        lock.close()


def test_a_server_with_tls_says_by_which_certificate_it_is_known(tmp_path: Path) -> None:
    server = RunningServer(1, "https://127.0.0.1:8000", "token", "ab" * 32)
    lock = DataLock.take(tmp_path)
    lock.announce(server)
    assert running_server(tmp_path) == server
    lock.close()
