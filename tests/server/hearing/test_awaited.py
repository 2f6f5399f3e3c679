"""What is kept while a page is asked for its sound: bounded, and no lie is believed."""

import numpy as np
import pytest

from pipeline.audio import Samples, samples
from server.errors import ClientError, ErrorCode
from server.hearing.awaited import (
    AROUND_S,
    LOOK_BACK_S,
    MAX_ASIDE_S,
    MAX_POSTS,
    PATIENCE_S,
    Awaited,
)
from server.hearing.block import Block
from server.hearing.splice import Hole, Piece

NOW_S = 1000.0
HOLE = Hole(100.0, 105.0, "reconnected")


def sound(length_s: float) -> Samples:
    return np.ones(samples(length_s), np.float32)


@pytest.fixture
def awaited() -> Awaited:
    return Awaited(HOLE, NOW_S)


def test_a_piece_that_reaches_over_the_hole_is_all(awaited: Awaited) -> None:
    assert awaited.take(Piece(98.0, sound(8)), 0, 106.0)


def test_more_pieces_are_waited_for_as_long_as_they_are_told_of(awaited: Awaited) -> None:
    assert not awaited.take(Piece(98.0, sound(3)), 1, 106.0)
    assert awaited.take(Piece(103.0, sound(3)), 0, 106.0)
    assert len(awaited.pieces) == 2


def test_an_empty_answer_is_one_too(awaited: Awaited) -> None:
    assert awaited.take(Piece(0.0, sound(0)), 0, 106.0)
    assert awaited.pieces == []


def test_what_lies_around_the_hole_is_cut_off(awaited: Awaited) -> None:
    awaited.take(Piece(80.0, sound(32)), 0, 112.0)
    (piece,) = awaited.pieces
    assert piece.start_s == pytest.approx(HOLE.start_s - AROUND_S)
    assert piece.end_s == pytest.approx(HOLE.end_s + AROUND_S)


def test_nothing_is_kept_of_what_is_cut_off(awaited: Awaited) -> None:
    awaited.take(Piece(80.0, sound(32)), 0, 112.0)
    assert awaited.pieces[0].samples.base is None


@pytest.mark.parametrize(
    "piece",
    [Piece(98.0, sound(20)), Piece(500.0, sound(1)), Piece(1e9, sound(1)), Piece(104.9, sound(9))],
)
def test_sound_of_a_time_that_has_not_been_is_a_lie(awaited: Awaited, piece: Piece) -> None:
    with pytest.raises(ClientError) as caught:
        awaited.take(piece, 0, 106.0)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert awaited.pieces == []


@pytest.mark.parametrize("start_s", [-1e300, -1e9, 0.0, 90.0])
def test_sound_of_long_ago_is_cut_off_altogether(awaited: Awaited, start_s: float) -> None:
    assert awaited.take(Piece(start_s, sound(1)), 0, 106.0)
    assert awaited.pieces == []


def test_more_sound_than_there_was_time_for_is_a_lie(awaited: Awaited) -> None:
    awaited.take(Piece(98.0, sound(8)), 1, 106.0)
    with pytest.raises(ClientError):
        awaited.take(Piece(97.5, sound(8)), 0, 106.0)


def test_a_piece_that_is_sent_twice_counts_once(awaited: Awaited) -> None:
    for _ in range(3):
        awaited.take(Piece(98.0, sound(8)), 1, 106.0)
    assert len(awaited.pieces) == 1


def test_only_so_many_pieces_are_taken(awaited: Awaited) -> None:
    taken = [awaited.take(Piece(98.0 + n / 4, sound(0.1)), 99, 106.0) for n in range(MAX_POSTS)]
    assert taken == [False] * (MAX_POSTS - 1) + [True]


def test_nobody_waits_for_ever(awaited: Awaited) -> None:
    assert not awaited.is_over(NOW_S + PATIENCE_S - 0.1)
    assert awaited.is_over(NOW_S + PATIENCE_S)


def test_only_so_much_is_kept_aside(awaited: Awaited) -> None:
    for _ in range(round(MAX_ASIDE_S) + 1):
        assert not awaited.is_over(NOW_S)
        awaited.keep_aside(Block(sound(1), 105.0))
    assert awaited.is_over(NOW_S)


def test_no_more_is_asked_for_than_pages_keep() -> None:
    assert Awaited(Hole(0.0, 500.0, "reconnected"), NOW_S).asked_s == (500.0 - LOOK_BACK_S, 500.0)


def test_two_holes_become_one_and_what_lay_between_is_kept(awaited: Awaited) -> None:
    awaited.keep_aside(Block(sound(1), 105.0))
    awaited.keep_aside(Block(sound(1), 108.0, is_cut=True))
    awaited.widen(Hole(109.0, 112.0, "reconnected"), NOW_S + 5, is_new_page=True)
    assert (awaited.hole.start_s, awaited.hole.end_s) == (100.0, 112.0)
    assert [piece.start_s for piece in awaited.spare] == [105.0, 108.0]
    assert not awaited.aside
    assert not awaited.is_over(NOW_S + PATIENCE_S)


def test_the_answer_to_an_earlier_question_is_not_all(awaited: Awaited) -> None:
    awaited.widen(Hole(108.0, 112.0, "no_packets"), NOW_S, is_new_page=False)
    assert not awaited.take(Piece(98.0, sound(7.7)), 0, 113.0)
    assert awaited.take(Piece(106.0, sound(6.7)), 0, 113.0)


def test_a_page_that_is_asked_for_more_sends_all_of_it_again(awaited: Awaited) -> None:
    awaited.widen(Hole(105.5, 106.5, "no_packets"), NOW_S, is_new_page=False)
    assert not awaited.take(Piece(98.0, sound(7.7)), 0, 107.5)  # It had not heard of more yet.
    assert awaited.take(Piece(97.9, sound(9.3)), 0, 107.5)
    assert [(piece.start_s, piece.samples.size) for piece in awaited.pieces] == [
        (97.9, samples(9.3))
    ]


def test_a_page_that_comes_back_while_it_answers_begins_anew(awaited: Awaited) -> None:
    assert not awaited.take(Piece(97.0, sound(8)), 1, 106.0)  # The rest never comes.
    awaited.widen(Hole(106.0, 107.0, "reconnected"), NOW_S, is_new_page=True)
    assert awaited.take(Piece(97.1, sound(10.6)), 0, 109.0)
    assert [piece.start_s for piece in awaited.pieces] == [pytest.approx(97.1)]


def test_a_hole_that_comes_too_late_is_another_one() -> None:
    awaited = Awaited(Hole(0.0, 500.0, "reconnected"), NOW_S)
    assert awaited.may_reach(Hole(503.0, 505.0, "no_packets"))
    last_s = 500.0 + PATIENCE_S
    assert awaited.may_reach(Hole(last_s - 1, last_s, "no_packets"))
    assert not awaited.may_reach(Hole(last_s, last_s + 1, "no_packets"))


def test_widening_does_not_let_more_be_kept_than_once(awaited: Awaited) -> None:
    for number in range(10):
        for _ in range(10):
            awaited.keep_aside(Block(sound(1), 105.0 + number))
        awaited.widen(Hole(0.0, 110.0 + number, "no_packets"), NOW_S, is_new_page=True)
    assert awaited.is_over(NOW_S)
