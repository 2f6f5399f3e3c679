"""What a live track tells: words that are still forming, and how far behind they are."""

import enum
from dataclasses import dataclass
from typing import TypeAlias

from pipeline.runner import Dropped, Understood
from pipeline.speakers.turns import Provisional


@dataclass(frozen=True, slots=True)
class Interim:
    """What the utterance that began at sample ``start`` says so far.

    Attributes:
        committed: words that stay until the final ones replace everything.
        tentative: words that may still change.
        at_sample: how far was heard.
    """

    start: int
    committed: str
    tentative: str
    at_sample: int


class LagKind(enum.StrEnum):
    """What took so long.

    ``FINAL``: from the end of speech to its final words. ``FIRST_INTERIM``: from the beginning of
    an utterance, padding included, to its first interim. ``REFRESH``: from one interim of an
    utterance to the next, pauses of the speaker included. ``SPEAKER``: from sound to the first
    label of who speaks in it.
    """

    FINAL = "final"
    FIRST_INTERIM = "first_interim"
    REFRESH = "refresh"
    SPEAKER = "speaker"


@dataclass(frozen=True, slots=True)
class Lag:
    """A measured delay, on the track's own clock: how much sound arrived meanwhile."""

    kind: LagKind
    lag_s: float


LiveEvent: TypeAlias = Interim | Understood | Dropped | Provisional | Lag
