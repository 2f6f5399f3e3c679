"""The pages of the list of sessions in Redis, each found in a sorted set however many there are."""

import msgspec

from server.journal.listing import Page, told_by
from server.journal.protocol import Listing, SessionInfo
from server.journal.redis.asking import Questions
from server.journal.redis.entries import kept_of, kind_of, undamaged
from server.journal.redis.keys import EVENTS, SESSIONS, chapter
from server.journal.redis.scripts import LISTING

LISTED_AT_ONCE = 64
"""Sessions read at a time: a usual page."""

_Field = str | bool
_PAGES = msgspec.msgpack.Decoder(
    list[tuple[str, _Field, _Field, _Field, _Field, _Field, bool | tuple[str, tuple[str, ...]]]]
)


async def listed(questions: Questions, wanted: Listing) -> list[SessionInfo]:
    """Return the sessions that are ``wanted``; see ``Journal.sessions``."""
    page = Page(wanted)
    before = wanted.before
    while not page.is_full:
        found = await _next(questions, wanted, before)
        for info in found:
            if wanted.before is None or info.created_wall < wanted.before:
                page.add(info)
        if wanted.session is not None or len(found) < LISTED_AT_ONCE:
            break
        before = found[-1].created_wall
    return page.found


async def _next(questions: Questions, wanted: Listing, before: float | None) -> list[SessionInfo]:
    packed = await questions.ask(
        LISTING,
        [chapter(wanted.state)],
        "+inf" if before is None else f"({before!r}",
        LISTED_AT_ONCE,
        SESSIONS,
        EVENTS,
        wanted.session or "",
    )
    with undamaged():
        return [_info(*line) for line in _PAGES.decode(packed)]


def _info(
    session: str,
    last_seq: _Field,
    created_wall: _Field,
    last_wall: _Field,
    is_closed: _Field,
    is_erased: _Field,
    first: bool | tuple[str, tuple[str, ...]],
) -> SessionInfo:
    info = SessionInfo(
        session,
        int(last_seq),
        float(created_wall),
        float(last_wall),
        is_closed == "1",
        is_erased == "1",
    )
    if isinstance(first, bool):
        return info
    id, (_, head, _, body) = first
    kept = kept_of((id, ("h", head, "b", body)))
    try:
        kind, version = kind_of(kept.head)
    except msgspec.MsgspecError:
        return info  # As with a damaged body: it must not hide all the others.
    return told_by((kind, version, kept.body.encode()), info)
