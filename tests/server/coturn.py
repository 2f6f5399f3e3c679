"""A real coturn with the configuration that operators get, but for addresses."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

CONFIGURATION: Final = Path(__file__).parents[2] / "deploy/turnserver.conf"
SECRET: Final = "a secret shared with coturn"
HOST: Final = "127.0.0.1"
START_S: Final = 10.0
STOP_S: Final = 10.0


@contextlib.asynccontextmanager
async def coturn(folder: Path, *options: str) -> AsyncIterator[int]:
    """Run it on loopback, where it may relay to nobody, and yield its port.

    Args:
        folder: for what it writes.
        options: of the command line, after the test's own.
    """
    port, tls_port = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        "turnserver",
        *("-c", str(CONFIGURATION), f"--static-auth-secret={SECRET}", "--realm=turn.example"),
        *(f"--listening-ip={HOST}", f"--listening-port={port}", f"--tls-listening-port={tls_port}"),
        *(f"--pidfile={folder}/coturn.pid", *options),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    reading: asyncio.Task[bytes] | None = None
    try:
        await asyncio.wait_for(_started(process.stdout), START_S)
        # Somebody has to read on, or it would wait for them.
        reading = asyncio.create_task(process.stdout.read())
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):  # It did not start.
            process.kill()
        await asyncio.wait_for(process.wait(), STOP_S)
        if reading is not None:
            await asyncio.wait_for(reading, STOP_S)


async def _started(output: asyncio.StreamReader) -> None:
    said = b""
    # Its last thread; everything that listens has been opened before.
    while b"admin thread" not in said:
        line = await output.readline()
        assert line, said.decode()
        said += line


def free_port() -> int:
    """Return a port of both kinds that nobody uses at the moment."""
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        tcp.bind((HOST, 0))
        port: int = tcp.getsockname()[1]
        udp.bind((HOST, port))
        return port
