"""Where the other processes of a deployment reach this one, if nobody has said so."""

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

from server.journal_address import RedisAddress
from server.settings import Settings

REDIS_PORT = 6379


async def internal_url(settings: Settings, url: str) -> str:
    """Return the address to announce: what is set, or ``url`` with a host that others can use.

    A server that listens on every address is reached at the one by which it reaches Redis.

    Args:
        settings: of this process.
        url: of this process on this machine.
    """
    if settings.internal_url is not None:
        return settings.internal_url
    if settings.host not in ("0.0.0.0", "::") or not isinstance(settings.journal, RedisAddress):
        return url
    parts = urlsplit(url)
    address = await asyncio.to_thread(_address_towards, settings.journal)
    host = f"[{address}]" if ipaddress.ip_address(address).version == 6 else address
    return f"{parts.scheme}://{host}:{parts.port}"


def _address_towards(redis: RedisAddress) -> str:
    """Return the local address of the way to Redis; nothing is sent."""
    parts = urlsplit(redis.url)
    host, port = parts.hostname, parts.port or REDIS_PORT
    family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as probe:
        probe.connect(place)
        return str(probe.getsockname()[0])
