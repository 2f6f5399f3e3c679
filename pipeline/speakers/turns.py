"""Stretches of one voice on one track."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VoiceTurn:
    """One voice from sample ``start`` to ``end`` of its track; turns overlap where voices do.

    Attributes:
        voice: its name in the gallery; None: somebody whom nobody knows.
        confidence: that it is this voice, 0 to 1.
    """

    voice: str | None
    start: int
    end: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Provisional:
    """Who seems to speak up to sample ``end``, since ``start``; voice None: somebody unknown."""

    voice: str | None
    start: int
    end: int
    confidence: float
