"""Which of several words on one matter counts, and what was taken back."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from server.events import SYSTEM

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Claim(Generic[T]):
    """What event ``seq`` says about something."""

    seq: int
    by: str
    value: T

    @property
    def is_persons(self) -> bool:
        return self.by != SYSTEM


def ruling(claims: Sequence[Claim[T]], retracted: Set[int]) -> Claim[T] | None:
    """Return the claim that counts: a person's newest, else the machine's newest."""
    return newest(claims, retracted, is_persons=True) or newest(claims, retracted, is_persons=False)


def newest(claims: Sequence[Claim[T]], retracted: Set[int], *, is_persons: bool) -> Claim[T] | None:
    """Return the newest claim of people, or of machines."""
    for claim in reversed(claims):
        if claim.is_persons == is_persons and claim.seq not in retracted:
            return claim
    return None


@dataclass(slots=True)
class Retractions:
    """The events that never were, as long as their retractions stand.

    Attributes:
        retracted: their seqs; of retractions, too.
    """

    retracted: set[int] = field(default_factory=set)
    _by: dict[int, list[int]] = field(default_factory=dict)
    _of: dict[int, int] = field(default_factory=dict)

    def add(self, seq: int, of: int) -> int | None:
        """Take the retraction ``seq`` of event ``of``.

        Returns:
            The event, itself no retraction, that counts no more or counts again; None: none.
        """
        if of >= seq:
            return None
        self._by.setdefault(of, []).append(seq)
        self._of[seq] = of
        while True:
            is_retracted = any(one not in self.retracted for one in self._by.get(of, ()))
            if is_retracted == (of in self.retracted):
                return None
            (self.retracted.add if is_retracted else self.retracted.discard)(of)
            if of not in self._of:
                return of
            of = self._of[of]

    def root(self, seq: int) -> int:
        """Return what a retraction is about in the end; any other event itself."""
        while seq in self._of:
            seq = self._of[seq]
        return seq
