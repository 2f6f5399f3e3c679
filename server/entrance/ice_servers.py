"""STUN and TURN servers that browsers are told: read strictly, because browsers refuse silently."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

import msgspec

Scheme: TypeAlias = Literal["stun", "stuns", "turn", "turns"]

# RFC 7064, section 3.1 and RFC 7065, section 3.1; only TURN's address names a transport.
_ADDRESS = re.compile(
    r"(?P<scheme>stuns?|turns?):"
    r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:\?transport=(?P<transport>udp|tcp))?"
)


class IceServer(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One entry of a browser's ``RTCConfiguration.iceServers``, encoded as browsers take it."""

    urls: str | tuple[str, ...]
    username: str | None = None
    credential: str | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.urls,) if isinstance(self.urls, str) else self.urls

    def __repr__(self) -> str:
        """Leave the credential out: settings may end up in a log."""
        return f"IceServer(urls={self.urls!r})"


@dataclass(frozen=True, slots=True)
class IceAddress:
    """Where one address of a server leads."""

    scheme: Scheme
    host: str
    port: int
    transport: Literal["udp", "tcp"]

    @property
    def is_tls(self) -> bool:
        return self.scheme in ("stuns", "turns")


def read_ice_servers(text: str) -> tuple[IceServer, ...]:
    """Return the servers of a JSON list, as browsers are told them.

    Raises:
        ValueError: a browser would refuse it; says why, without credentials.
    """
    try:
        servers = msgspec.json.decode(text, type=tuple[IceServer, ...])
    except msgspec.MsgspecError as error:
        raise ValueError(
            f'{error}; a JSON list is needed, like [{{"urls":"stun:stun.example:3478"}}]'
        ) from None
    for server in servers:
        if not server.addresses:
            raise ValueError("every server needs urls")
        schemes = {read_ice_address(address).scheme for address in server.addresses}
        if schemes & {"turn", "turns"} and not (server.username and server.credential):
            # https://www.w3.org/TR/webrtc/#dom-peerconnection-setconfiguration, step on TURN
            raise ValueError(f"{server.addresses[0]} needs username and credential")
    return servers


def read_turn_urls(text: str) -> tuple[str, ...]:
    """Return the addresses of a list with commas; credentials come from ``turn``.

    Raises:
        ValueError: one is no TURN server's.
    """
    urls = tuple(word.strip() for word in text.split(",") if word.strip())
    for url in urls:
        if read_ice_address(url).scheme not in ("turn", "turns"):
            raise ValueError(f"{url!r} is no address like turn:host:3478 or turns:host:443")
    return urls


def read_ice_address(text: str) -> IceAddress:
    """Return where an address like ``turn:turn.example:3478?transport=tcp`` leads.

    Raises:
        ValueError: it is none.
    """
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no address like stun:host:3478 or turn:host?transport=tcp")
    scheme = found["scheme"]
    is_tls = scheme in ("stuns", "turns")
    if scheme in ("stun", "stuns") and found["transport"]:
        raise ValueError(f"{text!r}: only turn: and turns: have a transport")
    port = int(found["port"] or (5349 if is_tls else 3478))
    if not 1 <= port <= 65535:
        raise ValueError(f"{text!r}: a port lies between 1 and 65535")
    transport = found["transport"] or ("tcp" if is_tls else "udp")
    return IceAddress(scheme, found["six"] or found["host"], port, transport)  # type: ignore[arg-type]  # the pattern allows no others
