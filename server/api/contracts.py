"""The documents that describe the wire, served to whoever builds a client."""

import functools
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from server.api import http, pages
from server.api.description import asyncapi as live_doors
from server.api.description import openapi as http_door
from server.api.description.resources import ASYNCAPI, OPENAPI
from server.paths import PREFIX

WIRE_VERSION: Final = "1"
"""Of what the documents describe; it grows with a change that a client could not pass over."""


def routes() -> Sequence[web.RouteDef]:
    """Return where the documents are, and make them, so that no request has to."""
    _openapi()
    _asyncapi()
    return _OWN


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of every route of the server."""
    return http_door.document([*http.routes(), *pages.routes(), *_OWN], WIRE_VERSION)


def asyncapi_document() -> dict[str, Any]:
    """Return the AsyncAPI document of both live doors."""
    return live_doors.document(PREFIX + "/ws/interview/{session}", WIRE_VERSION)


async def openapi(request: web.Request) -> web.Response:
    """Answer this document, OpenAPI 3.1: what is asked over HTTP."""
    return web.Response(body=_openapi(), headers={"Content-Type": OPENAPI})


async def asyncapi(request: web.Request) -> web.Response:
    """Answer what is said over the WebSocket and the data channels, as AsyncAPI 3.0."""
    return web.Response(body=_asyncapi(), headers={"Content-Type": ASYNCAPI})


_OWN: Final[Sequence[web.RouteDef]] = (
    web.get("/openapi.json", openapi, name="openapi"),
    web.get("/asyncapi.json", asyncapi, name="asyncapi"),
)


@functools.cache
def _openapi() -> bytes:
    return msgspec.json.encode(openapi_document())


@functools.cache
def _asyncapi() -> bytes:
    return msgspec.json.encode(asyncapi_document())
