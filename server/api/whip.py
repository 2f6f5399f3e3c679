"""The door for encoders and room devices: WHIP (RFC 9725), sound for a session in one request.

An encoder's POST is what a page's offer is, with SDP for JSON and no conversation: the connection
carries sound one way and ends with DELETE, with a goodbye, or with the session.
"""

import msgspec
from aiohttp import web

from server.access import Principal, Right
from server.api import context, encoders
from server.api.encoder_headers import add_links, check_fragment, etag
from server.api.encoders import WISH, Found, Leave, Look, Made, Open, Outcome, Wish
from server.api.middleware import caller, json_response
from server.api.relaying import is_relayed
from server.api.signaling import ice_servers
from server.entrance.gate import admit
from server.errors import ClientError, ErrorCode
from server.exchange.relay import MISDIRECTED
from server.media.sdp import MAX_OFFER_BYTES, BadOffer
from server.messages import check_session_id
from server.paths import whip_path
from server.room import Room

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
PATH = "/whip/{session}"


def routes() -> list[web.RouteDef]:
    """Return the endpoint and its sessions; methods that are not here are 405, as the RFC wants."""
    return [
        web.post(PATH, whip, name="whip"),
        web.options(PATH, options, name="whip_options"),
        web.delete(PATH + "/{connection}", leave, name="whip_resource"),
        web.patch(PATH + "/{connection}", trickle, name="whip_trickle"),
    ]


async def whip(request: web.Request) -> web.Response:
    """Take an encoder's offer of sound and answer it, as WHIP (RFC 9725) has it.

    A link of role `microphone` is a room microphone, a seat's link its own microphone.
    """
    if is_relayed(request):
        return await _for_another_process(request)
    _check_type(request, SDP)
    offer = Open(await _text(request))
    room = await _room(request)
    principal = request[context.PRINCIPAL]

    async def here() -> web.Response:
        return _created(request, offer, await encoders.carry_out(request, offer))

    async def there(holder: str) -> web.Response:
        process = await room.services.exchange.find(holder)
        if process is not None and process.direct_url is not None:
            # Sound goes straight to the holder anyway.
            place = process.direct_url + request.rel_url.raw_path
            return web.Response(status=307, headers={"Location": place})
        return _created(request, offer, await encoders.ask(room, principal, holder, offer))

    return await room.where_held(here, there)


async def options(request: web.Request) -> web.Response:
    """Say what can be posted here and, to whoever shows a link, which ICE servers to use.

    Some encoders cannot take them from the answer to their offer.
    """
    session = check_session_id(request.match_info["session"])
    response = web.Response(status=204, headers={"Accept-Post": SDP, "Allow": "OPTIONS, POST"})
    if (principal := _who_shows_a_link(request, session)) is not None:
        add_links(response, ice_servers(request, session, principal))
    return response


async def leave(request: web.Request) -> web.Response:
    """End what an encoder began; its last words are still understood."""
    await _at_holder(request, Leave(request.match_info["connection"]))
    return web.Response()


async def trickle(request: web.Request) -> web.Response:
    """Take an encoder's candidates, of which none is needed: the encoder finds the server.

    ICE is not restarted: a new offer is the way back.
    """
    _check_type(request, FRAGMENT)
    fragment = await _text(request)
    connection = request.match_info["connection"]
    await _at_holder(request, Look(connection))
    check_fragment(request.headers.get("If-Match"), connection, fragment)
    return web.Response(status=204)


async def _for_another_process(request: web.Request) -> web.Response:
    room = await _room(request)
    if await room.hold() is not None:
        return web.Response(status=MISDIRECTED)
    try:
        wish = WISH.decode(await request.read())
    except msgspec.MsgspecError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, f"The wish is wrong: {error}.") from None
    return json_response(await encoders.carry_out(request, wish))


async def _at_holder(request: web.Request, wish: Wish) -> None:
    """Have something done to a connection where its session is held.

    Raises:
        ClientError: ``not_found``: this person has no such connection.
    """
    room = await _room(request)

    async def here() -> Outcome:
        return await encoders.carry_out(request, wish)

    async def there(holder: str) -> Outcome:
        return await encoders.ask(room, request[context.PRINCIPAL], holder, wish)

    match await room.where_held(here, there):
        case Found(is_there=True):
            return
        case _:
            raise ClientError(
                ErrorCode.NOT_FOUND, "You have no such connection; it has ended.", status=404
            )


async def _room(request: web.Request) -> Room:
    session = check_session_id(request.match_info["session"])
    return await request.app[context.ROOMS].find(session)


def _created(request: web.Request, offer: Open, outcome: Outcome) -> web.Response:
    assert isinstance(outcome, Made)
    response = web.Response(
        status=201,
        text=outcome.sdp,
        content_type=SDP,
        headers={
            "Location": f"{whip_path(request.match_info['session'])}/{outcome.connection}",
            "ETag": etag(outcome.connection, offer.sdp),
        },
    )
    response.charset = None  # SDP is UTF-8 and its type has no parameters (RFC 8866, section 8.1).
    principal = request[context.PRINCIPAL]
    add_links(response, ice_servers(request, request.match_info["session"], principal))
    return response


def _who_shows_a_link(request: web.Request, session: str) -> Principal | None:
    """Return who may send sound here; browsers ask without a link before they show it (CORS)."""
    if "Authorization" not in request.headers:
        return None
    try:
        principal = admit(
            caller(request), request.app[context.SETTINGS], request.app[context.LINKS]
        )
        principal.check_session(session)
    except ClientError:
        return None
    return principal if principal.has(Right.SEND_AUDIO) else None


def _check_type(request: web.Request, wanted: str) -> None:
    if request.content_type != wanted:
        raise ClientError(
            ErrorCode.BAD_REQUEST, f"The body has to be of type {wanted}.", status=415
        )


async def _text(request: web.Request) -> str:
    body = await request.read()
    if len(body) > MAX_OFFER_BYTES:
        raise ClientError(
            ErrorCode.TOO_LARGE, "The body is too long; 64 KiB are the limit.", status=413
        )
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise BadOffer("The body is not UTF-8.") from None
