"""Words and voices joined by their times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.audio import samples
from pipeline.speakers.turns import VoiceTurn
from pipeline.transcription import Word

_NEAR: Final = samples(0.6)
"""A word that no turn touches belongs to the nearest; recognisers place words this badly."""
_ISLAND_S: Final = 0.45
"""One word of another voice for less than this is taken for a misplaced edge."""
_STANDING: Final = samples(1.0)
"""Speech of a voice that counts when two claim a word: who has talked for longer keeps it."""


@dataclass(frozen=True, slots=True)
class VoicedWords:
    """Consecutive words of one voice.

    Attributes:
        voice: its name in the gallery; None: somebody whom nobody knows.
        confidence: that these are its words, 0 to 1.
    """

    voice: str | None
    confidence: float
    words: tuple[Word, ...]


def join(
    words: Sequence[Word], turns: Sequence[VoiceTurn], start: int = 0
) -> tuple[VoicedWords, ...]:
    """Give every word to a voice; all words come back, in their order.

    Args:
        words: of one utterance, timed from its beginning.
        turns: of its track.
        start: sample of the track at which the utterance begins.
    """
    owners = [_owner(word, turns, start) for word in words]
    voices = _without_islands(words, [owner.voice if owner else None for owner in owners])
    groups: list[VoicedWords] = []
    first = 0
    for i in range(1, len(words) + 1):
        if i == len(words) or voices[i] != voices[first]:
            sure = _confidence(words[first:i], owners[first:i], voices[first])
            groups.append(VoicedWords(voices[first], sure, tuple(words[first:i])))
            first = i
    return tuple(groups)


def _owner(word: Word, turns: Sequence[VoiceTurn], start: int) -> VoiceTurn | None:
    """Return the turn that has most of a word; of two that both have it, the longer one."""
    begin, end = start + samples(word.start), start + samples(max(word.end, word.start + 0.01))
    shares = [(min(end, turn.end) - max(begin, turn.start), turn) for turn in turns]
    inside = [(shared, turn) for shared, turn in shares if shared > 0]
    if inside:
        # Overlap gives both nearly all of the word: then who has been talking for longer has it.
        return max(inside, key=lambda one: one[0] * min(_STANDING, one[1].end - one[1].start))[1]
    near = [(-shared, turn) for shared, turn in shares if -shared <= _NEAR]
    return min(near, key=lambda one: one[0])[1] if near else None


def _without_islands(words: Sequence[Word], voices: list[str | None]) -> list[str | None]:
    """Give a single short word between two of one voice to that voice."""
    smooth = list(voices)
    for i in range(1, len(words) - 1):
        is_island = smooth[i - 1] == voices[i + 1] != voices[i]
        if is_island and words[i].end - words[i].start < _ISLAND_S:
            smooth[i] = smooth[i - 1]
    return smooth


def _confidence(
    words: Sequence[Word], owners: Sequence[VoiceTurn | None], voice: str | None
) -> float:
    """Return the mean over the words' time; those taken over from another voice count for none."""
    if voice is None:
        return 0.0
    lengths = [max(0.01, word.end - word.start) for word in words]
    sure = [owner.confidence if owner and owner.voice == voice else 0.0 for owner in owners]
    return sum(a * b for a, b in zip(lengths, sure, strict=True)) / sum(lengths)
