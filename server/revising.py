"""What a second hearing of the whole interview changes in the record: pure functions."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from pipeline.audio import RATE_HZ, samples
from pipeline.speakers.joining import VoicedWords, join
from pipeline.speakers.turns import VoiceTurn
from pipeline.transcription import Word
from server.events import (
    Event,
    SegmentPart,
    SegmentSplit,
    SegmentVoiced,
    Speech,
    VoiceAssigned,
    VoiceSpan,
)
from server.record import Spoken
from server.session import Session

SPANS = 200
"""Of one ``speech`` event: it keeps under one message of the data channel."""
SURER = 0.2
"""How much another confidence of the same voice must differ to be told."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Who spoke into ``track`` between two session seconds.

    Attributes:
        turns: in order of start; their samples count from session second 0.
    """

    track: str
    start: float
    end: float
    turns: tuple[VoiceTurn, ...]


def introductions(session: Session, turns: Sequence[VoiceTurn]) -> list[Event]:
    """Return that voices were heard of which the session does not know yet."""
    heard = dict.fromkeys(turn.voice for turn in turns)
    return [
        VoiceAssigned(voice=voice, seat=None, reason="heard")
        for voice in heard
        if voice is not None and voice not in session.voices
    ]


def speech(heard: Heard) -> list[Event]:
    """Return who spoke when, in stretches that follow each other without a gap."""
    events: list[Event] = []
    spans = [_span(turn) for turn in heard.turns]
    start = heard.start
    while True:
        head, rest = spans[:SPANS], spans[SPANS:]
        end = rest[0].start if rest else heard.end
        told = tuple(cut for span in head if (cut := _cut(span, start, end)) is not None)
        events.append(Speech(track=heard.track, start=_ms(start), end=_ms(end), spans=told))
        if not rest:
            return events
        # What goes on beyond the stretch is told again where the next one begins.
        spans = [span for span in head if span.end > end] + rest
        start = end


def revisions(session: Session, heard: Heard, segments: Sequence[Spoken]) -> list[Event]:
    """Return which segments are of other voices than the record says.

    What a person said of a segment stands, and so does one whose words a person has changed.

    Args:
        session: as it is now.
        heard: the track's turns.
        segments: names what to look at, as it was; those that are gone are left out.
    """
    turns = _Turns(heard.turns)
    events: list[Event] = []
    for named in segments:
        spoken = session.segments.get(named.segment.segment)
        if spoken is None or not is_open(spoken) or not heard.start <= spoken.start < heard.end:
            continue
        first, last = spoken.segment.words[0][0], spoken.segment.words[-1][1]
        # Once whole, or a segment at the edge would be judged by half its sound.
        if last <= heard.end:
            between = turns.between(samples(first), samples(last))
            if between:  # Where nothing was heard (no sound was kept) nothing is known better.
                events += _revision(spoken, session.voice(spoken.segment), between)
    return events


def is_open(spoken: Spoken) -> bool:
    """Whether a machine may still say whose words these are."""
    return bool(spoken.segment.words) and not (spoken.is_moved or spoken.is_edited)


def changed(session: Session, events: Sequence[Event]) -> int:
    """Return how many segments get another voice by ``events``, which are still to happen."""

    def is_change(event: Event) -> bool:
        match event:
            case SegmentVoiced():
                spoken = session.segments[event.segment]
                return session.voice(spoken.segment) != event.voice
            case _:
                return isinstance(event, SegmentSplit)

    return sum(map(is_change, events))


def _revision(spoken: Spoken, voice: str | None, turns: Sequence[VoiceTurn]) -> Iterator[Event]:
    segment = spoken.segment
    parts = _parts(spoken, turns)
    if len(parts) > 1:
        yield SegmentSplit(
            segment=segment.segment,
            parts=tuple(
                SegmentPart(
                    segment=f"{segment.segment}.{number}",
                    words=len(part.words),
                    voice=part.voice,
                    confidence=_confidence(part),
                )
                for number, part in enumerate(parts, 1)
            ),
        )
        return
    [part] = parts
    is_other = part.voice != voice
    if is_other or abs(_confidence(part) - segment.voice_confidence) >= SURER:
        yield SegmentVoiced(segment=segment.segment, voice=part.voice, confidence=_confidence(part))


def _parts(spoken: Spoken, turns: Sequence[VoiceTurn]) -> tuple[VoicedWords, ...]:
    words = spoken.segment.words
    start_s = words[0][0]
    timed = [Word(start - start_s, end - start_s, text, p) for start, end, text, p in words]
    return join(timed, turns, samples(start_s))


def _confidence(part: VoicedWords) -> float:
    return round(part.confidence, 3) if part.voice is not None else 0.0


class _Turns:
    """Turns that are looked up by time."""

    def __init__(self, turns: Sequence[VoiceTurn]) -> None:
        self._turns = turns
        self._starts = [turn.start for turn in turns]
        self._ends = list(accumulate((turn.end for turn in turns), max))
        """Up to each: the latest end."""

    def between(self, start: int, end: int) -> Sequence[VoiceTurn]:
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, end)
        return [turn for turn in self._turns[first:last] if turn.end > start]


def _span(turn: VoiceTurn) -> VoiceSpan:
    start, end = turn.start / RATE_HZ, turn.end / RATE_HZ
    return VoiceSpan(
        voice=turn.voice, start=_ms(start), end=_ms(end), confidence=round(turn.confidence, 3)
    )


def _cut(span: VoiceSpan, start: float, end: float) -> VoiceSpan | None:
    """Return the part of a span that lies in a stretch."""
    begin, until = max(span.start, _ms(start)), min(span.end, _ms(end))
    if begin >= until:
        return None
    return VoiceSpan(voice=span.voice, start=begin, end=until, confidence=span.confidence)


def _ms(second: float) -> float:
    return round(second, 3)
