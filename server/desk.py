"""An operator's work on the journal itself: reading a record, ending and erasing sessions."""

import time

from server import decisions
from server.clock import anchor
from server.entries import Draft, Entry
from server.errors import UnknownSession
from server.events import OPERATOR, Erased, SessionClosed
from server.journal.protocol import Journal
from server.session import Session, fold

PAGE = 1000


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


async def end(journal: Journal, session: str) -> None:
    """End a session that no server holds; one that has ended stays as it is.

    Raises:
        UnknownSession: there is none.
    """
    state, _ = await read(journal, session)
    if not state.is_over:
        wall = time.time()
        at = anchor(state.created_wall, state.at, wall)
        draft = Draft(at=at, wall=wall, by=OPERATOR, event=SessionClosed())
        await journal.append(session, [draft], expect=state.seq)


async def erase(journal: Journal, session: str, seat: str | None) -> Erased:
    """Blank what is about one person, or everything; return the receipt.

    Raises:
        UnknownSession: there is none.
        ClientError: ``session_live``, ``unknown_seat``.
    """
    state, entries = await read(journal, session)
    bodies, receipt = decisions.erasure(state, entries, seat)
    draft = Draft(at=state.at, wall=time.time(), by=OPERATOR, event=receipt)
    await journal.redact(session, bodies, draft)
    return receipt
