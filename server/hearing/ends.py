"""Until when microphones that have gone were heard, for those that come back."""

import math
from collections import OrderedDict
from collections.abc import Set
from dataclasses import dataclass

from server import consent
from server.session import Session

REMEMBERED_ENDS = 64
"""Microphones that have gone and whose gap is kept if they come back: seats, and some devices."""
UNDERSTOOD_S = 60.0
"""What was said so long before the newest entry of the journal would have its words there."""


@dataclass(frozen=True, slots=True)
class End:
    """Until when a microphone was heard; ``may_fill``: what came since may be sent again."""

    end_s: float
    may_fill: bool


class Ends:
    """The ends of one room's microphones, by the names of their tracks; bounded."""

    def __init__(self) -> None:
        self._ends: OrderedDict[str, End] = OrderedDict()

    def get(self, name: str) -> float | None:
        """Return until when a microphone was heard."""
        end = self._ends.get(name)
        return end.end_s if end is not None else None

    def keep(self, name: str, end_s: float) -> None:
        """Remember a microphone that was held in vain, or replaced."""
        self._ends[name] = End(end_s, may_fill=False)
        while len(self._ends) > REMEMBERED_ENDS:
            self._ends.popitem(last=False)

    def take(self, name: str) -> End | None:
        """Return and forget the end of a microphone that has come back."""
        return self._ends.pop(name, None)

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
            if name not in session.muted and consent.is_given(session, name):
                self._ends[name] = End(max(end_s, self.get(name) or 0.0), may_fill=True)
