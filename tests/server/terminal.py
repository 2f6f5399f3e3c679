"""Typing ``daedam …``: in this process for its answer, in another for its life."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from server.cli.parser import main

ROOT = Path(__file__).parent.parent.parent


@dataclass(frozen=True, slots=True)
class Typed:
    """What a command left on the terminal."""

    status: int
    out: str
    err: str

    def sentence(self) -> str:
        """Return the one sentence of a failure, and check that it is all there is."""
        assert self.status == 1
        assert self.out == ""
        assert self.err.startswith("daedam: ")
        assert self.err.count("\n") == 1
        return self.err.strip()


def daedam(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Typed:
    """Run one command in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    code = ended.value.code
    assert isinstance(code, int)
    said = capsys.readouterr()
    return Typed(code, said.out, said.err)


def spawn(
    *arguments: str | Path, stderr: int = subprocess.PIPE, **variables: str
) -> "subprocess.Popen[str]":
    """Start one command in a process of its own, with only these ``DAEDAM_`` variables."""
    command = [sys.executable, "-m", "server", *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment() | variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def finished(process: "subprocess.Popen[str]", timeout_s: float = 60) -> Typed:
    """Wait for its end."""
    out, err = process.communicate(timeout=timeout_s)
    return Typed(process.returncode, out, err or "")


def environment() -> dict[str, str]:
    """Return this process's environment without settings; the models stay where they are."""
    kept = {"DAEDAM_MODELS"}
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("DAEDAM_") or name in kept
    }


def files_with(folder: Path, words: str) -> list[str]:
    """Return the files under ``folder`` that hold ``words`` in an encoding they may be kept in."""
    ways = {words.encode(), words.encode("utf-16-le"), words.encode("utf-16-be")}
    ways.add(ascii(words)[1:-1].encode())
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.name for path in files if any(way in path.read_bytes() for way in ways)]
