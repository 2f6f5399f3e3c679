"""What of a growing utterance is certain already: the words two hypotheses in a row agree on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, takewhile

from pipeline.audio import samples, seconds
from pipeline.transcription import Word

_SEARCHED = samples(1.5)
"""How far before the seam words are compared; those of a hypothesis before that are old anyway."""

_JITTER_S = 0.6
"""By how much the times of one word differ between two hypotheses, at the very most."""

_SYLLABLES_PER_S = 4.0
"""What a seam that is one second off costs in syllables that are heard again: "그리고" 0.4 s from
where it was committed is the same word, 0.8 s from there somebody has said it twice."""

_SQUASHED_S = 0.04
"""Nobody says a syllable in less. Alignment gives words no time that are not in the sound."""

_LONGEST_ECHO = 8
_LONGEST_RUN = 2
"""A word or two may be misaligned; more words in a row without time are invented."""


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
    def bare(self) -> str:
        """The text as it is compared; punctuation changes as a sentence grows."""
        return "".join(filter(str.isalnum, self.text)).lower()

    @property
    def is_squashed(self) -> bool:
        return self.end - self.start <= samples(_SQUASHED_S) * len(self.bare)


class Agreement:
    """Folds the hypotheses of one open utterance into certain and tentative words.

    Each hypothesis is what a model heard from `tail` on. The longest common prefix of the last
    two is committed, the rest of the last one is tentative::

        저는 개            committed:                tentative: 저는 개
        저는 개발을 공부    committed: 저는           tentative: 개발을 공부
             개발을 공부했  committed: 저는 개발을     tentative: 공부했

    Committed text only grows. The final decode hears the whole utterance and replaces all.

    A tail may begin with committed words, as context: a model that begins to hear inside a word
    invents another. They are found again by their text and, with tolerance, by their times.
    """

    def __init__(self, start: int, longest_tail: int, context: int = 0) -> None:
        """Begin an utterance at sample ``start``.

        Args:
            start: the first sample of the utterance.
            longest_tail: no tail is longer, context included.
            context: a tail begins with the committed words of at most so many samples.
        """
        self.start = start
        self._longest_tail = longest_tail
        self._context = context
        self._committed: list[_Placed] = []
        self._certain_to = start
        self._tail = start
        self._tentative: tuple[_Placed, ...] = ()

    @property
    def committed(self) -> str:
        return " ".join(word.text for word in self._committed)

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
        self._tail = min(max(self._tail, self._first_of_context(), oldest), now)
        return self._tail

    def take(self, words: Sequence[Word], origin: int) -> None:
        """Take the next hypothesis, whose words are timed from sample ``origin``.

        It may begin before the tail: words that lie in what is committed are left out. One without
        further words is no statement that nothing was said, and changes nothing.
        """
        placed = _spoken([_Placed.of(word, origin) for word in words])
        heard = tuple(placed[_seam(self._committed, self._certain_to, placed) :])
        if not heard:
            return
        skipped = self._skipped_by(heard[0])
        if skipped:
            first = replace(heard[0], start=max(heard[0].start, skipped[-1].end))
            self._tentative = (*skipped, first, *heard[1:])
        else:
            agreed = _agreed(heard, self._tentative)
            self._tentative = heard
            self._commit(agreed)

    def _first_of_context(self) -> int:
        """Return where the first word begins that is heard again for the sake of the next."""
        oldest = self._certain_to - self._context
        recent = takewhile(lambda word: word.start >= oldest, reversed(self._committed))
        return min([self._certain_to, *(word.start for word in recent)])

    def _skipped_by(self, first: _Placed) -> tuple[_Placed, ...]:
        """Return the tentative words in a gap that a hypothesis has before its ``first`` word.

        Models leave sentences out now and then; what was heard there once is worth more.
        """
        jitter = samples(_JITTER_S)
        same = [
            word.start
            for word in self._tentative
            if _alike(word, first) and abs(word.end - first.end) <= jitter
        ]
        begin = min(same, default=first.end - samples(_longest_s(first.text)))
        if begin - self._certain_to <= jitter:
            return ()
        gap = takewhile(lambda word: word.end <= begin and not _alike(word, first), self._tentative)
        return tuple(gap)

    def _commit(self, count: int) -> None:
        certain, self._tentative = self._tentative[:count], self._tentative[count:]
        self._committed += certain
        self._certain_to = max([self._certain_to, *(word.end for word in certain)])


def _joined(words: Sequence[_Placed]) -> str:
    return "".join(word.bare for word in words)


def _alike(one: _Placed, two: _Placed) -> bool:
    """Whether one of the words is the beginning of the other."""
    return one.bare.startswith(two.bare) or two.bare.startswith(one.bare)


def _longest_s(text: str) -> float:
    """How long ``text`` lasts if it is said slowly: alignment begins a first word too early."""
    return 0.4 + 0.25 * len(text)


def _agreed(new: Sequence[_Placed], old: Sequence[_Placed]) -> int:
    """Return with how many words of ``new`` the words of ``old`` begin, however spaced."""
    pairs = zip(_joined(new), _joined(old), strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    old_ends = set(accumulate(len(word.bare) for word in old))
    new_ends = accumulate(len(word.bare) for word in new)
    agreeing = [n for n, end in enumerate(new_ends, 1) if 0 < end <= same and end in old_ends]
    return max(agreeing, default=0)


def _seam(committed: Sequence[_Placed], certain_to: int, heard: Sequence[_Placed]) -> int:
    """Return how many words of ``heard`` say again what is committed up to ``certain_to``.

    The best seam is the one whose words before it are most like the last committed ones, and
    that is nearest to where these end::

        committed  나는 지금까지|
        heard           까지    그리고 학교를      best seam: 까지|그리고
    """
    said = _joined([word for word in committed if word.end > certain_to - 2 * _SEARCHED])
    first = sum(word.end < certain_to - _SEARCHED for word in heard)
    last = sum(word.start <= certain_to + samples(_JITTER_S) for word in heard)
    fits = accumulate(
        (word.bare for word in heard[first:last]),
        partial(_fit, said),
        initial=[0] * (len(said) + 1),
    )
    scores = [
        _score(fit[-1], _misfit_s(heard, count, certain_to))
        for count, fit in enumerate(fits, first)
    ]
    return first + scores.index(max(scores))


def _fit(said: str, fit: list[int], word: str) -> list[int]:
    """Go on with ``word`` in the alignment of what is heard with the last part of ``said``.

    ``fit[i]`` tells how well all that is heard so far repeats what ``said[:i]`` ends with: a
    syllable found is worth 1; a wrong one, a missing one and one too many cost 1 each.
    """
    for heard in word:
        before, fit = fit, [fit[0] - 1]
        for i, expected in enumerate(said):
            same = before[i] + (1 if heard == expected else -1)
            fit.append(max(same, before[i + 1] - 1, fit[i] - 1))
    return fit


def _misfit_s(heard: Sequence[_Placed], count: int, certain_to: int) -> float:
    """How far ``certain_to`` is from the gap behind the first ``count`` words."""
    over = heard[count - 1].end - certain_to if count else 0
    under = certain_to - heard[count].start if count < len(heard) else 0
    return seconds(max(0, over, under))


def _score(fit: int, misfit_s: float) -> float:
    """How probable a seam is.

    Text that is not alike says little, as any word may be misheard: times decide. Text that is
    alike counts for nothing where times clearly speak against it.
    """
    fit = max(fit, -1) if misfit_s <= _JITTER_S else -1
    return fit - _SYLLABLES_PER_S * misfit_s


def _spoken(words: Sequence[_Placed]) -> list[_Placed]:
    """Leave out what a model repeats without a sound: it runs on when it hears little."""
    kept: list[_Placed] = []
    at = 0
    while at < len(words):
        echo = _echo(kept, words[at:])
        if echo:
            kept[-1] = replace(kept[-1], end=words[at + echo - 1].end)
        else:
            kept.append(words[at])
        at += max(1, echo)
    return _without_runs(kept)


def _echo(before: Sequence[_Placed], words: Sequence[_Placed]) -> int:
    """Return with how many of its words ``words`` only repeat the end of ``before``.

    A real repetition takes its time. The last echo may be cut off.
    """
    for size in range(1, min(_LONGEST_ECHO, len(before)) + 1):
        phrase = before[len(before) - size :]
        text = _joined(phrase)
        for length in range(1, len(words) + 1):
            again = _joined(words[:length])
            if len(again) > len(text):
                break
            is_rest = length == len(words) and bool(again) and text.startswith(again)
            if again == text and _lacks_time((*phrase, *words[:length])):
                return length
            if is_rest and all(word.is_squashed for word in words):
                return length
    return 0


def _lacks_time(words: Sequence[_Placed]) -> bool:
    """Whether a word has no time; a single syllable is too short to tell."""
    return any(word.is_squashed and len(word.bare) > 1 for word in words)


def _without_runs(words: Sequence[_Placed]) -> list[_Placed]:
    """Leave out every run of squashed words that is too long to be a slip of alignment."""
    kept: list[_Placed] = []
    run: list[_Placed] = []
    for word in words:
        if word.is_squashed:
            run.append(word)
            continue
        kept += [*(run if len(run) <= _LONGEST_RUN else []), word]
        run = []
    return kept + (run if len(run) <= _LONGEST_RUN else [])
