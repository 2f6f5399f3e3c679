"""Many light WebRTC clients in a process of their own: the program in client.mjs.

They are real: ICE, DTLS, SRTP and SCTP of libdatachannel (npm ``node-datachannel``). Nothing is
encoded or decoded: they send packets made before, so that many fit beside the server.
"""

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

_PROGRAM = Path(__file__).parent / "client.mjs"
_MODULE = Path(__file__).parents[2] / "node_modules" / "node-datachannel"
_LINE_BYTES = 1 << 20
CONNECT_S = 20.0
LOOPBACK = "127.0.0.1"

Message = dict[str, Any]


class ClientsMissing(Exception):
    """The clients cannot run on this machine; the sentence says what to install."""


@dataclass(slots=True)
class Client:
    """One person's browser.

    Attributes:
        said: (``time.monotonic()`` of its arrival, message) of everything that was told.
        ended: why the connection is gone though nobody closed it.
    """

    number: int
    offer: asyncio.Future[str]
    opened: asyncio.Future[float]
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    said: list[tuple[float, Message]] = field(default_factory=list)
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What one client sent and got, in packets.

    Attributes:
        heard: what came back.
        missing: how many have not arrived, by the other side's newest report; None: it sent none.
    """

    sent: int
    heard: int
    missing: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What the clients' process did so far.

    Attributes:
        latest_ms: the longest that a packet waited for its turn.
        late: packets that waited for longer than a packet lasts.
    """

    cpu_s: float
    rss_bytes: float
    latest_ms: float
    late: int
    by_client: dict[int, Sent]


class Clients:
    """The process of all clients; made by ``clients``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._clients: dict[int, Client] = {}
        self._asked: dict[int, asyncio.Future[Message]] = {}
        self._count = 0

    async def connect(self, http: aiohttp.ClientSession, path: str, token: str) -> Client:
        """Open a connection with microphone and both channels to the session at ``path``.

        Raises:
            TimeoutError: it did not open in time.
            aiohttp.ClientResponseError: the offer was refused.
        """
        client = await self.make()
        await self.answer(client, await offer(http, path, token, client.offer.result()))
        return client

    async def make(self) -> Client:
        """Make a client that has an offer and no answer yet."""
        loop = asyncio.get_running_loop()
        self._count += 1
        client = Client(self._count, loop.create_future(), loop.create_future())
        self._clients[client.number] = client
        self._tell({"do": "make", "id": client.number})
        async with asyncio.timeout(CONNECT_S):
            await client.offer
        return client

    async def answer(self, client: Client, sdp: str) -> None:
        """Give a client its offer's answer; return when both channels are open.

        Raises:
            TimeoutError: they did not open in time.
        """
        self._tell({"do": "answer", "id": client.number, "sdp": sdp})
        async with asyncio.timeout(CONNECT_S):
            await client.opened

    def send(self, client: Client, message: Message) -> None:
        """Send a message over the client's channel ``interview``."""
        text = json.dumps(message)
        self._tell({"do": "send", "id": client.number, "channel": "interview", "text": text})

    async def talk(
        self, seats: list[Client], spoken: Path, silence: Path, floor: list[int]
    ) -> float:
        """Let clients talk in turns, until ``hush``; return when they began (monotonic).

        Args:
            seats: who sits where.
            spoken: frames of the whole conversation.
            silence: frames of an open microphone, sent by whoever does not have the floor.
            floor: for each frame of ``spoken`` the index in ``seats`` of who says it, or -1.
        """
        ids = [client.number for client in seats]
        paths = {"spoken": str(spoken), "silence": str(silence)}
        return float(
            (await self._ask({"do": "talk", "ids": ids, "floor": floor, **paths}))["began"]
        )

    def hush(self) -> None:
        """Send no more sound."""
        self._tell({"do": "hush"})

    def close(self, client: Client) -> None:
        """Say goodbye and forget the client."""
        self._tell({"do": "close", "id": client.number})
        del self._clients[client.number]

    async def counts(self) -> Counts:
        """Return what was done so far."""
        told = await self._ask({"do": "count"})
        return Counts(
            told["cpu_s"],
            told["rss_bytes"],
            told["latest_ms"],
            told["late"],
            {one["id"]: Sent(one["sent"], one["heard"], one["missing"]) for one in told["counts"]},
        )

    async def listen(self) -> None:
        """Take what the process tells, until it ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self._take(json.loads(line))
        for answer in self._asked.values():
            answer.cancel()
        for client in self._clients.values():
            client.offer.cancel()
            client.opened.cancel()

    def _take(self, event: Message) -> None:
        if "asked" in event:
            self._asked.pop(event["asked"]).set_result(event)
            return
        client = self._clients.get(event["id"])
        if client is None:
            return
        match event["is"]:
            case "offer":
                client.offer.set_result(event["sdp"])
            case "open" if not client.opened.done():
                client.opened.set_result(event["at"])
            case "text":
                message = json.loads(event["text"])
                client.said.append((event["at"], message))
                if message["type"] == "caught_up":
                    client.caught_up.set()
            case "ended":
                client.ended = event["why"]
            case _:
                pass

    async def _ask(self, command: Message) -> Message:
        self._count += 1
        answer = self._asked[self._count] = asyncio.get_running_loop().create_future()
        self._tell({**command, "asked": self._count})
        told: Message = await answer
        return told

    def _tell(self, command: Message) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")


async def offer(http: aiohttp.ClientSession, path: str, token: str, sdp: str) -> str:
    """Make an offer; return the answer.

    Raises:
        aiohttp.ClientResponseError: it was refused.
    """
    headers = {"Authorization": f"Bearer {token}"}
    async with http.post(f"{path}/offer", json={"sdp": sdp}, headers=headers) as response:
        response.raise_for_status()
        return str((await response.json())["sdp"])


@contextlib.asynccontextmanager
async def clients(bind_address: str | None = LOOPBACK) -> AsyncIterator[Clients]:
    """Start the process of the clients; end it afterwards.

    Args:
        bind_address: where their packets leave from; None: wherever the machine sends them.

    Raises:
        ClientsMissing: Node or its module is not installed.
    """
    node = shutil.which("node")
    if node is None or not _MODULE.is_dir():
        raise ClientsMissing(
            "The clients need Node 18.19 or newer and the modules of package-lock.json: "
            "run tools/node-environment."
        )
    process = await asyncio.create_subprocess_exec(
        *(node, str(_PROGRAM), *([bind_address] if bind_address else [])),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_BYTES,
    )
    every = Clients(process)
    listening = asyncio.create_task(every.listen())
    try:
        yield every
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        await listening
