"""Caddy from Debian with ``deploy/Caddyfile``, which is changed in addresses only."""

import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from tests.deploy.compose import ROOT

CADDYFILE = ROOT / "deploy/Caddyfile"
HOST = "127.0.0.1"
NAME = "interview.example"


def caddyfile(folder: Path) -> Path:
    """Write the file as it is but for the address that it listens at."""
    text = CADDYFILE.read_text()
    before, found, after = text.partition("\tadmin off\n")
    assert found
    path = folder / "Caddyfile"
    path.write_text(f"{before}{found}\tdefault_bind {HOST}\n{after}")
    return path


class Caddy:
    """A proxy on loopback, with an authority of its own, as with ``PROXY_TLS=internal``."""

    def __init__(self, folder: Path, https_port: int, http_port: int, servers: Sequence[str]):
        self.url = f"https://{NAME}:{https_port}"
        self.http_url = f"http://{NAME}:{http_port}"
        self.log = folder / "caddy.log"
        self._folder = folder
        folder.mkdir()
        self._file = caddyfile(folder)
        self._variables = {
            "DAEDAM_PUBLIC_URL": self.url,
            "PROXY_HTTP_PORT": str(http_port),
            "PROXY_TLS": "internal",
            "PROXY_SERVERS": " ".join(servers),
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        assert shutil.which("caddy"), "the tests of the proxy need caddy (Debian: caddy)"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                ["caddy", "run", "--adapter", "caddyfile", "--config", self._file],
                env={"PATH": os.environ["PATH"], **self._variables},
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    @property
    def authority(self) -> Path:
        """The certificate that a device is told to trust; Caddy makes it when it starts."""
        return self._folder / "data/caddy/pki/authorities/local/root.crt"

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)
