"""What npm installs is pinned by hash, and from whichever registry a machine uses."""

import json
from pathlib import Path

LOCK = Path(__file__).parent.parent / "package-lock.json"


def test_the_lock_names_no_registry_and_a_hash_of_everything() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    installed = {name: package for name, package in packages.items() if name}
    assert installed
    assert not [name for name, package in installed.items() if "resolved" in package]
    assert not [name for name, package in installed.items() if "integrity" not in package]
    assert not [name for name, package in installed.items() if package.get("hasInstallScript")]
