"""Whether somebody is still there: a matter of seconds since they were heard of."""

import pytest

from server.liveness import REPEAT_S, SUSPECT_S, Liveness, SeatWatch
from tests.server.talk import APPLICANT

HOLD_S = 30.0


@pytest.fixture
def watch() -> SeatWatch:
    """Somebody who came in at 100 s, and about whom everybody has been told."""
    watch = SeatWatch(APPLICANT, 100.0, HOLD_S)
    assert watch.look(100.0) is Liveness.HERE
    return watch


def test_who_is_here_is_told_once(watch: SeatWatch) -> None:
    for second in range(100, 200):
        watch.heard(second)
        assert watch.look(second) is None
    assert watch.state is Liveness.HERE


def test_a_pause_of_some_seconds_worries_nobody(watch: SeatWatch) -> None:
    assert watch.look(100 + SUSPECT_S) is None


def test_who_is_not_heard_of_is_suspect_until_they_are(watch: SeatWatch) -> None:
    assert watch.look(107.1) is Liveness.SUSPECT
    assert watch.left_s(107.1) == 0
    watch.heard(107.2)
    assert watch.look(107.3) is Liveness.HERE


def test_what_is_not_well_is_told_again_and_again(watch: SeatWatch) -> None:
    assert watch.look(108) is Liveness.SUSPECT
    assert watch.look(108 + REPEAT_S - 0.1) is None
    assert watch.look(108 + REPEAT_S) is Liveness.SUSPECT


def test_a_goodbye_holds_the_seat_for_as_long_as_was_promised(watch: SeatWatch) -> None:
    watch.heard(110)
    watch.lost()
    assert watch.look(110.5) is Liveness.HELD
    assert watch.left_s(110.5) == 29.5
    assert watch.look(139.9) is Liveness.HELD
    assert watch.look(140) is Liveness.GONE
    assert watch.left_s(140) == 0


def test_the_time_of_whoever_was_lost_counts_from_their_last_sign(watch: SeatWatch) -> None:
    assert watch.look(108) is Liveness.SUSPECT
    watch.lost()
    assert watch.look(112) is Liveness.HELD
    assert watch.left_s(112) == 18


def test_a_sign_since_the_last_look_counts_when_somebody_was_lost(watch: SeatWatch) -> None:
    watch.lost(101)
    assert watch.left_s(112) == HOLD_S - 11


def test_who_comes_back_in_time_is_here_again(watch: SeatWatch) -> None:
    watch.lost()
    assert watch.look(101) is Liveness.HELD
    watch.heard(120)
    assert watch.look(120) is Liveness.HERE


def test_an_old_sign_of_another_connection_changes_nothing(watch: SeatWatch) -> None:
    watch.heard(104)
    watch.heard(101)
    assert watch.look(108) is None


def test_without_a_hold_a_seat_is_free_at_once() -> None:
    watch = SeatWatch(APPLICANT, 100.0, 0.0)
    watch.lost()
    assert watch.look(100.5) is Liveness.GONE
