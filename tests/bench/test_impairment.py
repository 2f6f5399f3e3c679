"""The bad network: its rates, its order, and that a seed decides everything."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.impairment import Burst, Impairment, Network

PACKET_S = 0.02
ENOUGH = 20_000
"""Packets; a share of one half then errs by 0.02 once in a hundred million times."""


def shares() -> st.SearchStrategy[float]:
    return st.floats(0.0, 0.5)


networks = st.builds(
    Network,
    loss=shares(),
    burst=st.none() | st.builds(Burst, shares(), st.floats(0.05, 1.0), st.floats(0.0, 1.0)),
    delay_s=st.floats(0.0, 0.3),
    jitter_s=st.floats(0.0, 0.1),
    reordered=shares(),
    duplicated=shares(),
    blackouts=st.lists(st.tuples(st.floats(0, 2), st.floats(0, 2)), max_size=2).map(tuple),
)
seeds = st.integers(0, 2**32)


def fates(network: Network, seed: int = 1, count: int = ENOUGH) -> list[list[float]]:
    impairment = Impairment(network, seed)
    return [impairment.delays(1000 + index * PACKET_S) for index in range(count)]


def lost(network: Network, seed: int = 1, count: int = ENOUGH) -> set[int]:
    return {index for index, fate in enumerate(fates(network, seed, count)) if not fate}


def test_good_network_passes_everything_at_once_and_in_order() -> None:
    assert fates(Network(), count=100) == [[0.0]] * 100


@given(networks, seeds)
def test_same_seed_decides_the_same_and_all_of_it_is_counted(network: Network, seed: int) -> None:
    impairment = Impairment(network, seed)
    found = [impairment.delays(1000 + index * PACKET_S) for index in range(200)]
    assert found == fates(network, seed, 200)
    counts = impairment.counts
    assert counts.packets == 200
    assert counts.lost == sum(not fate for fate in found)
    assert counts.duplicated == sum(len(fate) == 2 for fate in found)
    assert counts.blacked_out <= counts.lost
    assert all(network.delay_s - 1e-9 <= delay for fate in found for delay in fate)


@given(networks, seeds)
def test_packets_stay_in_order_unless_they_are_to_be_overtaken(network: Network, seed: int) -> None:
    found = fates(replace(network, reordered=0.0), seed, 300)
    arrivals = [index * PACKET_S + fate[0] for index, fate in enumerate(found) if fate]
    assert arrivals == sorted(arrivals)


@given(networks, seeds, shares())
def test_worse_network_loses_the_same_packets_and_more(
    network: Network, seed: int, more: float
) -> None:
    worse = replace(network, loss=network.loss + more)
    assert lost(network, seed, 300) <= lost(worse, seed, 300)


@settings(max_examples=5, deadline=None)
@given(st.floats(0.0, 1.0), seeds)
def test_share_that_is_lost_is_the_one_asked_for(loss: float, seed: int) -> None:
    assert len(lost(Network(loss=loss), seed)) / ENOUGH == pytest.approx(loss, abs=0.02)


@settings(max_examples=5, deadline=None)
@given(st.floats(0.02, 0.3), st.floats(2, 8), seeds)
def test_bursts_lose_their_share_in_rows_of_their_length(
    loss: float, length: float, seed: int
) -> None:
    gone = lost(Network(burst=Burst.of(loss, length)), seed)
    rows = sum(index - 1 not in gone for index in gone)
    assert len(gone) / ENOUGH == pytest.approx(loss, abs=0.25 * loss + 0.01)
    assert len(gone) / rows == pytest.approx(length, rel=0.25)


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_shares_of_overtaken_and_doubled_packets_are_those_asked_for(share: float) -> None:
    impairment = Impairment(Network(reordered=share, duplicated=share), 3)
    for index in range(ENOUGH):
        impairment.delays(index * PACKET_S)
    assert impairment.counts.reordered / ENOUGH == pytest.approx(share, abs=0.02)
    assert impairment.counts.duplicated / ENOUGH == pytest.approx(share, abs=0.02)


def test_overtaken_packet_comes_after_those_that_follow_it() -> None:
    found = fates(Network(reordered=0.2, reordered_s=0.05), count=100)
    assert {round(delay, 3) for (delay,) in found} == {0.0, 0.05}


def test_jitter_spreads_up_to_its_most() -> None:
    delays = [delay for (delay,) in fates(Network(delay_s=0.1, jitter_s=0.015), count=2000)]
    assert 0.1 <= min(delays) < 0.101
    assert 0.114 < max(delays) <= 0.115


def test_nothing_passes_in_a_blackout_and_it_counts_from_the_first_packet() -> None:
    gone = lost(Network(blackouts=((1.0, 3.0), (5.0, 5.5))), count=500)
    assert gone == set(range(50, 150)) | set(range(250, 275))
