"""What encoders ask of the process that holds their session, here or from another one."""

from typing import TypeAlias, assert_never

import msgspec
from aiohttp import web

from server import holders
from server.access import Principal
from server.api import context
from server.api.signaling import find_room, microphone_of
from server.api.visits import Wanted
from server.errors import ClientError, ErrorCode, Forbidden
from server.media.encoder_offer import EncoderOffer
from server.paths import whip_path
from server.room import Room


class Open(msgspec.Struct, frozen=True, tag="open"):
    """Take this offer."""

    sdp: str


class Leave(msgspec.Struct, frozen=True, tag="leave"):
    """End this connection of mine."""

    connection: str


class Look(msgspec.Struct, frozen=True, tag="look"):
    """Say whether there is this connection of mine."""

    connection: str


Wish: TypeAlias = Open | Leave | Look


class Made(msgspec.Struct, frozen=True, tag="made"):
    """The answer to an offer and the id of the connection."""

    sdp: str
    connection: str


class Found(msgspec.Struct, frozen=True, tag="found"):
    """Whether there was such a connection of this person."""

    is_there: bool


Outcome: TypeAlias = Made | Found

WISH: msgspec.json.Decoder[Wish] = msgspec.json.Decoder(Open | Leave | Look)
_OUTCOME: msgspec.json.Decoder[Outcome] = msgspec.json.Decoder(Made | Found)


async def carry_out(request: web.Request, wish: Wish) -> Outcome:
    """Do it in this process, which holds the session that the request is about.

    Raises:
        ClientError: it may not be done.
    """
    principal = request[context.PRINCIPAL]
    peers = request.app[context.PEERS]
    if principal.link is None:
        # Programs of this machine may need no link elsewhere, but then nobody knows which
        # microphone an encoder is.
        raise ClientError(
            ErrorCode.LINK_REQUIRED,
            "An encoder needs a link, as Authorization: Bearer; ask the operator.",
            status=401,
        )
    match wish:
        case Open():
            return await _open(request, wish.sdp)
        case Leave():
            is_there = _is_there(request, wish.connection)
            return Found(is_there and await peers.end(wish.connection, principal))
        case Look():
            return Found(_is_there(request, wish.connection))
        case _:
            assert_never(wish)


async def ask(room: Room, principal: Principal, holder: str, wish: Wish) -> Outcome:
    """Have it done by the process of that name.

    Raises:
        ClientError: it may not be done; that process does not answer.
    """
    body = msgspec.json.encode(wish)
    reply = await room.services.relay.ask(holder, principal, "whip", whip_path(room.id), body)
    if reply.status >= 400:
        raise holders.refused(reply.status, reply.body)
    return _OUTCOME.decode(reply.body)


def _is_there(request: web.Request, connection: str) -> bool:
    """Whether this person has such an encoder; a page's connection is none.

    Raises:
        Forbidden: it is somebody else's.
    """
    visit = request.app[context.PEERS].find(connection, request[context.PRINCIPAL])
    return visit is not None and visit.wanted.is_whip


async def _open(request: web.Request, sdp: str) -> Made:
    room = await find_room(request)
    principal = request[context.PRINCIPAL]
    peers = request.app[context.PEERS]
    peers.admit(principal)
    microphone = microphone_of(room, principal)
    if microphone == "none":
        raise Forbidden(
            "This link has no microphone: an encoder needs the link of a room microphone, or of a "
            "seat with a microphone of its own."
        )
    offer = EncoderOffer.read(sdp)
    # There are no channels over which a record's address could be told.
    wanted = Wanted(offer.sdp, microphone, result_url=None, is_whip=True)
    opened = await peers.open(wanted, room, principal)
    return Made(offer.finish(opened.sdp), opened.connection)
