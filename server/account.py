"""Who said what, as far as is known now: what was heard, and what was put right since."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from server.entries import Entry
from server.events import (
    NoteAdded,
    NoteEdited,
    Retracted,
    Segment,
    SegmentEdited,
    SegmentSplit,
    SegmentVoiced,
    Speech,
    UtteranceFinal,
    VoiceAssigned,
    VoicesMerged,
)
from server.lines import Lines
from server.naming import Naming
from server.notebook import Notebook
from server.record import Note, Spoken, Suppressed
from server.rulings import Claim, Retractions
from server.stretches import Stretches

Fact: TypeAlias = (
    VoiceAssigned
    | VoicesMerged
    | SegmentVoiced
    | SegmentSplit
    | SegmentEdited
    | NoteAdded
    | NoteEdited
)
"""What can be taken back."""
Told: TypeAlias = Fact | Retracted | UtteranceFinal | Speech
"""What an account is made of."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Something that can be taken back, or took something back, and who said it.

    ``cmd``: the command it is of, where that had an id.
    """

    by: str
    event: Fact | Retracted
    cmd: str | None = None


@dataclass(slots=True)
class Account:
    """The part of a session that people can correct.

    Attributes:
        facts: by seq, what can be taken back, and what took it back.
        heard_seq: seat → the last seq that changed which words are theirs.
        appeared: voices in the order in which they were first heard.
        found: voices that had no seat when they appeared, in that order; it names them for good.
    """

    naming: Naming = field(default_factory=Naming)
    lines: Lines = field(default_factory=Lines)
    notebook: Notebook = field(default_factory=Notebook)
    retractions: Retractions = field(default_factory=Retractions)
    facts: dict[int, Stated] = field(default_factory=dict)
    speech: dict[str, Stretches] = field(default_factory=dict)
    suppressed: list[Suppressed] = field(default_factory=list)
    heard_seq: dict[str, int] = field(default_factory=dict)
    appeared: dict[str, None] = field(default_factory=dict)
    found: dict[str, None] = field(default_factory=dict)

    def speaker(self, segment: Segment) -> str | None:
        """Return the seat the segment's voice belongs to now; None: not known."""
        return self.naming.voices.get(segment.voice) if segment.voice else None

    def named(self, voice: str) -> Claim[str | None] | None:
        """Return which word on the seat of ``voice`` counts."""
        return self.naming.named(voice, self.retractions.retracted)

    def letter(self, voice: str) -> str:
        """Return what a voice is called where it has no seat: A, B, …; empty: it always had one."""
        if voice not in self.found:
            return ""
        place = list(self.found).index(voice)
        return chr(ord("A") + place % 26) * (1 + place // 26)

    def take(self, entry: Entry, event: Told) -> None:
        """Take what was heard, or what somebody says about it."""
        match event:
            case UtteranceFinal():
                self._hear(entry, event)
            case Speech():
                stretches = self.speech.setdefault(event.track, Stretches())
                stretches.say(event.start, event.end, event.spans)
            case Retracted():
                self.facts[entry.seq] = Stated(entry.by, event, entry.cmd)
                self._retract(entry.seq, event.of)
            case _:
                self.facts[entry.seq] = Stated(entry.by, event, entry.cmd)
                self._note(entry, event)
                self._settle(entry.seq, event)
                self._find(_voices(event))

    def _retract(self, seq: int, of: int) -> None:
        fate = self.retractions.add(seq, of)
        fact = self.facts.get(fate) if fate is not None else None
        if fact is not None and not isinstance(fact.event, Retracted):
            self._settle(seq, fact.event, fate)
        self._find(None)

    def _hear(self, entry: Entry, event: UtteranceFinal) -> None:
        self.suppressed += [Suppressed(event.track, *span) for span in event.suppressed]
        heard = list(_heard(entry.seq, event))
        if heard:
            self._told(entry.seq, self.lines.hear(heard, self.retractions.retracted))
            self._find([segment.voice for segment in event.segments])

    def _note(self, entry: Entry, event: Fact) -> None:
        """Write it down where it belongs; it counts once that is settled."""
        seq, by = entry.seq, entry.by
        match event:
            case VoiceAssigned():
                self.naming.assign(event.voice, Claim(seq, by, event.seat))
            case VoicesMerged():
                self.naming.merge(event.voice, Claim(seq, by, event.into))
            case SegmentVoiced() | SegmentSplit() | SegmentEdited():
                self.lines.take(Claim(seq, by, event))
            case NoteAdded():
                stamp = event.client_timestamp
                self.notebook.write(
                    Note(seq, event.media_at, entry.wall, by, event.about, event.note, stamp)
                )
            case NoteEdited():
                self.notebook.edit(event.of, Claim(seq, by, event.note))

    def _settle(self, seq: int, event: Fact, of: int | None = None) -> None:
        """Find out what counts, now that ``event`` (which is ``of``) does or does not."""
        retracted = self.retractions.retracted
        match event:
            case VoiceAssigned() | VoicesMerged():
                self._rename(seq, lambda: self.naming.settle(retracted))
            case SegmentVoiced() | SegmentSplit() | SegmentEdited():
                gone, new = self.lines.settle(event.segment, retracted)
                self._told(seq, [*gone, *new])
            case NoteAdded() if of is not None:
                self.notebook.settle(of, retracted)
            case NoteAdded():
                pass  # Written down as it reads.
            case NoteEdited():
                self.notebook.settle(event.of, retracted)

    def _rename(self, seq: int, settle: Callable[[], None]) -> None:
        before = self.naming.voices
        settle()
        for voice, count in self.lines.said.items():
            seats = before.get(voice), self.naming.voices.get(voice)
            if count and seats[0] != seats[1]:
                self._changed(seq, *seats)

    def _told(self, seq: int, lines: list[Spoken]) -> None:
        """The words of whoever has ``lines``, or had them, have changed."""
        for line in lines:
            self._changed(seq, self.speaker(line.segment))
            if line.segment.voice is not None:
                self.appeared.setdefault(line.segment.voice)

    def _find(self, voices: Iterable[str | None] | None) -> None:
        """Remember those of ``voices`` (None: of all) that nobody has named."""
        for voice in self.naming.voices if voices is None else voices:
            if voice and not self.naming.voices.get(voice) and voice not in self.naming.merged:
                self.found.setdefault(voice)

    def _changed(self, seq: int, *seats: str | None) -> None:
        for seat in seats:
            if seat is not None:
                self.heard_seq[seat] = seq


def _heard(seq: int, event: UtteranceFinal) -> Iterator[Spoken]:
    for segment in event.segments:
        yield Spoken(
            seq=seq,
            utterance=event.utterance,
            track=event.track,
            start=event.start,
            end=event.end,
            segment=segment,
            is_late=event.is_late,
        )


def _voices(event: Fact) -> Iterable[str | None] | None:
    """Return the voices an event is about; None: perhaps any."""
    match event:
        case VoiceAssigned() | SegmentVoiced():
            return (event.voice,)
        case SegmentSplit():
            return (part.voice for part in event.parts)
        case VoicesMerged():
            return None
        case _:
            return ()
