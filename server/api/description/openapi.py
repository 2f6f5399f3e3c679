"""The HTTP door as an OpenAPI 3.1 document."""

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web

from server.access import HTTP
from server.api.description.resources import (
    GUARDED,
    HTML,
    JSON,
    RESOURCES,
    STATUS,
    Resource,
)
from server.api.description.roles import may_use
from server.api.description.schemas import Schema, prose, schemas
from server.errors import ErrorCode, Refusal

_ABOUT: Final = """\
What is asked of Daedam over HTTP; what goes over its WebSocket and its data channels is in
`/asyncapi.json`.

A link goes as `Authorization: Bearer …`. A server without `DAEDAM_SECRET` listens on its own
machine only and takes whoever comes without a link there for its operator. `x-roles` are the roles
whose links open a resource; every refusal is one sentence for people and a `code` for programs,
`x-codes` are those that a resource has. A newer server may send fields that are not listed here.
"""
SESSION_ID: Final[Schema] = {"type": "string", "pattern": r"^[^/\u0000-\u001f\u007f]{1,128}$"}


def document(routes: Iterable[web.AbstractRouteDef], version: str) -> dict[str, Any]:
    """Return the OpenAPI document of ``routes``; who has no resource is left out."""
    described = [
        route for route in routes if isinstance(route, web.RouteDef) and _name(route) in RESOURCES
    ]
    bodies = _Bodies([RESOURCES[_name(route)] for route in described])
    paths: dict[str, dict[str, Any]] = {}
    for route in described:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, bodies)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Daedam over HTTP", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {"schemas": bodies.components, "securitySchemes": _SCHEMES},
    }


_SCHEMES: Final = {
    "link": {"type": "http", "scheme": "bearer", "description": "The token of a person's link."},
    "metrics": {
        "type": "http",
        "scheme": "bearer",
        "description": "`DAEDAM_METRICS_TOKEN`; the machine itself needs none.",
    },
}


class _Bodies:
    """The schemas of everything that is answered and taken."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        sent: dict[str, object] = {repr(Refusal): Refusal}
        taken: dict[str, object] = {}
        for resource in resources:
            told = [*resource.content.values(), *(kind for _, kind in resource.also.values())]
            sent |= {repr(kind): kind for kind in told if kind is not None}
            if resource.body is not None:
                taken[repr(resource.body)] = resource.body
        found, self.components = schemas(list(sent.values()), list(taken.values()))
        self._by_kind = dict(zip([*sent, *taken], found, strict=True))

    def of(self, kind: object) -> Schema:
        """Return the schema of a type that some resource names."""
        return self._by_kind[repr(kind)]


def _name(route: web.RouteDef) -> str:
    return str(route.kwargs.get("name", ""))


def _operation(route: web.RouteDef, bodies: _Bodies) -> dict[str, Any]:
    name = _name(route)
    resource = RESOURCES[name]
    summary, text = _told(route)
    operation: dict[str, Any] = {"operationId": name, "summary": summary}
    if text or resource.note:
        operation["description"] = "\n\n".join(part for part in (text, resource.note) if part)
    operation["security"] = _security(name)
    if operation["security"]:
        operation["x-roles"] = may_use(name)
    if parameters := [*_in_path(route.path), *_in_query(resource)]:
        operation["parameters"] = parameters
    if resource.body is not None:
        operation["requestBody"] = {
            "content": _as_json(bodies.of(resource.body)),
            "required": any(field.required for field in msgspec.structs.fields(resource.body)),
        }
    elif resource.text is not None:
        content = {resource.text: {"schema": {"type": "string"}}}
        operation["requestBody"] = {"content": content, "required": True}
    operation["responses"] = {
        str(resource.status): _answer(resource, bodies),
        **{
            str(status): {"description": text}
            | ({} if kind is None else {"content": _as_json(bodies.of(kind))})
            for status, (text, kind) in resource.also.items()
        },
        **_refusals(_codes(route, resource), _refused(resource, bodies)),
    }
    return operation


def _told(route: web.RouteDef) -> tuple[str, str]:
    """Return the first line of the handler's docstring, and what else it says to everybody."""
    first, *rest = prose(inspect.getdoc(route.handler) or "").split("\n\n")
    told = [part for part in rest if not part.startswith(("Raises:", "Args:", "Returns:"))]
    return " ".join(first.split()), "\n\n".join(told)


def _security(name: str) -> list[dict[str, list[str]]]:
    if RESOURCES[name].scheme is not None:
        return [{str(RESOURCES[name].scheme): []}, {}]
    return [] if HTTP[name].right is None else [{"link": []}]


def _in_path(path: str) -> list[Schema]:
    return [
        {"name": name, "in": "path", "required": True, "schema": SESSION_ID}
        for name in re.findall(r"{(\w+)}", path)
    ]


def _in_query(resource: Resource) -> list[Schema]:
    """Return the parameters of a query; whoever leaves one out gets its default."""
    found: dict[str, Any] = dict(resource.parameters)
    if resource.query is not None:
        _, told = schemas([], [resource.query])
        found |= {
            name: _of_a_query(schema)
            for name, schema in told[resource.query.__name__]["properties"].items()
        }
    return [{"name": name, "in": "query", "schema": schema} for name, schema in found.items()]


def _of_a_query(schema: Schema) -> Schema:
    """Return the schema without null, which no address can say."""
    told = {key: value for key, value in schema.items() if value is not None}
    rest = [part for part in told.pop("anyOf", []) if part != {"type": "null"}]
    return told | (rest[0] if len(rest) == 1 else {"anyOf": rest} if rest else {})


def _answer(resource: Resource, bodies: _Bodies) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "What was asked for."}
    if resource.content:
        answer["content"] = {
            media: {"schema": bodies.of(kind)} for media, kind in resource.content.items()
        }
    if resource.headers:
        answer["headers"] = {
            name: {"description": text, "schema": {"type": "string"}}
            for name, text in resource.headers.items()
        }
    return answer


def _codes(route: web.RouteDef, resource: Resource) -> set[ErrorCode]:
    """Return everything that may be wrong."""
    codes = {ErrorCode.INTERNAL, *resource.refusals}
    if HTTP[_name(route)].right is not None:
        codes |= GUARDED
        if "{session}" in route.path:
            codes.add(ErrorCode.BAD_SESSION)
    if resource.query is not None:
        codes.add(ErrorCode.BAD_REQUEST)
    if resource.body is not None:
        codes |= {ErrorCode.BAD_REQUEST, ErrorCode.TOO_LARGE}
    return codes


def _refused(resource: Resource, bodies: _Bodies) -> dict[str, Any]:
    """Return what a refusal comes as: a browser that asked for a page is shown one."""
    page = {HTML: {"schema": {"type": "string"}}} if HTML in resource.content else {}
    return _as_json(bodies.of(Refusal)) | page


def _refusals(codes: set[ErrorCode], content: dict[str, Any]) -> dict[str, Any]:
    """Return an answer for each status that one of ``codes`` comes with."""
    found = {}
    for status in sorted({STATUS[code] for code in codes}):
        own = [str(code) for code in STATUS if code in codes and STATUS[code] == status]
        answer = {
            "description": ", ".join(f"`{code}`" for code in own),
            "content": content,
            "x-codes": own,
        }
        if status == 503:
            answer["headers"] = {"Retry-After": _RETRY_AFTER}
        found[str(status)] = answer
    return found


_RETRY_AFTER: Final = {
    "description": "Seconds.",
    "schema": {"type": "integer"},
}


def _as_json(schema: Schema) -> dict[str, Any]:
    return {JSON: {"schema": schema}}
