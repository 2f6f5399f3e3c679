"""Where in speech a voice is listened to: short cells that hold one voice each, as far as known."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.audio import samples
from pipeline.speakers.activity import Span

HOP: Final = samples(0.5)
WINDOW: Final = samples(1.5)
SHORTEST: Final = samples(0.4)
_LEAST: Final = samples(0.25)
"""A change nearer to an edge is that edge."""
_OVERLAP: Final = samples(0.3)
"""Two voices at once for longer are no evidence of either."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of speech that gets one label.

    Attributes:
        heard: the sound that tells whose it is; None where two speak at once.
        follows: a voice may follow another at ``start``: a pause or a change is there.
    """

    start: int
    end: int
    heard: Span | None
    follows: bool

    @property
    def centre(self) -> int:
        return (self.start + self.end) // 2


def cells(regions: Sequence[Span], changes: Sequence[int], overlaps: Sequence[Span]) -> list[Cell]:
    """Cut ``regions`` of speech at ``changes`` of voice and around ``overlaps``."""
    found: list[Cell] = []
    for start, end in regions:
        long = [(a, b) for a, b in overlaps if b - a >= _OVERLAP and a < end and b > start]
        edges = {start, end}
        for edge in [*(edge for span in long for edge in span), *changes]:
            if all(abs(edge - other) >= _LEAST for other in edges) and start < edge < end:
                edges.add(edge)
        bounds = sorted(edges)
        for a, b in zip(bounds, bounds[1:], strict=False):
            middle = (a + b) // 2
            if any(x <= middle < y for x, y in long):
                found.append(Cell(a, b, None, follows=True))
            else:
                found.extend(_section(a, b))
    return found


def _section(start: int, end: int) -> Iterator[Cell]:
    """Yield the cells of one voice; their centres stay where they are while it goes on."""
    grid = range(-(-(start + _LEAST) // HOP) * HOP, end - _LEAST + 1, HOP)
    centres = list(grid) or [(start + end) // 2]
    bounds = [start, *((a + b) // 2 for a, b in zip(centres, centres[1:], strict=False)), end]
    for i, centre in enumerate(centres):
        low = max(start, min(centre - WINDOW // 2, end - WINDOW))
        high = min(end, max(centre + WINDOW // 2, low + WINDOW))
        if high - low < SHORTEST:
            low = max(0, (low + high - SHORTEST) // 2)
            high = low + SHORTEST
        yield Cell(bounds[i], bounds[i + 1], (low, high), follows=i == 0)
