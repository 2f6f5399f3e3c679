"""Events on their way into the journal and out of it: numbered, versioned, as JSON.

When the shape of an event changes, its version grows and ``LIFTS`` gains a pure function from the
old body to the new one, so that every journal ever written still folds.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

import msgspec

from server.events import CATALOGUE, Blank, Event, Unknown

LIFTS: Mapping[tuple[str, int], Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""(type, version) → function from a body of that version to one of the next."""

LAST_WALL = 253_402_300_800.0
"""Unix seconds of the year 10000, which no calendar here goes beyond."""

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

    @property
    def body_v(self) -> int:
        """The version of ``encode_body(event)``: a lifted body has become today's."""
        return self.v if isinstance(self.event, (Blank, Unknown)) else self.event.VERSION

    def to_wire(self) -> bytes:
        """Return the flat JSON object that subscribers and exports get: envelope plus body."""
        head = _Head(
            type=self.type,
            seq=self.seq,
            at=round(self.at, 3),
            wall=round(self.wall, 3),
            by=self.by,
            v=self.body_v,
            cmd=self.cmd,
        )
        body = encode_body(self.event)
        return head.around(body)

    @classmethod
    def from_wire(cls, line: bytes) -> Self:
        """Return the entry that ``to_wire`` gave; bodies nobody knows keep every byte.

        Raises:
            msgspec.MsgspecError: it is none.
        """
        head = msgspec.json.decode(line, type=_Head)
        event = decode_body(head.type, head.v, head.body_of(line))
        return cls(**msgspec.structs.asdict(head), event=event)


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope, in the order of the wire."""

    type: str
    seq: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    at: Annotated[float, msgspec.Meta(ge=0)]
    wall: Annotated[float, msgspec.Meta(ge=0, lt=LAST_WALL)]
    by: str
    v: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    cmd: str | None

    def around(self, body: bytes) -> bytes:
        """Return the flat object of this envelope and a body."""
        head = _ENCODER.encode(self)
        return head if body == b"{}" else head[:-1] + b"," + body[1:]

    def body_of(self, line: bytes) -> bytes:
        """Return the rest of the object that this envelope was read from."""
        line = line.strip()
        start = _ENCODER.encode(self)[:-1]
        if line.startswith(start + b","):
            return b"{" + line[len(start) + 1 :]
        # Written by another hand, in another order: each value at least stays as it is.
        values = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        for name in self.__struct_fields__:
            values.pop(name, None)
        return _ENCODER.encode(values)


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
    if event is not None and version == event.VERSION:
        return msgspec.json.decode(stripped, type=event)
    steps = range(version, event.VERSION) if event is not None else ()
    lifts = [LIFTS.get((kind, step)) for step in steps]
    if event is None or not lifts or None in lifts:
        return Unknown(body=msgspec.Raw(stripped))
    lifted = msgspec.json.decode(stripped)
    for lift in lifts:
        assert lift is not None
        lifted = lift(lifted)
    return msgspec.convert(lifted, type=event)
