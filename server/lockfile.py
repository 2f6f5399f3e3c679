"""One server per data folder, and how the command line finds it."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

import msgspec

LOCK_FILE = "server.lock"


class DataInUse(Exception):
    """Another process holds the data folder."""


@dataclass(frozen=True, slots=True)
class RunningServer:
    """The server that holds a data folder.

    Attributes:
        token: an operator's link for this machine.
        fingerprint: SHA-256 of its certificate in hexadecimal; None: it speaks plain HTTP.
        public_url: where other people come in, if the operator has said so.
    """

    pid: int
    url: str
    token: str
    fingerprint: str | None = None
    public_url: str | None = None


class DataLock:
    """Holds a data folder until closed, or until the process dies in whatever way."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def take(cls, data: Path) -> Self:
        """Take the folder.

        Raises:
            DataInUse: somebody has it; the sentence says who.
        """
        make_data_folder(data)
        path = data / LOCK_FILE
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        file = os.fdopen(descriptor, "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            server = _read(file)
            file.close()
            who = f"the server with pid {server.pid} at {server.url}" if server else "a process"
            raise DataInUse(f"The data folder {data} is in use by {who}.") from None
        file.truncate(0)
        return cls(file)

    def announce(self, server: RunningServer) -> None:
        """Tell the command line where the server is."""
        self._file.seek(0)
        self._file.truncate(0)
        self._file.write(msgspec.json.encode(server).decode())
        self._file.flush()

    def close(self) -> None:
        if not self._file.closed:
            self._file.truncate(0)
            self._file.close()


def lock_file(path: Path) -> IO[str]:
    """Keep other processes from the file at ``path`` until what is returned is closed.

    By a file beside it: closing a database's own file would end SQLite's locks on it, too.

    Raises:
        DataInUse: another process has it.
    """
    beside = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    file = os.fdopen(beside, "r+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise DataInUse(f"The journal {path} is in use by another process.") from None
    return file


def make_data_folder(data: Path) -> None:
    """Make the folder if it is not there, for this user's eyes only."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)


def running_server(data: Path) -> RunningServer | None:
    """Return the server that holds the folder and has said where it is."""
    try:
        with (data / LOCK_FILE).open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return _read(file)
            return None
    except FileNotFoundError:
        return None


def _read(file: IO[str]) -> RunningServer | None:
    try:
        file.seek(0)
        return msgspec.json.decode(file.read(), type=RunningServer)
    except (ValueError, msgspec.MsgspecError):
        return None
