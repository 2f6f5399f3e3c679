"""Holds what a server really answers against what /openapi.json and /asyncapi.json promise.

Stricter than the documents: they let a newer server add fields and types, here none may be missing
from them.
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import aiohttp
from aiohttp.test_utils import TestClient
from jsonschema import Draft7Validator, Draft202012Validator  # type: ignore[import-untyped]  # It ships no types.
from yarl import URL

from server.api.contracts import asyncapi_document, openapi_document

Json: TypeAlias = Any
Validator: TypeAlias = Draft7Validator | Draft202012Validator


class BrokenPromise(AssertionError):
    """The server did not do what the documents say."""


class HttpContract:
    """The promises of an OpenAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._paths = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), operations)
            for path, operations in document["paths"].items()
        ]
        self._validators: dict[str, Validator] = {}

    def check(
        self, method: str, path: str, taken: Json, response: aiohttp.ClientResponse, body: bytes
    ) -> None:
        """Check an answer, and what was asked if that was taken.

        Args:
            method: of the request.
            path: percent-encoded, without query.
            taken: the JSON that was sent; None: nothing, or something else.
            response: to check.
            body: of the response.

        Raises:
            BrokenPromise: status, headers or body are not what they should be.
        """
        operation = self._operation(method, path)
        if operation is None:
            return
        what = f"{method} {path}: {response.status}"
        promised = operation["responses"].get(str(response.status))
        if promised is None:
            raise BrokenPromise(f"{what} is not listed: {body[:200]!r}")
        if "content" not in promised and not body:
            return
        content = promised.get("content", {})
        schema = content.get(response.headers["Content-Type"], content.get(response.content_type))
        if schema is None:
            raise BrokenPromise(f"{what} comes as {response.content_type}")
        is_json = response.content_type.endswith("json") and "ndjson" not in response.content_type
        found = json.loads(body) if is_json else body.decode()
        self._validate(schema["schema"], found, what)
        if "x-codes" in promised and is_json:
            _check_refusal(found, response, promised, what)
        elif taken is not None and response.status < 300:
            asked = operation["requestBody"]["content"]["application/json"]["schema"]
            self._validate(asked, taken, f"what was taken by {method} {path}")

    def _operation(self, method: str, path: str) -> Mapping[str, Any] | None:
        for pattern, operations in self._paths:
            if pattern.fullmatch(path):
                found: Mapping[str, Any] | None = operations.get(method.lower())
                return found
        return None

    def _validate(self, schema: Json, value: Json, what: str) -> None:
        key = json.dumps(schema)
        if key not in self._validators:
            components = {"schemas": strict(self._document["components"]["schemas"])}
            self._validators[key] = Draft202012Validator(schema | {"components": components})
        _check(self._validators[key], value, what)


class LiveContract:
    """The promises of an AsyncAPI document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._validators: dict[str, Validator] = {}

    def check(self, message: Json, channel: str = "websocket") -> None:
        """Check one message, of either side.

        Raises:
            BrokenPromise: there is no such message on this channel, or it looks otherwise.
        """
        kind = "blanked" if message.get("erased") is True else message["type"]
        if kind not in self._document["channels"][channel]["messages"]:
            raise BrokenPromise(f"{channel} has no {kind}")
        if kind not in self._validators:
            components = self._document["components"]
            payload = components["messages"][kind]["payload"]
            schemas = {"components": {"schemas": strict(components["schemas"])}}
            self._validators[kind] = Draft7Validator({"allOf": [payload], **schemas})
        _check(self._validators[kind], message, kind)


def strict(schema: Json) -> Json:
    """Return the schemas without room for fields that are not listed."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: strict(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        told.setdefault("additionalProperties", False)
    return told


def _check(validator: Validator, value: Json, what: str) -> None:
    for error in validator.iter_errors(value):
        raise BrokenPromise(f"{what}: {error.json_path}: {error.message[:300]}")


def _check_refusal(
    found: Json, response: aiohttp.ClientResponse, promised: Mapping[str, Any], what: str
) -> None:
    if found["code"] not in promised["x-codes"]:
        raise BrokenPromise(f"{what} has no {found['code']}")
    if ("Retry-After" in response.headers) != (response.status == 503):
        raise BrokenPromise(f"{what} {found['code']}: Retry-After")


@functools.cache
def http_contract() -> HttpContract:
    return HttpContract(openapi_document())


@functools.cache
def live_contract() -> LiveContract:
    return LiveContract(asyncapi_document())


class CheckedSocket(aiohttp.ClientWebSocketResponse):
    """A WebSocket on which nothing may arrive that was not promised."""

    async def receive(self, *args: Any, **options: Any) -> aiohttp.WSMessage:
        """Return the next frame, checked."""
        message = await super().receive(*args, **options)
        if message.type is aiohttp.WSMsgType.TEXT:
            live_contract().check(json.loads(message.data))
        return message


class CheckedClient(TestClient[Any, Any]):
    """A client to whom nothing may be answered that was not promised."""

    async def _request(self, method: str, path: Any, **options: Any) -> aiohttp.ClientResponse:
        response = await super()._request(method, path, **options)
        body = await response.read()
        raw_path = URL(response.request_info.url).raw_path
        http_contract().check(method, raw_path, options.get("json"), response, body)
        return response
