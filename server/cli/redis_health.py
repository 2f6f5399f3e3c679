"""What the doctor says of a Redis: whether it is there, near, and keeps what it is given."""

import asyncio
import os
import statistics
import time
from collections.abc import Mapping

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ConnectionError,
    NoPermissionError,
    RedisError,
    TimeoutError,
)

from server.cli.findings import Finding, warning
from server.journal.redis.keys import ALL
from server.journal.redis.promises import Unfit, check_promises
from server.journal_address import Durability, RedisAddress
from server.redis.connection import connect

ALL_S = 8.0
"""For everything that is asked; near and well it takes milliseconds."""
PINGS = 9
FAR_MS = 5.0
"""Every word waits for a round trip or two before it is acknowledged."""
NEARLY_FULL = 0.8
_REFUSED = (AuthenticationError, AuthorizationError, NoPermissionError)


def findings(address: RedisAddress, durability: Durability) -> list[Finding]:
    """Ask one Redis how it is; no sentence holds the password."""
    return asyncio.run(_findings(address, durability))


async def _findings(address: RedisAddress, durability: Durability) -> list[Finding]:
    try:
        async with asyncio.timeout(ALL_S), connect(address) as client:
            return await _asked(client, address, durability)
    except (RedisError, OSError) as error:
        state, advice = _failure(error)
        return [Finding("journal", f"{address} {state}", advice)]


async def _asked(client: Redis, address: RedisAddress, durability: Durability) -> list[Finding]:
    trip_ms = await _round_trip_ms(client)
    info = {str(name): str(value) for name, value in (await client.info()).items()}
    count = await client.zcard(ALL)
    where = f"{address}: Redis {info.get('redis_version')}, {count} interviews"
    near = f"{trip_ms:.1f} ms for a round trip"
    return [
        Finding("journal", where),
        warning("journal distance", near, "run the server in the same network as its Redis")
        if trip_ms > FAR_MS
        else Finding("journal distance", near),
        await _keeping(client, durability),
        *_troubles(info, durability),
    ]


async def _round_trip_ms(client: Redis) -> float:
    trips_ms = []
    for _ in range(PINGS):
        began = time.perf_counter()
        await client.ping()
        trips_ms.append(1000 * (time.perf_counter() - began))
    return statistics.median(trips_ms)


async def _keeping(client: Redis, durability: Durability) -> Finding:
    """Ask what the server will ask when it starts."""
    about = "journal durability"
    connection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]  # redis-py's gap
    try:
        await check_promises(connection, durability)
    except Unfit as error:
        return Finding(about, "less than promised", str(error))
    finally:
        await client.connection_pool.release(connection)
    replicas = f", {durability.replicas} replicas" if durability.replicas else ""
    return Finding(about, f"as promised: {durability.fsync}{replicas}")


def _troubles(info: Mapping[str, str], durability: Durability) -> list[Finding]:
    """Return what goes wrong in a Redis that is set up well."""
    found = []
    replicas = int(info.get("connected_slaves", 0))
    if replicas < durability.replicas:
        found.append(
            Finding(
                "journal replicas",
                f"{replicas} connected; nothing is acknowledged before {durability.replicas} "
                "have it",
                "start them, or lower N in DAEDAM_REDIS_DURABILITY=wait:N",
            )
        )
    if info.get("aof_last_write_status", "ok") != "ok":
        found.append(
            Finding("journal disk", "Redis could not write its file", "free its disk, see its log")
        )
    if info.get("aof_last_bgrewrite_status", "ok") != "ok":
        found.append(
            warning(
                "journal disk",
                "Redis could not rewrite its file, which grows and keeps erased words",
                "give it disk and memory (vm.overcommit_memory=1), see its log",
            )
        )
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    state = f"{used / 1024**2:.0f} of {limit / 1024**2:.0f} MiB used"
    if limit and used > NEARLY_FULL * limit:
        found.append(
            warning("journal memory", state, "raise maxmemory, or move old interviews away")
        )
    elif limit:
        found.append(Finding("journal memory", state))
    return found


def _failure(error: Exception) -> tuple[str, str]:
    """Return how it is and what to do; the error's own words may hold what was sent."""
    look = "see that Redis runs and DAEDAM_JOURNAL names it; look at firewalls"
    match error:
        case _ if isinstance(error, _REFUSED):
            return (
                "refuses this user or password",
                "write it into DAEDAM_JOURNAL: redis://:password@host:6379/0",
            )
        case BusyLoadingError():
            return "is reading its files", "wait, then ask again"
        case TimeoutError() | asyncio.TimeoutError():
            return "does not answer in time", look
        case ConnectionError() | OSError():
            return f"cannot be reached ({_reason(error)})", look
        case _:
            return f"answers with an error ({type(error).__name__})", "see its log"


def _reason(error: BaseException) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None:
            # Names that nobody knows have numbers of their own, below zero.
            return os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
