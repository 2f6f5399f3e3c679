"""What nobody else deletes: sound of sessions that ended, expired or were erased elsewhere."""

import logging
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from server import desk
from server.errors import ClientError
from server.journal.protocol import Journal, Listing
from server.session import Life, Session
from server.store.deletion import enforce
from server.store.protocol import MediaStore
from server.store.retention import DAY_S, Retention, retention
from server.store.voices import VoiceFiles

log = logging.getLogger(__name__)

UNKNOWN_FOR_S = DAY_S
"""Sound of a session that the journal does not know goes after so long, and not at once: the
settings may name another journal by mistake."""
VOICES_S = 540.0
"""So long after a session's end its sound and voices may still be needed, by whoever holds it; with
a look every minute nothing is known of the voices ten minutes after it."""
AGAIN_S = 3600.0
"""After so long a folder is looked into though nothing has happened, whoever has put what there
meanwhile; a look at every folder every minute would cost more than it finds."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What may stay of a session that nobody holds here.

    Attributes:
        seq: the last one that was folded.
        allowed: what the session allowed then.
        free_wall: the Unix second from which nobody may be at its final pass any more.
        due_wall: the Unix second at which to look into its folder again.
    """

    seq: int
    allowed: Retention
    free_wall: float = -math.inf
    due_wall: float = -math.inf


class Sweep:
    """Looks after everything in one store, whoever has put it there."""

    def __init__(
        self,
        store: MediaStore,
        journal: Journal,
        voices: VoiceFiles | None = None,
        *,
        is_shared: bool = False,
    ) -> None:
        """Nothing is looked at yet.

        Args:
            store: has the sound.
            journal: says what may stay of it.
            voices: what is kept of voices beside the sound.
            is_shared: whether other processes hold sessions of that journal.
        """
        self._is_shared = is_shared
        self._store = store
        self._journal = journal
        self._voices = voices
        self._judged: dict[str, Judged] = {}
        self._unknown: set[str] = set()

    async def run(self, held: Mapping[str, Session | None]) -> None:
        """Delete what may not stay any more; what cannot be judged now stays.

        Args:
            held: sessions that this process holds; None: it is not done with the sound.

        Raises:
            ClientError: the store fails.
        """
        if self._voices is not None:
            await self._forget_voices(self._voices, held)
        found = await self._store.sessions()
        self._judged = {one: self._judged[one] for one in found if one in self._judged}
        self._unknown.intersection_update(found)
        for session in found:
            try:
                await self._look(session, held)
            except ClientError as error:
                log.warning("sound of %s is not looked after: %s", session, error.code)
            except Exception:
                log.exception("sound of %s is not looked after", session)

    async def _forget_voices(self, files: VoiceFiles, held: Mapping[str, Session | None]) -> None:
        """Delete the voices of sessions that ended, or of which nobody knows."""
        kept = await files.sessions()
        needed = {one for one, state in held.items() if state is None or not state.is_over}
        for session in kept.keys() - needed:
            try:
                if await self._is_done(session, kept[session]):
                    await files.delete(session)
                    log.warning("voices of a session that nobody needs are deleted: %s", session)
            except ClientError as error:
                log.warning("voices of %s are not looked after: %s", session, error.code)

    async def _is_done(self, session: str, written_wall: float) -> bool:
        over_wall = written_wall  # Of a session that the journal does not know.
        for info in await self._journal.sessions(Listing(session=session)):
            if info.is_erased:
                return True
            if not info.is_closed:
                return False
            state, _ = await desk.read(self._journal, session)
            over_wall = state.closed_wall or over_wall
        return time.time() - over_wall > VOICES_S

    async def _look(self, session: str, held: Mapping[str, Session | None]) -> None:
        if session in held:
            state = held[session]
            if state is not None:
                self._judged.pop(session, None)
                await enforce(self._store, session, lambda: retention(state))
            return
        judged = await self._judge(session)
        if judged is None:
            await self._doubt(session)
            return
        wall = time.time()
        if wall >= max(judged.due_wall, judged.free_wall):
            await enforce(self._store, session, lambda: judged.allowed)
            later = [until for until in judged.allowed.until_walls if until > wall]
            due_wall = min(later + [wall + AGAIN_S])
            self._judged[session] = replace(judged, due_wall=due_wall)

    async def _judge(self, session: str) -> Judged | None:
        """Return what the journal allows; None: it does not know the session."""
        for info in await self._journal.sessions(Listing(session=session)):
            judged = self._judged.get(session)
            if judged is None or judged.seq != info.last_seq:
                state, _ = await desk.read(self._journal, session)
                free_wall = self._free_wall(state)
                judged = self._judged[session] = Judged(state.seq, retention(state), free_wall)
            return judged
        return None

    def _free_wall(self, state: Session) -> float:
        is_waiting = self._is_shared and state.life is Life.REVIEW and state.checked is None
        if not is_waiting or state.closed_wall is None:
            return -math.inf
        return state.closed_wall + VOICES_S

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
