"""Events on their way into the journal and out of it: numbered, versioned, as JSON.

When the shape of an event changes, its version grows and ``LIFTS`` gains a pure function from the
old body to the new one, so that every journal ever written still folds.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from server.events import CATALOGUE, Blank, Event, Unknown

LIFTS: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(type, version) → function from a body of that version to one of the next."""

_ENCODER = msgspec.json.Encoder()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """An event decided on and not yet numbered."""

    at: float
    wall: float
    by: str
    event: Event
    cmd: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered event as the journal gives it back."""

    seq: int
    at: float
    wall: float
    by: str
    v: int
    type: str
    cmd: str | None
    event: Event

    def to_wire(self) -> bytes:
        """Return the flat JSON object that subscribers and exports get: envelope plus body.

        A lifted body goes out as today's version.
        """
        is_kept = isinstance(self.event, (Blank, Unknown))
        head = _ENCODER.encode(
            {
                "type": self.type,
                "seq": self.seq,
                "at": round(self.at, 3),
                "wall": round(self.wall, 3),
                "by": self.by,
                "v": self.v if is_kept else self.event.VERSION,
                "cmd": self.cmd,
            }
        )
        body = encode_body(self.event)
        return head if body == b"{}" else head[:-1] + b"," + body[1:]


def encode_body(event: Event) -> bytes:
    """Return the event's body as JSON; unknown bodies come out as they went in."""
    if isinstance(event, Unknown):
        return bytes(event.body)
    if isinstance(event, Blank):
        return b'{"erased":true}'
    return _ENCODER.encode(event)


def decode_body(kind: str, version: int, body: bytes) -> Event:
    """Return the event of a stored body, lifted to today's version.

    Args:
        kind: the stored type.
        version: the stored version.
        body: JSON, possibly padded with spaces; only spaces mean the body was erased.

    Raises:
        msgspec.ValidationError: the body does not have the shape its version promises.
    """
    stripped = body.strip()
    if not stripped or stripped == b'{"erased":true}':
        return Blank()
    event = CATALOGUE.get(kind)
    if event is None or version > event.VERSION:
        return Unknown(body=msgspec.Raw(stripped))
    if version == event.VERSION:
        return msgspec.json.decode(stripped, type=event)
    lifted = msgspec.json.decode(stripped)
    for step in range(version, event.VERSION):
        lifted = LIFTS[(kind, step)](lifted)
    return msgspec.convert(lifted, type=event)
