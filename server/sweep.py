"""What nobody else deletes: sound of sessions that ended, expired or were erased elsewhere."""

import logging
import time
from collections.abc import Mapping

from server import desk
from server.errors import ClientError
from server.journal.protocol import Journal, Listing
from server.session import Session
from server.store.deletion import enforce
from server.store.protocol import MediaStore
from server.store.retention import DAY_S, Retention, retention

log = logging.getLogger(__name__)

UNKNOWN_FOR_S = DAY_S
"""Sound of a session that the journal does not know goes after so long, and not at once: the
settings may name another journal by mistake."""


class Sweep:
    """Looks after everything in one store, whoever has put it there."""

    def __init__(self, store: MediaStore, journal: Journal) -> None:
        self._store = store
        self._journal = journal
        self._allowed: dict[str, tuple[int, Retention]] = {}
        """Session → the last seq that was folded, and what it allowed."""
        self._unknown: set[str] = set()

    async def run(self, held: Mapping[str, Session | None]) -> None:
        """Delete what may not stay any more; what cannot be judged now stays.

        Args:
            held: sessions that this process holds; None: it is not done with the sound.

        Raises:
            ClientError: the store fails.
        """
        found = await self._store.sessions()
        self._allowed = {one: self._allowed[one] for one in found if one in self._allowed}
        self._unknown.intersection_update(found)
        for session in found:
            try:
                await self._look(session, held)
            except ClientError as error:
                log.warning("sound of %s is not looked after: %s", session, error.code)
            except Exception:
                log.exception("sound of %s is not looked after", session)

    async def _look(self, session: str, held: Mapping[str, Session | None]) -> None:
        if session in held:
            state = held[session]
            if state is not None:
                await enforce(self._store, session, retention(state))
            return
        allowed = await self._judge(session)
        if allowed is None:
            await self._doubt(session)
        else:
            await enforce(self._store, session, allowed)

    async def _judge(self, session: str) -> Retention | None:
        """Return what the journal allows; None: it does not know the session."""
        for info in await self._journal.sessions(Listing(session=session)):
            seq, allowed = self._allowed.get(session, (0, None))
            if allowed is None or seq != info.last_seq:
                state, _ = await desk.read(self._journal, session)
                allowed = retention(state)
                self._allowed[session] = state.seq, allowed
            return allowed
        return None

    async def _doubt(self, session: str) -> None:
        written_at = await self._store.written_at(session)
        if written_at is not None and time.time() - written_at < UNKNOWN_FOR_S:
            if session not in self._unknown:
                self._unknown.add(session)
                log.warning(
                    "there is sound of a session that the journal does not know (%s): look at "
                    "DAEDAM_JOURNAL and DAEDAM_DATA; it is deleted a day after it was recorded",
                    session,
                )
            return
        log.warning("sound of a session that the journal does not know is deleted: %s", session)
        await self._store.delete(session)
