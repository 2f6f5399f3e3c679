"""Whether a Redis can keep what the journal promises; asked whenever a connection to it begins."""

import logging
from typing import Any

from redis.asyncio import Connection, Redis
from redis.exceptions import ResponseError

from server.journal_address import Durability

log = logging.getLogger(__name__)

OLDEST = (7, 0)
_FSYNCS = ("no", "everysec", "always")
_NAMES = ("appendonly", "appendfsync", "maxmemory", "maxmemory-policy")


class Unfit(Exception):
    """A Redis that would lose what it acknowledges; the sentence says what to change."""


async def ask(connection: Connection, *words: object) -> Any:
    """Send one command and return its answer."""
    await connection.send_command(*words)
    return await connection.read_response(disable_decoding=True)


async def trusted(client: Redis, durability: Durability) -> Connection:
    """Return a connection of one's own to a Redis that keeps what is promised.

    Raises:
        Unfit: it would not.
        RedisError: it is not reached. OSError: likewise.
    """
    connection = client.connection_pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's gap
    try:
        await connection.connect()
        await check_promises(connection, durability)
    except BaseException:
        await connection.disconnect(nowait=True)
        raise
    return connection  # type: ignore[no-any-return]  # the same gap


async def check_promises(connection: Connection, durability: Durability) -> None:
    """Look at how this Redis keeps things.

    Raises:
        Unfit: not well enough.
    """
    info = _lines(await ask(connection, "INFO"))
    version = info.get("redis_version", "0")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < OLDEST:
        raise Unfit(f"it is version {version}; 7.0 or newer is needed.")
    if info.get("role") != "master":
        raise Unfit("it is a replica, which takes no events; name the master.")
    if info.get("cluster_enabled") == "1":
        raise Unfit("it is part of a cluster; a single Redis (with replicas) is needed.")
    _check_keeping(await _configured(connection, info), durability)
    if int(info.get("connected_slaves", "0")) < durability.replicas:
        log.warning(
            "Redis has %s replicas connected; nothing is acknowledged before %d have it",
            info.get("connected_slaves", "0"),
            durability.replicas,
        )


def _check_keeping(config: dict[str, str], durability: Durability) -> None:
    if config["appendonly"] != "yes":
        raise Unfit("it would forget every event when it restarts: set appendonly yes.")
    fsync = config.get("appendfsync", durability.fsync)
    if _FSYNCS.index(fsync) < _FSYNCS.index(durability.fsync):
        raise Unfit(
            f"its appendfsync is {fsync}: set appendfsync {durability.fsync}, or another "
            "DAEDAM_REDIS_DURABILITY."
        )
    if config["maxmemory"] != "0" and config["maxmemory-policy"] != "noeviction":
        raise Unfit(
            f"it throws events away when its memory is full ({config['maxmemory-policy']}): set "
            "maxmemory-policy noeviction."
        )


async def _configured(connection: Connection, info: dict[str, str]) -> dict[str, str]:
    try:
        answer = await ask(connection, "CONFIG", "GET", *_NAMES)
    except ResponseError:  # Forbidden, or taken away, as hosted ones do.
        log.warning("Redis does not tell its appendfsync; see that it is as promised")
        return {
            "appendonly": "yes" if info.get("aof_enabled") == "1" else "no",
            "maxmemory": info.get("maxmemory", "0"),
            "maxmemory-policy": info.get("maxmemory_policy", "noeviction"),
        }
    words = [word.decode() for word in answer]
    return dict(zip(words[::2], words[1::2], strict=True))


def _lines(info: bytes) -> dict[str, str]:
    pairs = (line.partition(":") for line in info.decode().splitlines())
    return {name: value for name, colon, value in pairs if colon}
