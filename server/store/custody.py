"""The sound of one session where it is held: recorded with consent, deleted without."""

import logging

from server.errors import ClientError
from server.session import Session
from server.store.deletion import enforce, forget
from server.store.protocol import MediaStore, Recorder
from server.store.retention import retention
from server.tasks import Tasks

log = logging.getLogger(__name__)


class Custody:
    """The holder's part of a session's sound.

    What cannot be deleted now is tried again by the sweep of this process.
    """

    def __init__(self, session: Session, store: MediaStore) -> None:
        """Begin with a fold that goes on.

        Args:
            session: as it is now; what it says later, ``follow`` carries out.
            store: where sound is kept.
        """
        self._session = session
        self._store = store
        self._seen = len(session.agreed)
        self._tasks = Tasks(f"sound of {session.id}")

    def record(self, track: str) -> Recorder | None:
        """Begin to keep a microphone that may be heard; None: it must not be kept."""
        if self._session.config.consent == "external":
            return None
        return self._store.record(self._session.id, track)

    def follow(self) -> None:
        """Delete what somebody has withdrawn consent to; microphones have been stopped before."""
        news = self._session.agreed[self._seen :]
        self._seen += len(news)
        for seat in {agreed.seat for agreed in news if not agreed.is_given}:
            self._tasks.start(self._forget(seat), "forget")

    async def settle(self) -> None:
        """The session has ended and its last words are written down; never raises."""
        try:
            count = await enforce(self._store, self._session.id, lambda: retention(self._session))
        except ClientError as error:
            log.error("the sound of %s is not deleted yet: %s", self._session.id, error.code)
        else:
            log.info("session %s: %d tracks of sound stay", self._session.id, count)

    async def close(self) -> None:
        """Finish what has begun, or leave it to the sweep."""
        await self._tasks.wait(1.0)
        await self._tasks.close()

    async def _forget(self, seat: str) -> None:
        try:
            await forget(self._store, self._session.id, seat)
        except ClientError as error:
            log.error("sound in %s is not deleted yet: %s", self._session.id, error.code)
