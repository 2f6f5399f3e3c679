"""Which words are the same words."""

import pytest

from server.hearing.duplicates import Said, is_within, same

TEXT = "저는 지난 삼 년 동안 서버를 개발했습니다."


def said(track: str, text: str, start: float = 10.0, end: float = 14.0) -> Said:
    return Said(track, start, end, text)


@pytest.mark.parametrize(
    "text",
    [TEXT, "저는 지난 삼년동안 서버를 개발했습니다", f"네, {TEXT} 감사합니다."],
)
def test_the_same_words_at_one_time_are_one_persons(text: str) -> None:
    assert is_within(said("one", TEXT), said("two", text))


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("저희 회사에 지원한 동기는 무엇인가요?", 10.0, 14.0),
        (TEXT, 20.0, 24.0),
        ("저는 지난", 10.0, 11.0),
    ],
)
def test_other_words_or_another_time_are_not(text: str, start: float, end: float) -> None:
    assert not is_within(said("one", TEXT), said("two", text, start, end))


def test_the_same_microphone_repeats_nobody() -> None:
    assert not is_within(said("one", TEXT), said("one", TEXT))


def test_short_words_may_be_said_by_two_people_at_once() -> None:
    assert not is_within(said("one", "감사합니다."), said("two", "감사합니다."))


def test_a_part_lies_within_the_whole_and_not_the_whole_within_the_part() -> None:
    part, whole = said("one", "서버를 개발했습니다."), said("two", TEXT)
    assert is_within(part, whole)
    assert not is_within(whole, part)
    other = said("three", "전혀 다른 말을 하고 있습니다.")
    assert same(whole, [part, other]) == [part]
