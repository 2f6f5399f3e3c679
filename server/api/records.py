"""What a session left behind: its record as answer or file, its journal, its end and erasure."""

from urllib.parse import quote

import msgspec
from aiohttp import web

from server import desk, legacy
from server.api import context
from server.api.middleware import json_response
from server.api.relaying import at_holder
from server.errors import ClientError, ErrorCode
from server.export import Format, render
from server.messages import check_session_id
from server.room import Room

FILES = {
    Format.JSON: ("json", "application/json"),
    Format.TEXT: ("txt", "text/plain"),
    Format.SRT: ("srt", "application/x-subrip"),
    Format.VTT: ("vtt", "text/vtt"),
    Format.RTTM: ("rttm", "text/plain"),
}
"""Ending and media type of what a browser can download; the journal has its own address."""


class Receipt(msgspec.Struct, frozen=True):
    """What was erased: of one seat's person or (null) everything, and the ``seq`` it was in."""

    seat: str | None
    events: tuple[int, ...]


async def result(request: web.Request) -> web.Response:
    """Answer the newest record; a session that goes on has one, too."""
    room = await _room(request)
    return json_response(legacy.result(room.session, room.now()))


async def export(request: web.Request) -> web.Response:
    """Answer the record as a file to keep."""
    wanted = request.query.get("format", Format.JSON)
    known = {str(to): to for to in FILES}
    if wanted not in known:
        raise ClientError(ErrorCode.BAD_REQUEST, f"format is one of {', '.join(known)}.")
    to = known[wanted]
    ending, media_type = FILES[to]
    room = await _room(request)
    return web.Response(
        text=render(room.session, (), to),
        content_type=media_type,
        charset="utf-8",
        headers={"Content-Disposition": attachment(f"daedam-{room.id}.{ending}")},
    )


def attachment(name: str) -> str:
    """Return the header that makes a browser keep the answer under ``name``.

    RFC 6266, section 4.3: the name itself as UTF-8, and one in ASCII for whoever cannot read it.
    """
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "_"
        for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


async def journal(request: web.Request) -> web.StreamResponse:
    """Stream the session's journal, one JSON object a line."""
    room = await _room(request)
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(request)
    after = 0
    while page := await room.ledger.entries_after(after):
        await response.write("".join(wire + "\n" for _, wire in page).encode())
        after = page[-1][0].seq
    await response.write_eof()
    return response


async def end(request: web.Request) -> web.Response:
    """End the session and answer its record."""
    room = await _room(request)

    async def here() -> web.Response:
        await room.end(request[context.PRINCIPAL].author)
        return json_response(legacy.result(room.session, room.now()))

    return await at_holder(request, room, "end", here)


async def erase(request: web.Request) -> web.Response:
    """Erase the session, or the person of one seat."""
    session = check_session_id(request.match_info["session"])
    room = await request.app[context.ROOMS].find(session)
    if room.session.is_over:
        # What is still in work for it would write words back after they were erased.
        await request.app[context.ROOMS].drop(room)
    receipt = await desk.erase(
        request.app[context.JOURNAL],
        request.app[context.STORE],
        session,
        request.query.get("seat"),
    )
    # Who came meanwhile has folded the words that are gone now.
    await request.app[context.ROOMS].drop(await request.app[context.ROOMS].find(session))
    return json_response(Receipt(receipt.seat, receipt.events))


async def _room(request: web.Request) -> Room:
    session = check_session_id(request.match_info["session"])
    return await request.app[context.ROOMS].find(session)
