"""The same words on two own microphones: one of them heard its neighbour."""

from collections.abc import Iterable
from dataclasses import dataclass

SHARED = 0.6
"""Of a text's runs of three characters, so many in another's from which on it is the same."""
_RUN = 3
_SHORTEST = 8
"""Characters: two people may well say "감사합니다" at once."""
_SLACK_S = 1.0
"""Words at the edges of an utterance are timed no better."""
_TOGETHER = 0.5
"""Of the shorter utterance, so much lies within the other."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an own microphone heard between two session seconds."""

    track: str
    start: float
    end: float
    text: str


def is_within(said: Said, other: Said) -> bool:
    """Whether what was ``said`` is also what the other microphone heard at that time."""
    bare = _bare(said.text)
    if said.track == other.track or len(bare) < _SHORTEST or not _are_together(said, other):
        return False
    runs, others = _runs(bare), _runs(_bare(other.text))
    return sum(run in others for run in runs) >= SHARED * len(runs)


def same(said: Said, others: Iterable[Said]) -> list[Said]:
    """Return those that hold the words of ``said``, or whose words it holds."""
    return [other for other in others if is_within(said, other) or is_within(other, said)]


def _are_together(one: Said, two: Said) -> bool:
    shared_s = min(one.end, two.end) - max(one.start, two.start)
    shorter_s = min(one.end - one.start, two.end - two.start)
    return shared_s + _SLACK_S >= _TOGETHER * shorter_s and shared_s > -_SLACK_S


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()


def _runs(bare: str) -> list[str]:
    return [bare[start : start + _RUN] for start in range(max(1, len(bare) - _RUN + 1))]
