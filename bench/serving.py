"""A real server process for measurements, on a data folder of its own."""

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator


@contextlib.asynccontextmanager
async def serving(**environment: str) -> AsyncIterator[str]:
    """Start ``daedam serve`` on a free port; yield its URL, stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="daedam-bench-") as data:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve", "--port", "0", "--data", data),
            env={**os.environ, "DAEDAM_LOG": "WARNING", **environment},
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(120):
                url = (await process.stdout.readline()).decode().strip()
            if not url:
                raise RuntimeError("the server did not start; its reason is above")
            yield url
        finally:
            if process.returncode is None:
                process.terminate()
            async with asyncio.timeout(60):
                await process.wait()


def percentile(values: list[float], share: float) -> float:
    """Return the smallest value that at least ``share`` of ``values`` do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
