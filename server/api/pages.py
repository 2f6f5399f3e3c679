"""The pages, served as they were written."""

from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent.parent.parent / "static"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def routes() -> list[web.AbstractRouteDef]:
    """Return the pages; everybody may open them, what they show needs a link."""
    return [
        web.get("/", start, name="page"),
        web.static("/static", STATIC, name="static"),
    ]


async def start(request: web.Request) -> web.FileResponse:
    return web.FileResponse(STATIC / "index.html")


async def guard(request: web.Request, response: web.StreamResponse) -> None:
    """Tell browsers to load nothing from elsewhere and to ask before using a stored copy."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cache-Control", "no-cache")
