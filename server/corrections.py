"""What people put right: pure functions from a correction to its events, or a refusal."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias, assert_never

from server.decisions import check_note, check_seat, voice_of
from server.errors import ClientError, ErrorCode, SessionOver
from server.events import (
    Event,
    NoteEdited,
    Retracted,
    SegmentEdited,
    SegmentPart,
    SegmentSplit,
    SegmentVoiced,
    VoiceAssigned,
    VoicesMerged,
)
from server.messages import (
    EditNote,
    EditSegment,
    MergeVoices,
    MoveSegment,
    NameVoice,
    Retract,
    SplitSegment,
    SwapVoices,
)
from server.record import Spoken
from server.session import Life, Session
from server.undoing import not_yours, retract

Correction: TypeAlias = (
    NameVoice
    | SwapVoices
    | MergeVoices
    | MoveSegment
    | SplitSegment
    | EditSegment
    | EditNote
    | Retract
)
CAUSES: dict[type[Correction], type[Event]] = {
    NameVoice: VoiceAssigned,
    SwapVoices: VoiceAssigned,
    MergeVoices: VoicesMerged,
    MoveSegment: SegmentVoiced,
    SplitSegment: SegmentSplit,
    EditSegment: SegmentEdited,
    EditNote: NoteEdited,
    Retract: Retracted,
}
"""The first event of every correction that changes something."""

_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")

MAX_LINE_CHARACTERS = 4000
"""Of one line: some minutes of speech, and well within one message of the data channel."""


def decide(session: Session, command: Correction, by: str) -> Sequence[Event]:
    """Return the events of a correction, nothing where the record says so already.

    Args:
        session: as it is now; live or in review.
        command: what somebody asks.
        by: who: the author of their notes.

    Raises:
        ClientError: ``session_over`` (erased), ``unknown_voice``, ``unknown_segment``,
            ``unknown_seat``, ``not_yours``, ``bad_message``, ``too_large``.
    """
    if session.life is Life.ERASED:
        raise SessionOver
    match command:
        case NameVoice():
            return _name(session, _voice(session, command.voice), command.seat)
        case SwapVoices():
            return _swap(session, command)
        case MergeVoices():
            return _merge(session, command)
        case MoveSegment():
            return _move(session, command)
        case SplitSegment():
            return _split(session, command)
        case EditSegment():
            return _edit(session, command)
        case EditNote():
            return _edit_note(session, command, by)
        case Retract():
            return retract(session, command, by)
        case _:
            assert_never(command)


def parts(
    session: Session, segment: str, cuts: Sequence[tuple[int, str | None, float | None]]
) -> SegmentSplit:
    """Return the split of ``segment`` into parts of so many words, voice and confidence each.

    The parts have names that nothing in the session has had: what was said of a part that is no
    more must not be said of another. It has to be the only split of the segment in its commit.
    """
    return SegmentSplit(
        segment=segment,
        parts=tuple(
            SegmentPart(
                segment=f"{segment}.{session.seq + 1}.{number}",
                words=words,
                voice=voice,
                confidence=confidence,
            )
            for number, (words, voice, confidence) in enumerate(cuts, 1)
        ),
    )


def _name(session: Session, voice: str, seat: str | None) -> Sequence[Event]:
    if seat is not None:
        check_seat(session, seat)
    claim = session.account.named(voice)
    if claim is not None and claim.is_persons and claim.value == seat:
        return ()
    named = VoiceAssigned(voice=voice, seat=seat, reason="person")
    return named, *_given(session, {voice: seat})


def _swap(session: Session, command: SwapVoices) -> Sequence[Event]:
    one, other = _voice(session, command.voice), _voice(session, command.other)
    _check_two(one, other)
    seats = session.voices.get(one), session.voices.get(other)
    if seats[0] == seats[1]:
        return ()
    return (
        VoiceAssigned(voice=one, seat=seats[1], reason="person"),
        VoiceAssigned(voice=other, seat=seats[0], reason="person"),
        *_given(session, {one: seats[1], other: seats[0]}),
    )


def _given(session: Session, seats: Mapping[str, str | None]) -> Iterator[Event]:
    """Yield what leaves lines with the seat that a person gave them to, one by one.

    Args:
        session: as it is now.
        seats: voices and whose they will be.
    """
    for voice, seat in seats.items():
        before = session.voices.get(voice)
        lines = [
            line
            for line in session.spoken
            if line.is_moved and session.voice(line.segment) == voice
        ]
        if before is None or before == seat or not lines:
            continue
        after = {**session.voices, **seats}
        own = (
            one for one in after if after[one] == before and session.account.naming.root(one) == one
        )
        theirs = next(own, None)
        if theirs is None:
            theirs = f"v{session.voices_named + 1}"
            yield VoiceAssigned(voice=theirs, seat=before, reason="person")
        for line in lines:
            yield SegmentVoiced(segment=line.segment.segment, voice=theirs)


def _merge(session: Session, command: MergeVoices) -> Sequence[Event]:
    voice, into = _voice(session, command.voice), _voice(session, command.into)
    _check_two(voice, into)
    merged = VoicesMerged(voice=voice, into=into)
    seat = session.voices.get(voice)
    if seat is None or session.voices.get(into) is not None:
        return (merged,)
    # Of the two only this one has a name, which is not lost.
    return merged, VoiceAssigned(voice=into, seat=seat, reason="person")


def _move(session: Session, command: MoveSegment) -> Sequence[Event]:
    line = _line(session, command.segment)
    voice: str | None = None
    assigned: tuple[VoiceAssigned, ...] = ()
    if command.seat is not None:
        check_seat(session, command.seat)
        voice, assigned = voice_of(session, command.seat, "person")
    if line.is_moved and session.voice(line.segment) == voice:
        return ()
    return SegmentVoiced(segment=command.segment, voice=voice), *assigned


def _split(session: Session, command: SplitSegment) -> Sequence[Event]:
    line = _line(session, command.segment)
    heard = line.heard or line.segment
    count = len(heard.words)
    if not 0 < command.word < count:
        raise ClientError(
            ErrorCode.BAD_MESSAGE,
            f"A line can be split before its second word at the earliest; this one has {count}.",
        )
    sizes = (command.word, count - command.word)
    sure = heard.voice_confidence
    cut = parts(session, command.segment, [(size, heard.voice, sure) for size in sizes])
    return cut, *_kept(line, cut, heard.words[command.word][0])


def _kept(line: Spoken, cut: SegmentSplit, at: float) -> list[Event]:
    """Return what people said of the whole, said of its parts.

    Args:
        line: the whole.
        cut: its parts, two.
        at: session second at which the second begins.
    """
    kept: list[Event] = []
    for number, part in enumerate(cut.parts):
        if line.is_moved:
            kept.append(SegmentVoiced(segment=part.segment, voice=line.segment.voice))
        if line.is_edited:
            text = " ".join(
                word[2] for word in line.segment.words if (word[0] >= at) == bool(number)
            )
            if text:
                kept.append(SegmentEdited(segment=part.segment, text=text))
    return kept


def _edit(session: Session, command: EditSegment) -> Sequence[Event]:
    line = _line(session, command.segment)
    if len(command.text) > MAX_LINE_CHARACTERS:
        raise ClientError(
            ErrorCode.BAD_MESSAGE, f"A line can have {MAX_LINE_CHARACTERS} characters at most."
        )
    # Characters that steer a terminal, a player or the direction of writing are no words.
    text = " ".join(_STEERING.sub(" ", command.text).split())
    if not text:
        raise ClientError(ErrorCode.BAD_MESSAGE, "Write what was said; a line cannot be empty.")
    return () if text == line.segment.text else (SegmentEdited(segment=command.segment, text=text),)


def _edit_note(session: Session, command: EditNote, by: str) -> Sequence[Event]:
    note = next((note for note in session.notes if note.seq == command.of), None)
    if note is None:
        raise ClientError(ErrorCode.BAD_MESSAGE, "There is no such note, or it was withdrawn.")
    if note.by != by:
        raise not_yours()
    check_note(command.note, None)
    return () if command.note == note.text else (NoteEdited(of=command.of, note=command.note),)


def _voice(session: Session, voice: str) -> str:
    """Return the voice that ``voice`` is after all merging.

    Raises:
        ClientError: ``unknown_voice``.
    """
    if voice not in session.voices and voice not in session.account.appeared:
        raise ClientError(
            ErrorCode.UNKNOWN_VOICE, "Nobody has been heard in this interview with that voice."
        )
    return session.account.naming.root(voice)


def _line(session: Session, segment: str) -> Spoken:
    """Return the line.

    Raises:
        ClientError: ``unknown_segment``.
    """
    line = session.segments.get(segment)
    if line is None:
        raise ClientError(
            ErrorCode.UNKNOWN_SEGMENT, "There is no such line; it may have been split meanwhile."
        )
    return line


def _check_two(one: str, other: str) -> None:
    if one == other:
        raise ClientError(ErrorCode.BAD_MESSAGE, "These are one voice already.")
