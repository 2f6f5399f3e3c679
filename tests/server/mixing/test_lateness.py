"""How long sound had better wait before it is played."""

import random

import pytest

from server.mixing.lateness import MAX_WAIT_S, MIN_WAIT_S, Lateness


def follow(lateness: Lateness, delays_s: list[float], begin: int = 0, drift: float = 0.0) -> None:
    for index, delay_s in enumerate(delays_s, begin):
        lateness.push(index * 0.02, index * 0.02 * (1 + drift) + delay_s)


def test_sound_that_comes_evenly_hardly_waits() -> None:
    lateness = Lateness()
    follow(lateness, [0.05] * 200)
    assert lateness.wait_s <= MIN_WAIT_S + 0.005


@pytest.mark.parametrize("jitter_s", [0.02, 0.06])
def test_sound_waits_as_long_as_nearly_all_of_it_is_late(jitter_s: float) -> None:
    lateness, chance = Lateness(), random.Random(4)
    follow(lateness, [0.03 + chance.uniform(0, jitter_s) for _ in range(500)])
    assert MIN_WAIT_S + 0.9 * jitter_s <= lateness.wait_s <= MIN_WAIT_S + jitter_s + 0.005


def test_a_single_late_frame_is_no_reason_to_wait() -> None:
    lateness = Lateness()
    follow(lateness, [0.03] * 300 + [0.4] + [0.03] * 5)
    assert lateness.wait_s <= MIN_WAIT_S + 0.005


def test_what_is_hopelessly_late_is_not_waited_for() -> None:
    lateness = Lateness()
    follow(lateness, [0.03, 0.5] * 200)
    assert lateness.wait_s <= MIN_WAIT_S + 0.005


def test_nobody_waits_longer_than_people_bear() -> None:
    lateness = Lateness()
    follow(lateness, [0.03, 0.2] * 200)
    assert lateness.wait_s == pytest.approx(MAX_WAIT_S)


def test_a_network_that_has_calmed_down_is_believed_after_a_minute() -> None:
    lateness = Lateness()
    follow(lateness, [0.03, 0.09] * 500)
    assert lateness.wait_s > 0.07
    follow(lateness, [0.03] * 3000, begin=1000)
    assert lateness.wait_s <= MIN_WAIT_S + 0.005


@pytest.mark.parametrize("drift", [1e-4, -1e-4])
def test_the_quickest_way_follows_clocks_that_drift_apart(drift: float) -> None:
    lateness = Lateness()
    follow(lateness, [0.03] * 30_000, drift=drift)  # Ten minutes: 60 ms apart.
    assert lateness.base_s == pytest.approx(0.03 + 600 * drift, abs=0.0012)
    assert lateness.wait_s <= MIN_WAIT_S + 0.005


def test_a_slower_way_is_believed_after_ten_seconds() -> None:
    lateness = Lateness()
    follow(lateness, [0.03] * 500)
    follow(lateness, [0.08] * 500, begin=500)
    assert lateness.base_s == pytest.approx(0.08)


def test_a_sender_that_leaps_is_followed_at_once() -> None:
    lateness = Lateness()
    follow(lateness, [0.03] * 100)
    lateness.push(5000.0, 3.0)
    assert lateness.base_s == pytest.approx(-4997.0)
    assert lateness.wait_s <= MIN_WAIT_S + 0.005


def test_hours_do_not_wear_out_the_weights() -> None:
    lateness = Lateness()
    follow(lateness, [0.03, 0.05] * 40_000)
    assert lateness.wait_s == pytest.approx(0.04, abs=0.0051)
