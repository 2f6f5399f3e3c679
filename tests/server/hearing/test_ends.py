"""Until when a microphone was heard, as far as the journal of a process that died tells."""

import pytest

from server.events import Segment
from server.hearing.ends import UNDERSTOOD_S, Ends
from server.record import Spoken
from server.session import Session
from tests.server.hearing.coming import joined
from tests.server.hearing.phones import SEAT

CONNECTION = f"p.{SEAT}"


def found(
    *, at: float, entered: float, left: float | None = None, said: float | None = None
) -> float | None:
    """Return the end of a microphone whose connection came at ``entered``."""
    session = Session("s1", seq=9, at=at, consents={SEAT})
    session.present[CONNECTION], session.entered[CONNECTION] = joined(SEAT), entered
    if left is not None:
        session.heard[SEAT] = left
    if said is not None:
        words = Segment(
            segment="u1.1", voice=None, words=(), text_confidence=1.0, voice_confidence=0.0
        )
        session.spoken.append(Spoken(5, "u1", SEAT, said - 1, said, words))
    ends = Ends()
    ends.recall(session, {CONNECTION})
    end = ends.take(SEAT)
    assert end is None or end.may_fill
    return end.end_s if end is not None else None


@pytest.mark.parametrize(
    ("said", "end_s"),
    [(None, 10.0), (14.0, 14.0), (5.0, 10.0)],
)
def test_who_was_not_understood_yet_is_asked_since_they_connected(
    said: float | None, end_s: float
) -> None:
    assert found(at=20.0, entered=10.0, said=said) == end_s


def test_who_came_back_is_asked_since_they_were_gone() -> None:
    assert found(at=20.0, entered=10.0, left=6.0) == 6.0
    assert found(at=20.0, entered=10.0, left=6.0, said=8.0) == 8.0


def test_whoever_has_said_nothing_for_long_has_lost_nothing_of_that() -> None:
    assert found(at=900.0, entered=10.0) == 900.0 - UNDERSTOOD_S
    assert found(at=900.0, entered=10.0, said=500.0) == 900.0 - UNDERSTOOD_S


def test_a_connection_without_a_seat_has_no_microphone_of_its_own() -> None:
    session = Session("s1", seq=9, at=20.0, is_room_confirmed=True)
    session.present["p.None"], session.entered["p.None"] = joined(None), 10.0
    ends = Ends()
    ends.recall(session, {"p.None"})
    assert ends.get("room-p.None") is None
