"""To the process that holds a session: requests that only it can carry out."""

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from yarl import URL

from server.access import Principal
from server.entrance.links import Links
from server.errors import HeldElsewhere
from server.exchange.protocol import Exchange, Process
from server.operations.metrics import Metrics

log = logging.getLogger(__name__)
T = TypeVar("T")

SCHEME = "Relay"
"""Of the ``Authorization`` header that one process sends another."""
MISDIRECTED = 421
"""Status by which a process says that it does not hold the session either (RFC 9110, 15.5.20)."""
CONNECT_S = 2.0
LOOK_S = 2.0
"""How often the holder's life is looked at while its answer is waited for."""
PATIENCE_S = 15.0
"""How long to look for a holder: longer than the lease of one that died."""
PAUSE_S = 0.3
HEALTH = "/healthz"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the holder answered."""

    status: int
    body: bytes


class Relay:
    """Asks other processes on behalf of people who are connected to this one."""

    def __init__(
        self, exchange: Exchange, links: Links, client: aiohttp.ClientSession, metrics: Metrics
    ) -> None:
        """Use ``client`` for every request; its owner closes it."""
        self._exchange = exchange
        self._links = links
        self._client = client
        self._metrics = metrics

    async def ask(
        self,
        holder: str,
        principal: Principal,
        what: str,
        path: str,
        body: bytes,
        method: str = "POST",
    ) -> Reply:
        """Ask the process ``holder`` as ``principal`` and return its answer.

        Args:
            holder: the name of a process.
            principal: who asks.
            what: is asked for, as the metrics count it.
            path: of the resource.
            body: JSON, or sound.
            method: of HTTP.

        Raises:
            HeldElsewhere: it is gone, does not answer, or does not hold the session any more.
            JournalUnavailable: nobody can know where it is.
        """
        try:
            process = await self._exchange.find(holder)
            if process is None:
                raise HeldElsewhere
            reply = await self._watched(
                process, self._request(process, principal, method, path, body)
            )
            if reply.status == MISDIRECTED:
                raise HeldElsewhere
        except BaseException:
            self._metrics.count_relayed(what, is_done=False)
            raise
        self._metrics.count_relayed(what, is_done=True)
        return reply

    async def reaches_itself(self) -> bool:
        """Return whether this process answers where the others are told that it is."""
        own = await self._exchange.find(self._exchange.name)
        if own is None:
            return True  # It is alone.
        url = URL(own.url + HEALTH, encoded=True)
        timeout = aiohttp.ClientTimeout(total=2 * CONNECT_S)
        try:
            async with self._client.get(url, timeout=timeout, ssl=_trust(own)) as response:
                return bool((await response.json())["process"] == own.name)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError, TypeError):
            return False

    async def _request(
        self, process: Process, principal: Principal, method: str, path: str, body: bytes
    ) -> Reply:
        headers = {
            "Authorization": f"{SCHEME} {self._links.vouch(principal)}",
            "Content-Type": "application/json",
        }
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
        url = URL(process.url + path, encoded=True)
        try:
            async with self._client.request(
                method,
                url,
                # A file is sent in pieces: large bytes would hold up the event loop.
                data=io.BytesIO(body),
                headers=headers,
                timeout=timeout,
                ssl=_trust(process),
            ) as response:
                return Reply(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning(
                "process %s does not answer at %s: %s",
                process.name,
                process.url,
                type(error).__name__,
            )
            raise HeldElsewhere from error

    async def _watched(self, process: Process, asking: Awaitable[Reply]) -> Reply:
        """Wait for the answer as long as the holder lives: understanding may take minutes."""
        task = asyncio.ensure_future(asking)
        try:
            while not (await asyncio.wait({task}, timeout=LOOK_S))[0]:
                if await self._exchange.find(process.name) is None:
                    raise HeldElsewhere
            return task.result()
        finally:
            task.cancel()


def _trust(process: Process) -> aiohttp.Fingerprint | bool:
    """A certificate at an internal address is known by what its process says of it."""
    known = process.fingerprint
    return aiohttp.Fingerprint(bytes.fromhex(known)) if known else True


async def reach(
    find: Callable[[], Awaitable[str | None]],
    here: Callable[[], Awaitable[T]],
    there: Callable[[str], Awaitable[T]],
) -> T:
    """Do something where a session is held, wherever that comes to be within ``PATIENCE_S``.

    Args:
        find: returns the process that holds the session; None: this one (now) does.
        here: does it in this process.
        there: asks the process of that name; what it does must be safe to ask for twice.

    Raises:
        HeldElsewhere: no process could be reached that holds it.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            holder = await find()
            return await (here() if holder is None else there(holder))
        except HeldElsewhere:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(PAUSE_S)
