"""Who a request is from: a pure decision over what the socket and the headers say."""

import ipaddress
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from server.access import LOCAL_OPERATOR, Principal
from server.entrance.links import Links
from server.errors import ClientError, ErrorCode, Forbidden
from server.settings import Network, Settings, is_loopback


@dataclass(frozen=True, slots=True)
class Caller:
    """The facts of one request.

    Attributes:
        peer: address of the socket's other end; None: not a network socket.
        host: the ``Host`` header, port included.
        origin: the ``Origin`` header.
        token: the link, from ``Authorization: Bearer`` or the WebSocket's ``t``.
        is_forwarded: some ``Forwarded`` or ``X-Forwarded-*`` header is there.
        is_tls: the socket itself speaks TLS; a proxy's TLS ends before us.
    """

    peer: str | None
    host: str
    origin: str | None
    token: str | None
    is_forwarded: bool
    is_tls: bool = False


def admit(caller: Caller, settings: Settings, links: Links) -> Principal:
    """Return who it is.

    Raises:
        ClientError: ``foreign_host``, ``foreign_origin``, ``link_invalid``, ``link_required``.
    """
    check_host(caller, settings)
    check_origin(caller, settings)
    if caller.token is not None:
        return links.read(caller.token)
    if not is_direct(caller, settings):
        raise _link_required()
    if settings.secret is None and _is_loopback_peer(caller.peer):
        return LOCAL_OPERATOR
    if _within(caller.peer, settings.legacy_networks) and _is_own_page(caller, settings):
        return LOCAL_OPERATOR
    raise _link_required()


def admit_scraper(caller: Caller, settings: Settings) -> None:
    """Let in who may read the metrics: this machine itself, or whoever has the token.

    Raises:
        ClientError: ``foreign_host``, ``foreign_origin``, ``forbidden``.
    """
    check_host(caller, settings)
    check_origin(caller, settings)
    wanted, token = settings.metrics_token, caller.token
    if wanted is not None and token is not None:
        may = secrets.compare_digest(_bytes(token), _bytes(wanted))
    else:
        # By its name, too: a page elsewhere may point a name of its own at us. And where a proxy of
        # this machine is trusted, nobody is: some pass on everything as if it were their own.
        is_here = _is_loopback_peer(caller.peer) and is_loopback(_host_name(caller.host))
        may = is_here and is_direct(caller, settings)
    if not may:
        refusal = Forbidden("Metrics are for this machine, or come with DAEDAM_METRICS_TOKEN.")
        refusal.status = 403 if wanted is None else 401
        raise refusal


def is_direct(caller: Caller, settings: Settings) -> bool:
    """Return whether the socket's peer is the caller itself and not a proxy."""
    return not caller.is_forwarded and not _within(caller.peer, settings.trusted_proxies)


def check_host(caller: Caller, settings: Settings) -> None:
    """Refuse names that do not mean this machine: a page elsewhere may point its name at us.

    Raises:
        ClientError: ``foreign_host``; only without a secret, where no link protects.
    """
    if settings.secret is None and not is_loopback(_host_name(caller.host)):
        raise ClientError(
            ErrorCode.FOREIGN_HOST,
            "Without DAEDAM_SECRET this server answers to localhost only.",
            status=403,
        )


def check_origin(caller: Caller, settings: Settings) -> None:
    """Refuse pages of other sites.

    Raises:
        ClientError: ``foreign_origin``.
    """
    origin = caller.origin
    if origin is None or origin.rstrip("/") in settings.allowed_origins:
        return
    scheme, _, host = origin.lower().partition("://")
    if scheme and host and (_is_same_host(caller, scheme, host) or is_loopback(_host_name(host))):
        return
    raise ClientError(
        ErrorCode.FOREIGN_ORIGIN,
        "Pages of another origin may not use this server; see DAEDAM_ORIGINS.",
        status=403,
    )


def _is_same_host(caller: Caller, scheme: str, host: str) -> bool:
    """Return whether a page of ``scheme://host`` is one that this very address served.

    Behind a proxy an https page asks over plain http. The other way round nobody served it: a
    plain page of the same name can be anybody's who sits on the way to it.
    """
    if caller.is_tls and scheme != "https":
        return False
    # Pages never name the port that goes without saying (RFC 6454, section 6.2); proxies may.
    usual = {"https": ":443", "http": ":80"}.get(scheme, "")
    asked = caller.host.lower()
    return host in (asked, asked.removesuffix(usual) if usual else asked)


def _is_own_page(caller: Caller, settings: Settings) -> bool:
    """Return whether no page, a listed page or a page of this very address asks.

    With a name in ``Host``, "the same host" proves nothing: whoever owns a name can point it at
    this server and let a browser inside the network carry their page's requests.
    """
    if caller.origin is None or caller.origin.rstrip("/") in settings.allowed_origins:
        return True
    name = _host_name(caller.host)
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return is_loopback(name)


def _host_name(host: str) -> str:
    """Return a host header's name: ``[::1]:8000`` is ``::1``."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _bytes(token: str) -> bytes:
    return token.encode("utf-8", "surrogateescape")  # Header bytes that are no UTF-8 arrive so.


def _is_loopback_peer(peer: str | None) -> bool:
    return peer is not None and is_loopback(peer)


def _within(peer: str | None, networks: tuple[Network, ...]) -> bool:
    if peer is None:
        return False
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address.version == network.version and address in network for network in networks)


def _link_required() -> ClientError:
    return ClientError(
        ErrorCode.LINK_REQUIRED, "This server needs a link; ask the operator.", status=401
    )
