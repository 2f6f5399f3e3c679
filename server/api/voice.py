"""A person's voice, learnt from some seconds read aloud so that the room's microphone knows it."""

import time
from typing import Any, Literal

import msgspec
from aiohttp import web

from server import enrolling
from server.api import context, pcm
from server.api.middleware import json_response
from server.api.relaying import at_holder
from server.errors import ClientError, ErrorCode, Overloaded
from server.messages import check_session_id
from server.room import Room

MAX_TRIES = 6
TRIES_S = 60.0


class Asked(msgspec.Struct, frozen=True):
    """Query of ``…/{session}/voice``.

    ``seat``: whose voice it is; left out: one's own. ``agreed``: its person said yes, which
    somebody else says for them.
    """

    seat: str | None = None
    agreed: Literal["yes"] | None = None


async def voices(request: web.Request) -> web.Response:
    """Tell whether voices are told apart, and whose are learnt."""
    room = await _find(request)

    async def here() -> web.Response:
        return json_response(enrolling.look(room))

    return await at_holder(request, room, "voices", here)


async def enrol(request: web.Request) -> web.Response:
    """Learn the voice of the person in a seat from about eight seconds that they read aloud.

    The body is mono at 16 kHz, in signed 16-bit samples, little-endian; at most 20 seconds. It is
    not kept. A person has their own voice learnt; the operator and the room's device somebody
    else's, who agreed to it.
    """
    room = await _find(request)
    principal, asked = request[context.PRINCIPAL], _query(request)
    seat = enrolling.whose(room.session, principal, asked.seat, is_agreed=asked.agreed == "yes")
    length = pcm.length_of(request, enrolling.MAX_S)
    budget = request.app[context.BUDGET]
    taken = await budget.take(length)
    try:
        body = await pcm.read_bytes(request, length)

        async def here() -> web.Response:
            _check_pace(request, room)
            sound = pcm.samples_of(body)
            return json_response(await enrolling.enrol(room, principal, seat, sound))

        return await at_holder(request, room, "enrol", here, body)
    finally:
        budget.give(taken)


async def forget_voice(request: web.Request) -> web.Response:
    """Forget the voice of the person in a seat; whatever they said stays theirs."""
    room = await _find(request)
    principal = request[context.PRINCIPAL]
    seat = enrolling.whose(room.session, principal, _query(request).seat, is_agreed=True)

    async def here() -> web.Response:
        return json_response(await enrolling.forget(room, principal, seat))

    return await at_holder(request, room, "forget_voice", here)


async def _find(request: web.Request) -> Room:
    session = check_session_id(request.match_info["session"])
    return await request.app[context.ROOMS].find(session)


def _query(request: web.Request) -> Asked:
    values: dict[str, Any] = dict(request.query)
    try:
        return msgspec.convert(values, Asked, strict=False)
    except msgspec.ValidationError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, f"The query is wrong: {error}.") from None


def _check_pace(request: web.Request, room: Room) -> None:
    """Refuse who reads on and on: every reading is work for the models.

    Raises:
        Overloaded: six times within a minute already.
    """
    principal = request[context.PRINCIPAL]
    person = f"{room.id} {principal.link or principal.author}"
    if not request.app[context.READINGS].admit(person, time.monotonic()):
        raise Overloaded("You read too often; try again in a minute.")
