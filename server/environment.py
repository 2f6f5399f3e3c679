"""Settings from ``DAEDAM_*`` in the environment, with the reason when one is wrong."""

import ipaddress
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from server.entrance.ice_servers import read_ice_servers, read_turn_urls
from server.journal_address import read_durability, read_journal
from server.settings import Network, Settings, SettingsError

MAX_WORKERS = 64
MIN_TOKEN_CHARACTERS = 16
MAX_KEPT_DAYS = 3650
_NUMBER = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""IPv4 addresses in IPv6's clothes (RFC 4291, section 2.5.5.2)."""

_HOST_NAME = re.compile(r"\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


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
        "DAEDAM_PUBLIC_URL": ("public_url", read_public_url),
        "DAEDAM_TLS_CERT": ("tls_cert", _path),
        "DAEDAM_TLS_KEY": ("tls_key", _path),
        "DAEDAM_ICE_SERVERS": ("ice_servers", read_ice_servers),
        "DAEDAM_TURN_URLS": ("turn_urls", read_turn_urls),
        "DAEDAM_TURN_SECRET": ("turn_secret", _token),
        "DAEDAM_JOURNAL": ("journal", read_journal),
        "DAEDAM_REDIS_DURABILITY": ("durability", read_durability),
        "DAEDAM_INTERNAL_URL": ("internal_url", read_internal_url),
        "DAEDAM_DRAIN_S": ("drain_s", _duration),
        "DAEDAM_METRICS_TOKEN": ("metrics_token", _token),
        "DAEDAM_KEEP_AUDIO_DAYS": ("keep_audio_days", _days),
        "DAEDAM_MIX": ("mix", _mix),
        "DAEDAM_DIRECT_URL": ("direct_url", read_internal_url),
        "DAEDAM_SPEAKERS": ("speakers", _switch),
        "DAEDAM_FINAL_PASS": ("final_pass", _switch),
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


def _switch(text: str) -> bool:
    if text not in ("on", "off"):
        raise ValueError("it is on or off")
    return text == "on"


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


def read_public_url(text: str) -> str:
    """Return the https origin that people come in at, as a browser would write it.

    Raises:
        ValueError: browsers give no microphone there, or it is more than an origin.
    """
    try:
        parts = urlsplit(text.strip())
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme != "https" or not host or parts.username is not None:
        raise ValueError("an address like https://interview.example is needed")
    if parts.path not in ("", "/") or "?" in text or "#" in text:
        raise ValueError("only https://, the host and a port; the pages add their own path")
    try:
        # Browsers send international names in ASCII (RFC 3490); addresses compare by it.
        name = f"[{ipaddress.IPv6Address(host)}]" if ":" in host else host.encode("idna").decode()
    except ValueError:
        raise ValueError(f"{host} is no host name") from None
    if not _HOST_NAME.fullmatch(name):
        raise ValueError(f"{host} is no host name")
    return f"https://{name}" if port in (None, 443) else f"https://{name}:{port}"


def read_internal_url(text: str) -> str:
    """Return where other processes reach this one, without a slash at its end.

    Raises:
        ValueError: it is more, or less, than scheme, host and port.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError("an address like http://10.0.0.5:8000 is needed")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("only http:// or https://, the host and a port")
    return f"{parts.scheme}://{parts.netloc}"


def _token(text: str) -> str:
    if len(text) < MIN_TOKEN_CHARACTERS:
        raise ValueError(f"at least {MIN_TOKEN_CHARACTERS} characters are needed")
    return text


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


def _days(text: str) -> float:
    days = float(text) if _NUMBER.fullmatch(text) else -1.0
    if not 0 <= days <= MAX_KEPT_DAYS:
        raise ValueError(f"days are needed, 0 to {MAX_KEPT_DAYS}, as 30 or 0.5; 0 keeps no sound")
    return days


def _mix(text: str) -> str:
    if text not in ("wideband", "fullband"):
        raise ValueError("wideband or fullband is needed")
    return text


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
