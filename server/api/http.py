"""Every HTTP resource by its address, and the two that say how things are going."""

from aiohttp import web

from server import legacy
from server.api import context
from server.api.middleware import json_response
from server.api.records import end, erase, export, journal, result
from server.api.sessions import create, invite, sessions
from server.api.signaling import join, offer
from server.api.websocket import interview
from server.errors import ClientError, ErrorCode, UnknownSession
from server.messages import check_session_id

PREFIX = "/api/v1/realtime-interview"
SESSION = PREFIX + "/interview/session"


def routes() -> list[web.RouteDef]:
    """Return every resource; names are those of the access table."""
    return [
        web.get("/healthz", health, name="health"),
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
        web.delete(SESSION + "/{session}", erase, name="erase"),
    ]


async def health(request: web.Request) -> web.Response:
    lag = request.app[context.LOOP_LAG]
    return json_response({"status": "ok", "loop_lag_ms": lag.summary_ms()})


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
            is_active=bool(room.connections),
            at=room.now(),
            lag=room.listening.lag(),
        )
    )
