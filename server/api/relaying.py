"""Between processes: what only a session's holder can do is asked of it, whoever was asked."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from server import holders
from server.api import context
from server.errors import ClientError, ErrorCode, Forbidden, HeldElsewhere
from server.exchange.relay import MISDIRECTED
from server.holders import Relayed
from server.messages import MAX_ANSWERED_FRAME, check_session_id, encode_answer
from server.room import Room


async def command(request: web.Request) -> web.Response:
    """Carry out a command that came in at another process."""
    if not is_relayed(request):
        raise Forbidden("Only servers of this deployment ask here.")
    session = check_session_id(request.match_info["session"])
    length = request.content_length or 0
    if length > MAX_ANSWERED_FRAME:
        raise ClientError(ErrorCode.TOO_LARGE, "The command is too large.", status=413)
    budget = request.app[context.BUDGET]
    taken = await budget.take(length)
    try:
        # Past aiohttp's own limit for bodies, which is meant for forms.
        relayed = _decoded(await request.content.readexactly(length))
        room = await request.app[context.ROOMS].find(session)
        answer = await holders.receive(room, request[context.PRINCIPAL], relayed)
    except HeldElsewhere:
        return web.Response(status=MISDIRECTED)
    except asyncio.IncompleteReadError:
        raise ClientError(ErrorCode.BAD_REQUEST, "The command ended early.") from None
    finally:
        budget.give(taken)
    return web.Response(text=encode_answer(answer), content_type="application/json")


async def at_holder(
    request: web.Request,
    room: Room,
    what: str,
    here: Callable[[], Awaitable[web.Response]],
    body: bytes | None = None,
) -> web.Response:
    """Answer a request where the session is held: ``here``, or as another process answers it.

    Args:
        request: what is asked.
        room: of the session.
        what: is asked for, as the metrics count it.
        here: answers it in this process.
        body: of the request, if it has been read.

    Raises:
        ClientError: nobody could be found who holds the session.
    """
    if is_relayed(request):
        # Whoever asked looks again; a request is never passed on twice.
        is_here = await room.hold() is None
        return await here() if is_here else web.Response(status=MISDIRECTED)
    passed_on = await request.read() if body is None else body

    async def there(holder: str) -> web.Response:
        reply = await room.services.relay.ask(
            holder,
            request[context.PRINCIPAL],
            what,
            request.rel_url.raw_path_qs,
            passed_on,
            request.method,
        )
        if reply.status >= 400:
            raise holders.refused(reply.status, reply.body)
        return web.Response(status=reply.status, body=reply.body, content_type="application/json")

    return await room.where_held(here, there)


def is_relayed(request: web.Request) -> bool:
    """Return whether another process of this deployment asks, on behalf of its own client."""
    return bool(request.get(context.RELAYED))


def _decoded(body: bytes) -> Relayed:
    try:
        return msgspec.json.decode(body, type=Relayed)
    except msgspec.MsgspecError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, f"The command is wrong: {error}.") from None
