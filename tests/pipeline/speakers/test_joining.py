"""Words and voices joined by their times."""

from pipeline.audio import samples
from pipeline.speakers.joining import join
from pipeline.speakers.turns import VoiceTurn
from pipeline.transcription import Word


def words(*times: tuple[float, float]) -> list[Word]:
    return [Word(start, end, f"w{i}", 0.9) for i, (start, end) in enumerate(times)]


def turn(voice: str | None, start_s: float, end_s: float, confidence: float = 0.9) -> VoiceTurn:
    return VoiceTurn(voice, samples(start_s), samples(end_s), confidence)


def voices(joined: object) -> list[tuple[str | None, list[str]]]:
    assert isinstance(joined, tuple)
    return [(one.voice, [word.text for word in one.words]) for one in joined]


def test_one_utterance_may_hold_two_voices() -> None:
    joined = join(words((0, 1), (1, 2), (2.2, 3)), [turn("a", 0, 2), turn("b", 2.1, 3)])
    assert voices(joined) == [("a", ["w0", "w1"]), ("b", ["w2"])]
    assert joined[0].confidence == 0.9


def test_turns_are_of_the_track_and_words_of_the_utterance() -> None:
    joined = join(words((0, 1), (1, 2)), [turn("a", 10, 11), turn("b", 11, 12)], samples(10))
    assert voices(joined) == [("a", ["w0"]), ("b", ["w1"])]


def test_no_word_is_lost_without_turns() -> None:
    joined = join(words((0, 1), (1, 2)), [])
    assert voices(joined) == [(None, ["w0", "w1"])]
    assert joined[0].confidence == 0.0


def test_no_words_are_nobodys() -> None:
    assert join([], [turn("a", 0, 1)]) == ()


def test_a_word_across_a_change_belongs_to_whom_most_of_it_belongs() -> None:
    joined = join(words((0, 1.2), (1.2, 2.0)), [turn("a", 0, 1.5), turn("b", 1.5, 4)])
    assert voices(joined) == [("a", ["w0"]), ("b", ["w1"])]


def test_a_short_word_between_two_of_one_voice_is_no_island() -> None:
    turns = [turn("a", 0, 1), turn("b", 1, 1.3), turn("a", 1.3, 3)]
    joined = join(words((0, 1), (1.0, 1.3), (1.3, 2)), turns)
    assert voices(joined) == [("a", ["w0", "w1", "w2"])]
    # What was taken over makes the whole less certain.
    assert 0.5 < joined[0].confidence < 0.9


def test_a_long_word_between_two_of_another_voice_stays() -> None:
    turns = [turn("a", 0, 1), turn("b", 1, 1.8), turn("a", 1.8, 3)]
    joined = join(words((0, 1), (1.0, 1.8), (1.8, 3)), turns)
    assert [voice for voice, _ in voices(joined)] == ["a", "b", "a"]


def test_words_in_overlap_go_to_who_has_talked_for_longer() -> None:
    turns = [turn("a", 0, 5), turn("b", 3, 3.6)]
    assert voices(join(words((1, 2), (3, 3.6), (4, 5)), turns)) == [("a", ["w0", "w1", "w2"])]


def test_a_word_beside_every_turn_goes_to_the_nearest() -> None:
    joined = join(words((0, 0.4), (4.0, 4.2)), [turn("a", 0.5, 2), turn("b", 2.0, 3.8)])
    assert voices(joined) == [("a", ["w0"]), ("b", ["w1"])]


def test_a_word_far_from_every_turn_is_nobodys() -> None:
    assert voices(join(words((9, 9.5)), [turn("a", 0, 2)])) == [(None, ["w0"])]
