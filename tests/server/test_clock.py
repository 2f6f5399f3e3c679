"""Session time goes on, whatever happens to the wall clock."""

from hypothesis import given, settings
from hypothesis import strategies as st

from server.clock import SessionClock, anchor

seconds = st.floats(-1e9, 1e9)


class Instants:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_new_session_begins_at_zero() -> None:
    instants = Instants()
    clock = SessionClock(monotonic=instants)
    assert clock.now() == 0.0
    instants.now += 12.5
    assert clock.now() == 12.5
    assert clock.at_monotonic(1010.0) == 10.0


def test_after_a_restart_the_wall_clock_bridges_the_time_nobody_counted() -> None:
    instants = Instants()
    clock = SessionClock(anchor(created_wall=500.0, last_at=20.0, wall=560.0), instants)
    assert clock.now() == 60.0


def test_a_wall_clock_that_was_set_back_cannot_move_the_session_back() -> None:
    assert anchor(created_wall=500.0, last_at=20.0, wall=510.0) == 20.0
    assert anchor(created_wall=500.0, last_at=20.0, wall=100.0) == 20.0


@given(created=seconds, last_at=st.floats(0, 1e7), wall=seconds, passed=st.floats(0, 1e6))
@settings(deadline=None, derandomize=True, database=None)
def test_no_restart_goes_back_before_the_last_event(
    created: float, last_at: float, wall: float, passed: float
) -> None:
    instants = Instants()
    start = anchor(created, last_at, wall)
    clock = SessionClock(start, instants)
    first = clock.now()
    instants.now += passed
    assert start >= last_at
    assert clock.now() >= first
