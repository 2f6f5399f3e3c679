"""Every HTTP resource by its address, and the two that say how things are going."""

from typing import Literal

import msgspec
from aiohttp import web

from server import legacy
from server.api import context, whip
from server.api.backfill import backfill
from server.api.middleware import json_response
from server.api.operations import ready, scrape
from server.api.records import end, erase, export, journal, result
from server.api.relaying import command
from server.api.sessions import create, invite, sessions
from server.api.signaling import join, offer
from server.api.voice import enrol, forget_voice, voices
from server.api.websocket import interview
from server.errors import ClientError, ErrorCode, UnknownSession
from server.messages import check_session_id
from server.paths import PREFIX, SESSION


def routes() -> list[web.RouteDef]:
    """Return every resource; names are those of the access table."""
    return [
        web.get("/healthz", health, name="health"),
        web.get("/readyz", ready, name="ready"),
        web.get("/metrics", scrape, name="metrics"),
        web.get(PREFIX + "/ws/interview/{session}", interview, name="websocket"),
        web.get(SESSION + "/{session}/status", status, name="status"),
        web.get(SESSION + "/{session}/result", result, name="result"),
        web.get(SESSION + "/{session}/export", export, name="export"),
        web.post(SESSION, create, name="create"),
        web.get(SESSION, sessions, name="sessions"),
        web.get(SESSION + "/{session}/journal", journal, name="journal"),
        web.post(SESSION + "/{session}/invite", invite, name="invite"),
        web.post(SESSION + "/{session}/end", end, name="end"),
        web.get(SESSION + "/{session}/join", join, name="join"),
        web.post(SESSION + "/{session}/offer", offer, name="offer"),
        web.post(SESSION + "/{session}/backfill", backfill, name="backfill"),
        web.get(SESSION + "/{session}/voice", voices, name="voices"),
        web.post(SESSION + "/{session}/voice", enrol, name="enrol"),
        web.delete(SESSION + "/{session}/voice", forget_voice, name="forget_voice"),
        web.post(SESSION + "/{session}/command", command, name="command"),
        web.delete(SESSION + "/{session}", erase, name="erase"),
        *whip.routes(),
    ]


class Health(msgspec.Struct, frozen=True):
    """The process answers; ``loop_lag_ms``: p50, p99 and max of its event loop's lateness.

    ``process``: its name among the servers of one Redis, new at every start.
    """

    status: Literal["ok"]
    loop_lag_ms: dict[str, float]
    process: str


async def health(request: web.Request) -> web.Response:
    """Answer that the process is well."""
    return json_response(
        Health("ok", request.app[context.LOOP_LAG].summary_ms(), request.app[context.EXCHANGE].name)
    )


async def status(request: web.Request) -> web.Response:
    """Answer a living session's status; an unknown or ended one is not found."""
    session = check_session_id(request.match_info["session"])
    try:
        room = await request.app[context.ROOMS].find(session)
    except UnknownSession:
        raise ClientError(ErrorCode.UNKNOWN_SESSION, "Session not found", status=404) from None
    if room.session.is_over:
        raise ClientError(ErrorCode.UNKNOWN_SESSION, "Session not found", status=404)
    return json_response(
        legacy.status(
            room.session,
            is_active=room.is_active,
            at=room.now(),
            # Only the holder knows what it still has to understand.
            lag=room.holding.listening.lag() if room.holding is not None else None,
        )
    )
