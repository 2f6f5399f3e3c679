"""A whole session on its way out of one journal into another."""

from collections.abc import Sequence
from dataclasses import dataclass

from server.entries import Entry
from server.events import Erased, SessionClosed


@dataclass(frozen=True, slots=True)
class Summary:
    """What the list of sessions has to know of one; walls are Unix seconds."""

    last_seq: int
    created_wall: float
    last_wall: float
    is_closed: bool
    is_erased: bool


def summary_of(entries: Sequence[Entry]) -> Summary:
    """Return what a whole session comes to.

    Raises:
        ValueError: the numbers are not 1, 2, 3, ….
    """
    if not entries:
        raise ValueError("a session has at least one event")
    for expected, entry in enumerate(entries, 1):
        if entry.seq != expected:
            raise ValueError(f"event {entry.seq} stands where {expected} belongs")
    return Summary(
        last_seq=len(entries),
        created_wall=entries[0].wall,
        last_wall=entries[-1].wall,
        # By the type, because the close of an erased session is blank.
        is_closed=any(entry.type == SessionClosed.type() for entry in entries),
        is_erased=any(isinstance(e.event, Erased) and e.event.seat is None for e in entries),
    )
