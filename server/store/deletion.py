"""Sound goes when nothing says that it may stay."""

import time
from collections.abc import Callable

from server.store.protocol import MediaStore
from server.store.retention import Retention, is_own


async def enforce(store: MediaStore, session: str, allowed: Callable[[], Retention]) -> int:
    """Delete whatever may not stay now; return how many tracks stay.

    Args:
        store: where sound is kept.
        session: whose.
        allowed: what may stay; asked right before each deletion, because people consent meanwhile.

    Raises:
        StoreUnavailable: some of it may still be there.
    """
    if max(allowed().until_walls) <= time.time():
        await store.delete(session)  # And what no track can be told of.
        return 0
    count = 0
    for track in await store.tracks(session):
        if allowed().keeps(track, time.time()):
            count += 1
        else:
            await store.delete(session, track)
    return count


async def forget(store: MediaStore, session: str, seat: str) -> None:
    """Delete the own microphone of ``seat``, and every room microphone: they heard it, too.

    The own one first and unseen: whoever consents again while the disk is looked through begins
    a new recording, which stays.

    Raises:
        StoreUnavailable: some of it may still be there.
    """
    await store.delete(session, seat)
    for track in await store.tracks(session):
        if not is_own(track):
            await store.delete(session, track)
