"""Sound goes when nothing says that it may stay."""

import time
from collections.abc import Set

from server.store.protocol import MediaStore
from server.store.retention import Retention, is_own


async def enforce(store: MediaStore, session: str, allowed: Retention) -> int:
    """Delete whatever may not stay now; return how many tracks stay.

    Raises:
        StoreUnavailable: some of it may still be there.
    """
    wall = time.time()
    tracks = await store.tracks(session)
    gone = [track for track in tracks if not allowed.keeps(track, wall)]
    if len(gone) == len(tracks):
        await store.delete(session)  # And what no track can be told of.
        return 0
    for track in gone:
        await store.delete(session, track)
    return len(tracks) - len(gone)


async def forget(store: MediaStore, session: str, seats: Set[str]) -> None:
    """Delete the own microphones of ``seats``, and every room microphone: they heard them, too.

    Raises:
        StoreUnavailable: some of it may still be there.
    """
    for track in await store.tracks(session):
        if track in seats or not is_own(track):
            await store.delete(session, track)
