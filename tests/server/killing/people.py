"""Who writes notes and who reads along, whatever happens to the servers meanwhile."""

import asyncio
import contextlib
import json
import random
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

from server.paths import PREFIX
from tests.server.killing.deployment import Deployment

LOST = (aiohttp.ClientError, OSError, EOFError)
ANSWER_S = 12.0
"""Longer than a server waits for Redis; then the command is sent again elsewhere."""
AGAIN_S = 0.05
TRY_LATER = {"journal_unavailable", "overloaded", "shutting_down", "unknown_session", "replaced"}


@dataclass(frozen=True, slots=True)
class Fact:
    """What is compared of an event: its number, kind, command and, if it is one, the note."""

    seq: int
    type: str
    cmd: str | None
    note: str | None


def fact(event: dict[str, Any]) -> Fact:
    return Fact(event["seq"], event["type"], event.get("cmd"), event.get("note"))


class Person:
    """Somebody with a link of their own and a server they would rather be at."""

    def __init__(
        self, deployment: Deployment, session: str, home: int, seat: str | None = None
    ) -> None:
        self.session = session
        self.home = home
        self.times_connected = 0
        self._deployment = deployment
        self._token = deployment.link(session, seat=seat)

    @contextlib.asynccontextmanager
    async def connected(
        self, client: aiohttp.ClientSession
    ) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """Connect to the server at ``home``, or to any that lives.

        Raises:
            EOFError: nobody lives.
        """
        home = self._deployment.nodes[self.home % len(self._deployment.nodes)].url
        urls = [home] if home is not None else self._deployment.urls
        if not urls:
            raise EOFError("no server lives")
        path = f"{PREFIX}/ws/interview/{quote(self.session, safe='')}?t={self._token}"
        async with asyncio.timeout(ANSWER_S):
            socket = await client.ws_connect(urls[0] + path)
        self.times_connected += 1
        try:
            yield socket
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await socket.close()


class Writer(Person):
    """Writes numbered notes one after the other; goes on only after each is acknowledged."""

    def __init__(
        self, deployment: Deployment, session: str, home: int, name: str, seat: str | None = None
    ) -> None:
        super().__init__(deployment, session, home, seat)
        self.name = name
        self.acknowledged: list[tuple[int, str]] = []
        """seq and note, in the order they were acknowledged."""
        self.times_refused = 0
        self.times_lost = 0
        self.longest_wait_s = 0.0
        self.is_stopping = False
        self._progress = asyncio.Event()

    async def run(self, client: aiohttp.ClientSession, pause_s: float) -> None:
        """Write until ``is_stopping``, and then until the last note is acknowledged."""
        pending: dict[str, Any] | None = None
        while pending is not None or not self.is_stopping:
            try:
                async with self.connected(client) as socket:
                    while pending is not None or not self.is_stopping:
                        pending = pending or self._next()
                        if not await self._sent(socket, pending):
                            break
                        pending = None
                        await asyncio.sleep(random.uniform(0, 2 * pause_s))
            except LOST:
                self.times_lost += 1
            self.home += 1
            await asyncio.sleep(AGAIN_S)

    async def until(self, count: int) -> None:
        """Wait until so many notes are acknowledged."""
        while len(self.acknowledged) < count:
            self._progress.clear()
            await self._progress.wait()

    def _next(self) -> dict[str, Any]:
        self._began = time.monotonic()
        return {
            "type": "speaker_note",
            "speaker": "지원자_1",
            "note": f"{self.name} {len(self.acknowledged)}",
            "id": secrets.token_urlsafe(16),
        }

    async def _sent(self, socket: aiohttp.ClientWebSocketResponse, command: dict[str, Any]) -> bool:
        """Send and wait for its answer; False: it is to be sent again."""
        await socket.send_json(command)
        async with asyncio.timeout(ANSWER_S):
            answer = await _answer(socket, command["id"])
        if answer["type"] == "note_saved":
            self.acknowledged.append((answer["seq"], command["note"]))
            self.longest_wait_s = max(self.longest_wait_s, time.monotonic() - self._began)
            self._progress.set()
            return True
        assert answer["code"] in TRY_LATER, answer
        self.times_refused += 1
        return False


class Reader(Person):
    """Subscribes, and after each loss subscribes again from where it was."""

    def __init__(self, deployment: Deployment, session: str, home: int) -> None:
        super().__init__(deployment, session, home)
        self.facts: list[Fact] = []
        self._progress = asyncio.Event()

    async def run(self, client: aiohttp.ClientSession) -> None:
        """Read until cancelled."""
        while True:
            with contextlib.suppress(*LOST):
                async with self.connected(client) as socket:
                    after = self.facts[-1].seq if self.facts else 0
                    await socket.send_json({"type": "subscribe", "after_seq": after})
                    await self._read(socket)
            self.home += 1
            await asyncio.sleep(AGAIN_S)

    async def until(self, seq: int) -> None:
        """Wait until the event ``seq`` was read."""
        while not self.facts or self.facts[-1].seq < seq:
            self._progress.clear()
            await self._progress.wait()

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await _received(socket)
            if message["type"] == "error":
                assert message["code"] in TRY_LATER, message
                return
            if "wall" in message:  # An event, neither an answer nor a signal.
                self.facts.append(fact(message))
                self._progress.set()


async def _answer(socket: aiohttp.ClientWebSocketResponse, command: str) -> dict[str, Any]:
    while True:
        message = await _received(socket)
        if message.get("reply_to") == command or message["type"] == "error":
            return message


async def _received(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """Return the next message.

    Raises:
        EOFError: the connection has ended.
    """
    frame = await socket.receive()
    if frame.type is not aiohttp.WSMsgType.TEXT:
        raise EOFError
    message: dict[str, Any] = frame.json()
    return message


async def journal_of(
    client: aiohttp.ClientSession, deployment: Deployment, node: int, session: str
) -> list[Fact]:
    """Return a session's journal as one server tells it."""
    url = deployment.nodes[node].url
    assert url is not None
    path = f"{PREFIX}/interview/session/{quote(session, safe='')}/journal"
    headers = {"Authorization": f"Bearer {deployment.link(session)}"}
    async with client.get(url + path, headers=headers) as response:
        response.raise_for_status()
        lines = (await response.read()).splitlines()
    return [fact(event) for event in map(json.loads, lines)]
