"""Who is said to speak, and how often, from the levels of frames of 20 ms."""

import itertools

import pytest

from server.hearing.speaking import QUIET, TELL_S, Speaking, dbov

FRAME_S = 0.02
LOUD, SOFT, ROOM = -25, -50, -70
Told = list[tuple[float, int]]


def follow(speaking: Speaking, *parts: tuple[int, float], from_s: float = 0.0) -> Told:
    """Return when what is told of levels that each last for some seconds."""
    levels = [level for level, length_s in parts for _ in range(round(length_s / FRAME_S))]
    told = []
    for number, level in enumerate(levels):
        now_s = from_s + number * FRAME_S
        if (found := speaking.hear(level, FRAME_S, now_s)) is not None:
            told.append((round(now_s, 3), found))
    return told


def levels(told: Told) -> list[int]:
    return [level for _, level in told]


def test_speech_is_told_four_times_a_second_at_most_and_its_end_once() -> None:
    told = follow(Speaking(), (ROOM, 1.0), (LOUD, 10.0), (ROOM, 5.0))
    assert levels(told) == [LOUD] * (len(told) - 1) + [QUIET]
    assert 36 <= len(told) <= 42
    times = [at for at, level in told if level != QUIET]
    assert min(later - at for at, later in itertools.pairwise(times)) >= TELL_S - 1e-6
    assert 1.0 <= told[0][0] <= 1.1
    assert 11.4 <= told[-1][0] <= 11.6


def test_a_room_without_speech_tells_nothing() -> None:
    assert follow(Speaking(), (ROOM, 30.0), (SOFT, 30.0)) == []


def test_a_click_is_no_speech() -> None:
    clicks = [(LOUD, 0.04), (ROOM, 0.3)] * 20
    assert follow(Speaking(), *clicks) == []


def test_a_pause_between_words_is_no_end() -> None:
    told = follow(Speaking(), (LOUD, 0.5), (ROOM, 0.4), (LOUD, 0.5), (ROOM, 2.0))
    assert levels(told).count(QUIET) == 1


def test_the_soft_end_of_a_sentence_belongs_to_it() -> None:
    told = follow(Speaking(), (LOUD, 0.5), (SOFT, 2.0))
    assert QUIET not in levels(told)
    assert levels(told)[-1] == SOFT


def test_the_loudest_since_the_last_time_is_told() -> None:
    told = follow(Speaking(), (-30, 0.1), (-20, 0.1), (-40, 0.4))
    assert levels(told)[:2] == [-30, -20]


def test_speech_whose_packets_stop_ends_by_the_clock() -> None:
    speaking = Speaking()
    follow(speaking, (LOUD, 0.5))
    assert speaking.look(0.9) is not QUIET
    assert speaking.look(1.0) == QUIET
    assert speaking.look(1.5) is None


def test_who_is_muted_speaks_no_more_and_may_begin_anew() -> None:
    speaking = Speaking()
    assert speaking.stop() is None
    follow(speaking, (LOUD, 0.5))
    assert [speaking.stop(), speaking.stop()] == [QUIET, None]
    assert levels(follow(speaking, (LOUD, 0.1), from_s=5.0)) == [LOUD]


@pytest.mark.parametrize(
    ("mean_square", "level"), [(0.0, -127), (1e-20, -127), (1e-3, -30), (0.5, -3), (4.0, 0)]
)
def test_power_is_told_in_decibels_below_full_scale(mean_square: float, level: int) -> None:
    assert dbov(mean_square) == level
