"""systemd accepts the servers' unit, and the unit says what the servers understand."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from server.cli import serve
from server.environment import from_environment
from server.settings import Settings
from tests.deploy.compose import ROOT

UNIT = (ROOT / "deploy/daedam@.service").read_text()


def environment(instance: str) -> dict[str, str]:
    """Return the variables that the unit sets for one server."""
    lines = re.findall(r"^Environment=(\w+)=(.*)$", UNIT, re.MULTILINE)
    return {name: value.replace("%i", instance) for name, value in lines}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_has_nothing_to_say(tmp_path: Path) -> None:
    unit = tmp_path / "daedam@1.service"
    # The program is not where it will be.
    unit.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT, flags=re.MULTILINE))
    said = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=30
    )
    assert (said.returncode, said.stderr) == (0, "")


def test_each_server_has_its_own_address_and_folder() -> None:
    one, other = (from_environment(environment(instance)) for instance in "12")
    assert one.port != other.port
    assert one.data != other.data
    for settings in (one, other):
        settings.check()
        assert settings.internal_url == f"http://127.0.0.1:{settings.port}"


def test_a_server_has_time_to_part_from_everybody() -> None:
    found = re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert found
    operations = (ROOT / "docs/operations.md").read_text()
    drain = re.search(r"^DAEDAM_DRAIN_S=(\d+)$", operations, re.MULTILINE)
    assert drain
    needs_s = int(drain[1]) + Settings().end_patience_s + serve.STOP_S
    assert int(found[1]) > needs_s + 5


def test_no_library_reports_about_its_use() -> None:
    assert environment("1")["ORT_DISABLE_TELEMETRY"] == "1"
