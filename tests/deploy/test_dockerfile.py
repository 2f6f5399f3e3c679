"""The Dockerfile pleases its linter, gets what it copies and keeps what the server must not be."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.compose import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
HADOLINT = Path(sys.executable).parent / "hadolint"
HEALTHY = ROOT / "deploy/healthy.py"


def copied() -> list[str]:
    """Return what the Dockerfile takes from the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_the_linter_has_nothing_to_say() -> None:
    said = subprocess.run(
        [HADOLINT, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=60
    )
    assert (said.returncode, said.stdout) == (0, "")


def test_the_builder_is_sent_what_is_copied_and_nothing_else() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [line.removeprefix("!") for line in ignore if line.startswith("!")]
    assert ignore[1] == "*"
    assert sorted(sent) == sorted(copied())
    assert [source for source in copied() if not (ROOT / source).exists()] == []


def test_it_runs_as_a_user_without_rights_and_holds_no_secret() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert "SECRET=" not in DOCKERFILE
    assert "TOKEN=" not in DOCKERFILE


def test_no_library_reports_about_its_use() -> None:
    assert "ORT_DISABLE_TELEMETRY=1" in DOCKERFILE


def test_the_health_check_fails_where_nobody_answers() -> None:
    asked = subprocess.run([sys.executable, HEALTHY], env={"DAEDAM_PORT": "1"}, timeout=20)
    assert asked.returncode == 1


def test_what_tries_the_dockerfile_is_a_script_that_bash_reads() -> None:
    script = ROOT / "tools/try-dockerfile"
    assert script.stat().st_mode & 0o100
    subprocess.run(["bash", "-n", script], check=True, timeout=10)


def test_the_trial_needs_no_instruction_that_it_does_not_know() -> None:
    known = {"FROM", "RUN", "COPY", "WORKDIR", "ENV", "USER", "VOLUME", "ENTRYPOINT", "HEALTHCHECK"}
    dockers_own = {"EXPOSE", "STOPSIGNAL", "CMD"}
    assert set(re.findall(r"^([A-Z]+) ", DOCKERFILE, re.MULTILINE)) <= known | dockers_own


@pytest.mark.skipif(shutil.which("debootstrap") is None, reason="the refusal comes after this one")
def test_the_trial_says_what_it_needs() -> None:
    said = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", ROOT / "tools/try-dockerfile"],
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert said.returncode == 1
    assert "takes root" in said.stderr
