"""What a session's record is made of: notes, spoken segments, consents, evaluations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from server.events import (
    Erased,
    Evaluation,
    Gap,
    NoteAdded,
    NoteEdited,
    Retracted,
    Segment,
    SegmentEdited,
    SegmentSplit,
    SegmentVoiced,
    SpeakersChecked,
    Speech,
    Timestamp,
    UtteranceDropped,
    UtteranceFinal,
    VoiceAssigned,
    VoicesMerged,
)

RECORD = frozenset(
    kind.type()
    for kind in (
        NoteAdded,
        NoteEdited,
        VoiceAssigned,
        VoicesMerged,
        Speech,
        SegmentVoiced,
        SegmentSplit,
        SegmentEdited,
        Retracted,
        SpeakersChecked,
        UtteranceFinal,
        UtteranceDropped,
        Gap,
        Evaluation,
        Erased,
    )
)
"""Types that change what the result says; blanked ones count, so that no revision comes back."""

Word: TypeAlias = tuple[float, float, str, float]
"""Start and end in session seconds, the word, its probability."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note as the record shows it; ``is_edited``: its author has said it differently since."""

    seq: int
    at: float
    wall: float
    by: str
    about: str
    text: str
    timestamp: Timestamp | None
    is_edited: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """One final segment, as it is to be read now, and its span, session seconds.

    ``is_late``: some of it was lost on its way first, and sent again. ``is_moved``: a person has
    said whose it is; ``is_edited``: what was said; ``heard``: what it was before they did.
    """

    seq: int
    utterance: str
    track: str
    start: float
    end: float
    segment: Segment
    is_late: bool = False
    is_moved: bool = False
    is_edited: bool = False
    heard: Segment | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A stretch of an own microphone that was somebody else's speech, heard from afar."""

    track: str
    start: float
    end: float


OTHERS_SPEECH = frozenset({"leakage", "duplicate"})
"""Why an utterance was dropped whose words are another's, whose own microphone heard them."""


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
    """One evaluation event.

    ``hits``: criterion → different words that were its evidence, as the record was then.
    """

    seq: int
    at: float
    wall: float
    evaluation: Evaluation
    hits: Mapping[str, int] = field(default_factory=dict)
