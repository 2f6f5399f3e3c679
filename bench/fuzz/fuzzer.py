"""Fuzzes what reads a stranger's bytes: the SDP door, RTP, RTCP, Opus, the jitter buffer, sessions.

python -m bench.fuzz [--minutes N] [--seed S] [--what sdp rtp rtcp opus jitter voice session]
python -m bench.fuzz --case rtcp/1/1320

Every case is decided by its name; a finding is printed with it and with its inputs, and the second
form does the same case again. Ends with 1 if something was found.
"""

import argparse
import asyncio
import faulthandler
import mmap
import os
import signal
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from types import FrameType
from typing import Final

from bench.fuzz.session import session
from bench.fuzz.targets import TARGETS, Trace
from bench.results import Row, print_table, store

WHAT: Final = (*TARGETS, "session")
SLICE_S: Final = 5.0
"""The targets take turns, so that what each does to memory shows."""
LIMIT_S: Final = {"session": 20}
DEFAULT_LIMIT_S: Final = 5
PRINTED_INPUTS: Final = 20
NAME_BYTES: Final = 64


class TookTooLong(Exception):
    """A case that should take milliseconds did not end.

    Somebody may swallow it on its way, as aiortc does in its tasks; ``_overdue`` has it still.
    """


_overdue: list[TookTooLong] = []


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _overdue.append(TookTooLong())
    raise _overdue[-1]


@dataclass
class Score:
    """What one target's cases came to.

    Attributes:
        what: the target.
        cases: how many there were.
        seconds: how long they took.
        findings: how many failed, by where they did.
        grown_mb: by how much the process has grown meanwhile, the first slice left out.
    """

    what: str
    cases: int = 0
    seconds: float = 0.0
    findings: dict[str, int] = field(default_factory=dict)
    grown_mb: float | None = None

    def row(self) -> Row:
        return {
            "what": self.what,
            "cases": self.cases,
            "cases_per_s": self.cases / self.seconds if self.seconds else None,
            "failed": sum(self.findings.values()),
            "findings": len(self.findings),
            "grown_mb": self.grown_mb,
        }


class Fuzzer:
    """Runs cases of some targets in turn."""

    def __init__(self, what: Sequence[str], seed: int, note: "mmap.mmap | None" = None) -> None:
        """Start with the first case of each.

        Args:
            what: the targets.
            seed: decides all cases.
            note: where each case's name is left before it runs.
        """
        self.scores = {name: Score(name) for name in what}
        self._seed = seed
        self._note = note

    def run(self, minutes: float) -> None:
        """Run for so long."""
        end_s = time.monotonic() + minutes * 60
        while (left_s := end_s - time.monotonic()) > 0:
            for score in self.scores.values():
                self._slice(score, min(SLICE_S, left_s / len(self.scores)))

    def _slice(self, score: Score, slice_s: float) -> None:
        before_mb, began_s = _resident_mb(), time.monotonic()
        while (now_s := time.monotonic()) - began_s < slice_s or score.cases == 0:
            case = f"{score.what}/{self._seed}/{score.cases}"
            found = self.case(case)
            if found is not None:
                where, report = found
                if where not in score.findings:
                    print(report, flush=True)
                score.findings[where] = score.findings.get(where, 0) + 1
            score.cases += 1
        score.seconds += now_s - began_s
        grown_mb = _resident_mb() - before_mb
        score.grown_mb = 0.0 if score.grown_mb is None else score.grown_mb + grown_mb

    def case(self, name: str) -> tuple[str, str] | None:
        """Do one case; return where it failed and a report, if it did."""
        if self._note is not None:
            self._note[:NAME_BYTES] = name.encode().ljust(NAME_BYTES)
        what = name.partition("/")[0]
        trace: Trace = []
        _overdue.clear()
        signal.alarm(LIMIT_S.get(what, DEFAULT_LIMIT_S))
        try:
            if what == "session":
                asyncio.run(_session(Random(name), trace))
            else:
                TARGETS[what](Random(name), trace)
            if _overdue:
                raise _overdue[0]
        except Exception as error:
            found = _overdue[0] if _overdue else error
            return _where(found), _report(name, found, trace)
        finally:
            signal.alarm(0)
        return None


async def _session(random: Random, trace: Trace) -> None:
    await session(random, trace)


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    # The one that was interrupted lies above the signal's handler.
    frame = next(one for one in reversed(frames) if one.name not in ("_interrupt", "case"))
    return f"{type(error).__name__} at {os.path.basename(frame.filename)}:{frame.lineno}"


def _report(name: str, error: Exception, trace: Trace) -> str:
    last = "".join(traceback.format_exception(error)[-12:])
    inputs = "\n".join(data.hex() for data in trace[-PRINTED_INPUTS:])
    left_out = max(0, len(trace) - PRINTED_INPUTS)
    return f"== {name}\n{last}inputs, without the first {left_out}:\n{inputs}\n"


def _resident_mb() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Read the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="bench.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--what", nargs="+", choices=WHAT, default=WHAT)
    parser.add_argument("--case", help="do this one again: what/seed/number")
    given = parser.parse_args()
    faulthandler.enable()
    signal.signal(signal.SIGALRM, _interrupt)
    if given.case:
        found = Fuzzer((), given.seed).case(given.case)
        print(found[1] if found else "nothing found")
        return 1 if found else 0
    with tempfile.NamedTemporaryFile(prefix="daedam-fuzz-", delete=False) as file:
        file.write(bytes(NAME_BYTES))
        file.flush()
        print(f"Should this process die: its last case stands in {file.name}", flush=True)
        fuzzer = Fuzzer(given.what, given.seed, mmap.mmap(file.fileno(), NAME_BYTES))
        fuzzer.run(given.minutes)
    os.unlink(file.name)
    table = [score.row() for score in fuzzer.scores.values()]
    store("fuzz", table)
    print_table(table)
    return 1 if any(score.findings for score in fuzzer.scores.values()) else 0
