"""The fuzzing program itself: what it says of a case that fails, or never ends."""

import signal
from collections.abc import Iterator
from random import Random

import pytest

from bench.fuzz import fuzzer
from bench.fuzz.targets import TARGETS, Trace


@pytest.fixture(autouse=True)
def alarm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = signal.signal(signal.SIGALRM, fuzzer._interrupt)
    monkeypatch.setattr(signal, "alarm", lambda s: signal.setitimer(signal.ITIMER_REAL, s / 50))
    yield
    signal.signal(signal.SIGALRM, before)


def broken(random: Random, trace: Trace) -> None:
    trace.append(random.randbytes(4))
    raise IndexError("a bug")


def endless(random: Random, trace: Trace) -> None:
    trace.append(b"\x01\x02")
    try:
        while True:
            pass
    except Exception:
        return  # As a library's task does with whatever befalls it.


def test_case_that_holds_says_nothing() -> None:
    assert fuzzer.Fuzzer((), 1).case("rtp/1/0") is None


def test_failure_is_told_with_its_case_its_place_and_its_inputs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TARGETS, "rtp", broken)
    found = fuzzer.Fuzzer((), 1).case("rtp/1/7")
    assert found is not None
    where, report = found
    assert where.startswith("IndexError at test_fuzz_program.py:")
    assert "rtp/1/7" in report
    assert Random("rtp/1/7").randbytes(4).hex() in report
    assert fuzzer.Fuzzer((), 2).case("rtp/1/7") == found, "its name decides a case"


def test_case_that_never_ends_is_told_even_if_the_interruption_is_swallowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(TARGETS, "rtp", endless)
    found = fuzzer.Fuzzer((), 1).case("rtp/1/0")
    assert found is not None
    where, report = found
    assert where.startswith("TookTooLong at test_fuzz_program.py:")
    assert "0102" in report


def test_scores_count_cases_and_different_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TARGETS, "rtp", broken)
    mine = fuzzer.Fuzzer(("rtp", "rtcp"), 1)
    mine.run(0.001)
    rows = [score.row() for score in mine.scores.values()]
    assert [row["findings"] for row in rows] == [1, 0]
    assert rows[0]["failed"] == rows[0]["cases"]
