"""Whose voice is whose: from what machines and people said to the seat of every voice."""

from collections.abc import Set
from dataclasses import dataclass, field

from server.rulings import Claim, ruling


@dataclass(slots=True)
class Naming:
    """The voices of a session.

    Attributes:
        voices: every voice that was ever assigned or merged → its seat now.
        merged: voices that were another one all along → which.
    """

    voices: dict[str, str | None] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    _seats: dict[str, list[Claim[str | None]]] = field(default_factory=dict)
    _merges: dict[str, list[Claim[str]]] = field(default_factory=dict)

    def assign(self, voice: str, claim: Claim[str | None]) -> None:
        """Take a seat for a voice; ``settle`` follows."""
        self._seats.setdefault(voice, []).append(claim)

    def merge(self, voice: str, claim: Claim[str]) -> None:
        """Take that ``voice`` was the one in ``claim``; ``settle`` follows."""
        self._merges.setdefault(voice, []).append(claim)

    def root(self, voice: str) -> str:
        """Return which voice that is after all merging."""
        return self.merged.get(voice, voice)

    def named(self, voice: str, retracted: Set[int]) -> Claim[str | None] | None:
        """Return which word on the seat of ``voice`` counts."""
        return ruling(self._seats.get(voice, ()), retracted)

    def settle(self, retracted: Set[int]) -> None:
        """Find out who is who now."""
        self.merged = self._settle_merges(retracted)
        seats: dict[str, str | None] = {}
        for voice in self._seats:
            claim = self.named(voice, retracted)
            seats[voice] = claim.value if claim is not None else None
        for voice, into in self.merged.items():
            seats[voice] = seats.get(into)
        self.voices = seats

    def _settle_merges(self, retracted: Set[int]) -> dict[str, str]:
        counting = [
            (claim, voice)
            for voice, claims in self._merges.items()
            if (claim := ruling(claims, retracted)) is not None
        ]
        into: dict[str, str] = {}
        for claim, voice in sorted(counting, key=lambda one: one[0].seq):
            # Two voices cannot each have been the other: what would close a ring is passed over.
            if _end(into, claim.value) != voice:
                into[voice] = claim.value
        return {voice: _end(into, voice) for voice in into}


def _end(into: dict[str, str], voice: str) -> str:
    while voice in into:
        voice = into[voice]
    return voice
