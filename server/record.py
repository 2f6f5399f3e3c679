"""What a session's record is made of: notes, spoken segments, consents, evaluations."""

from dataclasses import dataclass

from server.events import Evaluation, Segment, Timestamp


@dataclass(frozen=True, slots=True)
class Note:
    """A note as the record shows it."""

    seq: int
    at: float
    wall: float
    by: str
    about: str
    text: str
    timestamp: Timestamp | None


@dataclass(frozen=True, slots=True)
class Spoken:
    """One final segment and the span of its utterance, session seconds.

    ``is_late``: some of it was lost on its way first, and sent again.
    """

    seq: int
    utterance: str
    track: str
    start: float
    end: float
    segment: Segment
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Agreed:
    """That the person in a seat consented (or withdrew it), session seconds.

    ``keep_audio_days``: also to their voice being kept for so long after the interview.
    ``person``: who it was, see ``ConsentGiven``.
    """

    seat: str
    at: float
    is_given: bool
    keep_audio_days: float = 0.0
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One evaluation event."""

    seq: int
    at: float
    wall: float
    evaluation: Evaluation
