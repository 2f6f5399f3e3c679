"""A server in this process: real HTTP, real SQLite, real voice activity, scripted words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from server.app import make_app
from server.paths import PREFIX
from server.settings import Settings
from tests.server.contracts import CheckedClient, CheckedSocket
from tests.server.fakes import ScriptedExecutor
from tests.server.redis_server import RedisServer

if TYPE_CHECKING:
    from tests.server.browsers import Browsers

Client: TypeAlias = TestClient[Any, Any]
Start: TypeAlias = Callable[..., Awaitable[Client]]


@pytest.fixture
def executor() -> ScriptedExecutor:
    return ScriptedExecutor()


@pytest.fixture
async def start(tmp_path: Path, executor: ScriptedExecutor) -> AsyncIterator[Start]:
    """Start a server with some settings changed; call it again to restart on the same data."""
    running: list[Client] = []

    async def start(**changes: object) -> Client:
        for client in running:
            await client.close()
        settings = Settings(data=tmp_path / "data").replaced(**changes)
        settings.check()
        # In a thread: the application looks for its pages on the disk.
        app = await asyncio.to_thread(make_app, settings, executor)
        started: Client = CheckedClient(TestServer(app), ws_response_class=CheckedSocket)
        await started.start_server()
        running[:] = [started]
        return started

    yield start
    for client in running:
        await client.close()


@pytest.fixture
async def client(start: Start) -> Client:
    return await start()


@pytest.fixture
async def browse(client: Client) -> AsyncIterator["Browsers"]:
    """Let browsers sit down; see ``Browsers``."""
    from tests.server.browsers import Browsers  # It needs this module.

    browsers = Browsers(client)
    yield browsers
    await browsers.close()


@pytest.fixture(scope="module")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One redis-server for all tests of a module; take ``redis_server`` to find it empty."""
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_server(shared_redis: RedisServer) -> RedisServer:
    """A redis-server without data, for tests that neither kill nor configure it."""
    shared_redis.ask("FLUSHALL")
    return shared_redis


def socket_path(session: str, token: str | None = None) -> str:
    return f"{PREFIX}/ws/interview/{session}" + (f"?t={token}" if token else "")


async def ask(socket: aiohttp.ClientWebSocketResponse, message: dict[str, Any]) -> dict[str, Any]:
    """Send one message and take the next frame as its answer, as existing clients do."""
    await socket.send_json(message)
    return await answer(socket)


async def answer(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    found: dict[str, Any] = await socket.receive_json(timeout=10)
    return found


async def until(socket: aiohttp.ClientWebSocketResponse, kind: str) -> list[dict[str, Any]]:
    """Return every message up to and including the first of ``kind``, within half a minute."""
    async with asyncio.timeout(30):  # Signals of a microphone never cease.
        found = [await answer(socket)]
        while found[-1]["type"] != kind:
            found.append(await answer(socket))
        return found
