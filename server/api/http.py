"""Status, results, sessions and invitations over HTTP."""

from typing import Annotated, Literal, TypeVar

import msgspec
from aiohttp import web

from server import desk, legacy
from server.access import EVERY_SESSION
from server.api import context
from server.api.middleware import json_response, read_body
from server.api.signaling import join, offer
from server.api.websocket import interview
from server.errors import ClientError, ErrorCode, UnknownSession
from server.events import DEFAULT_SEATS, SeatConfig, SessionConfig
from server.links import DEFAULT_EXPIRY_S, MAX_EXPIRY_S, invitation, new_session_id
from server.messages import check_session_id

T = TypeVar("T")

PREFIX = "/api/v1/realtime-interview"
SESSION = PREFIX + "/interview/session"


class NewSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST …/interview/session``."""

    session_id: str | None = None
    title: str = ""
    job: str = ""
    seats: tuple[SeatConfig, ...] | None = None
    consent: Literal["required", "external"] = "required"


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST …/{session}/invite``."""

    seat: str | None = None
    role: str | None = None
    name: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    expires_s: Annotated[float, msgspec.Meta(gt=0, le=MAX_EXPIRY_S)] | None = None


def routes() -> list[web.RouteDef]:
    """Return every resource; names are those of the access table."""
    return [
        web.get("/healthz", health, name="health"),
        web.get(PREFIX + "/ws/interview/{session}", interview, name="websocket"),
        web.get(SESSION + "/{session}/status", status, name="status"),
        web.get(SESSION + "/{session}/result", result, name="result"),
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
    try:
        room = await request.app[context.ROOMS].find(_session(request))
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


async def result(request: web.Request) -> web.Response:
    room = await request.app[context.ROOMS].find(_session(request))
    return json_response(legacy.result(room.session, room.now()))


async def create(request: web.Request) -> web.Response:
    """Open a session and answer its id and one link per seat."""
    wanted = await read_body(request, NewSession)
    session = check_session_id(wanted.session_id or new_session_id())
    request[context.PRINCIPAL].check_session(session)
    config = SessionConfig(
        title=wanted.title[:200],
        job=wanted.job[:200],
        consent=wanted.consent,
        seats=DEFAULT_SEATS if wanted.seats is None else wanted.seats,
    )
    await request.app[context.ROOMS].create(session, config)
    links = request.app[context.LINKS]
    invited = [
        {
            "seat": place.seat,
            "name": place.name,
            "token": links.make(invitation(session, seat=place.seat, role=None, name=place.name)),
        }
        for place in config.seats
    ]
    return json_response({"session_id": session, "links": invited}, 201)


async def sessions(request: web.Request) -> web.Response:
    found = await request.app[context.JOURNAL].sessions()
    only = request[context.PRINCIPAL].session
    return json_response([info for info in found if only in (EVERY_SESSION, info.session)])


async def journal(request: web.Request) -> web.StreamResponse:
    """Stream the session's journal, one JSON object a line."""
    room = await request.app[context.ROOMS].find(_session(request))
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    after = 0
    while page := await room.ledger.entries_after(after):
        await response.write("".join(wire + "\n" for _, wire in page).encode())
        after = page[-1][0].seq
    await response.write_eof()
    return response


async def invite(request: web.Request) -> web.Response:
    wanted = await read_body(request, Invitation)
    try:
        principal = invitation(
            _session(request, allow_all=True),
            seat=wanted.seat,
            role=wanted.role,
            name=wanted.name,
        )
    except ValueError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, str(error)) from None
    token = request.app[context.LINKS].make(principal, wanted.expires_s or DEFAULT_EXPIRY_S)
    return json_response({"session_id": principal.session, "token": token}, 201)


async def end(request: web.Request) -> web.Response:
    room = await request.app[context.ROOMS].find(_session(request))
    await room.end(request[context.PRINCIPAL].author)
    return json_response(legacy.result(room.session, room.now()))


async def erase(request: web.Request) -> web.Response:
    session = _session(request)
    room = await request.app[context.ROOMS].find(session)
    if room.session.is_over:
        # What is still in work for it would write words back after they were erased.
        await request.app[context.ROOMS].drop(room)
    receipt = await desk.erase(request.app[context.JOURNAL], session, request.query.get("seat"))
    # Who came meanwhile has folded the words that are gone now.
    await request.app[context.ROOMS].drop(await request.app[context.ROOMS].find(session))
    return json_response({"seat": receipt.seat, "events": receipt.events})


def _session(request: web.Request, *, allow_all: bool = False) -> str:
    session = request.match_info["session"]
    return session if allow_all and session == EVERY_SESSION else check_session_id(session)
