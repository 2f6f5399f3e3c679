"""The deployment of ``docker-compose.yml`` on loopback: the same files but for addresses."""

import asyncio
import contextlib
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from server.entrance.links import Links, invitation
from tests.deploy.compose import example, rendered
from tests.deploy.filled_in import FILLED_IN
from tests.deploy.proxy import HOST, NAME, Caddy
from tests.deploy.redis import RedisService
from tests.deploy.waiting import until
from tests.server.coturn import free_port
from tests.server.terminal import spawn

TLS_GOODBYE_S = 0.25


@dataclass(frozen=True, slots=True)
class Server:
    """One ``daedam serve`` with a service's settings."""

    name: str
    port: int
    process: "subprocess.Popen[str]"
    log: Path

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def served(self, words: str) -> int:
        """Return how many requests with ``words`` in their path it has answered."""
        lines = self.log.read_text().splitlines()
        return sum("server.access_log" in line and words in line for line in lines)


@dataclass(frozen=True, slots=True)
class Deployment:
    """What runs, and a visitor's way in."""

    servers: tuple[Server, ...]
    proxy: Caddy
    redis: RedisService

    def link(self, session: str = "*", *, role: str | None = None, seat: str | None = None) -> str:
        links = Links(FILLED_IN["DAEDAM_SECRET"])
        return links.make(invitation(session, role=role, seat=seat), 600)

    @contextlib.asynccontextmanager
    async def visitor(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Yield a client that trusts the proxy's authority and nobody else."""
        connector = aiohttp.TCPConnector(ssl=self.proxy.trust(), resolver=_Here())
        async with aiohttp.ClientSession(self.proxy.url, connector=connector) as client:
            try:
                yield client
            finally:
                await connector.close(abort_ssl=True)
        # Sockets' TLS connections close in the background; the loop must not end before.
        await asyncio.sleep(TLS_GOODBYE_S)


class _Here(AbstractResolver):
    """Knows one name: the deployment's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        assert host == NAME
        found = ResolveResult(
            hostname=host, host=HOST, port=port, family=socket.AF_INET, proto=0, flags=0
        )
        return [found]

    async def close(self) -> None:
        """Nothing is held."""


@contextlib.contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """Run everything, ready for visitors; end it at once afterwards."""
    with contextlib.ExitStack() as running:
        redis = running.enter_context(RedisService(folder / "redis", free_port()))
        https_port = free_port()
        servers = tuple(
            running.enter_context(_serving(name, folder, https_port, redis))
            for name in ("server-1", "server-2")
        )
        for server in servers:
            assert server.process.stdout is not None
            assert server.process.stdout.readline(), server.log.read_text()
        addresses = [server.address for server in servers]
        proxy = running.enter_context(Caddy(folder / "proxy", https_port, free_port(), addresses))
        deployment = Deployment(servers, proxy, redis)
        until(proxy.authority.exists, proxy.log)
        until(lambda: asyncio.run(_is_open(deployment)), proxy.log)
        yield deployment


@contextlib.contextmanager
def _serving(name: str, folder: Path, https_port: int, redis: RedisService) -> Iterator[Server]:
    port, log = free_port(), folder / f"{name}.log"
    with log.open("w") as stderr:
        process = spawn(
            *("serve", "--host", HOST, "--port", str(port), "--data", folder / name),
            stderr=stderr.fileno(),
            **_settings(name, port, https_port, redis),
        )
    try:
        yield Server(name, port, process, log)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def _settings(name: str, port: int, https_port: int, redis: RedisService) -> dict[str, str]:
    """Return the service's settings with loopback's addresses, one worker and a short drain."""
    given: dict[str, Any] = rendered(example() | FILLED_IN)["services"][name]["environment"]
    return given | {
        "DAEDAM_PUBLIC_URL": f"https://{NAME}:{https_port}",
        "DAEDAM_ANNOUNCED_ADDRESS": HOST,
        "DAEDAM_INTERNAL_URL": f"http://{HOST}:{port}",
        "DAEDAM_TRUSTED_PROXIES": HOST,
        "DAEDAM_JOURNAL": redis.url,
        "DAEDAM_WORKERS": "1",
        "DAEDAM_DRAIN_S": "2",
    }


async def _is_open(deployment: Deployment) -> bool:
    async with deployment.visitor() as visitor:
        try:
            async with visitor.get("/healthz") as response:
                return response.status == 200
        except aiohttp.ClientConnectionError:
            return False
