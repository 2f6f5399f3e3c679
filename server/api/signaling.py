"""The WebRTC door: join tells a browser what awaits it, offer opens a peer connection."""

import time
from typing import Literal, TypeAlias

import msgspec
from aiohttp import web

from server import consent
from server.access import Principal, Right, Role
from server.api import context
from server.api.middleware import json_response, read_body
from server.api.relaying import at_holder
from server.api.visits import Wanted
from server.entrance import turn
from server.entrance.ice_servers import IceServer
from server.errors import Overloaded
from server.media.sdp import sends_sound
from server.messages import check_session_id
from server.mixing import audience
from server.room import Room
from server.session import Life


class Offer(msgspec.Struct, frozen=True):
    """Body of ``POST …/{session}/offer``; ``resume`` comes from the answer to an earlier one.

    ``can_resend``: the page keeps the last of its microphone's sound, and sends what was lost when
    it is asked.
    """

    sdp: str
    resume: str | None = None
    can_resend: bool = False


Carries: TypeAlias = Literal["own", "room", "none"]
"""Whose sound a microphone carries: its owner's, several people's, or nobody's."""

Agreement: TypeAlias = Literal["given", "external", "required"]
"""Where consent stands; ``external``: it was seen to outside of this server."""


class Place(msgspec.Struct, frozen=True):
    """A seat of the session and who was meant to sit there."""

    seat: str
    name: str | None
    microphone: Carries


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """Who a link's owner is here, and what a browser needs before it offers.

    ``role`` is the strongest of ``roles``; ``now`` is the session's second. ``keep_audio``: whether
    their consent includes that their voice is kept for ``keep_audio_days`` after the interview;
    0 days: nobody's is. ``listens``: whether they are sent anything but silence.
    """

    session: str
    title: str
    job: str
    life: Life
    role: Role
    roles: tuple[Role, ...]
    seat: str | None
    name: str | None
    microphone: Carries
    consent: Agreement
    keep_audio: bool
    keep_audio_days: float
    listens: bool
    seats: tuple[Place, ...]
    ice_servers: tuple[IceServer, ...]
    now: float


class Answered(msgspec.Struct, frozen=True):
    """The SDP answer, the connection's id, and a token to come back with."""

    sdp: str
    connection: str
    resume: str


async def join(request: web.Request) -> web.Response:
    """Tell who the link's owner is here and what a browser needs before it offers."""
    room = await find_room(request)
    principal = request[context.PRINCIPAL]
    place = room.session.place(principal.seat)
    return json_response(
        Welcome(
            session=room.id,
            title=room.session.config.title,
            job=room.session.config.job,
            life=room.life,
            role=principal.role,
            roles=tuple(role for role in Role if role in principal.roles),
            seat=principal.seat,
            name=principal.name or (place.name if place is not None else None),
            microphone=microphone_of(room, principal),
            consent=_consent(room, principal),
            keep_audio=principal.seat in room.session.keeps
            and consent.has_given(room.session, principal),
            keep_audio_days=_keep_audio_days(request, room, principal),
            listens=audience.listens(room.session.config, principal),
            seats=tuple(
                Place(place.seat, place.name, place.microphone)
                for place in room.session.config.seats
            ),
            ice_servers=ice_servers(request, room.id, principal),
            now=round(room.now(), 3),
        )
    )


async def offer(request: web.Request) -> web.Response:
    """Open a peer connection: one offer, one answer."""
    room = await find_room(request)

    async def here() -> web.Response:
        return json_response(await _answered(request, room))

    return await at_holder(request, room, "offer", here)


async def _answered(request: web.Request, room: Room) -> Answered:
    principal = request[context.PRINCIPAL]
    peers = request.app[context.PEERS]
    peers.admit(principal)
    body = await read_body(request, Offer)
    # Who offers to send nothing has no microphone to be heard, lost or consented to.
    microphone = microphone_of(room, principal) if sends_sound(body.sdp) else "none"
    result_url = request.path.removesuffix("/offer") + "/result"
    wanted = Wanted(body.sdp, microphone, result_url, body.resume, body.can_resend)
    opened = await peers.open(wanted, room, principal)
    return Answered(sdp=opened.sdp, connection=opened.connection, resume=opened.resume)


async def find_room(request: web.Request) -> Room:
    """Return the room whose address was asked, if there is room for one more connection.

    Raises:
        ClientError: there is no such session, or no more room.
    """
    session = check_session_id(request.match_info["session"])
    rooms = request.app[context.ROOMS]
    coming = request.app[context.PEERS].expected
    if rooms.connections + coming >= rooms.services.settings.max_connections:
        raise Overloaded
    return await rooms.find(session)


def ice_servers(request: web.Request, session: str, principal: Principal) -> tuple[IceServer, ...]:
    """Return the fixed servers and, with credentials for this person, the operator's TURN."""
    settings = request.app[context.SETTINGS]
    person = f"{session} {principal.seat} {principal.link}"
    own = turn.servers(settings.turn_urls, settings.turn_secret, person, time.time())
    return (*settings.ice_servers, *own)


def _keep_audio_days(request: web.Request, room: Room, principal: Principal) -> float:
    """Return how long a person's voice is kept, or would be if they agreed."""
    if not consent.may_be_kept(room.session, principal):
        return 0.0
    offered: float = request.app[context.SETTINGS].keep_audio_days
    return room.session.keeps.get(principal.seat or "", offered)


def microphone_of(room: Room, principal: Principal) -> Carries:
    """Return whose sound this person's microphone carries: own, room or none."""
    if Role.MICROPHONE in principal.roles:
        return "room"
    if principal.seat is None or not principal.has(Right.SEND_AUDIO):
        return "none"
    place = room.session.place(principal.seat)
    # A seat that the room's microphone hears sends nothing itself.
    return "own" if place is not None and place.microphone == "own" else "none"


def _consent(room: Room, principal: Principal) -> Agreement:
    """Return where consent stands: given, external (and not withdrawn), or required."""
    speaker = None if microphone_of(room, principal) == "room" else principal.seat
    if speaker is None and Role.MICROPHONE not in principal.roles:
        return "external" if room.session.config.consent == "external" else "required"
    is_given = (
        consent.is_given(room.session, None)
        if speaker is None
        else consent.has_given(room.session, principal)
    )
    if not is_given:
        return "required"
    return "external" if room.session.config.consent == "external" else "given"
