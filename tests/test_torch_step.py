"""``tools/torch`` chooses a build: with a pip that only writes down what it is asked for."""

import os
import platform
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = """\
#!/bin/bash
case "$*" in
    *importlib.metadata*) [[ -n "$HAS" ]] && echo "$HAS" ;;
    *"-m pip install"*)
        echo "$*" >>"$ASKED"
        [[ "$*" =~ $FAILS ]] && exit 1
        exit 0 ;;
esac
"""

pytestmark = pytest.mark.skipif(
    platform.system() != "Linux" or Path("/proc/driver/nvidia/version").exists(),
    reason="the choice of a Linux machine without an NVIDIA GPU",
)


def asked(folder: Path, *, has: str = "", fails: str = "^$", gpu: bool = False) -> list[str]:
    """Return what pip was asked for, in order.

    Args:
        folder: an empty one.
        has: the version of torch that is installed.
        fails: pattern of what pip cannot install.
        gpu: whether the driver's program finds a GPU.
    """
    log = folder / "asked"
    programs = {"bin/python": PYTHON}
    if gpu:
        # Two lines, the second when whoever looked for the first may have gone.
        two = "#!/bin/bash\necho 'GPU 0: one'\nsleep 0.2\necho 'GPU 1: two'\n"
        programs["path/nvidia-smi"] = two
    for name, text in programs.items():
        program = folder / name
        program.parent.mkdir()
        program.write_text(text)
        program.chmod(0o755)
    environment = {
        "PATH": f"{folder / 'path'}:{os.environ['PATH']}",
        "HAS": has,
        "FAILS": fails,
        "ASKED": str(log),
    }
    subprocess.run(
        [ROOT / "tools/torch", folder], env=environment, check=True, capture_output=True, timeout=20
    )
    return log.read_text().splitlines() if log.exists() else []


def test_an_installed_build_of_the_version_is_left_alone(tmp_path: Path) -> None:
    assert asked(tmp_path, has="2.13.0") == []


def test_another_version_is_replaced_by_the_build_for_cpus(tmp_path: Path) -> None:
    (line,) = asked(tmp_path, has="2.12.0")
    assert line.endswith("--no-deps torch==2.13.0+cpu")
    assert "index-url" not in line


def test_what_the_users_index_lacks_comes_from_that_of_torch_with_little_patience(
    tmp_path: Path,
) -> None:
    first, second = asked(tmp_path, fails="deps torch==2.13.0.cpu$")
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in second
    assert "--timeout 10 --retries 1" in second
    assert "extra-index-url" not in first


def test_where_no_build_for_cpus_can_be_had_the_big_one_comes_with_its_libraries(
    tmp_path: Path,
) -> None:
    *_, last = asked(tmp_path, fails="[+]cpu$")
    assert last.endswith(":all: torch==2.13.0")
    assert "--no-deps" not in last


def test_with_a_gpu_the_build_for_it_is_asked_for_alone(tmp_path: Path) -> None:
    (line,) = asked(tmp_path, gpu=True)
    assert line.endswith(":all: torch==2.13.0")
