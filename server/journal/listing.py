"""The list of sessions: what a first event says about one, and whether a search finds it."""

import unicodedata

import msgspec

from server.entries import decode_body
from server.events import SessionCreated
from server.journal.protocol import Listing, SeatName, SessionInfo


def told_by(first: tuple[str, int, bytes] | None, info: SessionInfo) -> SessionInfo:
    """Return ``info`` with what the session's first event says.

    Args:
        first: its type, version and body as they are stored; None: it is not there.
        info: what is known without it.
    """
    try:
        event = decode_body(*first) if first is not None else None
    except msgspec.MsgspecError:
        # One damaged record must not hide all the others; whoever opens it is told.
        event = None
    if not isinstance(event, SessionCreated):
        return info
    return SessionInfo(
        info.session,
        info.last_seq,
        info.created_wall,
        info.last_wall,
        info.is_closed,
        info.is_erased,
        title=event.config.title,
        job=event.config.job,
        seats=tuple(SeatName(place.seat, place.name or None) for place in event.config.seats),
    )


class Page:
    """Collects one page of a listing from sessions that come newest first."""

    def __init__(self, wanted: Listing) -> None:
        self._words = _folded(wanted.search).split()
        self._limit = wanted.limit
        self.found: list[SessionInfo] = []
        self.is_full = False

    def add(self, info: SessionInfo) -> None:
        """Take the next session, if it was searched for and the page has room."""
        if self.is_full or not _holds(info, self._words):
            return
        is_long_enough = self._limit is not None and len(self.found) >= self._limit
        if is_long_enough and info.created_wall != self.found[-1].created_wall:
            self.is_full = True
        else:
            self.found.append(info)


def _holds(info: SessionInfo, words: list[str]) -> bool:
    if not words:
        return True
    names = [f"{place.seat} {place.name or ''}" for place in info.seats]
    text = _folded("\n".join([info.session, info.title, info.job, *names]))
    return all(word in text for word in words)


def _folded(text: str) -> str:
    """Return the text as it is compared: some systems type Hangul as separate letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
