"""The lines of a record: what was heard, cut, moved and put right by whoever knows better."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

import msgspec

from server.events import Segment, SegmentEdited, SegmentSplit, SegmentVoiced
from server.record import Spoken, Word
from server.rulings import Claim, newest, ruling

LineFact: TypeAlias = SegmentVoiced | SegmentSplit | SegmentEdited


@dataclass(slots=True)
class Lines:
    """Every line of a session in the order of the journal; parts stand where their whole stood.

    Attributes:
        spoken: the lines.
        segments: the same by their names.
        utterances: the same by what they were heard in.
        said: voice → how many lines are its.
    """

    spoken: list[Spoken] = field(default_factory=list)
    segments: dict[str, Spoken] = field(default_factory=dict)
    utterances: dict[str, list[Spoken]] = field(default_factory=dict)
    said: Counter[str] = field(default_factory=Counter)
    _heard: dict[int, tuple[Spoken, ...]] = field(default_factory=dict)
    """By the seq of their event: segments as they were heard."""
    _seqs: dict[str, list[int]] = field(default_factory=dict)
    """Name of a segment as it was heard → where."""
    _wholes: dict[str, str] = field(default_factory=dict)
    """Name of a part → what it is a part of."""
    _voiced: dict[str, list[Claim[SegmentVoiced]]] = field(default_factory=dict)
    _splits: dict[str, list[Claim[SegmentSplit]]] = field(default_factory=dict)
    _edits: dict[str, list[Claim[SegmentEdited]]] = field(default_factory=dict)

    def hear(self, heard: Sequence[Spoken], retracted: Set[int]) -> list[Spoken]:
        """Take the segments of one utterance; return its lines."""
        first = heard[0]
        self._heard[first.seq] = tuple(heard)
        for spoken in heard:
            self._seqs.setdefault(spoken.segment.segment, []).append(first.seq)
        lines = [line for one in heard for line in self._lines(one, retracted)]
        self.spoken += lines
        self.utterances.setdefault(first.utterance, []).extend(lines)
        self._count(lines)
        return lines

    def take(self, claim: Claim[LineFact]) -> None:
        """Take what somebody says about a line; ``settle`` follows."""
        seq, by, fact = claim.seq, claim.by, claim.value
        match fact:
            case SegmentVoiced():
                self._voiced.setdefault(fact.segment, []).append(Claim(seq, by, fact))
            case SegmentEdited():
                self._edits.setdefault(fact.segment, []).append(Claim(seq, by, fact))
            case SegmentSplit():
                if self._may_split(fact):
                    self._splits.setdefault(fact.segment, []).append(Claim(seq, by, fact))
                    for part in fact.parts:
                        self._wholes[part.segment] = fact.segment

    def settle(self, segment: str, retracted: Set[int]) -> tuple[list[Spoken], list[Spoken]]:
        """Find out what the whole that ``segment`` belongs to is now.

        Returns:
            The lines of it that are no more, and those that are new.
        """
        gone: list[Spoken] = []
        new: list[Spoken] = []
        for seq in self._seqs.get(self.whole(segment), ()):
            old, now = self._settle(seq, retracted)
            gone += [line for line in old if line not in now]
            new += [line for line in now if line not in old]
        return gone, new

    def whole(self, segment: str) -> str:
        """Return the segment, as it was heard, that ``segment`` is a part of."""
        while segment in self._wholes:
            segment = self._wholes[segment]
        return segment

    def heard(self, segment: str) -> Spoken | None:
        """Return the segment that ``segment`` is a part of, as it was heard."""
        whole = self.whole(segment)
        seqs = self._seqs.get(whole)
        if not seqs:
            return None
        return next(one for one in self._heard[seqs[-1]] if one.segment.segment == whole)

    def of(self, seq: int, segment: str) -> list[Spoken]:
        """Return the lines that a segment of event ``seq``, as it was heard, is now."""
        return [
            line
            for line in self._of(seq)
            if self.whole(line.segment.segment) == segment and line.seq == seq
        ]

    def split(self, segment: str, retracted: Set[int]) -> Claim[SegmentSplit] | None:
        """Return which word on the parts of ``segment`` counts."""
        return ruling(self._splits.get(segment, ()), retracted)

    def _settle(self, seq: int, retracted: Set[int]) -> tuple[list[Spoken], list[Spoken]]:
        old = self._of(seq)
        now = [line for one in self._heard[seq] for line in self._lines(one, retracted)]
        at = bisect_left(self.spoken, seq, key=attrgetter("seq"))
        self.spoken[at : at + len(old)] = now
        utterance = self._heard[seq][0].utterance
        lines = self.utterances[utterance]
        at = bisect_left(lines, seq, key=attrgetter("seq"))
        lines[at : at + len(old)] = now
        for line in old:
            self.segments.pop(line.segment.segment, None)
            if line.segment.voice is not None:
                self.said[line.segment.voice] -= 1
        self._count(now)
        return old, now

    def _of(self, seq: int) -> list[Spoken]:
        lines = self.utterances[self._heard[seq][0].utterance]
        at = bisect_left(lines, seq, key=attrgetter("seq"))
        return [line for line in lines[at:] if line.seq == seq]

    def _count(self, lines: Sequence[Spoken]) -> None:
        for line in lines:
            self.segments[line.segment.segment] = line
            if line.segment.voice is not None:
                self.said[line.segment.voice] += 1

    def _may_split(self, split: SegmentSplit) -> bool:
        """Whether it cuts what is known into what is new: nothing may be a part of itself."""
        is_known = split.segment in self._seqs or split.segment in self._wholes
        return is_known and all(
            self._wholes.get(part.segment, split.segment) == split.segment
            and part.segment not in self._seqs
            for part in split.parts
        )

    def _lines(self, heard: Spoken, retracted: Set[int]) -> Iterator[Spoken]:
        name, words = heard.segment.segment, heard.segment.words
        claim = self.split(name, retracted) if name in self._splits else None
        if claim is None or sum(part.words for part in claim.value.parts) != len(words):
            yield self._line(heard, retracted)
            return
        first = 0
        for part in claim.value.parts:
            last = first + part.words
            own = words[first:last]
            if own:
                segment = msgspec.structs.replace(
                    heard.segment,
                    segment=part.segment,
                    voice=part.voice,
                    words=own,
                    voice_confidence=_known(part.confidence, heard.segment.voice_confidence),
                )
                start = own[0][0] if first else heard.start
                end = own[-1][1] if last < len(words) else heard.end
                of_part = replace(heard, segment=segment, start=start, end=end)
                yield from self._lines(of_part, retracted)
            first = last

    def _line(self, heard: Spoken, retracted: Set[int]) -> Spoken:
        name = heard.segment.segment
        voiced = self._voiced.get(name, ())
        machines = newest(voiced, retracted, is_persons=False)
        moved = newest(voiced, retracted, is_persons=True)
        edited = ruling(self._edits.get(name, ()), retracted)
        segment = heard.segment
        if machines is not None:
            segment = _voiced(segment, machines.value, segment.voice_confidence)
        if moved is None and edited is None:
            return heard if segment is heard.segment else replace(heard, segment=segment)
        found = segment
        if moved is not None:
            segment = _voiced(segment, moved.value, 1.0)
        if edited is not None:
            words = retimed(segment.words, edited.value.text, heard.start, heard.end)
            segment = msgspec.structs.replace(segment, words=words, text_confidence=1.0)
        return replace(
            heard,
            segment=segment,
            heard=found,
            is_moved=moved is not None,
            is_edited=edited is not None,
        )


def _voiced(segment: Segment, fact: SegmentVoiced, confidence: float) -> Segment:
    return msgspec.structs.replace(
        segment, voice=fact.voice, voice_confidence=_known(fact.confidence, confidence)
    )


def retimed(words: Sequence[Word], text: str, start: float, end: float) -> tuple[Word, ...]:
    """Return the words of ``text`` at the times of those that were heard.

    Words that are still the same keep their times; what was changed between them shares theirs.
    """
    said = text.split()
    head = _alike(words, said)
    tail = _alike(words[head:][::-1], said[head:][::-1])
    old, new = words[head : len(words) - tail], said[head : len(said) - tail]
    if len(old) == len(new):
        middle = [(one[0], one[1], word, 1.0) for one, word in zip(old, new, strict=True)]
    else:
        begin = old[0][0] if old else (words[head - 1][1] if head else start)
        until = old[-1][1] if old else (words[head][0] if head < len(words) else end)
        step = max(0.0, until - begin) / max(1, len(new))
        middle = [
            (round(begin + step * place, 3), round(begin + step * (place + 1), 3), word, 1.0)
            for place, word in enumerate(new)
        ]
    return (*words[:head], *middle, *words[len(words) - tail :])


def _alike(words: Sequence[Word], said: Sequence[str]) -> int:
    """Return how many words at the beginning are the same."""
    count = 0
    for word, other in zip(words, said, strict=False):
        if word[2] != other:
            break
        count += 1
    return count


def _known(confidence: float | None, otherwise: float) -> float:
    return otherwise if confidence is None else confidence
