"""What can have happened in a session: the bodies of journal events.

An event's type is the tag of its class and its version the class's ``VERSION``; ``entries`` says
how they are numbered and kept. Types this release does not know are kept.
"""

import functools
import re
from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias

import msgspec

Timestamp: TypeAlias = int | float | str
"""A client's own idea of time, echoed exactly as it came."""

INTERVIEWERS = ("면접관_1", "면접관_2", "면접관_3")
APPLICANTS = ("지원자_1", "지원자_2", "지원자_3")
SEATS = INTERVIEWERS + APPLICANTS

OPERATOR = "operator"
SYSTEM = "system"


def is_applicant(seat: str | None) -> bool:
    return seat in APPLICANTS


@functools.cache
def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Body of one journal event; times are session seconds."""

    VERSION: ClassVar[int] = 1

    @classmethod
    def type(cls) -> str:
        """Return its name on the wire and in the journal: ``NoteAdded`` is ``note_added``."""
        return _snake_case(cls.__name__)


class SeatConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One place in the session, who will sit there, and which microphone hears it."""

    seat: str
    name: str | None = None
    microphone: Literal["own", "room", "none"] = "own"


DEFAULT_SEATS = tuple(SeatConfig(seat=seat) for seat in SEATS)


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides before the interview.

    ``consent`` is ``required`` when every person consents here before any sound is taken, and
    ``external`` when the operator's own process (an existing client) has seen to it.
    ``hear_each_other``: whether people are sent the others' voices; not if they sit together.
    """

    seats: tuple[SeatConfig, ...] = DEFAULT_SEATS
    title: str = ""
    job: str = ""
    consent: Literal["required", "external"] = "required"
    hear_each_other: bool = True


class SessionCreated(Event, frozen=True):
    """The session begins; session time 0."""

    config: SessionConfig


class ConsentGiven(Event, frozen=True):
    """The person in ``seat`` agreed to recording and software evaluation.

    ``keep_audio_days``: and to their voice being kept for so long after the interview, as they
    were told then; 0: not at all. ``person``: a pseudonym of their link, so that nobody else who
    sits there later is taken for them; None: unknown, as it was in earlier releases.
    """

    seat: str
    keep_audio_days: float = 0.0
    person: str | None = None


class ConsentWithdrawn(Event, frozen=True):
    """The person in ``seat`` agrees no more; a confirmation of the room is void."""

    seat: str


class RoomConfirmed(Event, frozen=True):
    """An operator said that everybody whom a room microphone hears has consented."""


class Joined(Event, frozen=True):
    """A connection of a person opened."""

    connection: str
    role: str
    seat: str | None = None
    name: str | None = None


class Left(Event, frozen=True):
    """A connection was ``closed``, or ``lost``: nobody said goodbye.

    ``heard_until``: the session second until which the own microphone that it carried was heard.
    """

    connection: str
    reason: str = "closed"
    heard_until: float | None = None


class NoteAdded(Event, frozen=True):
    """An interviewer's note about a seat, anchored at session time ``media_at``."""

    note: str
    about: str
    media_at: float
    client_timestamp: Timestamp | None = None


class Muted(Event, frozen=True):
    """From now on nobody listens to ``track``."""

    track: str


class Unmuted(Event, frozen=True):
    """``track`` is listened to again."""

    track: str


class Gap(Event, frozen=True):
    """Nothing is known of ``track`` between two session seconds, though it was not muted.

    ``no_packets``: its connection lived; ``reconnected``: it came back over a new one.
    """

    track: str
    start: float
    end: float
    reason: Literal["no_packets", "reconnected"]


class VoiceAssigned(Event, frozen=True):
    """From now on, and backwards, words of ``voice`` belong to ``seat`` (None: to nobody known).

    ``heard``: a voice nobody has named yet; ``enrolment``: its person has let it be learnt.
    """

    voice: str
    seat: str | None
    reason: Literal["own_microphone", "person", "heard", "enrolment"]


class VoiceForgotten(Event, frozen=True):
    """What was learnt of the voice of the person in ``seat`` is gone; they wanted it so."""

    seat: str


class VoiceSpan(msgspec.Struct, frozen=True, kw_only=True):
    """One voice from ``start`` to ``end``, session seconds; None: nobody known.

    ``confidence``: that it is this voice, 0 to 1.
    """

    voice: str | None
    start: float
    end: float
    confidence: float


class Speech(Event, frozen=True):
    """Who spoke into ``track`` between two session seconds, overlaps included.

    It replaces what was said of that stretch before.
    """

    track: str
    start: float
    end: float
    spans: tuple[VoiceSpan, ...]


class SegmentVoiced(Event, frozen=True):
    """``segment`` is of ``voice`` (None: of nobody known); a person's word is never overruled."""

    segment: str
    voice: str | None
    confidence: float | None = None


class SegmentPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a segment that was split: its own name, and how many words it has."""

    segment: str
    words: int
    voice: str | None
    confidence: float | None = None


class SegmentSplit(Event, frozen=True):
    """``segment`` is ``parts`` from now on, which have all its words in their order."""

    segment: str
    parts: tuple[SegmentPart, ...]


class VoicesMerged(Event, frozen=True):
    """``voice`` was ``into`` all along.

    A version 1, which was never released, had another body; journals that hold it keep it unread.
    """

    VERSION: ClassVar[int] = 2

    voice: str
    into: str


class SegmentEdited(Event, frozen=True):
    """What was said in ``segment`` is ``text``, a person says."""

    segment: str
    text: str


class NoteEdited(Event, frozen=True):
    """The note that is event ``of`` says ``note`` from now on."""

    of: int
    note: str


class Retracted(Event, frozen=True):
    """The record is as if event ``of`` never was; a retraction can be retracted, too."""

    of: int


class SpeakersChecked(Event, frozen=True):
    """The whole interview was heard once more; ``changed`` segments got another voice.

    ``method``: what heard it. ``through``: session second up to which it got with every room
    microphone; 0 where one could not be heard at all.
    """

    method: str
    through: float
    changed: int


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Words heard as one voice. ``words``: (start, end, text, p), session seconds."""

    segment: str
    voice: str | None
    words: tuple[tuple[float, float, str, float], ...]
    text_confidence: float
    voice_confidence: float

    @property
    def text(self) -> str:
        return " ".join(word[2] for word in self.words)


class UtteranceFinal(Event, frozen=True):
    """Speech between two endpoints of one track, understood for good.

    ``is_late``: some of it was lost on its way first, and sent again by its microphone's page.
    ``suppressed``: stretches that were somebody else's speech, which this microphone heard from
    afar: not understood here.
    """

    utterance: str
    track: str
    start: float
    end: float
    segments: tuple[Segment, ...]
    is_late: bool = False
    suppressed: tuple[tuple[float, float], ...] = ()


class UtteranceDropped(Event, frozen=True):
    """Sound that was taken for speech and yielded no words, and why."""

    utterance: str
    track: str
    start: float
    end: float
    reason: str


class Evidence(msgspec.Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """Characters ``start`` to ``end`` (``from``/``to`` in JSON) of a segment's text."""

    segment: str
    start: int
    end: int


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What the evidence supports for one criterion; None: not enough, or not judged."""

    criterion: str
    level: int | None
    evidence: tuple[Evidence, ...]


class Evaluation(Event, frozen=True):
    """What one applicant has shown up to ``through_seq``: references, never copied words."""

    applicant: str
    tick: int
    evaluator: str
    criteria: str
    through_seq: int
    levels: tuple[Level, ...]


class AudioTaken(Event, frozen=True):
    """A chunk that carried a command id was understood; its repeat gets the same utterances.

    ``is_whole``: false when some of its speech could not be transcribed.
    """

    track: str
    utterances: tuple[str, ...]
    is_whole: bool = True


CloseReason: TypeAlias = Literal["ended", "abandoned"]


class SessionClosed(Event, frozen=True):
    """The interview is over; what follows belongs to review."""

    reason: CloseReason = "ended"


class Erased(Event, frozen=True):
    """Bodies were blanked for good: of one seat's person, or (None) of the whole session."""

    seat: str | None
    events: tuple[int, ...]


class Blank(Event, frozen=True):
    """An event whose body was erased."""


class Unknown(Event, frozen=True):
    """An event of a type or version this release does not know: kept, skipped, counted."""

    body: msgspec.Raw


CATALOGUE: Mapping[str, type[Event]] = {
    kind.type(): kind
    for kind in (
        SessionCreated,
        ConsentGiven,
        ConsentWithdrawn,
        RoomConfirmed,
        Joined,
        Left,
        Muted,
        Unmuted,
        Gap,
        NoteAdded,
        VoiceAssigned,
        VoiceForgotten,
        Speech,
        SegmentVoiced,
        SegmentSplit,
        VoicesMerged,
        SegmentEdited,
        NoteEdited,
        Retracted,
        SpeakersChecked,
        UtteranceFinal,
        UtteranceDropped,
        AudioTaken,
        Evaluation,
        SessionClosed,
        Erased,
    )
}
