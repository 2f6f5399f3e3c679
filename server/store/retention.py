"""Whose sound may stay, and until when: a pure function of the session."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from server.events import SEATS
from server.session import Life, Session

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Retention:
    """What may stay of a session's sound.

    Attributes:
        seats: whose own microphones may, until which Unix second.
        room_until_wall: the Unix second until which room microphones may.
    """

    seats: Mapping[str, float] = field(default_factory=dict)
    room_until_wall: float = -math.inf

    @property
    def until_walls(self) -> tuple[float, ...]:
        """The Unix seconds at which something may stay no longer."""
        return *self.seats.values(), self.room_until_wall

    def keeps(self, track: str, wall: float) -> bool:
        """Return whether a track may stay at the Unix second ``wall``."""
        own = self.seats.get(track, -math.inf)
        return wall < (own if is_own(track) else self.room_until_wall)


NOTHING = Retention()


def is_own(track: str) -> bool:
    """Return whether a track is somebody's own microphone; else it is the room's."""
    return track in SEATS


def retention(session: Session) -> Retention:
    """Return what may stay of a session as it is now.

    While it lives everything that may be heard may stay. After its end a voice stays as long as
    its owner was told when they agreed, whatever the settings say today; but not of who ever
    withdrew: what was recorded before may still be there, and nothing tells it apart. A room
    microphone heard everybody, so everybody who may have been there must have agreed to that:
    who consented, who joined, whose microphone is the room's. Nobody may ever have withdrawn or
    been erased.

    Args:
        session: the fold of its whole journal.
    """
    if session.config.consent == "external":
        return NOTHING  # Nobody has said here that their voice may be kept.
    if session.life is Life.LIVE:
        room_until = math.inf if session.is_room_confirmed else -math.inf
        return Retention(dict.fromkeys(session.consents, math.inf), room_until)
    if session.life is Life.ERASED or session.closed_wall is None:
        return NOTHING
    closed = session.closed_wall
    withdrew = {agreed.seat for agreed in session.agreed if not agreed.is_given}
    until = {
        seat: closed + days * DAY_S for seat, days in session.keeps.items() if seat not in withdrew
    }
    is_whole = not withdrew and session.erased_events == 0
    if until and is_whole and _everybody(session) <= until.keys():
        return Retention(until, min(until.values()))
    return Retention(until)


def _everybody(session: Session) -> set[str]:
    """Return the seats of all whom a room microphone may have heard."""
    consented = {agreed.seat for agreed in session.agreed if agreed.is_given}
    shared = {place.seat for place in session.config.seats if place.microphone == "room"}
    return consented | session.came | shared
