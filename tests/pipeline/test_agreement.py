"""Which words of a growing utterance are certain: hypotheses are drawn, each word lasts 0.5 s."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.agreement import Agreement
from pipeline.audio import RATE_HZ, samples
from pipeline.transcription import Word

WORD_S = 0.5
WORD = samples(WORD_S)
START = 3 * RATE_HZ
LONGEST = samples(6.0)


def said(text: str) -> tuple[Word, ...]:
    """The words of ``text``, one after the other from the beginning of what was heard."""
    return tuple(
        Word(WORD_S * number, WORD_S * (number + 1), word, 0.9)
        for number, word in enumerate(text.split())
    )


def agreement() -> Agreement:
    return Agreement(START, LONGEST)


def shown(agreeing: Agreement) -> tuple[str, str]:
    return agreeing.committed, agreeing.tentative


def test_one_hypothesis_is_tentative() -> None:
    agreeing = agreement()
    agreeing.take(said("저는 개"), START)
    assert shown(agreeing) == ("", "저는 개")
    assert agreeing.tail(START + 4 * WORD) == START


def test_what_two_hypotheses_begin_with_is_committed_and_the_next_tail_begins_behind_it() -> None:
    agreeing = agreement()
    agreeing.take(said("저는 개"), START)
    agreeing.take(said("저는 개발을 공부"), START)
    assert shown(agreeing) == ("저는", "개발을 공부")
    tail = agreeing.tail(START + 4 * WORD)
    assert tail == START + WORD
    agreeing.take(said("개발을 공부했습니다"), tail)
    assert shown(agreeing) == ("저는 개발을", "공부했습니다")


def test_punctuation_and_case_are_no_disagreement_and_the_newer_form_is_kept() -> None:
    agreeing = agreement()
    agreeing.take(said("안녕하세요. python"), START)
    agreeing.take(said("안녕하세요, Python 개발자"), START)
    assert shown(agreeing) == ("안녕하세요, Python", "개발자")


def test_words_after_a_disagreement_are_not_committed() -> None:
    agreeing = agreement()
    agreeing.take(said("가 나 다"), START)
    agreeing.take(said("가 라 다"), START)
    assert shown(agreeing) == ("가", "라 다")


def test_an_empty_hypothesis_changes_nothing() -> None:
    agreeing = agreement()
    agreeing.take((), START)
    assert shown(agreeing) == ("", "")
    agreeing.take(said("가 나"), START)
    agreeing.take((), START)
    agreeing.take(said("가 다"), START)
    assert shown(agreeing) == ("가", "다")


def test_a_hypothesis_of_the_whole_utterance_counts_for_what_is_not_committed() -> None:
    agreeing = agreement()
    agreeing.take(said("가 나"), START)
    agreeing.take(said("가 다"), START)
    agreeing.take(said("고 다 라"), START)
    assert shown(agreeing) == ("가 다", "라")


def test_what_is_too_long_ago_to_be_heard_again_is_committed_as_it_is() -> None:
    agreeing = agreement()
    agreeing.take(said("가 나 다"), START)
    now = START + LONGEST + WORD + 1
    assert agreeing.tail(now) == START + 2 * WORD
    assert shown(agreeing) == ("가 나", "다")


def test_without_any_words_the_tail_still_moves_on() -> None:
    agreeing = agreement()
    assert agreeing.tail(START + 5 * LONGEST) == START + 4 * LONGEST


HYPOTHESES = st.lists(
    st.tuples(
        st.integers(0, 3 * RATE_HZ),  # how much sound arrived since the last one
        st.booleans(),  # whether it hears the tail or the whole utterance
        st.lists(
            st.tuples(st.sampled_from(["가", "나", "다."]), st.floats(0, 2), st.floats(0, 1)),
            max_size=6,
        ),
    ),
    max_size=12,
)


@given(HYPOTHESES)
def test_whatever_is_heard_committed_text_only_grows_and_tails_stay_short(
    hypotheses: list[tuple[int, bool, list[tuple[str, float, float]]]],
) -> None:
    agreeing = agreement()
    now = last_tail = START
    committed = ""
    for arrived, is_tail, drawn in hypotheses:
        now += arrived
        tail = agreeing.tail(now)
        assert last_tail <= tail <= now
        assert now - tail <= LONGEST
        last_tail = tail
        origin = tail if is_tail else START
        words, end = [], 0.0
        for text, gap, length in drawn:
            begin = min(end + gap, (now - origin) / RATE_HZ)
            end = min(begin + length, (now - origin) / RATE_HZ)
            words.append(Word(begin, end, text, 0.5))
        agreeing.take(words, origin)
        assert agreeing.committed.startswith(committed)
        committed = agreeing.committed
        for text in (committed, agreeing.tentative):
            assert text == " ".join(text.split())


@given(st.lists(st.sampled_from("가나다라"), min_size=1, max_size=40), st.integers(1, 6))
def test_a_model_that_makes_no_mistake_commits_everything_but_its_last_words(
    spoken: list[str], pace: int
) -> None:
    agreeing = agreement()
    heard = 0
    while heard < len(spoken):
        heard = min(heard + pace, len(spoken))
        tail = agreeing.tail(START + heard * WORD)
        first = (tail - START) // WORD
        agreeing.take(said(" ".join(spoken[first:heard])), tail)
        assert f"{agreeing.committed} {agreeing.tentative}".split() == spoken[:heard]
        assert len(agreeing.tentative.split()) <= pace
