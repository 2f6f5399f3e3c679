"""How often captions are renewed when understanding keeps up, and when not."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.pacing import Pace

PERIOD, LONGEST = 100, 400


def test_it_is_due_once_a_period() -> None:
    pace = Pace(PERIOD, LONGEST)
    pace.wait(50)
    assert not pace.is_due(49)
    assert pace.is_due(50)
    pace.begin(60)
    assert not pace.is_due(159)
    assert pace.is_due(160)


def test_a_slow_answer_doubles_the_period_at_once_and_quick_ones_restore_it() -> None:
    pace = Pace(PERIOD, LONGEST)
    pace.begin(0)
    pace.answered(120)
    assert pace.is_thinned
    assert not pace.is_due(199)
    assert pace.is_due(200)
    pace.begin(200)
    pace.answered(150)
    assert pace.period == 200
    pace.begin(400)
    pace.answered(60)
    assert not pace.is_thinned
    assert pace.is_due(500)


def test_the_period_has_a_longest_and_a_shortest() -> None:
    pace = Pace(PERIOD, LONGEST)
    for now in range(5):
        pace.missed(now)
    assert pace.period == LONGEST
    assert not pace.is_due(4 + LONGEST - 1)
    assert pace.is_due(4 + LONGEST)
    for _ in range(5):
        pace.answered(1)
    assert pace.period == PERIOD


@given(st.lists(st.tuples(st.sampled_from(["answered", "missed"]), st.integers(0, 1000))))
def test_whatever_happens_it_is_due_again_within_the_longest_period(
    happenings: list[tuple[str, int]],
) -> None:
    pace = Pace(PERIOD, LONGEST)
    now = 0
    for what, took in happenings:
        pace.begin(now)
        now += took
        getattr(pace, what)(took if what == "answered" else now)
        assert PERIOD <= pace.period <= LONGEST
        assert pace.is_due(now + LONGEST)
