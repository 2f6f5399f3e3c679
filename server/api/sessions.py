"""Opening sessions, inviting people into them, and the list of them."""

import asyncio
import math
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from server.access import EVERY_SESSION, Principal, Role, role_of_seat
from server.api import context
from server.api.middleware import json_response, read_body
from server.decisions import check_seat
from server.entrance.links import DEFAULT_EXPIRY_S, MAX_EXPIRY_S, invitation, new_session_id
from server.entrance.publicity import door, public_origin, qr_code
from server.errors import ClientError, ErrorCode, UnknownSession
from server.events import DEFAULT_SEATS, SeatConfig, SessionConfig
from server.journal.protocol import Listing
from server.messages import check_session_id

MAX_LISTED = 500
MAX_SEARCH = 200


class NewSession(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST …/interview/session``; the link of ``operator_seat`` is operator too."""

    session_id: str | None = None
    title: str = ""
    job: str = ""
    seats: tuple[SeatConfig, ...] | None = None
    consent: Literal["required", "external"] = "required"
    operator_seat: str | None = None
    hear_each_other: bool = True


class Invitation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of ``POST …/{session}/invite``.

    Attributes:
        is_ahead: the interview need not be there yet: an operator who connects opens it.
    """

    seat: str | None = None
    role: str | None = None
    name: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    expires_s: Annotated[float, msgspec.Meta(gt=0, le=MAX_EXPIRY_S)] | None = None
    is_ahead: bool = False


class Link(msgspec.Struct, frozen=True):
    """One person's way in; ``url`` is None where the page's own address is the best known."""

    role: str
    seat: str | None
    name: str | None
    token: str
    url: str | None
    qr: str | None


class Created(msgspec.Struct, frozen=True):
    """A new session and everybody's link: one per seat, and one for a room's microphone."""

    session_id: str
    links: tuple[Link, ...]


class Invited(Link, frozen=True):
    """One person's way into ``session_id``; ``*`` is every session."""

    session_id: str


class Chosen(msgspec.Struct, frozen=True):
    """Query of ``GET …/interview/session``; without it all sessions are listed.

    ``search``: words that all occur in the id, title, job, seats or names. ``before``: the
    ``created_wall`` of the last session seen.
    """

    state: Literal["live", "past"] | None = None
    search: Annotated[str, msgspec.Meta(max_length=MAX_SEARCH)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_LISTED)] | None = None
    before: float | None = None


async def create(request: web.Request) -> web.Response:
    """Open a session and answer its id and one link per seat, and per room microphone."""
    wanted = await read_body(request, NewSession)
    session = check_session_id(wanted.session_id or new_session_id())
    request[context.PRINCIPAL].check_session(session)
    config = SessionConfig(
        title=wanted.title[:200],
        job=wanted.job[:200],
        consent=wanted.consent,
        seats=DEFAULT_SEATS if wanted.seats is None else wanted.seats,
        hear_each_other=wanted.hear_each_other,
    )
    _check_operator_seat(config, wanted.operator_seat)
    await request.app[context.ROOMS].create(session, config)
    people = [
        invitation(
            session,
            seat=place.seat,
            role=Role.OPERATOR if place.seat == wanted.operator_seat else None,
            name=place.name,
        )
        for place in config.seats
    ]
    if any(place.microphone == "room" for place in config.seats):
        people.append(invitation(session, seat=None, role=Role.MICROPHONE))
    links = await _links(request, people, DEFAULT_EXPIRY_S)
    return json_response(Created(session, tuple(links)), 201)


async def sessions(request: web.Request) -> web.Response:
    """List sessions, the newest first: all of them, or the page that the query asks for."""
    wanted = _query(request)
    only = request[context.PRINCIPAL].session
    listing = Listing(
        session=None if only == EVERY_SESSION else only,
        state=wanted.state,
        search=wanted.search,
        limit=wanted.limit,
        before=wanted.before,
    )
    return json_response(await request.app[context.JOURNAL].sessions(listing))


async def invite(request: web.Request) -> web.Response:
    """Answer a link for one person.

    Raises:
        ClientError: ``bad_request``, ``unknown_session``, ``unknown_seat``.
    """
    wanted = await read_body(request, Invitation)
    session = request.match_info["session"]
    try:
        principal = invitation(
            session if session == EVERY_SESSION else check_session_id(session),
            seat=wanted.seat,
            role=wanted.role,
            name=wanted.name,
        )
    except ValueError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, str(error)) from None
    await _check_invited(request, principal, wanted.is_ahead)
    [link] = await _links(request, [principal], wanted.expires_s or DEFAULT_EXPIRY_S)
    return json_response(Invited(**msgspec.structs.asdict(link), session_id=session), 201)


async def _check_invited(request: web.Request, person: Principal, is_ahead: bool) -> None:
    """Refuse an invitation to an interview, or to a seat of it, that is not there.

    Raises:
        ClientError: ``unknown_session``, ``unknown_seat``.
    """
    if person.session == EVERY_SESSION:
        return
    try:
        room = await request.app[context.ROOMS].find(person.session)
    except UnknownSession:
        if is_ahead:
            return
        raise
    if person.seat is not None:
        check_seat(room.session, person.seat)


async def _links(request: web.Request, people: list[Principal], expires_s: float) -> list[Link]:
    links = request.app[context.LINKS]
    tokens = [links.make(person, expires_s) for person in people]
    origin = public_origin(request.app[context.SETTINGS], request.secure, request.host)
    urls = [
        None if origin is None else door(origin, person.session, token)
        for person, token in zip(people, tokens, strict=True)
    ]
    codes = await asyncio.to_thread(_qr_codes, urls)
    return [
        Link(str(person.role), person.seat, person.name, token, url, code)
        for person, token, url, code in zip(people, tokens, urls, codes, strict=True)
    ]


def _qr_codes(urls: list[str | None]) -> list[str | None]:
    return [None if url is None else qr_code(url) for url in urls]


def _check_operator_seat(config: SessionConfig, seat: str | None) -> None:
    """Refuse a creator who would sit where no operator sits.

    Raises:
        ClientError: ``bad_request``.
    """
    if seat is None:
        return
    if all(place.seat != seat for place in config.seats):
        raise ClientError(ErrorCode.BAD_REQUEST, f"operator_seat: there is no seat {seat} here.")
    if role_of_seat(seat) is not Role.INTERVIEWER:
        raise ClientError(ErrorCode.BAD_REQUEST, "operator_seat must be an interviewer's seat.")


def _query(request: web.Request) -> Chosen:
    values: dict[str, Any] = {name: text for name, text in request.query.items() if text}
    try:
        wanted = msgspec.convert(values, Chosen, strict=False)
    except msgspec.ValidationError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, f"The query is wrong: {error}.") from None
    if wanted.before is not None and not math.isfinite(wanted.before):
        raise ClientError(ErrorCode.BAD_REQUEST, "The query is wrong: before is no time.")
    return wanted
