"""Redis's errors, told as a client may hear them; the log keeps the reason."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from redis.exceptions import (
    ConnectionError,
    OutOfMemoryError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from server.errors import ClientError, JournalUnavailable, StorageFull

log = logging.getLogger(__name__)

LOST = (ConnectionError, TimeoutError, OSError)
"""No answer came: whoever asked for a change does not know whether it was made."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn Redis's errors into what a client may be told, who asked for nothing to be kept."""
    try:
        yield
    except (RedisError, OSError) as error:
        log.error("redis: %s", reason(error))
        raise told(error) from error


def told(error: Exception) -> ClientError:
    """Return what a client is told when Redis did not do something."""
    is_refusal = isinstance(error, ResponseError)
    if isinstance(error, OutOfMemoryError) or (is_refusal and "No space left" in str(error)):
        return StorageFull()
    return JournalUnavailable()


def reason(error: Exception) -> str:
    """Return the error in one line for the log: what was sent may be personal and stays out."""
    words = str(error).partition(", with args")[0].splitlines()
    return f"{type(error).__name__}: {words[0][:200] if words else ''}"
