"""A real Prometheus with the configuration that operators get, but for addresses and its pace."""

import contextlib
import json
import shutil
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.server.coturn import HOST, free_port

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
FIRST_TARGET: Final = "server-1:8000"
SECOND_TARGET: Final = "server-2:8000"
START_S: Final = 20.0
ANSWER_S: Final = 10.0
LOOK_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    url: str

    def query(self, expression: str) -> list[Any]:
        """Return the result of an expression at this moment: samples with their labels."""
        asked = urllib.parse.urlencode({"query": expression})
        return list(self._get(f"/api/v1/query?{asked}")["result"])

    def rules(self) -> dict[str, str]:
        """Return the expression of every alert, by its name."""
        groups = self._get("/api/v1/rules")["groups"]
        return {rule["name"]: rule["query"] for group in groups for rule in group["rules"]}

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=ANSWER_S) as response:
            return json.load(response)["data"]


def rendered(folder: Path, token: str, first: str, second: str) -> Path:
    """Write the configuration with the addresses of two servers, and scrapes that come quickly."""
    token_file = folder / "metrics_token"
    token_file.write_text(token)
    shutil.copy(DEPLOY / "alerts.yml", folder)
    text = (DEPLOY / "prometheus.yml").read_text()
    for written, wanted in (
        (FIRST_TARGET, first),
        (SECOND_TARGET, second),
        ("/run/secrets/metrics_token", str(token_file)),
        ("_interval: 15s", "_interval: 200ms"),
    ):
        assert written in text
        text = text.replace(written, wanted)
    configuration = folder / "prometheus.yml"
    configuration.write_text(text)
    return configuration


@contextlib.contextmanager
def prometheus(configuration: Path) -> Iterator[Prometheus]:
    """Run it on loopback, with what it stores beside its configuration."""
    where = f"{HOST}:{free_port()}"
    log = configuration.with_suffix(".log")
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *("prometheus", f"--config.file={configuration}", f"--web.listen-address={where}"),
                f"--storage.tsdb.path={configuration.parent}/tsdb",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        running = Prometheus(f"http://{where}")
        until(lambda: _answers(running), lambda: log.read_text())
        yield running
    finally:
        process.kill()
        process.wait()


def until(is_so: Callable[[], bool], why_not: Callable[[], str]) -> None:
    """Wait; fails with ``why_not`` when it takes too long."""
    end = time.monotonic() + START_S
    while not is_so():
        assert time.monotonic() < end, why_not()
        time.sleep(LOOK_S)


def _answers(running: Prometheus) -> bool:
    try:
        return running.query("vector(1)") != []
    except OSError:
        return False
