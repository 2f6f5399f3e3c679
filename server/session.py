"""The session as a fold of its events: no clock, no I/O, the same from any journal, any time."""

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from server.account import Account, Told
from server.entries import Entry
from server.events import (
    AudioTaken,
    Blank,
    ConsentGiven,
    ConsentWithdrawn,
    Erased,
    Evaluation,
    Event,
    Gap,
    Joined,
    Left,
    Muted,
    RoomConfirmed,
    SeatConfig,
    Segment,
    SessionClosed,
    SessionConfig,
    SessionCreated,
    SpeakersChecked,
    Unknown,
    Unmuted,
    UtteranceDropped,
    VoiceAssigned,
    VoiceForgotten,
)
from server.record import OTHERS_SPEECH, RECORD, Agreed, Judged, Note, Spoken, Suppressed


class Life(enum.StrEnum):
    """Where the session is: live -> ending -> review -> erased.

    The fold knows live, review and erased; ending is the holder's: up to ten seconds in which
    open utterances and the last evaluation are finished before ``session_closed``.
    """

    LIVE = "live"
    ENDING = "ending"
    REVIEW = "review"
    ERASED = "erased"


@dataclass(slots=True)
class Session:
    """The state of one session; ``apply`` entries in order, cost per entry is flat.

    Attributes:
        entered: since which session second those who are ``present`` are.
        came: seats in which somebody has ever been.
        heard: seats whose own microphone has left → the second until which it was heard.
        goodbyes: of ``heard``, those whose persons said goodbye; the others were lost.
        consents: seats whose persons have consented and not withdrawn it since.
        withdrawn: seats whose persons have withdrawn their consent and not given it since.
        keeps: of ``consents``, those who also agreed to their voice being kept → for how many days.
        agreed: how consent came and went, in the order of the journal.
        is_room_confirmed: whether a room microphone may listen, an operator says.
        lost: sound taken for speech that yielded no words.
        muted: names of tracks nobody listens to.
        account: who said what, corrections included.
        voices_named: how often a voice was assigned, erased ones included; names new voices.
        own_voices: seats whose own microphone was heard → which voice that is.
        enrolled: seats whose persons have let their voice be learnt → which voice it is.
        checked: how the whole interview was heard once more, if it was.
        revision: 0 while live, 1 at the close, one more for every change of the record after.
        unknown_events: kept in the journal, not understood by this release.
        erased_events: whose bodies were erased.
    """

    id: str
    seq: int = 0
    at: float = 0.0
    created_wall: float = 0.0
    closed_at: float | None = None
    closed_wall: float | None = None
    life: Life = Life.LIVE
    config: SessionConfig = field(default_factory=SessionConfig)
    present: dict[str, Joined] = field(default_factory=dict)
    entered: dict[str, float] = field(default_factory=dict)
    came: set[str] = field(default_factory=set)
    heard: dict[str, float] = field(default_factory=dict)
    goodbyes: set[str] = field(default_factory=set)
    consents: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    keeps: dict[str, float] = field(default_factory=dict)
    agreed: list[Agreed] = field(default_factory=list)
    is_room_confirmed: bool = False
    muted: set[str] = field(default_factory=set)
    gaps: list[Gap] = field(default_factory=list)
    account: Account = field(default_factory=Account)
    voices_named: int = 0
    own_voices: dict[str, str] = field(default_factory=dict)
    enrolled: dict[str, str] = field(default_factory=dict)
    checked: SpeakersChecked | None = None
    lost: list[UtteranceDropped] = field(default_factory=list)
    evaluations: list[Judged] = field(default_factory=list)
    newest: dict[str, Judged] = field(default_factory=dict)
    revision: int = 0
    unknown_events: int = 0
    erased_events: int = 0

    @property
    def exists(self) -> bool:
        return self.seq > 0

    @property
    def is_over(self) -> bool:
        return self.life in (Life.REVIEW, Life.ERASED)

    @property
    def duration_s(self) -> float | None:
        """Session seconds until the close; None while live."""
        return self.closed_at

    @property
    def seats(self) -> tuple[str, ...]:
        return tuple(seat.seat for seat in self.config.seats)

    def place(self, seat: str | None) -> SeatConfig | None:
        """Return how ``seat`` was configured; None: the session has no such seat."""
        return next((place for place in self.config.seats if place.seat == seat), None)

    @property
    def notes(self) -> list[Note]:
        return self.account.notebook.notes

    @property
    def spoken(self) -> list[Spoken]:
        return self.account.lines.spoken

    @property
    def segments(self) -> dict[str, Spoken]:
        return self.account.lines.segments

    @property
    def utterances(self) -> dict[str, list[Spoken]]:
        return self.account.lines.utterances

    @property
    def voices(self) -> dict[str, str | None]:
        """Every voice that was assigned or merged → its seat now."""
        return self.account.naming.voices

    @property
    def voices_heard(self) -> list[str]:
        """Voices, merged ones as one, in the order in which they were first heard."""
        return list(dict.fromkeys(map(self.account.naming.root, self.account.appeared)))

    @property
    def heard_seq(self) -> dict[str, int]:
        """Seat → the last seq that changed which words are theirs."""
        return self.account.heard_seq

    def voice(self, segment: Segment) -> str | None:
        """Return whose voice a segment is, after all merging."""
        return self.account.naming.root(segment.voice) if segment.voice else None

    def speaker(self, segment: Segment) -> str | None:
        """Return the seat the segment's voice belongs to now; None: not known."""
        return self.account.speaker(segment)

    def words_of(self, seat: str) -> Iterator[Spoken]:
        """Yield what the voices of ``seat`` said, in the order of the journal."""
        return (spoken for spoken in self.spoken if self.speaker(spoken.segment) == seat)

    def unevaluated(self, applicants: Iterable[str]) -> list[str]:
        """Return those whose words changed since their newest evaluation."""
        return [
            seat
            for seat in applicants
            if self.heard_seq.get(seat, 0)
            > (self.newest[seat].evaluation.through_seq if seat in self.newest else 0)
        ]

    def apply(self, entry: Entry) -> None:
        """Take the next entry.

        Raises:
            ValueError: it is not the next one.
        """
        if entry.seq != self.seq + 1:
            raise ValueError(f"entry {entry.seq} does not follow {self.seq}")
        self.seq, self.at = entry.seq, max(self.at, entry.at)
        if self.life is Life.REVIEW and entry.type in RECORD:
            self.revision += 1
        if isinstance(entry.event, Told):
            self.account.take(entry, entry.event)
            if isinstance(entry.event, VoiceAssigned):
                self._voice(entry.event)
        else:
            self._apply(entry, entry.event)

    def _apply(self, entry: Entry, event: Event) -> None:
        match event:
            case SessionCreated():
                self.created_wall, self.config = entry.wall, event.config
            case ConsentGiven() | ConsentWithdrawn() | RoomConfirmed():
                self._consent(entry, event)
            case Joined() | Left():
                self._presence(entry, event)
            case Muted() | Unmuted() | Gap():
                self._microphone(event)
            case UtteranceDropped(reason=reason) if reason in OTHERS_SPEECH:
                stretch = Suppressed(event.track, event.start, event.end)
                self.account.suppressed.append(stretch)
            case UtteranceDropped():
                self.lost.append(event)
            case VoiceForgotten():
                self.enrolled.pop(event.seat, None)
            case SpeakersChecked():
                self.checked = event
            case Evaluation():
                self._judge(entry, event)
            case SessionClosed() | Erased():
                self._end(entry, event)
            case _:
                self._skip(entry, event)

    def _consent(
        self, entry: Entry, event: ConsentGiven | ConsentWithdrawn | RoomConfirmed
    ) -> None:
        if not isinstance(event, RoomConfirmed):
            is_given = isinstance(event, ConsentGiven)
            days = event.keep_audio_days if isinstance(event, ConsentGiven) else 0
            person = event.person if isinstance(event, ConsentGiven) else None
            self.agreed.append(Agreed(event.seat, entry.at, is_given, days, person))
            self.keeps.pop(event.seat, None)
            if days > 0:
                self.keeps[event.seat] = days
        match event:
            case ConsentGiven():
                self.consents.add(event.seat)
                self.withdrawn.discard(event.seat)
            case ConsentWithdrawn():
                self.consents.discard(event.seat)
                self.withdrawn.add(event.seat)
                self.is_room_confirmed = False
            case RoomConfirmed():
                self.is_room_confirmed = True

    def _presence(self, entry: Entry, event: Joined | Left) -> None:
        if isinstance(event, Left):
            self._part(event)
            return
        self.present[event.connection] = event
        self.entered[event.connection] = entry.at
        if event.seat is not None:
            self.came.add(event.seat)

    def _part(self, event: Left) -> None:
        joined = self.present.pop(event.connection, None)
        self.entered.pop(event.connection, None)
        if joined is not None and joined.seat is not None and event.heard_until is not None:
            self.heard[joined.seat] = event.heard_until
            if event.reason == "lost":
                self.goodbyes.discard(joined.seat)
            else:
                self.goodbyes.add(joined.seat)

    def _microphone(self, event: Muted | Unmuted | Gap) -> None:
        match event:
            case Muted():
                self.muted.add(event.track)
            case Unmuted():
                self.muted.discard(event.track)
            case Gap():
                self.gaps.append(event)
                if event.track in self.heard:
                    del self.heard[event.track]  # It came back, and the record says so.

    def _voice(self, event: VoiceAssigned) -> None:
        self.voices_named += 1
        if event.reason == "enrolment" and event.seat is not None:
            self.enrolled[event.seat] = event.voice
        elif event.reason == "own_microphone" and event.seat is not None:
            self.own_voices[event.seat] = event.voice

    def _judge(self, entry: Entry, event: Evaluation) -> None:
        """Count the evidence as it reads now: it may be cut or put right later."""
        hits = {
            level.criterion: len(
                {
                    self.segments[hit.segment].segment.text[hit.start : hit.end]
                    for hit in level.evidence
                    if hit.segment in self.segments
                }
            )
            for level in event.levels
        }
        judged = Judged(entry.seq, entry.at, entry.wall, event, hits)
        self.evaluations.append(judged)
        self.newest[event.applicant] = judged

    def _end(self, entry: Entry, event: SessionClosed | Erased) -> None:
        if isinstance(event, Erased):
            if event.seat is None:
                self.life = Life.ERASED
        elif self.life is Life.LIVE:
            self.life, self.revision = Life.REVIEW, 1
            self.closed_at, self.closed_wall = entry.at, entry.wall

    def _skip(self, entry: Entry, event: Event) -> None:
        if isinstance(event, Blank):
            self.erased_events += 1
            if entry.type == VoiceAssigned.type():
                self.voices_named += 1
            if entry.type == SessionCreated.type():
                self.created_wall = entry.wall
            if entry.type == SessionClosed.type():
                self._end(entry, SessionClosed())
        elif isinstance(event, Unknown):
            self.unknown_events += 1
        else:
            assert isinstance(event, AudioTaken)


def fold(session: str, entries: Iterable[Entry]) -> Session:
    """Return the session that ``entries``, from the first on, add up to."""
    state = Session(session)
    for entry in entries:
        state.apply(entry)
    return state
