"""One line of the doctor's report."""

import enum
from dataclasses import dataclass


class Mark(enum.StrEnum):
    """How a line begins."""

    OK = "ok"
    WARNING = " !"
    PROBLEM = "!!"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do about it; no ``advice`` when all is well."""

    about: str
    state: str
    advice: str = ""
    is_warning: bool = False

    @property
    def mark(self) -> Mark:
        if not self.advice:
            return Mark.OK
        return Mark.WARNING if self.is_warning else Mark.PROBLEM


def warning(about: str, state: str, advice: str) -> Finding:
    """Return a finding with which the server still works, for some people or for some time."""
    return Finding(about, state, advice, is_warning=True)
