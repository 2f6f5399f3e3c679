"""Every setting, from ``DAEDAM_*`` in the environment, with the reason when one is wrong."""

import ipaddress
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from pipeline.models import default_folder

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

MIN_SECRET_CHARACTERS = 32
MAX_WORKERS = 64
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv4 addresses in IPv6's clothes (RFC 4291, section 2.5.5.2)."""


class SettingsError(Exception):
    """A setting is wrong; the message says which and what it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator can decide.

    Attributes:
        secret: signs links; without one the server stays on loopback.
        origins: pages of other hosts that may use the API, as ``https://host``.
        legacy_networks: peers that are operator without a link.
        trusted_proxies: peers whose requests are somebody else's.
        workers: model processes; None: one core is left for the event loop.
        abandon_after_s: a live session without any connection for so long is ended.
        idle_after_s: a session nobody is connected to leaves memory after this.
        end_patience_s: how long ``session_end`` waits for open utterances.
        hold_seat_s: how long a lost seat is kept for its person.
        memory_budget: bytes of large messages that may be in work at once, all clients together.
        max_connections: connections at once, WebSockets and peers together.
        bind_address: local address for live sound; None: all of the machine.
        announced_address: what browsers are told instead, behind an address translator.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = Path("data")
    models: Path = field(default_factory=default_folder)
    secret: str | None = None
    origins: frozenset[str] = frozenset()
    legacy_networks: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    workers: int | None = None
    abandon_after_s: float = 12 * 3600
    idle_after_s: float = 600
    end_patience_s: float = 10
    hold_seat_s: float = 30
    memory_budget: int = 512 * 1024 * 1024
    max_connections: int = 1000
    bind_address: str | None = None
    announced_address: str | None = None

    def replaced(self, **changes: object) -> "Settings":
        """Return a copy with some settings changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # names come from options

    def check(self) -> None:
        """Refuse combinations that would let somebody in.

        Raises:
            SettingsError: says what to change.
        """
        if self.secret is None and not is_loopback(self.host):
            raise SettingsError(
                f"Without DAEDAM_SECRET the server listens on loopback only, not on {self.host}. "
                f"Set DAEDAM_SECRET (at least {MIN_SECRET_CHARACTERS} random characters) and "
                "invite people with: daedam invite"
            )
        if self.secret is not None and len(self.secret) < MIN_SECRET_CHARACTERS:
            raise SettingsError(
                f"DAEDAM_SECRET needs at least {MIN_SECRET_CHARACTERS} characters; make one with: "
                'python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        for network in self.legacy_networks:
            for proxy in self.trusted_proxies:
                if network.version == proxy.version and network.overlaps(proxy):
                    raise SettingsError(
                        f"DAEDAM_LEGACY_NETWORKS {network} contains the trusted proxy {proxy}: "
                        "everybody behind it would be operator."
                    )


def is_loopback(host: str) -> bool:
    """Return whether a host name or address stays on this machine."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of ``DAEDAM_*`` variables; unset ones keep their default.

    Raises:
        SettingsError: a value cannot be read; names the variable.
    """
    env = os.environ if environment is None else environment
    known = {
        "DAEDAM_HOST": ("host", str),
        "DAEDAM_PORT": ("port", port_number),
        "DAEDAM_DATA": ("data", _path),
        "DAEDAM_MODELS": ("models", _path),
        "DAEDAM_SECRET": ("secret", str),
        "DAEDAM_ORIGINS": ("origins", _words),
        "DAEDAM_LEGACY_NETWORKS": ("legacy_networks", _networks),
        "DAEDAM_TRUSTED_PROXIES": ("trusted_proxies", _networks),
        "DAEDAM_WORKERS": ("workers", _workers),
        "DAEDAM_ABANDON_AFTER_S": ("abandon_after_s", _duration),
        "DAEDAM_IDLE_AFTER_S": ("idle_after_s", _duration),
        "DAEDAM_END_PATIENCE_S": ("end_patience_s", _duration),
        "DAEDAM_HOLD_SEAT_S": ("hold_seat_s", _duration),
        "DAEDAM_MEMORY_BUDGET": ("memory_budget", _count),
        "DAEDAM_MAX_CONNECTIONS": ("max_connections", _count),
        "DAEDAM_BIND_ADDRESS": ("bind_address", read_address),
        "DAEDAM_ANNOUNCED_ADDRESS": ("announced_address", read_address),
    }
    values: dict[str, object] = {}
    for variable, (name, read) in known.items():
        text = env.get(variable, "")
        if text:
            try:
                values[name] = read(text)  # type: ignore[operator]  # each reader takes a string
            except ValueError as error:
                raise SettingsError(f"{variable} is wrong: {error}") from None
    return Settings(**values)  # type: ignore[arg-type]  # names and readers stand in one table


def port_number(text: str) -> int:
    """Return the TCP port; 0 lets the system choose.

    Raises:
        ValueError: it is none.
    """
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError("a port lies between 0 and 65535")
    return port


def _path(text: str) -> Path:
    return Path(text).expanduser()


def read_address(text: str) -> str:
    """Return an IP address in its usual form, for the settings.

    Raises:
        ValueError: it is none; a name does not do, because candidates carry addresses.
    """
    address = ipaddress.ip_address(text.strip())
    if address.is_unspecified or address.is_multicast:
        raise ValueError(f"{address} is no address that somebody could be met at")
    return str(address)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError("at least 1 is needed")
    return count


def _workers(text: str) -> int:
    count = _count(text)
    if count > MAX_WORKERS:
        raise ValueError(f"at most {MAX_WORKERS} make sense; each needs about 400 MB")
    return count


def _duration(text: str) -> float:
    duration_s = float(text)
    if not 0 <= duration_s < math.inf:
        raise ValueError("seconds are needed, 0 or more")
    return duration_s


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().rstrip("/") for word in text.split(",") if word.strip())


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(_network(word.strip()) for word in text.split(",") if word.strip())


def _network(text: str) -> Network:
    network = ipaddress.ip_network(text)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        # Peers are compared as IPv4: this network would silently contain none of them.
        raise ValueError(f"write {text} as an IPv4 network")
    return network
