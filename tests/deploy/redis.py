"""Redis from Debian, started by ``docker-compose.yml`` with ``deploy/redis.conf``."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Self

from redis import Redis
from redis.exceptions import ConnectionError as Refused

from tests.deploy.compose import ROOT, example, rendered
from tests.deploy.filled_in import FILLED_IN
from tests.deploy.waiting import until


class RedisService:
    """The service ``redis``, on loopback and with its data in a folder of the test."""

    def __init__(self, folder: Path, port: int, fsync: str = "everysec"):
        service = rendered(example() | FILLED_IN | {"REDIS_APPENDFSYNC": fsync})["services"][
            "redis"
        ]
        self.password = FILLED_IN["REDIS_PASSWORD"]
        self.url = f"redis://:{self.password}@127.0.0.1:{port}/0"
        self.log = folder / "redis.log"
        folder.mkdir()
        shell, option, script = service["command"]
        for there, here in (
            ("/etc/daedam/redis.conf", ROOT / "deploy/redis.conf"),
            ("dir /data", f"dir {folder}\nport {port}\nbind 127.0.0.1"),
        ):
            assert there in script
            script = script.replace(there, str(here))
        self._command = [shell, option, script]
        self._environment = {"PATH": os.environ["PATH"], **service["environment"]}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start on the data that is there, and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log
            )
        until(self._answers, self.log)

    def kill(self) -> None:
        """End it as a crash does; idempotent."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self) -> "Redis":
        return Redis.from_url(self.url, decode_responses=True)

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except Refused:
                return False
