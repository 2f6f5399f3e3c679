"""Who spoke when into one track, stretch by stretch: what is said later of a stretch counts."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

import msgspec

from server.events import VoiceSpan


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is known of a track from ``start`` to ``end``, session seconds."""

    start: float
    end: float
    spans: tuple[VoiceSpan, ...]


@dataclass(slots=True)
class Stretches:
    """The stretches of one track in their order; none overlaps another."""

    stretches: list[Stretch] = field(default_factory=list)

    def say(self, start: float, end: float, spans: Sequence[VoiceSpan]) -> None:
        """Replace what was said from ``start`` to ``end``."""
        if end <= start:
            return
        first = bisect_right(self.stretches, start, key=attrgetter("end"))
        last = max(first, bisect_left(self.stretches, end, key=attrgetter("start")))
        kept = [Stretch(start, end, clipped(spans, start, end))]
        if last > first:
            before, after = self.stretches[first], self.stretches[last - 1]
            if before.start < start:
                kept.insert(0, _cut(before, before.start, start))
            if after.end > end:
                kept.append(_cut(after, end, after.end))
        self.stretches[first:last] = kept

    def covers(self, moment: float) -> bool:
        """Whether anything was said of that session second, be it that nobody spoke."""
        place = bisect_right(self.stretches, moment, key=attrgetter("start")) - 1
        return place >= 0 and moment < self.stretches[place].end

    def __iter__(self) -> Iterator[VoiceSpan]:
        """Yield the spans of all stretches."""
        for stretch in self.stretches:
            yield from stretch.spans


def clipped(spans: Sequence[VoiceSpan], start: float, end: float) -> tuple[VoiceSpan, ...]:
    """Return what of ``spans`` is between ``start`` and ``end``."""
    return tuple(
        msgspec.structs.replace(span, start=max(span.start, start), end=min(span.end, end))
        for span in spans
        if min(span.end, end) > max(span.start, start)
    )


def _cut(stretch: Stretch, start: float, end: float) -> Stretch:
    return replace(stretch, start=start, end=end, spans=clipped(stretch.spans, start, end))
