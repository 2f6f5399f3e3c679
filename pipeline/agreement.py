"""What of a growing utterance is certain already: the words two hypotheses in a row agree on."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.audio import samples
from pipeline.transcription import Word


@dataclass(frozen=True, slots=True)
class _Placed:
    """A word at its samples of the track."""

    start: int
    end: int
    text: str

    @classmethod
    def of(cls, word: Word, origin: int) -> "_Placed":
        return cls(origin + samples(word.start), origin + samples(word.end), word.text)

    @property
    def middle(self) -> int:
        return (self.start + self.end) // 2

    def agrees(self, other: "_Placed") -> bool:
        """Whether both are the same word; punctuation changes as a sentence grows."""
        return _bare(self.text) == _bare(other.text)


class Agreement:
    """Folds the hypotheses of one open utterance into certain and tentative words.

    Each hypothesis is what a model heard from `tail` on. The longest common prefix of the last
    two is committed and never heard again, the rest of the last one is tentative::

        저는 개            committed:                tentative: 저는 개
        저는 개발을 공부    committed: 저는           tentative: 개발을 공부
             개발을 공부했  committed: 저는 개발을     tentative: 공부했

    Committed text only grows. The final decode hears the whole utterance and replaces all.
    """

    def __init__(self, start: int, longest_tail: int) -> None:
        """Begin an utterance at sample ``start``; no tail is longer than ``longest_tail``."""
        self.start = start
        self._longest_tail = longest_tail
        self._committed: list[str] = []
        self._certain_to = start
        self._tentative: tuple[_Placed, ...] = ()

    @property
    def committed(self) -> str:
        return " ".join(self._committed)

    @property
    def tentative(self) -> str:
        return " ".join(word.text for word in self._tentative)

    @property
    def has_words(self) -> bool:
        return bool(self._committed or self._tentative)

    def tail(self, now: int) -> int:
        """Return the sample from which the next hypothesis, up to sample ``now``, should hear.

        Words that begin too long ago to be heard again are committed as they are.
        """
        oldest = now - self._longest_tail
        if self._certain_to < oldest:
            self._commit(sum(word.start < oldest for word in self._tentative))
            self._certain_to = max(self._certain_to, oldest)
        return min(self._certain_to, now)

    def take(self, words: Sequence[Word], origin: int) -> None:
        """Take the next hypothesis, whose words are timed from sample ``origin``.

        It may begin before the tail: words that lie in what is committed are left out. One without
        further words is no statement that nothing was said, and changes nothing.
        """
        placed = (_Placed.of(word, origin) for word in words)
        heard = tuple(word for word in placed if word.middle > self._certain_to)
        if not heard:
            return
        agreed = 0
        for new, old in zip(heard, self._tentative, strict=False):
            if not new.agrees(old):
                break
            agreed += 1
        self._tentative = heard
        self._commit(agreed)

    def _commit(self, count: int) -> None:
        certain, self._tentative = self._tentative[:count], self._tentative[count:]
        self._committed += (word.text for word in certain)
        self._certain_to = max([self._certain_to, *(word.end for word in certain)])


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()
