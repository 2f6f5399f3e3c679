"""A real redis-server on loopback that a test may kill, freeze and start again."""

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

import pytest

from server.journal_address import RedisAddress

START_S = 10.0
"""A redis-server of a test answers within milliseconds; a busy computer may take longer."""
EMPTY = '""'
CONFIG = {
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "rdbcompression": "no",
    "hz": "100",
    "repl_diskless_sync_delay": "0",
}
"""As the journal needs it; nothing is compressed, so that tests find words in its files; it looks
after its children and replicas at once, so that they need not wait for it."""


class RedisServer:
    """Not started by itself: ``start()`` it, or use it as a context.

    Every start is on the same port and the same data.
    """

    def __init__(self, folder: Path, *, password: str | None = None, **config: str) -> None:
        """Choose a port.

        Args:
            folder: for its data; made if it is not there.
            password: clients need it.
            config: directives as in redis.conf, with ``_`` instead of ``-``; kept for every start.
        """
        self.folder = folder
        self.port = _free_port()
        self._password = password
        self._config = {**CONFIG, **config}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        password = f":{self._password}@" if self._password else ""
        return f"redis://{password}127.0.0.1:{self.port}/0"

    @property
    def address(self) -> RedisAddress:
        return RedisAddress(self.url)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, **config: str) -> None:
        """Start and wait until it answers; ``config`` is for this start only."""
        binary = shutil.which("redis-server")
        if binary is None:
            pytest.fail("the tests of the Redis journal need redis-server (Debian: redis-server)")
        self.folder.mkdir(parents=True, exist_ok=True)
        directives = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.folder)}
        directives |= self._config | config
        if self._password is not None:
            directives["requirepass"] = self._password
        lines = (f"{name.replace('_', '-')} {value or EMPTY}" for name, value in directives.items())
        (self.folder / "redis.conf").write_text("\n".join(lines) + "\n")
        with (self.folder / "redis.log").open("ab") as log:
            # Signals stay ignored as they are in Python: a file that may not grow is an error
            # then, as a full disk is, and no death.
            self._process = subprocess.Popen(
                [binary, self.folder / "redis.conf"],
                stdout=log,
                stderr=log,
                restore_signals=False,
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                text = (self.folder / "redis.log").read_text(errors="replace")
                raise RuntimeError(f"redis-server did not start:\n{text[-2000:]}")
            time.sleep(0.005)

    def restart(self, **config: str) -> None:
        """Stop and start on the same data."""
        self.stop()
        self.start(**config)

    def kill(self) -> None:
        """End it as a crash does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as an operator does (SIGTERM): it writes what it has."""
        self._end(signal.SIGTERM)

    def pause(self) -> None:
        """Let it keep its connections and answer nothing (SIGSTOP)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """End ``pause``."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def ask(self, *words: str | bytes, timeout_s: float = 5.0) -> bytes:
        """Send one command past every client library; return the raw answer.

        Enough for what fits into one packet: CONFIG SET, FLUSHALL, INFO of one section.
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout_s) as connection:
            if self._password is not None and words[0] != "AUTH":
                connection.sendall(_packed("AUTH", self._password))
                connection.recv(100)
            connection.sendall(_packed(*words))
            return connection.recv(1 << 16)

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _answers(self) -> bool:
        try:
            return self.ask("PING").startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(number)
        # A paused process hears of its end only when it goes on.
        process.send_signal(signal.SIGCONT)
        try:
            process.wait(START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _packed(*words: str | bytes) -> bytes:
    parts = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(p), p) for p in parts)


def _free_port() -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        # A member of a cluster takes the port 10,000 above its own as well.
        if port + 10_000 < 1 << 16:
            return port
