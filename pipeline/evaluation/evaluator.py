"""The interface of evaluation: an applicant's final words in, findings with evidence out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """One final segment of the applicant, in the order it was spoken."""

    segment: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """Characters ``start`` to ``end`` of a segment's text: a reference, not a copy."""

    segment: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One criterion; ``level`` 1-5, None when the evidence is not enough or nothing judges it."""

    criterion: str
    level: int | None
    evidence: tuple[Hit, ...]


class Evaluator(Protocol):
    """Same answers, same findings; replaceable."""

    @property
    def name(self) -> str:
        """Name and version of the method, kept in every evaluation."""
        ...

    @property
    def criteria(self) -> str:
        """Name and version of the criteria, kept in every evaluation."""
        ...

    def evaluate(self, answers: Sequence[Answer]) -> tuple[Finding, ...]:
        """Return one finding per criterion, from everything the applicant has said so far."""
        ...
