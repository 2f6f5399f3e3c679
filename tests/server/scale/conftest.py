"""Two servers in this process on one real Redis, as two processes would be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from server.api import context
from server.app import make_app
from server.journal_address import RedisAddress
from server.settings import Settings
from tests.server.browsers import Browsers
from tests.server.conftest import Client
from tests.server.contracts import CheckedClient, CheckedSocket
from tests.server.fakes import ScriptedExecutor
from tests.server.redis_server import RedisServer
from tests.server.scale.cable import Cable


@dataclass(frozen=True, slots=True)
class Pair:
    """Two processes and the first one's cable to Redis; who opens a session at one holds it there.

    Everybody on loopback is operator without a link, as existing clients of a trusted network.
    """

    first: Client
    second: Client
    cable: Cable


@contextlib.asynccontextmanager
async def serving(
    folder: Path, port: int, executor: ScriptedExecutor, **changes: object
) -> AsyncIterator[Client]:
    """Run one server on the Redis at ``port``."""
    settings = Settings(
        data=folder,
        secret="a secret that only tests know, of 32 characters",
        legacy_networks=(ip_network("127.0.0.0/8"),),
        journal=RedisAddress(f"redis://127.0.0.1:{port}/0"),
    ).replaced(**changes)
    settings.check()
    app = await asyncio.to_thread(make_app, settings, executor)
    client: Client = CheckedClient(TestServer(app), ws_response_class=CheckedSocket)
    await client.start_server()
    try:
        await app[context.EXCHANGE].announce(str(client.make_url("")).rstrip("/"))
        yield client
    finally:
        await client.close()


@pytest.fixture
async def pair(
    tmp_path: Path, redis_server: RedisServer, executor: ScriptedExecutor
) -> AsyncIterator[Pair]:
    async with (
        Cable(redis_server.port).laid() as cable,
        serving(tmp_path / "first", cable.port, executor) as first,
        serving(tmp_path / "second", redis_server.port, executor) as second,
    ):
        yield Pair(first, second, cable)
        cable.mend()


@pytest.fixture
async def browse(pair: Pair) -> AsyncIterator[Browsers]:
    browsers = Browsers(pair.first)
    yield browsers
    await browsers.close()
