"""Until when microphones that have gone were heard, for those that come back."""

import math
from collections import OrderedDict
from collections.abc import Set
from dataclasses import dataclass

from server import consent
from server.entrance.resumes import ROOM
from server.events import Gap
from server.hearing.patch import MAX_FILLED_S
from server.session import Session

REMEMBERED_ENDS = 64
"""Microphones that have gone and whose gap is kept if they come back: seats, and some devices."""
UNDERSTOOD_S = 60.0
"""What was said so long before the newest entry of the journal would have its words there."""


@dataclass(frozen=True, slots=True)
class End:
    """Until when a microphone was heard.

    Attributes:
        may_fill: what came since may be sent again.
        is_lost: nobody said goodbye.
        link: whose it was; None: nobody known.
    """

    end_s: float
    may_fill: bool = False
    is_lost: bool = True
    link: str | None = None

    def is_missed(self, link: str | None, *, goes_on: bool) -> bool:
        """Whether what was not heard since then is missing, now that somebody comes.

        Args:
            link: whose microphone comes; another person's was not there to be heard.
            goes_on: its page has shown that it is the same.
        """
        return goes_on or (self.is_lost and self.link in (None, link))


class Ends:
    """The ends of one room's microphones, by the names of their tracks; bounded."""

    def __init__(self) -> None:
        self._ends: OrderedDict[str, End] = OrderedDict()

    def get(self, name: str) -> float | None:
        """Return until when a microphone was heard."""
        end = self._ends.get(name)
        return end.end_s if end is not None else None

    def keep(self, name: str, end: End) -> None:
        """Remember a microphone that was held in vain, or replaced."""
        self._ends[name] = end
        while len(self._ends) > REMEMBERED_ENDS:
            self._ends.popitem(last=False)

    def take(self, name: str) -> End | None:
        """Return and forget the end of a microphone that has come back."""
        return self._ends.pop(name, None)

    def gaps(self, session: Session, now_s: float) -> list[Gap]:
        """Return what is missing until now of those that were lost and never came back."""
        return [
            Gap(track=name, start=round(end.end_s, 3), end=round(now_s, 3), reason="no_packets")
            for name, end in self._ends.items()
            if end.is_lost and now_s - end.end_s > MAX_FILLED_S and _is_heard(session, name)
        ]

    def recall(self, session: Session, connections: Set[str]) -> None:
        """Know the own microphones that another process heard.

        Of those that came over ``connections``, which it still had, the journal has words and
        nothing else: what came after the last ones is missing, or, before the first ones, what
        came since they connected. Those that had left it has taken leave of.
        """
        begins: dict[str, float] = {}
        for connection in connections:
            if (seat := session.present[connection].seat) is not None:
                # Of what came late, after a loss before that, there may be no words either.
                since_s = min(session.entered[connection], session.heard.get(seat, math.inf))
                begins[seat] = min(since_s, begins.get(seat, since_s))
        wordless_s = session.at - UNDERSTOOD_S
        lost = {seat: max(since_s, wordless_s) for seat, since_s in begins.items()}
        for spoken in session.spoken:
            if spoken.track in lost:
                lost[spoken.track] = max(spoken.end, lost[spoken.track])
        for name, end_s in (session.heard | lost).items():
            if _is_heard(session, name):
                is_lost = name in lost or name not in session.goodbyes
                end_s = max(end_s, self.get(name) or 0.0)
                self._ends[name] = End(end_s, may_fill=True, is_lost=is_lost)


def _is_heard(session: Session, name: str) -> bool:
    speaker = None if name.startswith(ROOM) else name
    return name not in session.muted and consent.is_given(session, speaker)
