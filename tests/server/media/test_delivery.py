"""What the other side reports about our packets, made one share."""

import pytest

from server.media.delivery import HALF, Delivery
from server.media.rtcp import ReportBlock


def report(highest: int, share: float) -> ReportBlock:
    return ReportBlock(7, int(share * 256), 0, highest, 0, 0, 0)


def pushed(*reports: ReportBlock) -> float:
    delivery = Delivery()
    for one in reports:
        delivery.push(one)
    return delivery.loss


def test_nothing_is_lost_before_the_first_report() -> None:
    assert Delivery().loss == 0


def test_steady_loss_becomes_the_share_that_is_told() -> None:
    steady = [report(1 << 16 | 60_000 + 250 * number, 0.125) for number in range(8)]
    assert pushed(*steady) == pytest.approx(0.125)


def test_first_report_of_a_great_loss_is_believed() -> None:
    assert pushed(report(5000, 0.25)) == pytest.approx(0.25)


def test_loss_that_has_ended_is_soon_forgotten() -> None:
    lossy = [report(250 * number, 0.25) for number in range(6)]
    well = [report(250 * 5 + HALF * number, 0) for number in range(1, 6)]
    shares = [pushed(*lossy, *well[:count]) for count in range(6)]
    assert shares == sorted(shares, reverse=True)
    assert shares[1] < 0.2
    assert shares[5] < 0.01


def test_packet_lost_in_a_pause_is_no_great_loss() -> None:
    assert pushed(report(1000, 0), report(1003, 1 / 3)) < 0.02


def test_report_of_nothing_new_or_from_elsewhere_changes_nothing() -> None:
    before = [report(1000, 0.25), report(1250, 0.25)]
    assert pushed(*before, report(1250, 1.0)) == pushed(*before)
    assert pushed(*before, report(1250 - 40_000 & 0xFFFF, 1.0)) == pushed(*before)


def test_wrapping_count_goes_on() -> None:
    assert pushed(report(65_500, 0), report(1 << 16 | 214, 0.5)) > 0.3
