"""A real server process for measurements, on a data folder of its own."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it answers, and the id of its process."""

    url: str
    pid: int

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds used so far by the server's process and by its workers."""
        own = _cpu_s(self.pid)
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii")
        return {"server": own, "workers": sum(_cpu_s(int(pid)) for pid in children.split())}


def _cpu_s(pid: int) -> float:
    """Return user and system time of one process (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_cpu_s() -> float:
    """Return the CPU seconds that all programs of the machine have used (proc(5), stat)."""
    user, nice, system, _, _, *interrupts = _first_line(Path("/proc/stat")).split()[1:8]
    busy = [user, nice, system, *interrupts]
    return sum(int(ticks) for ticks in busy) / os.sysconf("SC_CLK_TCK")


def _first_line(path: Path) -> str:
    return path.read_text("ascii").partition("\n")[0]


@contextlib.asynccontextmanager
async def serving(program: str = "server", **environment: str) -> AsyncIterator[Server]:
    """Start ``daedam serve`` on a free port; stop it afterwards.

    Args:
        program: the module to run, one that ends in the server's own ``main``.
        environment: settings beyond this process's own.
    """
    with tempfile.TemporaryDirectory(prefix="daedam-bench-") as data:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", program, "serve", "--port", "0", "--data", data),
            env={**os.environ, "DAEDAM_LOG": "WARNING", **environment},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(120):
                url = (await process.stdout.readline()).decode().strip()
            if not url:
                raise RuntimeError("the server did not start; its reason is above")
            yield Server(url, process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(60):
                await process.wait()


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
