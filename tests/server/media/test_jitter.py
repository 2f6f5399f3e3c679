"""Packets in any order in, steps in order out: what is waited for, how long, and what then."""

import pytest

from server.media.jitter import MAX_HELD, QUIET_S, JitterBuffer
from server.media.steps import Conceal, Lost, Play, Restart
from tests.server.media.timelines import (
    Arrival,
    arrivals,
    drawn,
    heard,
    listen,
    packet,
)

LONG_AFTER_S = 1000.0


def later(line: str, by_s: float) -> list[Arrival]:
    return [(now_s + by_s, arrived) for now_s, arrived in arrivals(line)]


def held_ms(line: str, buffer: JitterBuffer | None = None, by_s: float = 0.0) -> list[int]:
    """Return for how many milliseconds each packet was held, in the order of playing."""
    timed = listen(buffer or JitterBuffer(), later(line, by_s))
    steps = ((at_s, step) for at_s, step in timed if isinstance(step, Play))
    return [round((at_s - step.arrived) * 1000) for at_s, step in steps]


@pytest.mark.parametrize(
    ("arriving", "steps"),
    [
        pytest.param("0 1 2 3", "0 1 2 3", id="in order across both wraps"),
        pytest.param("0 1 3 2 4", "0 1 2 3 4", id="two swapped"),
        pytest.param("0 3 2,1 4", "0 1 2 3 4", id="three turned round"),
        pytest.param("0 1 1 2 1 3", "0 1 2 3", id="duplicates"),
        pytest.param("0 2 2 1 3", "0 1 2 3", id="duplicate of one that is held"),
        pytest.param("3 2 1 4 5", "3 4 5", id="what is older than the first comes too late"),
        pytest.param("0 1 . 3 4 5 6", "0 1 c20 3 4 5 6", id="one lost"),
        pytest.param("0 1 . 3c 4 5 6", "0 1 r20 3c 4 5 6", id="one lost and recovered"),
        pytest.param("0 . . 3c 4 5 6", "0 c20 r20 3c 4 5 6", id="two lost, one recovered"),
        pytest.param("0 7 8 9 10", "0 c100 l20 7 8 9 10", id="six lost"),
        pytest.param("0 9c 10 11 12", "0 c100 l40 r20 9c 10 11 12", id="eight lost"),
        pytest.param("0 . 2 . 4c . 6", "0 c20 2 r20 4c c20 6", id="every second lost"),
        pytest.param("0 1 . 3", "0 1 c20 3", id="lost before the last"),
        pytest.param("0 . 2 1 . . . .", "0 1 2", id="late before the end"),
    ],
)
def test_order_is_restored_and_losses_are_filled(arriving: str, steps: str) -> None:
    assert heard(arriving) == steps


@pytest.mark.parametrize(
    ("arriving", "steps"),
    [
        pytest.param("0 1d 2@21", "0 1d p380 2@21", id="a pause"),
        pytest.param("0 1d 3@22 4@23 5@24", "0 1d p380 l20 3@22 4@23 5@24", id="first word lost"),
        pytest.param("0 1 3@22 4@23 5@24", "0 1 c20 p380 3@22 4@23 5@24", id="last word lost"),
        pytest.param("0 1 3@22c 4@23 5@24", "0 1 p380 r20 3@22c 4@23 5@24", id="copy after it"),
        pytest.param("0 1d 9@30 10@31 11@32", "0 1d p420 l140 9@30 10@31 11@32", id="seven"),
        pytest.param("0 1@3000", "0 p59980 1@3000", id="a minute"),
        pytest.param("0 1@3002", "0 | 1@3002", id="more than a minute is a restart"),
    ],
)
def test_sender_that_sends_nothing_in_silence(arriving: str, steps: str) -> None:
    assert heard(arriving) == steps


@pytest.mark.parametrize(
    ("arriving", "steps"),
    [
        pytest.param("0 1 a0 a1 a2", "0 1 | a0 a1 a2", id="another count"),
        pytest.param("0 1 a1 a0 a2", "0 1 | a0 a1 a2", id="another count, swapped"),
        pytest.param("0 1 a0 a2 a1", "0 1 | a0 a1 a2", id="another count, a hole in it"),
        pytest.param("0 1 a0 2 3 4", "0 1 2 3 4", id="a stray"),
        pytest.param("0 1 20@2 2 3 4", "0 1 2 3 4", id="more packets than its time has room for"),
        pytest.param("0 1 a0 a0 2 3", "0 1 2 3", id="a stray and its duplicate"),
        pytest.param("0 1 a0 2 b0 3 4", "0 1 2 3 4", id="two strays of different kinds"),
        pytest.param("0 1 a0 2 a1 3 a2", "0 1 2 | a0 a1 a2", id="the last of the old among it"),
        pytest.param("0 1 a0 a1 2 3 a2 1 a3", "0 1 | a0 a1 a2 a3", id="old ones afterwards"),
        pytest.param("0 a0 1 b0 2 b1", "0 1 2 | b0 b1", id="a stray before another count"),
        pytest.param("0 1 3 a0 a1", "0 1 c20 3 | a0 a1", id="while one is held"),
        pytest.param("0 1 2@-5 3@-4", "0 1 | 2@-5 3@-4", id="timestamps jump back"),
        pytest.param("0 2@9999 1 3@10000", "0 1 | 2@9999 3@10000", id="they jump while swapped"),
        pytest.param(
            "0 2 1@9999 3", "0 | 1@9999 | 2 3", id="one wrong timestamp before a held one"
        ),
    ],
)
def test_jumps_restart_and_strays_do_not(arriving: str, steps: str) -> None:
    assert heard(arriving) == steps


@pytest.mark.parametrize(
    ("arriving", "steps"),
    [
        pytest.param("0 1t 2@4 3@5", "0 1t 2@4 3@5", id="a longer one"),
        pytest.param("0 1t 2@4t 4@10t", "0 1t 2@4t c60 4@10t", id="a long one lost"),
        pytest.param("0t 2@4t", "0t c20 2@4t", id="a short one lost among long ones"),
        pytest.param("0t 2@4tc", "0t c20 2@4tc", id="no copy where its time is too short"),
        pytest.param("0 1t 2@3 3@4", "0 1t 2@3 3@4", id="a timestamp too early by a little"),
        pytest.param("0 1t 2@2 3@3", "0 1t | 2@2 3@3", id="a timestamp too early by more"),
    ],
)
def test_packets_of_other_durations(arriving: str, steps: str) -> None:
    assert heard(arriving) == steps


def test_packet_in_order_is_played_at_once() -> None:
    buffer = JitterBuffer()
    for number in range(1000):
        arrived = packet(str(number))
        (step,) = buffer.push(arrived, number * 0.02)
        assert step == Play(arrived, number * 960, number * 0.02)
        assert buffer.deadline_s is None


def test_missing_packet_is_waited_for_from_when_it_is_missed() -> None:
    assert held_ms("0 1 3 4 5 6 7 8") == [0, 0, 40, 20, 0, 0, 0, 0]
    assert held_ms("0 1 3 4 2 5") == [0, 0, 0, 40, 20, 0]


def test_each_hole_has_its_own_time() -> None:
    assert held_ms("0 2 4 5 6 7 8 9") == [0, 40, 40, 20, 0, 0, 0, 0]


def test_wait_grows_with_how_late_packets_come() -> None:
    buffer = JitterBuffer()
    assert held_ms("0 2 3 4 5 6 1 7", buffer) == [0, 40, 20, 0, 0, 0, 0]
    assert buffer.counts.late == 1
    # The late one came after 100 ms, so the next is worth a quarter more than that.
    assert held_ms("9 10 11 12 13 14 15 16", buffer, 0.2)[0] == pytest.approx(125, abs=3)
    assert held_ms("18 19 20 21 22 17 23", buffer, 0.4) == [0, 100, 80, 60, 40, 20, 0]


def test_wait_grows_with_packets_that_came_just_in_time() -> None:
    buffer = JitterBuffer()
    assert held_ms("0 2 . 1 3", buffer) == [0, 0, 40, 0]
    assert held_ms("5 6 7 8 9", buffer, 0.2)[0] == pytest.approx(50, abs=2)


def test_wait_has_its_limits_and_shrinks_again() -> None:
    buffer = JitterBuffer()
    late = "0 2 3 4 5 6 7 8 9 10 1 11"
    held_ms(late, buffer)
    assert held_ms("13 14 15 16 17 18 19 20 21 22 23 24 25", buffer, 0.3)[0] == 200
    assert held_ms("27 28 29 30 31 32 33 34 35 36 37 38", buffer, 40.0)[0] == 40


def test_packet_later_than_any_wait_teaches_nothing() -> None:
    buffer = JitterBuffer()
    held_ms("0 2 3 4 5 6 7 8 9 10 11 12 13 14 1 15", buffer)
    assert buffer.counts.late == 1
    assert held_ms("17 18 19 20", buffer, 0.4) == [40, 20, 0, 0]


def test_end_of_what_was_said_is_not_held_back() -> None:
    buffer = JitterBuffer()
    held_ms("0 2 3 4 5 6 7 8 9 10 1 11", buffer)
    assert held_ms("13", buffer, 1.0) == [round(QUIET_S * 1000)]
    assert held_ms("15 16", buffer, 2.0) == [round(QUIET_S * 1000) + 20, round(QUIET_S * 1000)]


def test_late_timer_loses_no_packet_that_came_meanwhile() -> None:
    buffer = JitterBuffer()
    line = "0 2 1"
    steps = [
        step
        for at_s, one in zip([0.0, 0.1, 0.9], arrivals(line), strict=True)
        for step in buffer.push(one[1], at_s)
    ]
    assert drawn(line, steps) == "0 1 2"


def test_push_gives_up_what_no_timer_gave_up() -> None:
    buffer = JitterBuffer()
    for at_s, (_, one) in zip([0.0, 0.1], arrivals("0 2"), strict=True):
        buffer.push(one, at_s)
    steps = buffer.push(packet("4"), 0.9)
    assert drawn("2", steps) == "c20 2"
    assert buffer.deadline_s == pytest.approx(0.94)


def test_advance_before_its_time_does_nothing() -> None:
    buffer = JitterBuffer()
    assert buffer.advance(LONG_AFTER_S) == ()
    buffer.push(packet("0"), 0.0)
    buffer.push(packet("2"), 0.02)
    assert buffer.deadline_s == pytest.approx(0.06)
    assert buffer.advance(0.059) == ()
    assert len(buffer.advance(0.06 + 1e-9)) == 2
    assert buffer.advance(LONG_AFTER_S) == ()


def test_steps_tell_where_they_are_and_when_their_packet_came() -> None:
    line = "0 1 10c 11"
    steps = [step for _, step in listen(JitterBuffer(), arrivals(line))]
    assert [getattr(step, "at", None) for step in steps] == [
        0,
        960,
        1920,
        6720,
        8640,
        9600,
        10_560,
    ]
    assert steps[2] == Conceal(1920, 4800, 0.04)
    assert steps[3] == Lost(6720, 1920)


def test_places_begin_at_zero_after_a_restart() -> None:
    steps = [step for _, step in listen(JitterBuffer(), arrivals("0 1 a5 a6"))]
    places = [step.at for step in steps if isinstance(step, Play)]
    assert places == [0, 960, 0, 960]


def test_flood_behind_a_hole_is_held_to_a_bound() -> None:
    buffer = JitterBuffer()
    buffer.push(packet("0"), 0.0)
    for number in range(2, 2 + MAX_HELD):
        assert buffer.push(packet(str(number)), 0.0) == []
    assert len(buffer.push(packet(str(2 + MAX_HELD)), 0.0)) == 1 + MAX_HELD + 1
    assert buffer.deadline_s is None


def test_hole_of_a_minute_is_crossed() -> None:
    assert heard("0 2900 2901") == "0 c100 l57880 2900 2901"


def test_loss_of_more_than_a_minute_is_a_restart() -> None:
    assert heard("0 3500 3501") == "0 | 3500 3501"


@pytest.mark.parametrize("swapped", [0, 1])
def test_sender_that_begins_again_at_its_old_numbers_is_heard_soon(swapped: int) -> None:
    buffer = JitterBuffer()
    line = " ".join(str(number ^ swapped) for number in range(500))
    listen(buffer, arrivals(line))
    timed = listen(buffer, later(line, 20.0))
    assert isinstance(timed[0][1], Restart)
    assert timed[0][0] == pytest.approx(22.0, abs=0.03)
    assert len([step for _, step in timed if isinstance(step, Play)]) >= 399


def test_burst_of_old_packets_restarts_nothing() -> None:
    buffer = JitterBuffer()
    line = " ".join(str(number) for number in range(500))
    listen(buffer, arrivals(line))
    assert listen(buffer, [(20.0, arrived) for _, arrived in arrivals(line)]) == []
    assert buffer.counts.duplicate == 500


def test_another_source_begins_behind_what_was_held() -> None:
    buffer = JitterBuffer()
    assert buffer.restart() == []
    for now_s, arrived in arrivals("0 1 3 a7"):
        buffer.push(arrived, now_s)
    assert drawn("3", buffer.restart()) == "c20 3 |"
    assert buffer.deadline_s is None
    assert buffer.restart() == []
    assert heard("b7 b8", buffer) == "b7 b8"
    assert (buffer.counts.stray, buffer.counts.restarts) == (1, 1)


def test_losses_of_one_source_are_none_of_the_next() -> None:
    buffer = JitterBuffer()
    heard("0 1 3 4 5 6", buffer)
    buffer.restart()
    assert heard("0 1 2 2 3", buffer) == "0 1 2 3"
    assert (buffer.counts.duplicate, buffer.counts.late) == (1, 0)


def test_strays_far_apart_are_no_company() -> None:
    buffer = JitterBuffer()
    between = " ".join(str(number) for number in range(1, 60))
    assert heard(f"0 a0 {between} a1 60", buffer) == f"0 {between} 60"
    assert (buffer.counts.stray, buffer.counts.restarts) == (1, 0)


def test_a_stray_of_long_ago_is_no_company() -> None:
    buffer = JitterBuffer()
    (_, first), (_, stray), (_, other) = arrivals("0 a0 a1")
    buffer.push(first, 0.0)
    buffer.push(stray, 0.0)
    assert buffer.push(other, 60.0) == []
    assert (buffer.counts.stray, buffer.counts.restarts) == (1, 0)


def test_everything_is_counted() -> None:
    buffer = JitterBuffer()
    heard("0 1 1 3c . 4 10 11 12 13 9 . a0 14 15 16 b9 b10 17 b11", buffer)
    counts = buffer.counts
    assert (counts.received, counts.played) == (18, 14)
    assert (counts.duplicate, counts.late, counts.stray, counts.restarts) == (1, 2, 1, 1)
    assert (counts.lost, counts.recovered) == (6, 1)
    assert (counts.concealed_samples, counts.lost_samples) == (4800, 0)
