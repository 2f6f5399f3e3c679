"""The pages, served as they were written."""

from pathlib import Path

from aiohttp import web

from server.errors import ClientError, ErrorCode
from server.messages import check_session_id

STATIC = Path(__file__).parent.parent.parent / "static"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
PERMISSIONS_POLICY = "microphone=(self), camera=()"


def routes() -> list[web.AbstractRouteDef]:
    """Return the pages; everybody may open them, what they show needs a link."""
    return [
        web.get("/", start, name="page"),
        web.get("/room/{session}", room, name="room_page"),
        web.get("/review/{session}", review, name="review_page"),
        web.static("/static", STATIC, name="static"),
    ]


async def start(request: web.Request) -> web.FileResponse:
    """Answer the page where interviews are opened and found."""
    return web.FileResponse(STATIC / "start.html")


async def room(request: web.Request) -> web.FileResponse:
    """Answer the page of an interview that goes on."""
    return _page_of_a_session(request, "room.html")


async def review(request: web.Request) -> web.FileResponse:
    """Answer the page of what an interview left behind."""
    return _page_of_a_session(request, "review.html")


def _page_of_a_session(request: web.Request, file: str) -> web.FileResponse:
    """Return a page without looking whether the session exists: that takes a link to know.

    Raises:
        ClientError: ``not_found``: no session can ever have this id.
    """
    try:
        check_session_id(request.match_info["session"])
    except ClientError as error:
        raise ClientError(ErrorCode.NOT_FOUND, str(error), status=404) from None
    return web.FileResponse(STATIC / file)


def is_for_people(request: web.Request) -> bool:
    """Return whether a browser asks for a page, and not a program for an answer."""
    return (
        request.method in ("GET", "HEAD")
        and "text/html" in request.headers.get("Accept", "")
        and not request.path.startswith("/api/")
    )


def unknown() -> web.FileResponse:
    """Return what people see where there is no page."""
    return web.FileResponse(STATIC / "unknown.html", status=404)


async def guard(request: web.Request, response: web.StreamResponse) -> None:
    """Tell browsers to load nothing from elsewhere and to ask before using a stored copy."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cache-Control", "no-cache")
