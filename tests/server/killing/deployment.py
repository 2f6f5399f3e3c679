"""A real redis-server and real server processes on it, to be killed and started again."""

import asyncio
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from server.access import EVERY_SESSION, Principal, Role
from server.entrance.links import Links
from tests.server.redis_server import RedisServer
from tests.server.terminal import ROOT, environment

START_S = 90.0
STOP_S = 30.0


class Node:
    """One ``daedam serve``; every start is on the same data folder, at another port."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self._folder = folder
        self._variables = variables
        self._process: asyncio.subprocess.Process | None = None
        self.url: str | None = None
        """Where it answers; None while it does not run."""

    @property
    def log(self) -> str:
        path = self._folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    async def start(self) -> None:
        """Start and wait until it is ready."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        log = await asyncio.to_thread((self._folder / "log").open, "ab")
        with log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server", "serve", "--port", "0"),
                cwd=ROOT,
                env=environment() | self._variables | {"DAEDAM_DATA": str(self._folder / "data")},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            url = (await self._process.stdout.readline()).decode().strip()
        if not url:
            raise RuntimeError(f"the server did not start:\n{self.log[-3000:]}")
        self.url = url

    async def kill(self) -> None:
        """End it as a crash does (SIGKILL)."""
        self.url = None
        if self._process is not None:
            process, self._process = self._process, None
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def stop(self) -> int:
        """End it as an operator does (SIGTERM); return its exit status."""
        assert self._process is not None
        self.url = None
        process, self._process = self._process, None
        process.terminate()
        async with asyncio.timeout(STOP_S):
            return await process.wait()


class Deployment:
    """Server processes that share one Redis and one secret."""

    def __init__(self, nodes: Sequence[Node], redis: RedisServer, secret: str) -> None:
        self.nodes = nodes
        self.redis = redis
        self._links = Links(secret)

    @property
    def urls(self) -> list[str]:
        """Where somebody answers now."""
        return [node.url for node in self.nodes if node.url is not None]

    def link(self, session: str = EVERY_SESSION, *, seat: str | None = None) -> str:
        """Return a token of a new person: an operator, or an interviewer in ``seat``."""
        role = Role.OPERATOR if seat is None else Role.INTERVIEWER
        return self._links.make(Principal(frozenset({role}), session, seat))


@contextlib.asynccontextmanager
async def deployed(
    folder: Path, *, nodes: int = 2, fsync: str = "always", **variables: str
) -> AsyncIterator[Deployment]:
    """Start Redis and the servers; end all of them afterwards.

    Args:
        folder: for the data of all of them.
        nodes: how many servers.
        fsync: ``appendfsync`` of Redis, and the durability that the servers are promised.
        variables: settings of the servers, ``DAEDAM_…``.
    """
    redis = RedisServer(folder / "redis", appendfsync=fsync)
    secret = secrets.token_urlsafe(48)
    settings = {
        "DAEDAM_JOURNAL": redis.url,
        "DAEDAM_REDIS_DURABILITY": fsync,
        "DAEDAM_SECRET": secret,
        "DAEDAM_WORKERS": "1",
        "DAEDAM_LOG": "WARNING",
        **variables,
    }
    servers = [Node(folder / f"server{number}", **settings) for number in range(nodes)]
    await asyncio.to_thread(redis.start)
    try:
        await asyncio.gather(*(server.start() for server in servers))
        yield Deployment(servers, redis, secret)
    finally:
        for server in servers:
            await server.kill()
        await asyncio.to_thread(redis.kill)
