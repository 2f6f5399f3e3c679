"""Sound that got lost on its way, sent again by the page that kept it."""

import math
from typing import Annotated, Any

import msgspec
from aiohttp import web

from server.api import context, pcm
from server.api.middleware import json_response
from server.api.relaying import at_holder
from server.errors import ClientError, ErrorCode, SessionOver
from server.hearing.awaited import MAX_POSTS
from server.hearing.splice import Piece
from server.messages import check_session_id
from server.room import Room

MAX_S = 48.0
"""What pages keep and what may come around it."""
MAX_BODY = pcm.max_body(MAX_S)


class Sent(msgspec.Struct, frozen=True):
    """Query of ``POST …/{session}/backfill``.

    ``connection``: the one over which the sound was asked for. ``start``: the session's second of
    its first sample, as the page believes. ``rest``: how many more pieces of it are on their way.
    """

    connection: Annotated[str, msgspec.Meta(max_length=200)]
    start: float
    rest: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


class Filled(msgspec.Struct, frozen=True):
    """How many seconds of what was lost this sound fills."""

    filled_s: float


async def backfill(request: web.Request) -> web.Response:
    """Take sound of a microphone that got lost on its way.

    The body is mono at 16 kHz, in signed 16-bit samples, little-endian; at most 48 seconds. It is
    asked for over a peer connection's data channel, by the message `missed`; an empty body says
    that there is nothing.
    """
    session = check_session_id(request.match_info["session"])
    room = await request.app[context.ROOMS].find(session)
    sent = _query(request)
    length = pcm.length_of(request, MAX_S)
    if room.session.is_over:
        raise SessionOver
    budget = request.app[context.BUDGET]
    taken = await budget.take(length)
    try:
        body = await pcm.read_bytes(request, length)

        async def here() -> web.Response:
            return json_response(await _fill(request, room, sent, body))

        return await at_holder(request, room, "backfill", here, body)
    finally:
        budget.give(taken)


async def _fill(request: web.Request, room: Room, sent: Sent, body: bytes) -> Filled:
    if room.session.is_over:
        raise SessionOver
    sound = pcm.samples_of(body)
    link, rest = request[context.PRINCIPAL].link, min(sent.rest, MAX_POSTS)
    tracks = room.held().tracks
    filled_s = tracks.answer(sent.connection, link, Piece(sent.start, sound), rest)
    return Filled(round(filled_s, 3))


def _query(request: web.Request) -> Sent:
    values: dict[str, Any] = dict(request.query)
    try:
        sent = msgspec.convert(values, Sent, strict=False)
    except msgspec.ValidationError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, f"The query is wrong: {error}.") from None
    if not math.isfinite(sent.start):
        raise ClientError(ErrorCode.BAD_REQUEST, "The query is wrong: start is no time.")
    return sent
