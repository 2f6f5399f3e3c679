"""The messages of the live doors as JSON schemas of draft 7, which AsyncAPI speaks."""

from typing import Any, Final

import msgspec

from server.api.description.schemas import Schema, schemas
from server.entries import Entry
from server.events import CATALOGUE, Blank, Event
from server.messages import ANSWERS, COMMANDS, SIGNALS

ENVELOPE: Final = ("type", "seq", "at", "wall", "by", "v", "cmd")
"""What every event carries besides its body, as ``Entry.to_wire`` writes it."""


def payloads() -> dict[str, Schema]:
    """Return the schema of every message and of what is inside, by the names of their classes."""
    _, found = schemas([*ANSWERS, *SIGNALS, *CATALOGUE.values()], COMMANDS)
    head = _envelope()
    for name, event in CATALOGUE.items():
        found[event.__name__] = _enveloped(found[event.__name__], head, name, event)
    found[Blank.__name__] = {
        "title": Blank.__name__,
        "description": Blank.__doc__,
        "type": "object",
        "properties": {**head, "type": {"enum": list(CATALOGUE)}, "erased": {"const": True}},
        "required": [*ENVELOPE, "erased"],
    }
    return {name: _as_draft_7(schema) for name, schema in sorted(found.items())}


def _envelope() -> dict[str, Schema]:
    _, found = msgspec.json.schema_components([Entry])
    properties = found[Entry.__name__]["properties"]
    return {name: properties[name] for name in ENVELOPE}


def _enveloped(
    body: Schema, head: dict[str, Schema], name: str, event: type[Event]
) -> dict[str, Any]:
    own = {"type": {"const": name}, "v": {"const": event.VERSION}}
    return body | {
        "properties": {**head, **own, **body["properties"]},
        "required": [*ENVELOPE, *body["required"]],
    }


def _as_draft_7(schema: Any) -> Any:
    """Return the schema with arrays of fixed places in the words of draft 7, section 6.4."""
    if isinstance(schema, list):
        return [_as_draft_7(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    told = {name: _as_draft_7(part) for name, part in schema.items()}
    if "prefixItems" in told:
        told["items"] = told.pop("prefixItems")
        told["additionalItems"] = False
    return told
