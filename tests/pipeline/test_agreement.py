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
CONTEXT = samples(2.0)


def said(text: str) -> tuple[Word, ...]:
    """The words of ``text``, one after the other from the beginning of what was heard."""
    return tuple(
        Word(WORD_S * number, WORD_S * (number + 1), word, 0.9)
        for number, word in enumerate(text.split())
    )


def timed(*words: tuple[str, float, float]) -> tuple[Word, ...]:
    """Words with their own begin and end in seconds."""
    return tuple(Word(begin, end, text, 0.9) for text, begin, end in words)


def agreement(context: int = 0) -> Agreement:
    return Agreement(START, LONGEST, context)


def certain(text: str, context: int = CONTEXT) -> Agreement:
    """An utterance of which all words of ``text`` are committed."""
    agreeing = agreement(context)
    agreeing.take(said(text), START)
    agreeing.take(said(text), START)
    assert shown(agreeing) == (text, "")
    return agreeing


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


def test_a_tail_begins_with_the_committed_words_that_fit_the_context() -> None:
    text = "하나 둘 셋 넷 다섯"
    now = START + 6 * WORD
    assert certain(text, 0).tail(now) == START + 5 * WORD
    assert certain(text, WORD - 1).tail(now) == START + 5 * WORD
    assert certain(text, WORD).tail(now) == START + 4 * WORD
    assert certain(text, 3 * WORD - 1).tail(now) == START + 3 * WORD
    assert certain(text, LONGEST).tail(now) == START


def test_context_does_not_make_a_tail_longer_than_it_may_be() -> None:
    agreeing = certain("하나 둘 셋 넷")
    now = START + LONGEST + WORD
    assert agreeing.tail(now) == now - LONGEST


def test_committed_words_that_are_heard_again_are_found_by_their_text() -> None:
    agreeing = certain("저는 지금까지")
    agreeing.take(timed(("지금까지", 0.8, 1.4), ("학교를", 1.4, 1.8)), START)
    assert shown(agreeing) == ("저는 지금까지", "학교를")


def test_a_tail_that_begins_inside_a_committed_word_does_not_show_its_rest() -> None:
    agreeing = certain("저는 지금까지")
    agreeing.take(timed(("금까지", 0.9, 1.2), ("학교를", 1.2, 1.8)), START)
    assert shown(agreeing) == ("저는 지금까지", "학교를")


def test_committed_words_are_found_again_however_they_are_spaced_and_misheard() -> None:
    agreeing = certain("공부할 수 있습니다.")
    agreeing.take(timed(("공부 할", 0.1, 0.6), ("수있습니까", 0.6, 1.7), ("저는", 1.8, 2)), START)
    assert shown(agreeing) == ("공부할 수 있습니다.", "저는")


def test_words_that_are_not_alike_are_told_apart_by_their_times() -> None:
    agreeing = certain("가나 다라")
    agreeing.take(timed(("거누", 0, 0.5), ("더러", 0.5, 1.1), ("마바", 1.1, 1.6)), START)
    assert shown(agreeing) == ("가나 다라", "마바")


def test_what_somebody_says_twice_is_shown_twice() -> None:
    agreeing = certain("네")
    agreeing.take(said("네 네"), START)
    assert shown(agreeing) == ("네", "네")
    agreeing.take(said("네 네 맞습니다"), START)
    assert shown(agreeing) == ("네 네", "맞습니다")


def test_a_word_said_again_later_is_kept_though_the_first_was_not_heard_again() -> None:
    for word in ("그리고", "안녕하십니까"):
        agreeing = certain(word)
        agreeing.take(timed((word, 1.0, 1.3)), START)
        assert shown(agreeing) == (word, word)


def test_spaces_are_no_disagreement() -> None:
    agreeing = agreement()
    agreeing.take(said("할수 있 습니"), START)
    agreeing.take(said("할 수 있습니다 네"), START)
    assert shown(agreeing) == ("할 수", "있습니다 네")


def test_a_phrase_repeated_in_no_time_is_left_out_with_its_cut_off_end() -> None:
    agreeing = agreement()
    words = timed(
        ("회사", 0.2, 0.5),
        ("다녔죠", 0.5, 0.66),
        ("회사", 0.66, 0.66),
        ("다녔죠.", 0.66, 0.96),
        ("회", 0.96, 0.96),
    )
    agreeing.take(words, START)
    assert shown(agreeing) == ("", "회사 다녔죠")


def test_a_phrase_repeated_in_its_time_is_shown() -> None:
    agreeing = agreement()
    agreeing.take(said("정말 죄송합니다 정말 죄송합니다"), START)
    assert shown(agreeing) == ("", "정말 죄송합니다 정말 죄송합니다")


def test_many_words_without_time_are_left_out_and_few_are_not() -> None:
    agreeing = agreement()
    few = (("네", 0.0, 0.5), ("하나", 0.5, 0.5), ("둘", 0.5, 0.5))
    agreeing.take(timed(*few), START)
    assert agreeing.tentative == "네 하나 둘"
    agreeing = agreement()
    agreeing.take(timed(*few, ("셋", 0.5, 0.5), ("넷", 0.6, 1.0)), START)
    assert agreeing.tentative == "네 넷"


def test_words_that_a_hypothesis_skips_stay_tentative_and_do_not_agree_with_themselves() -> None:
    agreeing = certain("저는")
    agreeing.take(said("저는 학교를 다니고 집에 갔습"), START)
    skipping = timed(("집에", 0.5, 2.0), ("갔습니다", 2.0, 2.8))
    for _ in range(2):
        agreeing.take(skipping, START)
        assert shown(agreeing) == ("저는", "학교를 다니고 집에 갔습니다")


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


@given(HYPOTHESES, st.sampled_from([0, CONTEXT, LONGEST]))
def test_whatever_is_heard_committed_text_only_grows_and_tails_stay_short(
    hypotheses: list[tuple[int, bool, list[tuple[str, float, float]]]], context: int
) -> None:
    agreeing = agreement(context)
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


@given(
    st.lists(st.sampled_from("가나다라"), min_size=1, max_size=40),
    st.integers(1, 6),
    st.sampled_from([0, WORD, CONTEXT, LONGEST]),
)
def test_a_model_that_makes_no_mistake_commits_everything_but_its_last_words(
    spoken: list[str], pace: int, context: int
) -> None:
    agreeing = agreement(context)
    heard = 0
    while heard < len(spoken):
        heard = min(heard + pace, len(spoken))
        tail = agreeing.tail(START + heard * WORD)
        first = (tail - START) // WORD
        agreeing.take(said(" ".join(spoken[first:heard])), tail)
        assert f"{agreeing.committed} {agreeing.tentative}".split() == spoken[:heard]
        assert len(agreeing.tentative.split()) <= pace


NUMBERS = "하나 둘이 셋을 넷만 다섯 여섯 일곱 여덟 아홉 열번".split()


@given(
    st.permutations(NUMBERS),
    st.lists(st.floats(-0.2, 0.2), min_size=40, max_size=40),
    st.integers(1, 3),
)
def test_nothing_is_shown_twice_or_lost_when_times_differ_from_decode_to_decode(
    spoken: list[str], jitter_s: list[float], pace: int
) -> None:
    agreeing = agreement(CONTEXT)
    jitters = iter(jitter_s * len(NUMBERS))
    for heard in range(pace, len(spoken) + 1, pace):
        tail = agreeing.tail(START + heard * WORD)
        first = (tail - START + WORD // 2) // WORD
        edges = sorted(
            max(0.0, WORD_S * edge + next(jitters) - (tail - START) / RATE_HZ)
            for edge in range(first, heard + 1)
        )
        words = zip(spoken[first:heard], edges, edges[1:], strict=False)
        agreeing.take(timed(*words), tail)
        assert f"{agreeing.committed} {agreeing.tentative}".split() == spoken[:heard]
