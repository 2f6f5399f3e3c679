"""How sure a label is: of labels said with confidence c, about a share of c is right."""

import math
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for one label.

    Attributes:
        cosine: of the voice said and what was heard, over the whole stretch.
        margin: by which the next voice is less alike.
        duration_s: of the sound that was compared.
        is_enrolled: whether a person has said whose voice it is.
        is_exclusive: whether everybody expected is known, so that nobody else is likely.
    """

    cosine: float
    margin: float
    duration_s: float
    is_enrolled: bool
    is_exclusive: bool


_OFFSET: Final = -12.2
_COSINE: Final = 18.7
_MARGIN: Final = 8.4
_EXCLUSIVE: Final = 0.5
_SUREST: Final = 0.99
_SUREST_FOUND: Final = 0.75
"""Of a voice nobody enrolled: it may be two people's, or one of two of the same person."""
_BRIEFEST: Final = 0.5
_PER_SECOND: Final = 0.4
"""A word or two is never certain."""
_TIED: Final = 0.49
"""Of two voices that fit equally well each is right half the time: neither is said."""
_PER_MARGIN: Final = 4.0
"""One person's second reading, enrolled as somebody else, was up to 0.1 nearer than the first."""


def confidence(evidence: Evidence) -> float:
    """Return the probability that the label is right, 0 to 1.

    Logistic in what was measured; the weights are from `bench.speakers`, see docs/speakers.md.
    """
    claim = (
        _OFFSET
        + _COSINE * evidence.cosine
        + _MARGIN * min(0.4, evidence.margin)
        + _EXCLUSIVE * evidence.is_exclusive
    )
    surest = _SUREST if evidence.is_enrolled else _SUREST_FOUND
    surest = min(surest, _BRIEFEST + _PER_SECOND * max(0.0, evidence.duration_s))
    most = _TIED + _PER_MARGIN * max(0.0, evidence.margin)
    return min(most, surest / (1 + math.exp(-max(-30.0, min(30.0, claim)))))
