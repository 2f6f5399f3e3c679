"""The last second of a microphone's sound."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from server.mixing.history import KEPT_S, History
from tests.server.mixing.virtual import noise, tone

RATE_HZ = 16_000


@settings(deadline=None)
@given(sizes=st.lists(st.integers(1, 3000), min_size=1, max_size=60))
def test_what_was_put_in_comes_out_where_it_was_put(sizes: list[int]) -> None:
    history, at = History(RATE_HZ), 0
    sound = np.random.default_rng(3).uniform(-1, 1, sum(sizes)).astype(np.float32)
    for size in sizes:
        history.append(sound[at : at + size], at)
        at += size
    assert history.end == at
    kept = min(at, round(KEPT_S * RATE_HZ))
    assert history.start <= at - kept
    assert (history.read(at - kept, kept) == sound[at - kept :]).all()


def test_what_is_not_known_is_silence() -> None:
    history = History(RATE_HZ)
    history.append(noise(0.02), 1000)
    assert (history.start, history.end) == (1000, 1320)
    out = history.read(900, 1000)
    assert not out[:100].any()
    assert out[100:420].all()
    assert not out[420:].any()
    assert not history.read(5000, 10).any()


def test_what_was_read_can_be_changed() -> None:
    history = History(RATE_HZ)
    history.append(noise(0.02), 0)
    history.read(0, 320)[:] = 0
    assert history.read(0, 320).all()


def test_a_hole_is_faded_out_and_in() -> None:
    history, voice = History(RATE_HZ), tone(150, 0.2)
    history.append(voice[:960], 0)
    history.append(voice[1600:], 1600)
    out = history.read(0, 3200)
    assert np.abs(np.diff(out)).max() < 1.5 * np.abs(np.diff(voice)).max()
    assert not out[1040:1600].any()
    assert (out[:960] == voice[:960]).all()
    assert (out[1680:] == voice[1680:]).all()


def test_a_hole_of_hours_takes_no_room() -> None:
    history = History(RATE_HZ)
    history.append(noise(0.02), 0)
    history.append(noise(0.02), 3600 * RATE_HZ)
    assert history.end == 3600 * RATE_HZ + 320
    assert history.end - history.start < 2 * RATE_HZ


def test_a_history_that_begins_anew_has_forgotten() -> None:
    history = History(RATE_HZ)
    history.append(noise(0.02), 0)
    history.restart(7)
    assert (history.start, history.end) == (7, 7)
    assert not history.read(0, 320).any()
