"""Events as Redis keeps them: a head in JSON and the body as it is, both fields of a stream."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from server.entries import Draft, Entry, decode_body, encode_body
from server.errors import JournalUnavailable
from server.events import Erased, SessionClosed

Head: TypeAlias = tuple[float, float, str, int, str, str | None]
"""at, wall, by, v, type, cmd; JSON keeps every digit of a float."""

TOKEN_MS = 60_000
"""How long Redis remembers an append without a command: well beyond every attempt to repeat it."""

_HEADS = msgspec.json.Decoder(Head)
_ENCODER = msgspec.json.Encoder()
_PAGES = msgspec.msgpack.Decoder(list[tuple[str, tuple[str, str, str, str]]])


@dataclass(frozen=True, slots=True)
class Kept:
    """One event as it lies in the stream."""

    seq: int
    head: str
    body: str

    def entry(self) -> Entry:
        at, wall, by, version, kind, cmd = _HEADS.decode(self.head)
        event = decode_body(kind, version, self.body.encode())
        return Entry(
            seq=self.seq, at=at, wall=wall, by=by, v=version, type=kind, cmd=cmd, event=event
        )


@dataclass(frozen=True, slots=True)
class Append:
    """What a script needs to know to append drafts; each has a token that knows it again."""

    id: str
    news: str
    drafts: Sequence[Draft]
    expect: int | None = None
    epoch: int | None = None
    holder: str = ""
    is_replicated: bool = False
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    def arguments(self) -> list[str | bytes | int]:
        """Return ARGV of ``appending.lua``."""
        first, last = self.drafts[0], self.drafts[-1]
        events = [d.event for d in self.drafts]
        is_erasing = any(isinstance(event, Erased) and event.seat is None for event in events)
        return [
            *(self.id, self.news, self.token, TOKEN_MS),
            *(int(first.cmd is not None), first.cmd or ""),
            *("" if number is None else number for number in (self.expect, self.epoch)),
            self.holder,
            int(any(isinstance(event, SessionClosed) for event in events)),
            int(is_erasing),
            *(repr(float(first.wall)), repr(float(last.wall))),
            int(self.is_replicated),
            *(part for one in self.drafts for part in (_head_of(one), encode_body(one.event))),
        ]


@contextmanager
def undamaged() -> Iterator[None]:
    """Tell that what Redis has is none of this journal's.

    Raises:
        JournalUnavailable: something in the block cannot be decoded.
    """
    try:
        yield
    except msgspec.MsgspecError as error:
        raise JournalUnavailable(
            "The record in Redis is damaged; restore it from a backup."
        ) from error


def unpacked(page: bytes) -> list[Kept]:
    """Return the events that ``read.lua`` packed."""
    return [kept_of(line) for line in _PAGES.decode(page)]


def kept_of(line: tuple[str, tuple[str, str, str, str]]) -> Kept:
    """Return an event of a stream: its id, and names and values of its fields."""
    id, (_, head, _, body) = line
    return Kept(int(id.partition("-")[0]), head, body)


def head_of(entry: Entry) -> bytes:
    """Return the head of an entry that moves in from elsewhere."""
    return _ENCODER.encode((entry.at, entry.wall, entry.by, entry.body_v, entry.type, entry.cmd))


def with_version(head: str, version: int) -> bytes:
    """Return the head of an event whose body is replaced by one of ``version``."""
    at, wall, by, _, kind, cmd = _HEADS.decode(head)
    return _ENCODER.encode((at, wall, by, version, kind, cmd))


def kind_of(head: str) -> tuple[str, int]:
    """Return type and version."""
    _, _, _, version, kind, _ = _HEADS.decode(head)
    return kind, version


def _head_of(draft: Draft) -> bytes:
    event = draft.event
    return _ENCODER.encode((draft.at, draft.wall, draft.by, event.VERSION, event.type(), draft.cmd))
