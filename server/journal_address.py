"""Where events are kept, as one setting names it: ``sqlite:///…`` or ``redis://…``."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

_WAIT = re.compile(r"wait:([1-9])")


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """One file of this machine."""

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A Redis server and one of its databases; ``url`` may hold a password, ``str()`` does not."""

    url: str

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{parts.hostname}{port}{parts.path}"


JournalAddress: TypeAlias = SqliteAddress | RedisAddress


@dataclass(frozen=True, slots=True)
class Durability:
    """What Redis has to do before an append is acknowledged.

    Attributes:
        fsync: how its append-only file must be written (``appendfsync``).
        replicas: how many replicas must have the append as well (``WAIT``).
    """

    fsync: Literal["everysec", "always"] = "everysec"
    replicas: int = 0


def read_journal(text: str) -> JournalAddress:
    """Return the address.

    Raises:
        ValueError: it is none that this server can keep events at.
    """
    parts = urlsplit(text.strip())
    if parts.scheme == "sqlite" and not parts.netloc and len(parts.path) > 1:
        # As in other programs: three slashes for a relative path, four for an absolute one.
        return SqliteAddress(Path(parts.path[1:]))
    if parts.scheme in ("redis", "rediss") and parts.hostname:
        if parts.path not in ("", "/") and not parts.path[1:].isdecimal():
            raise ValueError("a database of Redis is a number: redis://host:6379/0")
        _ = parts.port  # A port that is none is a ValueError.
        return RedisAddress(text.strip())
    raise ValueError("sqlite:///path/to/file or redis://[:password@]host:6379/0 is needed")


def read_durability(text: str) -> Durability:
    """Return what ``everysec``, ``always`` or ``wait:N`` (N replicas) means.

    Raises:
        ValueError: it is none of them.
    """
    word = text.strip().lower()
    if word == "everysec":
        return Durability("everysec")
    if word == "always":
        return Durability("always")
    if found := _WAIT.fullmatch(word):
        return Durability("everysec", int(found[1]))
    raise ValueError("everysec, always or wait:N (N replicas, 1 to 9)")
