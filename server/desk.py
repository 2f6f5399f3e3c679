"""An operator's work on the journal itself: reading a record, ending and erasing sessions."""

import contextlib
import secrets
import time
from collections.abc import AsyncIterator

from server.clock import anchor
from server.entries import Draft, Entry
from server.erasure import erasure
from server.errors import ClientError, ErrorCode, JournalUnavailable, UnknownSession
from server.events import OPERATOR, Erased, SessionClosed
from server.journal.protocol import Conflict, Fenced, Held, Journal
from server.session import Session, fold
from server.store.deletion import enforce, forget
from server.store.protocol import MediaStore
from server.store.retention import retention

PAGE = 1000
LEASE_S = 60.0
"""Longer than ending or erasing takes."""


async def read(journal: Journal, session: str) -> tuple[Session, list[Entry]]:
    """Return a session's fold and its whole journal.

    Raises:
        UnknownSession: there is none.
    """
    entries: list[Entry] = []
    while page := await journal.read(session, entries[-1].seq if entries else 0, PAGE):
        entries += page
    if not entries:
        raise UnknownSession
    return fold(session, entries), entries


async def end(journal: Journal, session: str, holder: str) -> None:
    """End a session that no server holds; one that has ended stays as it is.

    Args:
        journal: where it is.
        session: its id.
        holder: whoever ends it: holds the session for the moment.

    Raises:
        UnknownSession: there is none.
        ClientError: ``session_live``: a server holds it, and what is in work there is part of it.
    """
    state, _ = await read(journal, session)
    if state.is_over:
        return
    try:
        async with _held(journal, session, holder) as epoch:
            while not state.is_over:
                wall = time.time()
                at = anchor(state.created_wall, state.at, wall)
                draft = Draft(at=at, wall=wall, by=OPERATOR, event=SessionClosed())
                try:
                    await journal.append(session, [draft], expect=state.seq, epoch=epoch)
                    return
                except Conflict:
                    # A person's word came in between; any server takes those.
                    state, _ = await read(journal, session)
    except (Held, Fenced):
        raise ClientError(
            ErrorCode.SESSION_LIVE,
            "A running server looks after this interview: end it in its room, or with daedam end "
            f"beside that server. If it has died, try again in {journal.lease_s:.0f} seconds.",
            status=409,
        ) from None


async def settle_sound(journal: Journal, store: MediaStore, session: str) -> None:
    """Delete the sound that may not stay after the end.

    Raises:
        UnknownSession: there is none.
        StoreUnavailable: some of it may still be there.
    """
    state, _ = await read(journal, session)
    await enforce(store, session, lambda: retention(state))


async def erase(journal: Journal, store: MediaStore, session: str, seat: str | None) -> Erased:
    """Blank what is about one person, or everything, delete its sound; return the receipt.

    Raises:
        UnknownSession: there is none.
        StoreUnavailable: the words are gone, sound that is kept here may not be.
        ClientError: ``session_live``, ``unknown_seat``; last words are still being written.
    """
    state, entries = await read(journal, session)
    bodies, receipt = erasure(state, entries, seat)
    draft = Draft(at=state.at, wall=time.time(), by=OPERATOR, event=receipt)
    try:
        # Whoever held the session until now cannot write its last words back.
        async with _held(journal, session, f"eraser-{secrets.token_hex(4)}"):
            await journal.redact(session, bodies, draft)
    except Held:
        raise JournalUnavailable(
            "The last words of this interview are still being written; try again in "
            f"{journal.lease_s:.0f} seconds."
        ) from None
    if seat is None:
        await store.delete(session)
    else:
        await forget(store, session, seat)
    return receipt


@contextlib.asynccontextmanager
async def _held(journal: Journal, session: str, holder: str) -> AsyncIterator[int]:
    """Hold a session for a moment and give its epoch.

    Raises:
        Held: somebody else holds it.
    """
    epoch = await journal.claim(session, holder, LEASE_S)
    try:
        yield epoch
    finally:
        with contextlib.suppress(Held, ClientError):
            await journal.claim(session, holder, 0)
