"""Tells everybody how the people in the seats of a room are connected, where it is held."""

import asyncio
import logging
import time
from collections.abc import Callable

from server.attendance import Attendance
from server.ledger import Ledger
from server.liveness import Liveness, SeatWatch
from server.messages import Presence, Signal
from server.tasks import Tasks

log = logging.getLogger(__name__)

LOOK_S = 0.5
LATE_S = 1.0
"""A look that comes so late found this process stuck: what was sent meanwhile is read first."""


class PresenceWatch:
    """Looks at everybody's signs of life, as long as somebody is connected or awaited.

    Peers say when they were heard; who is connected otherwise, here or to another process, counts
    as being there, unless they have a peer too.
    """

    def __init__(
        self,
        ledger: Ledger,
        attendance: Attendance,
        whisper: Callable[[Signal], None],
        hold_s: float,
    ) -> None:
        """Prepare.

        Args:
            ledger: knows who is connected to others.
            attendance: knows who is connected to this one.
            whisper: passes signals on to everybody; must not block.
            hold_s: how long a seat is kept for its person.
        """
        self._ledger = ledger
        self._attendance = attendance
        self._whisper = whisper
        self._hold_s = hold_s
        self._watches: dict[str, SeatWatch] = {}
        self._tasks = Tasks("presence")
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_looking(self) -> bool:
        """Whether anybody is looked after."""
        return self._looking is not None and not self._looking.done()

    def follow(self) -> None:
        """Look after the people from now on, until nobody is left; idempotent."""
        if not self.is_looking:
            self._looking = self._tasks.spawn(self._look_on(), "look")

    def stop(self) -> None:
        """Somebody else looks after them, or nobody need; ``follow`` begins anew."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._watches.clear()

    async def close(self) -> None:
        """Stop, and wait until nothing runs."""
        self.stop()
        await self._tasks.close()

    def look(self, now: float) -> bool:
        """Tell what is to be told now (``time.monotonic()``); return whether anybody is left."""
        connected = self._heard(now)
        for seat, heard in connected.items():
            watch = self._watches.setdefault(seat, SeatWatch(seat, heard, self._hold_s))
            watch.heard(heard)
        for seat, watch in list(self._watches.items()):
            if seat not in connected:
                # Since the last look their connection may have said something, or goodbye.
                watch.lost(self._attendance.heard_of(seat))
            if (state := watch.look(now)) is not None:
                left_s = round(watch.left_s(now), 1)
                self._whisper(Presence(track=seat, state=state.value, left_s=left_s))
            if state is Liveness.GONE:
                del self._watches[seat]
        return bool(self._watches)

    async def _look_on(self) -> None:
        looked = time.monotonic()
        while True:
            now = time.monotonic()
            is_late, looked = now - looked > LOOK_S + LATE_S, now
            try:
                if not is_late and not self.look(now):
                    return
            except Exception:
                log.exception("nobody can tell how people are connected")
            await asyncio.sleep(LOOK_S)

    def _heard(self, now: float) -> dict[str, float]:
        """Return by seat when those who are connected were heard of last."""
        judged: dict[str, float] = {}
        others: dict[str, float] = {}
        for connection in self._attendance.connections.values():
            seat, heard_at = connection.principal.seat, connection.door.heard_at
            if seat is None:
                continue
            if heard_at is None:
                others[seat] = now
            else:
                judged[seat] = max(heard_at, judged.get(seat, heard_at))
        for name, joined in self._ledger.session.present.items():
            if joined.seat is not None and not self._attendance.is_here(name):
                others[joined.seat] = now
        return others | judged
