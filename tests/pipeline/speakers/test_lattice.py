"""The likeliest succession of voices."""

import numpy as np

from pipeline.speakers.lattice import likeliest


def path(scores: list[list[float]], penalty: float | list[float]) -> str:
    costs = penalty if isinstance(penalty, list) else [penalty] * (len(scores) - 1)
    found = likeliest(np.array(scores, np.float32), np.array(costs, np.float32))
    return "".join("ab"[i] for i in found)


A, B, WEAK_B = [2.0, 0.0], [0.0, 2.0], [0.0, 0.5]


def test_each_cell_goes_to_its_voice_where_a_change_costs_nothing() -> None:
    assert path([A, WEAK_B, A], 0.0) == "aba"


def test_a_change_is_not_worth_a_little_evidence() -> None:
    assert path([A, WEAK_B, A], 1.0) == "aaa"


def test_a_change_is_worth_lasting_evidence() -> None:
    assert path([A, A, B, B], 3.0) == "aabb"


def test_a_change_falls_where_it_is_cheap() -> None:
    nothing = [0.0, 0.0]
    assert path([A, A, nothing, nothing, B, B], [3, 3, 3, 0.5, 3]) == "aaaabb"


def test_later_evidence_revises_earlier_doubt() -> None:
    assert path([[0.1, 0.0], B, B], 3.0) == "bbb"


def test_nothing_has_no_path() -> None:
    assert likeliest(np.zeros((0, 2), np.float32), np.zeros(0, np.float32)).size == 0
    assert likeliest(np.zeros((2, 0), np.float32), np.zeros(1, np.float32)).size == 0
