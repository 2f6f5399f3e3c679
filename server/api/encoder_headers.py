"""What WHIP says in headers: ICE servers in ``Link``, the ICE session in ``ETag``."""

import hashlib

from aiohttp import web

from server.entrance.ice_servers import IceServer
from server.errors import ClientError, ErrorCode
from server.media.encoder_offer import ice_of
from server.media.sdp import BadOffer

MARK_CHARACTERS = 16


def add_links(response: web.Response, servers: tuple[IceServer, ...]) -> None:
    """Name the ICE servers, one header each (RFC 9725, section 4.6)."""
    for server in servers:
        login = ""
        if server.username is not None and server.credential is not None:
            login = (
                f"; username={_quoted(server.username)}; credential={_quoted(server.credential)}"
                '; credential-type="password"'
            )
        for address in server.addresses:
            response.headers.add("Link", f'<{address}>; rel="ice-server"{login}')


def _quoted(text: str) -> str:
    """Return a quoted string (RFC 9110, section 5.6.4); what no header can say is left out."""
    said = "".join(character for character in text if character.isprintable())
    return '"' + said.replace("\\", "\\\\").replace('"', '\\"') + '"'


def etag(connection: str, sdp: str) -> str:
    """Return the tag of an ICE session: the connection, and a mark of its name and password."""
    mark = hashlib.sha256(" ".join((connection, *ice_of(sdp))).encode()).hexdigest()
    return f'"{connection}.{mark[:MARK_CHARACTERS]}"'


def check_fragment(wanted: str | None, connection: str, fragment: str) -> None:
    """Refuse what are no candidates of this ICE session (RFC 9725, sections 4.3.1 and 4.3.2).

    Raises:
        ClientError: 428 without a tag, 412 with another one, 400 for no fragment, 422 to restart.
    """
    if wanted is None:
        raise ClientError(ErrorCode.BAD_REQUEST, "If-Match is needed.", status=428)
    if wanted != "*" and not wanted.startswith(f'"{connection}.'):
        raise ClientError(ErrorCode.BAD_REQUEST, "If-Match is of something else.", status=412)
    if not all(ice_of(fragment)):
        raise ClientError(ErrorCode.BAD_REQUEST, "The fragment has no a=ice-ufrag and a=ice-pwd.")
    if wanted != etag(connection, fragment):
        raise BadOffer("ICE cannot be restarted here; make a new offer.")
