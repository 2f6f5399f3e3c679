"""The address a person opens to come in, and its QR code for a phone."""

import ipaddress
import re
from urllib.parse import quote, urlsplit

import segno

from server.access import EVERY_SESSION
from server.settings import Settings, is_loopback

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(:[0-9]{1,5})?")


MAX_QR_VERSION = 25
"""117 squares a side; finer ones no phone reads from a screen."""


def public_origin(settings: Settings, is_tls: bool, host: str) -> str | None:
    """Return the https origin that other machines reach this server at; None: not known.

    Args:
        settings: ``public_url`` is the operator's own word and comes first.
        is_tls: whether this very request came over this server's own TLS.
        host: the request's ``Host`` header.
    """
    if settings.public_url is not None:
        return settings.public_url
    if not is_tls or not _HOST.fullmatch(host):
        return None
    name = urlsplit(f"//{host}").hostname or ""
    return None if is_loopback(name) or _is_unspecified(name) else f"https://{host.lower()}"


def door(origin: str, session: str, token: str) -> str:
    """Return where the owner of ``token`` comes in; the link stays in the fragment, unsent."""
    path = "" if session == EVERY_SESSION else f"room/{quote(session, safe='')}"
    return f"{origin}/{path}#t={token}"


def qr_code(url: str) -> str | None:
    """Return an image of ``url`` as a ``data:`` address; None: it would be too fine to read.

    It takes some 30 ms: not for the event loop. The lowest error correction gives the largest
    squares, and a screen has no scratches.
    """
    try:
        code = segno.make_qr(url, error="l")
    except segno.DataOverflowError:
        return None
    if int(code.version) > MAX_QR_VERSION:
        return None
    # White belongs to the code: a reader needs it on a dark page too.
    return code.svg_data_uri(light="#fff", omitsize=True, svgclass=None, lineclass=None)


def _is_unspecified(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_unspecified
    except ValueError:
        return False
