"""From what fills a hole to the blocks that go on in its place. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pipeline.audio import samples, seconds
from server.hearing.block import Block
from server.hearing.splice import Filling, Hole, Run

MAX_FILLED_S = 1.0
"""A shorter gap in a track is heard as silence; a longer one ends the utterance, and is kept."""
STEP_S = 0.2
"""So much is understood at once: a millisecond's work."""
_ANCHORS = 5
"""Every so many steps their place on the session's clock is told."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What goes on in a hole's place, what was kept aside included; and what stays missing."""

    blocks: tuple[Block, ...]
    gaps: tuple[Hole, ...]


def patch(hole: Hole, filling: Filling, aside: Sequence[Block]) -> Patch:
    """Return the sound from the hole on.

    Args:
        hole: by the clocks; what fills it is spread over all of it.
        filling: what there is of it.
        aside: what was heard after it.
    """
    blocks: list[Block] = []
    gaps: list[Hole] = []
    end = 0
    for run in filling.runs:
        gaps += _gap(hole, filling, end, run.start)
        blocks += _steps(hole, filling, run, run.start - end)
        end = run.end
    gaps += _gap(hole, filling, end, filling.size)
    after = _after(aside, filling.twice)
    if after:
        after[0] = _following(after[0], filling.size - end)
    return Patch((*blocks, *after), tuple(gaps))


def _at(hole: Hole, filling: Filling, position: int) -> float:
    """Return the session second of a sample of the hole."""
    if filling.size <= 0:
        return hole.end_s
    return hole.start_s + hole.length_s * position / filling.size


def _gap(hole: Hole, filling: Filling, start: int, end: int) -> Iterator[Hole]:
    if end - start > samples(MAX_FILLED_S):
        start_s, end_s = _at(hole, filling, start), _at(hole, filling, end)
        yield Hole(start_s, end_s, hole.reason)


def _steps(hole: Hole, filling: Filling, run: Run, missing: int) -> Iterator[Block]:
    size = samples(STEP_S)
    for number, start in enumerate(range(0, run.samples.size, size)):
        block = Block(
            run.samples[start : start + size],
            _at(hole, filling, run.start + start),
            is_placed=number % _ANCHORS == 0,
            is_late=run.is_late,
            is_repacked=True,
        )
        yield block if number else _following(block, missing)


def _following(block: Block, missing: int) -> Block:
    """Return the block as it follows what ``missing`` samples before it are unknown."""
    is_cut = block.is_cut or missing > samples(MAX_FILLED_S)
    silence = 0 if is_cut else max(0, missing)
    return replace(block, silence=silence, is_cut=is_cut, is_placed=True)


def _after(aside: Sequence[Block], twice: int) -> list[Block]:
    """Return the blocks without what was heard before."""
    blocks = list(aside)
    while blocks and twice > 0:
        first = blocks.pop(0)
        if first.samples.size > twice:
            blocks.insert(0, first.without(twice))
        twice -= first.samples.size
    return blocks


def length_s(block: Block) -> float:
    """Return how long a block takes, the silence before it included."""
    return seconds(block.silence + block.samples.size)
