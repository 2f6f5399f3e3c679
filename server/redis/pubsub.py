"""Listening to channels of Redis: one connection for all that this process wants to hear."""

import asyncio
import logging
import random
from collections.abc import Callable
from typing import TypeAlias

from redis.asyncio import Connection, Redis
from redis.exceptions import ResponseError

from server.tasks import Tasks

log = logging.getLogger(__name__)

OnMessage: TypeAlias = Callable[[bytes | None], None]
"""Takes a message; None: messages may have been missed. Must not block."""

PING_S = 1.0
SILENCE_S = 4.0
"""So long without a word, not even an answer to a ping, and Redis is taken for gone."""

CONNECT_S = 3.0
FIRST_BACKOFF_S = 0.05
LAST_BACKOFF_S = 1.0
CHANNELS_AT_ONCE = 500


class Subscriptions:
    """Channels and who is told of their messages, kept over every loss of Redis.

    Each callback hears None when its channel is first known to be in force and after every
    reconnection: whatever was published before that may have been missed. The connection is not
    one of the client's pool, so that listening never keeps a command waiting.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._callbacks: dict[bytes, list[OnMessage]] = {}
        self._asked: set[bytes] = set()
        self._unwanted: set[bytes] = set()
        self._in_force: set[bytes] = set()
        self._changed = asyncio.Event()
        self._tasks = Tasks("subscriptions")
        self._is_away = False
        self._is_closed = False

    def add(self, channel: str, on_message: OnMessage) -> Callable[[], None]:
        """Begin to tell ``on_message``; return what ends it, idempotent."""
        name = channel.encode()
        if self._is_closed:
            return lambda: None
        self._callbacks.setdefault(name, []).append(on_message)
        self._changed.set()
        if not len(self._tasks):
            self._tasks.start(self._run(), "listen")
        if name in self._in_force:
            asyncio.get_running_loop().call_soon(self._welcome, name, on_message)
        is_on = True

        def remove() -> None:
            nonlocal is_on
            if is_on:
                is_on = False
                self._remove(name, on_message)

        return remove

    async def close(self) -> None:
        """End the connection and forget everybody; idempotent."""
        self._is_closed = True
        self._callbacks.clear()
        await self._tasks.close()

    def _remove(self, name: bytes, on_message: OnMessage) -> None:
        callbacks = self._callbacks.get(name, [])
        if on_message in callbacks:
            callbacks.remove(on_message)
        if name in self._callbacks and not callbacks:
            del self._callbacks[name]
            self._in_force.discard(name)
            if name in self._asked:
                # Also when somebody wants it again at once: only a new confirmation of Redis
                # tells them from when on they hear everything.
                self._asked.discard(name)
                self._unwanted.add(name)
            self._changed.set()

    def _welcome(self, name: bytes, on_message: OnMessage) -> None:
        if on_message in self._callbacks.get(name, ()):
            _tell(on_message, None)

    async def _run(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while True:
            try:
                await self._listen()
            except Exception as error:  # Whatever it is, the channels are wanted again.
                if not self._is_away:
                    log.warning("Redis tells no news: %s", _reason(error))
                    backoff_s = FIRST_BACKOFF_S
                self._is_away = True
            await asyncio.sleep(backoff_s * random.uniform(0.5, 1.0))
            backoff_s = min(2 * backoff_s, LAST_BACKOFF_S)

    async def _listen(self) -> None:
        """Hold one connection until it fails."""
        pool = self._client.connection_pool
        connection = pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's gap
        try:
            async with asyncio.timeout(CONNECT_S):
                await connection.connect()
            async with asyncio.TaskGroup() as sides:
                sides.create_task(self._speak(connection), name="subscriptions: speak")
                sides.create_task(self._hear(connection), name="subscriptions: hear")
        finally:
            self._asked.clear()
            self._unwanted.clear()
            self._in_force.clear()
            await connection.disconnect(nowait=True)

    async def _speak(self, connection: Connection) -> None:
        """Ask for what is wanted now, and for a sign of life every now and then."""
        while True:
            self._changed.clear()
            stale = list(self._unwanted)
            self._unwanted.clear()
            await _send(connection, "UNSUBSCRIBE", stale)
            fresh = [name for name in self._callbacks if name not in self._asked]
            self._asked.update(fresh)
            await _send(connection, "SUBSCRIBE", fresh)
            await connection.send_command("PING", check_health=False)
            try:
                async with asyncio.timeout(PING_S):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _hear(self, connection: Connection) -> None:
        while True:
            # A push request returns what was published instead of handing it to a handler.
            try:
                said = await connection.read_response(timeout=SILENCE_S, push_request=True)
            except ResponseError as error:
                # A Redis that cannot write its files refuses pings too, and still tells news.
                if "MISCONF" not in str(error):
                    raise
                continue
            if said is None:
                raise TimeoutError("Redis is silent")
            if self._is_away:
                self._is_away = False
                log.info("Redis tells news again")
            match said:
                case [b"message", bytes(name), bytes(message)]:
                    self._tell(name, message)
                case [b"subscribe", bytes(name), _]:
                    if name in self._callbacks:
                        self._in_force.add(name)
                        self._tell(name, None)
                case _:  # Answers to pings and to UNSUBSCRIBE.
                    pass

    def _tell(self, name: bytes, message: bytes | None) -> None:
        for on_message in list(self._callbacks.get(name, ())):
            _tell(on_message, message)


def _tell(on_message: OnMessage, message: bytes | None) -> None:
    try:
        on_message(message)
    except Exception:
        log.exception("a listener of Redis failed")


async def _send(connection: Connection, command: str, names: list[bytes]) -> None:
    for start in range(0, len(names), CHANNELS_AT_ONCE):
        some = names[start : start + CHANNELS_AT_ONCE]
        await connection.send_command(command, *some, check_health=False)


def _reason(error: BaseException) -> str:
    """Name the causes without their sentences, which may hold an address with a password."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(sorted({_reason(cause) for cause in error.exceptions}))
    return type(error).__name__
