"""What is told of a session as a whole: its status, summary and record, and what a chunk held.

Typed dictionaries: the folds in ``legacy`` fill them, and both exports and answers write them
out as they stand. Walls and ``timestamp`` are Unix seconds, ``*_time`` ISO 8601 with zone, every
other time session seconds.
"""

from typing import Literal, NotRequired, TypedDict

from server.events import Timestamp
from server.session import Life


class Backlog(TypedDict):
    """What the pipeline still has to do for a session; ``lag_s``: how old the oldest of it is."""

    queued: int
    running: int
    lag_s: float
    chunks: int


class Status(TypedDict):
    """How a living session stands.

    ``is_active``: somebody is connected; ``speakers``: the seats that notes are about;
    ``present``: the seats (or roles without one) that are connected; ``consents``: the seats
    whose person agrees; ``pipeline``: null where another process does the work.
    """

    session_id: str
    is_active: bool
    start_time: str
    duration: float
    total_transcripts: int
    total_evaluations: int
    speakers: list[str]
    life: Life
    present: list[str]
    consents: list[str]
    seq: int
    pipeline: Backlog | None


class SpeakerStats(TypedDict):
    """The notes about one seat."""

    total_notes: int
    last_note: str
    last_note_timestamp: Timestamp


class SpeechStats(TypedDict):
    """What one speaker has said so far."""

    segments: int
    speech_s: float


class Judgement(TypedDict):
    """One evaluation of one applicant.

    ``score`` is the legacy one, 0 where there is nothing to score. ``levels``: criterion → what
    the evidence supports, null where it is not enough. ``through_seq``: the last event it knew.
    """

    timestamp: float
    speaker: str
    score: int
    feedback: list[str]
    keywords: list[str]
    levels: dict[str, int | None]
    evaluator: str
    criteria: str
    through_seq: int
    tick: int


class Summary(TypedDict):
    """Counts and averages of the session so far; ``applicants``: the newest evaluation of each."""

    session_id: str
    duration: float
    total_transcripts: int
    total_evaluations: int
    speaker_stats: dict[str, SpeakerStats]
    average_score: float
    speech_stats: dict[str, SpeechStats]
    applicants: dict[str, Judgement]
    life: Life
    revision: int
    seq: int


class Transcript(TypedDict):
    """Words of one speaker, ``unknown`` where nobody knows whose; ``timestamp``: their start.

    ``voice``: whose voice it was, null where none is known. Only where it is so: ``is_late``, some
    of them were lost on their way first, and sent again; ``is_moved``, a person has said whose they
    are; ``is_edited``, what was said, with ``heard``, what was understood before.
    """

    timestamp: float
    speaker: str
    text: str
    segment: str
    start: float
    end: float
    text_confidence: float
    voice_confidence: float
    voice: str | None
    is_late: NotRequired[bool]
    is_moved: NotRequired[bool]
    is_edited: NotRequired[bool]
    heard: NotRequired[str]


class RecordedNote(TypedDict):
    """A note; ``timestamp`` is the client's if it sent one.

    ``is_edited``, only where it is so: its author has said it differently since.
    """

    timestamp: Timestamp
    note: str
    by: str
    media_at: float
    seq: int
    is_edited: NotRequired[bool]


class Lost(TypedDict):
    """A stretch of a track of which there are no words, and why."""

    track: str
    start: float
    end: float
    reason: str


class RecordedSuppression(TypedDict):
    """A stretch of an own microphone that was somebody else's speech: not understood there."""

    track: str
    start: float
    end: float


class RecordedVoice(TypedDict):
    """A voice that was heard or learnt, and whose it is; merged ones count as one.

    ``letter``: what it is called without a seat, empty where it always had one. ``is_own``: of the
    seat's own microphone.
    """

    voice: str
    seat: str | None
    letter: str
    is_own: bool


class Checked(TypedDict):
    """How the whole interview was heard once more, up to which session second."""

    method: str
    through: float
    changed: int


class RecordedConsent(TypedDict):
    """That the person in a seat agreed, or agreed no more.

    ``keep_audio_days``: also to their voice being kept for so long after the interview.
    """

    seat: str
    at: float
    is_given: bool
    keep_audio_days: float


class SessionRecord(TypedDict):
    """Everything a session leaves behind; ``revision`` grows when it changes after the end.

    ``voices``: in the order in which they were first heard.
    ``speaker_notes``: by the seat they are about; ``gaps``: where a microphone was not heard;
    ``dropped``: where speech yielded no words; ``suppressed``: where a microphone heard somebody
    else. ``checked``: null before the whole was heard once more. ``consent`` is null once the
    session is erased.
    """

    session_id: str
    start_time: str
    end_time: str | None
    duration: float
    transcripts: list[Transcript]
    evaluations: list[Judgement]
    speaker_notes: dict[str, list[RecordedNote]]
    gaps: list[Lost]
    dropped: list[Lost]
    suppressed: list[RecordedSuppression]
    voices: list[RecordedVoice]
    checked: Checked | None
    consents: list[RecordedConsent]
    total_transcripts: int
    total_evaluations: int
    average_score: float
    consent: Literal["required", "external"] | None
    title: str
    job: str
    life: Life
    revision: int
    dropped_utterances: int
    unknown_events: int
    erased_events: int


class Transcription(TypedDict):
    """The words of one chunk."""

    text: str
    success: bool
    segments: list[Transcript]


class Diarization(TypedDict):
    """Who spoke, ``unknown`` from a room microphone."""

    current_speaker: str
    voice_confidence: float


class ChunkEvaluation(TypedDict, total=False):
    """The score of one chunk by itself; empty for a role that may not see it."""

    speaker: str
    text: str
    timestamp: Timestamp
    score: int
    feedback: list[str]
    keywords: list[str]


class ChunkResult(TypedDict):
    """What was heard in the utterances that ended with a chunk.

    ``error`` (a sentence) and ``code`` are there when ``success`` is false.
    """

    timestamp: Timestamp
    transcription: Transcription
    diarization: Diarization
    evaluation: ChunkEvaluation
    success: bool
    error: NotRequired[str]
    code: NotRequired[str]
