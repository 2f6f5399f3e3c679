"""Stores what a benchmark measured with date, commit and machine, and prints it."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_FOLDER = _ROOT / "bench" / "results"

Cell = str | int | float | None
Row = Mapping[str, Cell]


def store(name: str, table: Sequence[Row]) -> Path:
    """Write ``table`` to results/``name``.json over the last run's; return where."""
    _FOLDER.mkdir(exist_ok=True)
    path = _FOLDER / f"{name}.json"
    document = {
        "name": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "machine": _machine(),
        "rows": [dict(row) for row in table],
    }
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path


def print_table(table: Sequence[Row]) -> None:
    """Print ``table`` in columns; the first row names them."""
    if not table:
        return
    columns = list(table[0])
    lines = [columns, *([_text(row.get(column)) for column in columns] for row in table)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def _text(cell: Cell) -> str:
    if cell is None:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _commit() -> str:
    """The commit measured, marked when the tree has changes beyond it."""
    try:
        commit = _git("rev-parse", "HEAD")
        return commit + ("+changes" if _git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return "none"


def _git(*arguments: str) -> str:
    run = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def _machine() -> dict[str, Cell]:
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())
