"""Waiting for programs that start in their own time."""

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 30.0
"""A start takes a second; a busy computer may take longer."""


def until(is_there: Callable[[], bool], log: Path) -> None:
    """Ask again and again; fail with the log of the program that is waited for."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_there():
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        time.sleep(0.02)
