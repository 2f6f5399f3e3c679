"""Before every handler: who is it, may they come in, and how errors leave."""

import logging
import time
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from server.access import HTTP, Principal
from server.api import context, pages
from server.entrance.gate import Caller, admit
from server.errors import ClientError, ErrorCode, Forbidden, Refusal
from server.exchange.relay import SCHEME

T = TypeVar("T")

log = logging.getLogger(__name__)
access_log = logging.getLogger("server.access_log")

PROBES = frozenset(("/healthz", "/readyz", "/metrics"))
"""Asked every second for years; that all is well is said at DEBUG."""
_CODES = {404: ErrorCode.NOT_FOUND, 413: ErrorCode.TOO_LARGE}


def json_response(value: Any, status: int = 200, **headers: str) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        content_type="application/json",
        headers=headers,
    )


async def read_body(request: web.Request, kind: type[T]) -> T:
    """Return the body as a ``kind``.

    Raises:
        ClientError: ``bad_request``.
    """
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=kind)
    except UnicodeDecodeError:
        raise ClientError(ErrorCode.BAD_REQUEST, "The body is wrong: not UTF-8.") from None
    except msgspec.MsgspecError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, f"The body is wrong: {error}.") from None


@web.middleware
async def speak_json(request: web.Request, handler: Any) -> web.StreamResponse:
    """Turn errors into one JSON object with a code and a sentence; log paths, never queries."""
    began = time.monotonic()
    status = 500
    try:
        response: web.StreamResponse = await handler(request)
        status = response.status
        return response
    except ClientError as error:
        status = error.status
        if error.code is ErrorCode.NOT_FOUND and pages.is_for_people(request):
            return pages.unknown()
        headers = {"Retry-After": "5"} if error.status == 503 else {}
        return json_response(Refusal(str(error), error.code), error.status, **headers)
    except web.HTTPException as error:
        status = error.status
        if status == 404 and pages.is_for_people(request):
            return pages.unknown()
        code = _CODES.get(error.status, ErrorCode.BAD_REQUEST)
        allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return json_response(Refusal(error.reason, code), error.status, **allow)
    except ConnectionError:
        # Whoever asked has hung up in the middle; the answer goes to nobody.
        status = 400
        return json_response(Refusal("The request ended early.", ErrorCode.BAD_REQUEST), status)
    except Exception:
        log.exception("%s %s failed", request.method, request.rel_url.raw_path)
        refusal = Refusal("Something went wrong on the server.", ErrorCode.INTERNAL)
        return json_response(refusal, 500)
    finally:
        took_ms = (time.monotonic() - began) * 1000
        # The raw path: a decoded one could carry line breaks into the log.
        path = request.rel_url.raw_path
        is_probe = path in PROBES and status == 200
        access_log.log(
            logging.DEBUG if is_probe else logging.INFO,
            "%s %s %d %.0f ms",
            request.method,
            path,
            status,
            took_ms,
        )


@web.middleware
async def let_listed_pages_read(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer listed pages of other hosts in a way that their browsers let them read (CORS)."""
    origin = request.headers.get("Origin", "")
    if origin.rstrip("/") not in request.app[context.SETTINGS].allowed_origins:
        return await handler(request)  # type: ignore[no-any-return]  # aiohttp's handlers are untyped
    is_preflight = request.method == "OPTIONS"
    if is_preflight and request.match_info.http_exception is not None:
        response: web.StreamResponse = web.Response(status=204)
    else:
        response = await handler(request)
    if response.prepared:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Vary"] = "Origin"
    if is_preflight:
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, If-Match"
        response.headers["Access-Control-Max-Age"] = "600"
    else:
        # Beyond what every page may read (https://fetch.spec.whatwg.org/#http-new-header-syntax).
        response.headers["Access-Control-Expose-Headers"] = "ETag, Link, Location, Retry-After"
    return response


@web.middleware
async def know_the_caller(request: web.Request, handler: Any) -> web.StreamResponse:
    """Find out who asks and refuse what the access table does not allow."""
    name = request.match_info.route.name
    door = HTTP.get(name) if name else None
    if request.match_info.http_exception is not None or (door and door.right is None):
        return await handler(request)  # type: ignore[no-any-return]  # aiohttp's handlers are untyped
    principal = _who_asks(request)
    request[context.PRINCIPAL] = principal
    if name != "websocket":
        # A link of another interview says so, whatever its role may do there.
        principal.check_session(request.match_info.get("session", principal.session))
        if door is None or door.right is None or not principal.has(door.right):
            raise Forbidden(f"Your role ({principal.role}) may not do this.")
    return await handler(request)  # type: ignore[no-any-return]  # as above


def _who_asks(request: web.Request) -> Principal:
    """Return who the request is from, found out here or by another process.

    Raises:
        ClientError: nobody who may come in.
    """
    links = request.app[context.LINKS]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme == SCHEME:
        request[context.RELAYED] = True
        return links.vouched(token)
    return admit(caller(request), request.app[context.SETTINGS], links)


def caller(request: web.Request) -> Caller:
    """Return what the socket and the headers say."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    headers = request.headers
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return Caller(
        peer=peer[0] if peer else None,
        host=headers.get("Host", ""),
        origin=headers.get("Origin"),
        token=token.strip() if scheme.lower() == "bearer" else _token_in_address(request),
        is_forwarded=any(
            name.lower() == "forwarded" or name.lower().startswith("x-forwarded-")
            for name in headers
        ),
        is_tls=request.secure,
    )


def _token_in_address(request: web.Request) -> str | None:
    """Return the WebSocket's ``t``: browsers let pages set no header there."""
    return request.query.get("t") if request.match_info.route.name == "websocket" else None
