"""Voices told apart meet those known by name."""

import numpy as np

from pipeline.speakers.claims import claims, names, shared_time
from pipeline.speakers.clustering import Rows, unit
from pipeline.speakers.turns import VoiceTurn
from tests.pipeline.speakers.chorus import embedding


def rows(voices: str) -> Rows:
    return np.array([embedding(voice) for voice in voices], np.float64)


def test_every_reading_claims_its_own_centre() -> None:
    assert claims(rows("ABC"), rows("CAB")) == {0: 1, 1: 2, 2: 0}


def test_the_centre_of_somebody_who_never_read_is_nobodys() -> None:
    assert claims(rows("AB"), rows("BCA")) == {0: 2, 1: 0}


def test_who_read_and_never_spoke_claims_nobody_elses_voice() -> None:
    assert claims(rows("ABCD"), rows("ABCE")) == {0: 0, 1: 1, 2: 2}


def test_a_room_that_colours_every_voice_swaps_nobody() -> None:
    near, far = rows("ABCD"), rows("ABCD")
    # Across the room all voices sound somewhat like B, so that A's is as near to B's reading.
    coloured = unit(far + 0.7 * near[1])
    assert claims(near, coloured) == {0: 0, 1: 1, 2: 2, 3: 3}


def test_without_readings_or_centres_nothing_is_claimed() -> None:
    assert claims(rows("AB")[:0], rows("AB")) == {}
    assert claims(rows("AB"), rows("AB")[:0]) == {}


def test_a_found_voice_keeps_the_name_under_which_it_was_mostly_seen() -> None:
    shared = [{"v1": 100, "v2": 900}, {"v1": 400, "v2": 1000}]
    assert names(rows("CD"), shared, {}, {"A"}) == ["v2", "v1"]


def test_a_found_voice_that_is_alike_keeps_its_name_without_shared_time() -> None:
    earlier = {"v7": embedding("D").astype(np.float64)}
    first, second = names(rows("CD"), [{}, {}], earlier, set())
    assert second == "v7"
    assert first != "v7"


def test_new_names_are_different_from_all_others() -> None:
    found = names(rows("ABCDEF"), [{}] * 6, {}, {"v1"})
    assert len({*found, "v1"}) == 7


def test_shared_time_counts_samples_of_other_voices_only() -> None:
    turns = [VoiceTurn("v1", 0, 10, 1.0), VoiceTurn("v2", 5, 30, 1.0), VoiceTurn(None, 0, 99, 0.0)]
    assert shared_time([(20, 40), (0, 8)], turns, {"v9"}) == {"v1": 8, "v2": 13}
    assert shared_time([(0, 8)], turns, {"v1"}) == {"v2": 3}
