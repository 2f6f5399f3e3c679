"""A worker process as its parent sees it: started, asked, killed.

Jobs go to its standard input, results come from its standard output, each as a length-prefixed
msgpack frame; the first frame of a worker is ``Ready``.
"""

import asyncio
import contextlib
import logging
import os
import struct
import sys
import sysconfig
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from pipeline.jobs import EngineError, Result, decode_result

log = logging.getLogger(__name__)

HEADER = struct.Struct(">I")
"""Length of the frame that follows, in bytes."""

MAX_FRAME = 64 * 1024 * 1024
"""No result comes near this many bytes: a longer frame means that something spoilt the channel."""

KILL_LIMIT_S = 5.0
"""Until a killed process must have gone; only a fault of the system lets it stay longer."""

_ROOT = Path(__file__).resolve().parent.parent
_IS_INSTALLED = str(_ROOT) == sysconfig.get_path("purelib")


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker's first frame: which kinds of job it cannot do, and why."""

    problems: Mapping[str, str]


class WorkerDied(EngineError):
    """A worker process ended, hung or spoilt its channel."""


class WorkerProcess:
    """One child process and the frames to and from it; one question at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self.pid = process.pid

    @classmethod
    async def start(cls, models: Path, engine: str) -> Self:
        """Start a child that finds this ``pipeline`` wherever the server was started."""
        starting = asyncio.create_task(
            asyncio.create_subprocess_exec(
                sys.executable,
                "-P",  # The working directory may hold anything, modules named like ours included.
                "-m",
                "pipeline.worker",
                "--models",
                str(models),
                "--engine",
                engine,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
            )
        )
        try:
            return cls(await asyncio.shield(starting))
        except asyncio.CancelledError:
            # asyncio forgets a child whose creation is cancelled half-way.
            with contextlib.suppress(OSError):
                await cls(await starting).kill()
            raise

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    async def ready(self, limit_s: float) -> Ready:
        """Wait for the first frame.

        Raises:
            WorkerDied: it did not come.
        """
        async with self._deadly(limit_s, "starting"):
            return msgspec.msgpack.decode(await self._receive(), type=Ready)

    async def ask(self, payload: bytes, limit_s: float) -> Result:
        """Send one encoded job and wait for its result.

        Raises:
            WorkerDied: no result came.
        """
        async with self._deadly(limit_s, "working"):
            self._stdin.write(HEADER.pack(len(payload)))
            self._stdin.write(payload)
            await self._stdin.drain()
            return decode_result(await self._receive())

    async def ended(self) -> None:
        """Wait for the process to end."""
        await self._process.wait()

    async def kill(self) -> None:
        """Kill the process and wait until it has gone; it keeps nothing worth a farewell."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._stdin.close()
        going = asyncio.create_task(self._go())
        try:
            await asyncio.shield(going)
        except asyncio.CancelledError:
            await going  # Nobody else would, and the pipes would outlive the loop.
            raise

    async def _go(self) -> None:
        try:
            async with asyncio.timeout(KILL_LIMIT_S):
                while await self._stdout.read(MAX_FRAME):
                    pass
                await self._process.wait()
        except TimeoutError:
            log.error("worker pid %d is still there %.0f s after its kill", self.pid, KILL_LIMIT_S)

    @contextlib.asynccontextmanager
    async def _deadly(self, limit_s: float, doing: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(limit_s):
                yield
        except TimeoutError as error:
            raise WorkerDied(f"the worker hung for {limit_s:.0f} s while {doing}") from error
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            raise WorkerDied(f"the worker process ended while {doing}") from error

    async def _receive(self) -> bytes:
        (size,) = HEADER.unpack(await self._stdout.readexactly(HEADER.size))
        if size > MAX_FRAME:
            raise EOFError(f"a frame of {size} bytes")
        return await self._stdout.readexactly(size)


def _environment() -> dict[str, str]:
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    # A source tree has to be named. Installed packages are found anyway, and naming their folder
    # would put it before the standard library.
    if not _IS_INSTALLED:
        paths.insert(0, str(_ROOT))
    # One thread per job is the most efficient (docs/findings.md); libraries read it on import.
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}
