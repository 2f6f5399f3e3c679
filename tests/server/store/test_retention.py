"""Whose sound may stay, and until when."""

import pytest

from server.entries import Entry
from server.events import (
    Blank,
    ConsentGiven,
    ConsentWithdrawn,
    Erased,
    Event,
    Joined,
    Left,
    RoomConfirmed,
    SeatConfig,
    SessionClosed,
    SessionConfig,
    SessionCreated,
)
from server.session import Session, fold
from server.store.retention import DAY_S, retention

ASKING, ANSWERING = "면접관_1", "지원자_1"
ROOM = "room-c1"
CLOSED_WALL = 1_000_000.0
KEPT = ConsentGiven(seat=ANSWERING, keep_audio_days=30)
ASKING_TOO = ConsentGiven(seat=ASKING, keep_audio_days=30)
NOT_KEPT = ConsentGiven(seat=ANSWERING)
CLOSED = SessionClosed()
CONFIG = SessionConfig()


def told(*events: Event, config: SessionConfig = CONFIG) -> Session:
    """Return the fold of a session in which this happened."""
    return fold(
        "s1",
        [
            Entry(
                seq=number,
                at=float(number),
                wall=CLOSED_WALL,
                by="system",
                v=1,
                type=event.type(),
                cmd=None,
                event=event,
            )
            for number, event in enumerate((SessionCreated(config=config), *events), 1)
        ],
    )


def keeps(session: Session, track: str, after_days: float = 1.0) -> bool:
    return retention(session).keeps(track, CLOSED_WALL + after_days * DAY_S)


def test_while_the_session_lives_what_may_be_heard_may_stay() -> None:
    session = told(NOT_KEPT, RoomConfirmed())
    assert keeps(session, ANSWERING)
    assert keeps(session, ROOM)
    assert not keeps(session, ASKING)


def test_a_withdrawal_ends_the_own_track_and_the_rooms() -> None:
    session = told(KEPT, ASKING_TOO, RoomConfirmed(), ConsentWithdrawn(seat=ASKING))
    assert keeps(session, ANSWERING)
    assert not keeps(session, ASKING)
    assert not keeps(session, ROOM)


def test_nothing_stays_after_the_end_unless_somebody_agreed_to_that() -> None:
    session = told(NOT_KEPT, RoomConfirmed(), CLOSED)
    assert not keeps(session, ANSWERING, after_days=0)
    assert not keeps(session, ROOM, after_days=0)


def test_everybody_is_kept_as_long_as_they_were_told_and_the_room_as_the_shortest() -> None:
    short = ConsentGiven(seat=ASKING, keep_audio_days=2)
    session = told(KEPT, short, RoomConfirmed(), CLOSED)
    assert keeps(session, ANSWERING, after_days=29)
    assert keeps(session, ASKING, after_days=1.9)
    assert not keeps(session, ASKING, after_days=2)
    assert keeps(session, ROOM, after_days=1.9)
    assert not keeps(session, ROOM, after_days=2)


def test_who_agreed_to_it_is_kept_for_so_many_days() -> None:
    session = told(KEPT, ConsentGiven(seat=ASKING), CLOSED)
    assert keeps(session, ANSWERING, after_days=29.99)
    assert not keeps(session, ANSWERING, after_days=30.0)
    assert not keeps(session, ASKING)


@pytest.mark.parametrize(
    ("events", "stays"),
    [
        ((KEPT, ASKING_TOO), True),
        ((KEPT, ConsentGiven(seat=ASKING)), False),
        ((KEPT, ASKING_TOO, ConsentWithdrawn(seat=ASKING)), False),
        ((KEPT, ConsentWithdrawn(seat=ANSWERING), KEPT), False),
        ((KEPT, Joined(connection="c1", role="applicant", seat=ANSWERING)), True),
        ((KEPT, Joined(connection="c1", role="observer")), True),
        ((KEPT, Joined(connection="c1", role="interviewer", seat=ASKING)), False),
        (
            (
                KEPT,
                Joined(connection="c1", role="interviewer", seat=ASKING),
                Left(connection="c1", reason="closed"),
            ),
            False,
        ),
        ((KEPT, NOT_KEPT), False),
        ((), False),
    ],
)
def test_a_room_microphone_is_kept_only_if_everybody_agreed(
    events: tuple[Event, ...], stays: bool
) -> None:
    assert keeps(told(*events, RoomConfirmed(), CLOSED), ROOM) is stays


@pytest.mark.parametrize(
    ("events", "stays"), [((KEPT,), False), ((KEPT, ASKING_TOO), True), ((ASKING_TOO,), False)]
)
def test_who_sits_at_a_room_microphone_must_have_agreed_though_they_never_joined(
    events: tuple[Event, ...], stays: bool
) -> None:
    seats = (SeatConfig(seat=ASKING, microphone="room"), SeatConfig(seat=ANSWERING))
    session = told(
        *events,
        Joined(connection="c1", role="applicant", seat=ANSWERING),
        RoomConfirmed(),
        CLOSED,
        config=SessionConfig(seats=seats),
    )
    assert keeps(session, ROOM) is stays


def test_of_who_ever_withdrew_nothing_stays_after_the_end() -> None:
    told_twice = (KEPT, ASKING_TOO, ConsentWithdrawn(seat=ANSWERING), KEPT, RoomConfirmed())
    live = told(*told_twice)
    assert keeps(live, ANSWERING)
    assert keeps(live, ROOM)
    over = told(*told_twice, CLOSED)
    assert keeps(over, ASKING)
    assert not keeps(over, ANSWERING)
    assert not keeps(over, ROOM)


def test_who_agreed_no_more_is_not_kept() -> None:
    assert not keeps(told(KEPT, NOT_KEPT, CLOSED), ANSWERING)
    assert not keeps(told(KEPT, ConsentWithdrawn(seat=ANSWERING), CLOSED), ANSWERING)


def test_an_erased_person_takes_the_rooms_sound_along() -> None:
    session = told(
        ASKING_TOO, Blank(), RoomConfirmed(), CLOSED, Erased(seat=ANSWERING, events=(3,))
    )
    assert keeps(session, ASKING)
    assert not keeps(session, ANSWERING)
    assert not keeps(session, ROOM)


def test_nothing_stays_of_an_erased_session() -> None:
    session = told(KEPT, CLOSED, Erased(seat=None, events=(1, 2)))
    assert not keeps(session, ANSWERING)


@pytest.mark.parametrize("events", [(KEPT, RoomConfirmed()), (KEPT, RoomConfirmed(), CLOSED)])
def test_nothing_is_kept_where_consent_is_seen_to_elsewhere(events: tuple[Event, ...]) -> None:
    session = told(*events, config=SessionConfig(consent="external"))
    assert not keeps(session, ANSWERING)
    assert not keeps(session, ROOM)
