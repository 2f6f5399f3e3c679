"""What npm and pip install is pinned by hash, and from whichever registry a machine uses."""

import importlib.metadata
import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "package-lock.json"


def test_the_lock_names_no_registry_and_a_hash_of_everything() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    assert not [name for name, package in installed.items() if "resolved" in package]
    assert not [name for name, package in installed.items() if "integrity" not in package]
    assert not [name for name, package in installed.items() if package.get("hasInstallScript")]


PYTHON_LOCKS = ("requirements.lock", "requirements-test.lock")
OUTSIDE = re.compile(r"^(torch|torchcodec|triton|nvidia-.*|cuda-.*)==", re.MULTILINE)


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_what_pip_installs_is_pinned_by_hash_from_any_registry(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    requirements = re.split(r"\n(?=[a-z])", text.partition("\n")[2])
    pinned = [entry for entry in requirements if not entry.startswith("#")]
    assert len(pinned) > 50
    assert not [entry for entry in pinned if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_the_locks_leave_torch_and_what_only_gpus_need_to_its_own_step(name: str) -> None:
    assert not OUTSIDE.findall((ROOT / name).read_text())


def test_the_step_for_torch_installs_the_version_that_the_project_names() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    (pinned,) = [entry for entry in wanted if Requirement(entry).name == "torch"]
    (installed,) = re.findall(r"^readonly TORCH=(.+)$", (ROOT / "tools/torch").read_text(), re.M)
    assert pinned == f"torch=={installed}"


def test_the_lock_holds_all_that_torch_itself_needs() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    locked = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    needed = [Requirement(entry) for entry in importlib.metadata.requires("torch") or ()]
    here = [each for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    missing = {canonicalize_name(each.name) for each in here} - locked
    assert {name for name in missing if not OUTSIDE.match(f"{name}==")} == set()
