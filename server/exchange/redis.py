"""The exchange of processes that share one Redis; see ``Exchange``."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import TypeVar

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.exchange.protocol import OnMessage, Process, Unlisten
from server.exchange.seats import Seats
from server.exchange.sending import Sender
from server.redis.errors import reason, translated
from server.redis.pubsub import Subscriptions
from server.tasks import Tasks

log = logging.getLogger(__name__)
T = TypeVar("T")

RENEW_S = 2.0
PROCESS_S = 6.0
"""A process that says nothing for so long is gone: two signs of life may be lost."""
RETRY_S = 0.25
"""While Redis is away: it has forgotten this process perhaps, and nobody else can tell it."""
ANSWER_S = 2.0


_MARK = "daedam:secret"
"""Whose links are good here: kept as long as a process with that secret lives."""


class _Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a process tells of itself."""

    url: str
    fingerprint: str | None = None
    direct_url: str | None = None


class RedisExchange:
    """Heartbeats and seats are keys that expire, messages go over channels."""

    def __init__(self, client: Redis, subscriptions: Subscriptions, name: str) -> None:
        """Join with what is shared with the journal; whoever opened both closes them."""
        self._client = client
        self._subscriptions = subscriptions
        self._name = name
        self._card: bytes | None = None
        self._mark: str | None = None
        self._seats = Seats(client, name)
        self._sender = Sender(client)
        self._tasks = Tasks("exchange")
        self._is_due = asyncio.Event()
        self._is_away = False
        self._is_closed = False
        self._unlisten: Unlisten = lambda: None

    @property
    def name(self) -> str:
        return self._name

    async def announce(
        self, url: str, fingerprint: str | None = None, direct_url: str | None = None
    ) -> None:
        """See ``Exchange``; without Redis it goes on trying."""
        self._card = msgspec.json.encode(_Card(url, fingerprint, direct_url))
        await self._renew()
        self._keep()

    async def agree(self, mark: str) -> bool:
        """See ``Exchange``; the mark goes with the last process that has it."""
        life_ms = round(1000 * PROCESS_S)
        await self._ask(self._client.set(_MARK, mark, nx=True, px=life_ms))
        kept = await self._ask(self._client.get(_MARK))
        if kept is not None and kept != mark.encode():
            return False
        self._mark = mark
        return True

    async def find(self, process: str) -> Process | None:
        """See ``Exchange``."""
        kept = await self._ask(self._client.get(_key(process)))
        if kept is None:
            return None
        card = msgspec.json.decode(kept, type=_Card)
        return Process(process, card.url, card.fingerprint, card.direct_url)

    async def alive(self, processes: frozenset[str]) -> frozenset[str]:
        """See ``Exchange``."""
        others = sorted(processes - {self._name})
        if not others:
            return processes
        kept = await self._ask(self._client.mget([_key(process) for process in others]))
        gone = {process for process, card in zip(others, kept, strict=True) if card is None}
        return processes - gone

    def publish(self, session: str, message: str) -> None:
        """See ``Exchange``."""
        self._sender.put(_channel(session), f"{self._name}\n{message}".encode())

    def listen(self, session: str, on_message: OnMessage) -> Unlisten:
        """See ``Exchange``."""

        def pass_on(published: bytes | None) -> None:
            if published is not None:
                sender, _, message = published.decode(errors="replace").partition("\n")
                if sender != self._name:
                    on_message(message)

        return self._subscriptions.add(_channel(session), pass_on)

    async def take_seat(self, session: str, seat: str, link: str, hold_s: float) -> bool:
        """See ``Exchange``."""
        is_taken = await self._ask(self._seats.take((session, seat), link, hold_s))
        self._keep()
        return is_taken

    async def leave_seat(self, session: str, seat: str, link: str, hold_s: float) -> None:
        """See ``Exchange``; what Redis does not hear now it hears when it is back."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._seats.leave((session, seat), link, hold_s)
        except (RedisError, OSError) as error:
            log.warning("session %s: a seat is left later: %s", session, reason(error))

    async def close(self) -> None:
        """See ``Exchange``."""
        if self._is_closed:
            return
        self._is_closed = True
        self._unlisten()
        await self._sender.close()
        await self._tasks.close()
        self._seats.abandon()
        self._card = None
        await self._renew()

    async def _ask(self, work: Awaitable[T]) -> T:
        with translated():
            async with asyncio.timeout(ANSWER_S):
                return await work

    def _keep(self) -> None:
        """Begin to say again and again that this process lives and who sits here."""
        if not self._is_closed and not len(self._tasks):
            self._tasks.start(self._renew_for_ever(), "renew")
            # A Redis that is back may have lost what it knew: it hears everything at once.
            channel = f"daedam:process:{self._name}"
            self._unlisten = self._subscriptions.add(channel, lambda _: self._is_due.set())

    async def _renew_for_ever(self) -> None:
        while True:
            self._is_due.clear()
            is_kept = await self._renew()
            try:
                async with asyncio.timeout(RENEW_S if is_kept else RETRY_S):
                    await self._is_due.wait()
            except TimeoutError:
                continue

    async def _renew(self) -> bool:
        """Tell Redis everything in one round trip; return whether it has heard."""
        try:
            async with asyncio.timeout(ANSWER_S):
                async with self._client.pipeline(transaction=False) as pipeline:
                    if self._card is not None:
                        _ = pipeline.set(_key(self._name), self._card, px=round(1000 * PROCESS_S))
                        if self._mark is not None:
                            _ = pipeline.set(_MARK, self._mark, px=round(1000 * PROCESS_S))
                    elif self._is_closed:
                        _ = pipeline.delete(_key(self._name))
                    await self._seats.renew(pipeline)
        except (RedisError, OSError) as error:
            if not self._is_away:
                log.warning("other servers may take this one for gone: %s", reason(error))
            self._is_away = True
            return False
        if self._is_away:
            self._is_away = False
            log.info("other servers know this one again")
        return True


def _key(process: str) -> str:
    return f"daedam:process:{process}"


def _channel(session: str) -> str:
    return f"daedam:signals:{session}"
