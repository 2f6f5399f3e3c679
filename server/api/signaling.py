"""The WebRTC door: join tells a browser what awaits it, offer opens a peer connection."""

import msgspec
from aiohttp import web

from server import decisions
from server.access import Principal, Right, Role
from server.api import context
from server.api.middleware import json_response, read_body
from server.api.peers import resume_token
from server.errors import Overloaded, SessionOver
from server.messages import check_session_id
from server.room import Room


class Offer(msgspec.Struct, frozen=True):
    """Body of ``POST …/{session}/offer``; ``resume`` comes from the answer to an earlier one."""

    sdp: str
    resume: str | None = None


async def join(request: web.Request) -> web.Response:
    """Tell who the link's owner is here and what a browser needs before it offers."""
    room = await _room(request)
    principal = request[context.PRINCIPAL]
    return json_response(
        {
            "session": room.id,
            "title": room.session.config.title,
            "life": str(room.life),
            "role": str(principal.role),
            "seat": principal.seat,
            "name": principal.name,
            "microphone": _microphone(room, principal),
            "consent": _consent(room, principal),
            "ice_servers": [],
        }
    )


async def offer(request: web.Request) -> web.Response:
    """Open a peer connection: one offer, one answer."""
    wanted = await read_body(request, Offer)
    room = await _room(request)
    principal = request[context.PRINCIPAL]
    if room.session.is_over:
        raise SessionOver
    microphone = _microphone(room, principal)
    if microphone != "none":
        decisions.check_consent(room.session, principal.seat if microphone == "own" else None)
    result_url = request.path.removesuffix("/offer") + "/result"
    connection, sdp = await request.app[context.PEERS].open(
        wanted.sdp, room, principal, microphone, result_url
    )
    return json_response({"sdp": sdp, "connection": connection, "resume": resume_token()})


async def _room(request: web.Request) -> Room:
    session = check_session_id(request.match_info["session"])
    rooms = request.app[context.ROOMS]
    if rooms.connections >= rooms.services.settings.max_connections:
        raise Overloaded
    return await rooms.find(session)


def _microphone(room: Room, principal: Principal) -> str:
    """Return whose sound this person's microphone carries: own, room or none."""
    if Role.MICROPHONE in principal.roles:
        return "room"
    if principal.seat is None or not principal.has(Right.SEND_AUDIO):
        return "none"
    places = {place.seat: place.microphone for place in room.session.config.seats}
    return places.get(principal.seat, "none")


def _consent(room: Room, principal: Principal) -> str:
    if room.session.config.consent == "external":
        return "external"
    return "given" if principal.seat in room.session.consents else "required"
