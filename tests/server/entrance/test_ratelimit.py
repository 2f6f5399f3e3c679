"""A sliding window: no more than so often within any stretch of its length."""

from hypothesis import given, settings
from hypothesis import strategies as st

from server.entrance.ratelimit import SlidingWindow


def test_the_limit_is_reached_and_passes_as_the_window_slides() -> None:
    window = SlidingWindow(2, 60.0)
    assert [window.admit("a", now) for now in (0.0, 10.0, 59.9)] == [True, True, False]
    assert [window.admit("a", now) for now in (60.0, 69.9, 70.0)] == [True, False, True]


def test_people_do_not_count_for_each_other() -> None:
    window = SlidingWindow(1, 60.0)
    assert window.admit("a", 0.0)
    assert window.admit("b", 0.0)
    assert not window.admit("a", 1.0)


def test_who_came_long_ago_is_forgotten() -> None:
    window = SlidingWindow(3, 60.0)
    for number in range(1000):
        window.admit(f"person {number}", float(number))
    assert len(window) == 60


@given(
    steps=st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=60),
    limit=st.integers(1, 4),
)
@settings(deadline=None, max_examples=100, derandomize=True, database=None)
def test_no_stretch_of_a_window_holds_more_than_the_limit(
    steps: list[tuple[str, float]], limit: int
) -> None:
    window, now = SlidingWindow(limit, 60.0), 0.0
    admitted: dict[str, list[float]] = {"a": [], "b": []}
    for key, pause in steps:
        now += pause
        recent = [then for then in admitted[key] if then > now - 60.0]
        assert window.admit(key, now) == (len(recent) < limit)
        if len(recent) < limit:
            admitted[key].append(now)
