"""What a source is told about how it was received."""

from collections.abc import Iterable

import pytest

from server.media.reception import Reception
from server.media.rtcp import ReportBlock, SenderReport

PACKET_S = 0.02


def receive(
    reception: Reception, numbers: Iterable[int], *, first: int = 65_500, delay_s: float = 0.0
) -> None:
    """Packets of 20 ms that arrive when they are sent, except for ``delay_s``."""
    for number in numbers:
        timestamp = 2**32 - 1000 + number * 960 & 0xFFFFFFFF
        reception.push(first + number & 0xFFFF, timestamp, number * PACKET_S + delay_s)


def report(reception: Reception, now_s: float = 9.0) -> ReportBlock:
    block = reception.report(now_s)
    assert block is not None
    return block


def test_nothing_is_reported_of_a_silent_source() -> None:
    reception = Reception(7)
    assert reception.report(1.0) is None
    receive(reception, range(3))
    assert reception.report(2.0) is not None
    assert reception.report(3.0) is None


def test_source_without_losses_is_told_so_across_the_wrap() -> None:
    reception = Reception(7)
    receive(reception, range(100))
    assert report(reception) == ReportBlock(7, 0, 0, 65_500 + 99, 0, 0, 0)


def test_highest_sequence_counts_the_wraps() -> None:
    reception = Reception(7)
    receive(reception, range(0, 140_000, 7))
    assert report(reception).highest_sequence == 65_500 + 139_993


def test_fraction_lost_is_that_since_the_report_before() -> None:
    reception = Reception(7)
    receive(reception, (number for number in range(100) if number % 4 != 2))
    assert report(reception).fraction_lost == 64
    receive(reception, range(100, 150))
    block = report(reception)
    assert (block.fraction_lost, block.lost) == (0, 25)
    receive(reception, [249])
    block = report(reception)
    assert (block.fraction_lost, block.lost) == (99 * 256 // 100, 124)


def test_late_packets_are_not_lost() -> None:
    reception = Reception(7)
    receive(reception, [0, 1, 4, 3, 2, 5])
    block = report(reception)
    assert (block.fraction_lost, block.lost) == (0, 0)


def test_duplicates_make_the_loss_negative_and_the_fraction_nothing() -> None:
    reception = Reception(7)
    receive(reception, [0, 0, 1, 1, 2, 2])
    block = report(reception)
    assert (block.fraction_lost, block.lost) == (0, -3)


def test_packet_that_came_after_its_report_makes_up_for_the_loss() -> None:
    reception = Reception(7)
    receive(reception, [0, 1, 3])
    assert report(reception).lost == 1
    receive(reception, [2])
    block = report(reception)
    assert (block.fraction_lost, block.lost) == (0, 0)


def test_stray_packet_changes_nothing() -> None:
    reception = Reception(7)
    receive(reception, range(10))
    receive(reception, [40_000])
    receive(reception, range(10, 20))
    assert report(reception) == ReportBlock(7, 0, 0, 65_500 + 19, 0, 0, 0)


@pytest.mark.parametrize("elsewhere", [30_000, 60_000])
def test_source_that_begins_anew_is_counted_anew(elsewhere: int) -> None:
    reception = Reception(7)
    receive(reception, range(0, 10, 2))
    assert report(reception).lost == 4
    receive(reception, range(elsewhere, elsewhere + 10))
    block = report(reception)
    assert (block.fraction_lost, block.lost) == (0, 0)
    assert block.highest_sequence == (65_500 + elsewhere + 9) % 2**16


def test_steady_delay_is_no_jitter_and_changing_delay_is() -> None:
    reception = Reception(7)
    receive(reception, range(100), delay_s=0.3)
    assert report(reception).jitter == 0
    for number in range(100, 400):
        receive(reception, [number], delay_s=0.3 + 0.01 * (number % 2))
    assert report(reception).jitter == pytest.approx(480, abs=2)


def test_jump_of_the_timestamps_is_no_jitter() -> None:
    reception = Reception(7)
    receive(reception, range(10))
    reception.push(65_510, 1_000_000_000, 10 * PACKET_S)
    reception.push(65_511, 1_000_000_960, 11 * PACKET_S)
    assert report(reception).jitter == 0


def test_senders_report_comes_back_with_its_age() -> None:
    reception = Reception(7)
    receive(reception, range(3))
    reception.heard(SenderReport(7, 0x1111_2222_3333_4444, 0), 5.0)
    block = report(reception, 6.5)
    assert (block.last_report, block.since_last_report) == (0x2222_3333, 98_304)
