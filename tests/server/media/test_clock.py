"""Track time to session time: drift, jitter, gaps, pauses; a second of sound takes no second."""

import random
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.audio import RATE_HZ, seconds
from server.media.clock import Placed, TrackClock

FRAME = 320
PATH_S = 0.03
"""What the shortest way takes."""


def microphone(
    duration_s: float,
    *,
    drift: float = 0.0,
    jitter_s: float = 0.0,
    start_s: float = 5.0,
    at: int = 0,
) -> Iterator[tuple[int, float]]:
    """Yield the place of each frame and the session time at which it was spoken to its end."""
    dice = random.Random(1)
    for count in range(round(duration_s * RATE_HZ / FRAME)):
        spoken_s = start_s + seconds((count + 1) * FRAME) / (1 + drift)
        yield at + count * FRAME, spoken_s + dice.random() * jitter_s


def hear(clock: TrackClock, frames: Iterable[tuple[int, float]]) -> list[Placed]:
    return [clock.push(at, FRAME, spoken_s + PATH_S) for at, spoken_s in frames]


def test_first_block_ends_when_it_arrives() -> None:
    clock = TrackClock()
    placed = clock.push(1600, FRAME, 10.0)
    assert placed.start_s == pytest.approx(9.98)
    assert placed.gap is None
    assert clock.time_of(1600 + FRAME) == pytest.approx(10.0)
    assert clock.time_of(0) == pytest.approx(9.88)


def test_track_without_a_block_has_no_time() -> None:
    with pytest.raises(ValueError, match="before its first block"):
        TrackClock().time_of(0)


@pytest.mark.parametrize("drift", [-100e-6, 100e-6])
def test_drifting_crystal_stays_within_three_milliseconds_for_ten_minutes(drift: float) -> None:
    clock = TrackClock()
    for at, spoken_s in microphone(600, drift=drift, jitter_s=0.02):
        start_s = clock.push(at, FRAME, spoken_s + PATH_S).start_s
        if at > 10 * RATE_HZ:
            true_s = 5.0 + seconds(at) / (1 + drift)
            assert start_s - true_s - PATH_S == pytest.approx(0, abs=0.003)


def test_two_tracks_of_a_room_agree_within_40_ms_despite_jitter() -> None:
    calm, shaken = TrackClock(), TrackClock()
    hear(calm, microphone(20))
    hear(shaken, microphone(20, jitter_s=0.15, drift=100e-6))
    assert calm.time_of(19 * RATE_HZ) == pytest.approx(shaken.time_of(19 * RATE_HZ), abs=0.04)


def test_first_packets_that_were_held_up_are_forgiven_within_a_second() -> None:
    clock = TrackClock()
    held_up = ((at, max(spoken_s, 5.4)) for at, spoken_s in microphone(3))
    hear(clock, held_up)
    assert clock.time_of(3 * RATE_HZ) == pytest.approx(8.0 + PATH_S, abs=0.001)


def test_slew_is_at_most_a_millisecond_a_second_in_continuous_sound() -> None:
    clock = TrackClock()
    hear(clock, microphone(60, drift=80e-6, jitter_s=0.03))
    times = [clock.time_of(second * RATE_HZ) for second in range(20, 60)]
    for earlier, later in zip(times, times[1:], strict=False):
        assert later - earlier == pytest.approx(1.0, abs=0.001_001)


def test_lost_packets_leave_an_explicit_gap() -> None:
    clock = TrackClock()
    placed = hear(
        clock, (frame for frame in microphone(4) if not RATE_HZ <= frame[0] < 3 * RATE_HZ)
    )
    (gap,) = [block.gap for block in placed if block.gap]
    assert list(gap) == pytest.approx([6.0 + PATH_S, 8.0 + PATH_S])
    assert clock.time_of(2 * RATE_HZ) == pytest.approx(7.0 + PATH_S)


def test_stalled_network_that_delivers_in_a_burst_moves_nothing() -> None:
    clock = TrackClock()
    frames = ((at, 13.0 if 10 < spoken_s < 13 else spoken_s) for at, spoken_s in microphone(20))
    placed = hear(clock, frames)
    assert not [block.gap for block in placed if block.gap]
    assert placed[-1].start_s == pytest.approx(25 - 0.02 + PATH_S, abs=0.001)


def test_sender_that_pauses_without_counting_leaves_a_gap_at_the_pause() -> None:
    clock = TrackClock()
    before = hear(clock, microphone(5))
    after = hear(clock, microphone(5, start_s=40, at=5 * RATE_HZ))
    assert not [block.gap for block in before if block.gap]
    (gap,) = [block.gap for block in after if block.gap]
    assert list(gap) == pytest.approx([10 + PATH_S, 40 + PATH_S])
    assert clock.time_of(5 * RATE_HZ) == pytest.approx(40 + PATH_S)
    assert clock.time_of(8 * RATE_HZ) == pytest.approx(43 + PATH_S)
    assert clock.time_of(4 * RATE_HZ) == pytest.approx(9 + PATH_S)


def test_short_pause_is_mended_when_a_whole_window_was_late() -> None:
    clock = TrackClock()
    hear(clock, microphone(5))
    hear(clock, microphone(12, start_s=10.1, at=5 * RATE_HZ))
    assert clock.time_of(17 * RATE_HZ) == pytest.approx(22.1 + PATH_S, abs=0.001)


def test_count_that_leaps_ahead_does_not_put_sound_into_the_future() -> None:
    clock = TrackClock()
    hear(clock, microphone(5))
    hear(clock, microphone(5, start_s=10, at=35 * RATE_HZ))
    assert clock.time_of(40 * RATE_HZ) == pytest.approx(15 + PATH_S, abs=0.001)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 80_000), st.integers(1, 2000), st.floats(0, 5)), min_size=1)
)
def test_session_time_never_goes_backwards(steps: list[tuple[int, int, float]]) -> None:
    clock, at, arrived_s, last_s = TrackClock(), 0, 100.0, 0.0
    for missing, size, waited_s in steps:
        at, arrived_s = at + missing, arrived_s + waited_s
        start_s = clock.push(at, size, arrived_s).start_s
        assert start_s >= last_s - 1e-9
        last_s = start_s
        at += size
    times = [clock.time_of(position) for position in range(0, at + 5000, 997)]
    assert times == sorted(times)
