"""The load tool: what it makes of what it is told, and itself against a real server."""

from pathlib import Path
from typing import Any

import pytest

from bench.corpus import Clip
from bench.load.curve import Load, curve, is_sound, lags
from bench.load.room import Judged, Timeline, judge
from bench.load.script import Script
from bench.scrape import Scrape
from bench.turns import Turn
from pipeline.audio import RATE_HZ
from tests.speech.clips import load

SEATS = ["면접관_1", "지원자_1"]
SCRIPT = Script(
    turns=[Turn(RATE_HZ, 3 * RATE_HZ, ()), Turn(5 * RATE_HZ, 7 * RATE_HZ, ())],
    packets=Path("nowhere"),
    floor=[0] * 200 + [1] * 200,
)
TIMELINE = Timeline(created_s=100.0, began_s=110.0)
METRICS = """\
# TYPE daedam_drops counter
daedam_drops_total{reason="late"} 2.0
daedam_drops_total{reason="empty"} 5.0
# TYPE daedam_loop_lag_seconds histogram
daedam_loop_lag_seconds_bucket{le="0.001"} 50.0
daedam_loop_lag_seconds_bucket{le="0.002"} 100.0
daedam_loop_lag_seconds_bucket{le="+Inf"} 100.0
daedam_loop_lag_seconds_count 100.0
daedam_loop_lag_seconds_sum 0.1
"""


def final(came_s: float, track: str, start_s: float, end_s: float) -> tuple[float, dict[str, Any]]:
    """A final that came at a second of the script, about seconds of the script."""
    event = {"type": "utterance_final", "track": track, "start": start_s + 10, "end": end_s + 10}
    return 110 + came_s, event


def judged(*messages: tuple[float, dict[str, Any]]) -> Judged:
    return judge(SCRIPT, SEATS, TIMELINE, [list(messages)])


def test_a_final_is_as_late_as_it_came_after_its_turn() -> None:
    told = judged(final(4.0, "면접관_1", 1.0, 2.9), final(7.5, "지원자_1", 5.1, 6.9))
    assert told.finals_s == pytest.approx([1.0, 0.5])
    assert (told.missing, told.wrong) == (0, 0)


def test_of_a_turn_in_parts_the_last_part_counts() -> None:
    told = judged(final(2.5, "면접관_1", 1.0, 1.6), final(4.5, "면접관_1", 1.9, 3.0))
    assert told.finals_s == pytest.approx([1.5])


def test_a_turn_whose_last_part_nobody_was_told_is_missing() -> None:
    assert judged(final(2.5, "면접관_1", 1.0, 1.6)).missing == 2


def test_words_at_a_seat_that_did_not_have_the_floor_are_wrong() -> None:
    told = judged(final(4.0, "지원자_1", 1.0, 3.0), final(8.0, "지원자_1", 5.0, 7.0))
    assert (told.wrong, told.missing, len(told.finals_s)) == (1, 1, 1)


def test_a_turn_that_the_server_dropped_is_not_missing() -> None:
    at_s, event = final(4.0, "면접관_1", 1.0, 3.0)
    told = judged((at_s, {**event, "type": "utterance_dropped"}))
    assert (told.dropped, told.missing) == (1, 1)


def test_only_the_first_interim_of_a_turn_is_its_first_words() -> None:
    interim = {"type": "interim", "track": "면접관_1", "start": 11.0}
    assert judged((112.2, interim), (113.2, interim)).interims_s == pytest.approx([1.2])


def test_metrics_are_compared_by_what_was_added() -> None:
    before, after = Scrape.of(METRICS), Scrape.of(METRICS.replace("} 2.0", "} 6.0"))
    assert after.since(before).total("daedam_drops_total", "late", "overloaded") == 4.0
    assert after.total("daedam_drops_total") == 11.0
    assert after.total("daedam_media_packets_total") is None


def test_a_quantile_lies_between_the_limits_of_its_bucket() -> None:
    metrics = Scrape.of(METRICS)
    assert metrics.quantile("daedam_loop_lag_seconds", 0.75) == pytest.approx(0.0015)
    assert metrics.since(metrics).quantile("daedam_loop_lag_seconds", 0.5) is None


@pytest.mark.model
@pytest.mark.process
async def test_two_people_talk_in_turns_and_both_are_told_every_word_at_its_seat(
    tmp_path: Path,
) -> None:
    speech = [
        Clip(clip.speaker, clip.text, clip.samples)
        for clip in map(load, ("applicant2_thanks.flac", "question_motive.flac"))
    ]
    (row,) = await curve(speech, Load(rooms=(1,), seats=2, minutes=0.12), tmp_path)
    assert is_sound(row), row
    assert not lags(row) or row["words_lost"] == 0, row
    assert row["finals"] == 4, row
    assert isinstance(row["packets_sent"], int)
    assert row["packets_sent"] > 500
