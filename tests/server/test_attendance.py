"""Seats: reserved for who is expected, taken by who enters, kept for a while after them."""

import time
from dataclasses import dataclass, field

import pytest

from server.access import Principal, Role
from server.attendance import Attendance
from server.errors import ErrorCode, SeatTaken
from server.messages import Signal
from tests.server.talk import APPLICANT

HOLD_S = 30.0


@dataclass
class FakeDoor:
    """A door that notes what it is told; the rest: see ``Door``."""

    heard_at: float | None = None
    is_lost: bool = False
    dismissed: list[ErrorCode | None] = field(default_factory=list)

    def wake(self) -> None:
        """See ``Door``."""

    def whisper(self, signal: Signal) -> None:
        """See ``Door``."""

    def dismiss(self, code: ErrorCode | None, close_code: int) -> None:
        """See ``Door``."""
        self.dismissed.append(code)


@pytest.fixture
def attendance() -> Attendance:
    return Attendance("p", HOLD_S)


def person(link: str = "a", seat: str | None = APPLICANT) -> Principal:
    return Principal(frozenset({Role.APPLICANT}), "s1", seat, link)


def is_taken(attendance: Attendance, link: str = "b") -> bool:
    """Return whether somebody else cannot have the seat."""
    try:
        attendance.expect(person(link))
    except SeatTaken:
        return True
    attendance.lapse(person(link))
    return False


def test_an_expected_person_has_the_seat_for_themselves(attendance: Attendance) -> None:
    attendance.expect(person())
    assert is_taken(attendance)
    assert not is_taken(attendance, "a"), "their second offer is theirs too"


def test_a_reservation_that_lapses_leaves_nothing(attendance: Attendance) -> None:
    attendance.expect(person())
    attendance.lapse(person())
    assert not is_taken(attendance)
    assert attendance.kept_s(person()) == 0


def test_a_seat_stays_reserved_until_the_last_of_two_offers_lapses(attendance: Attendance) -> None:
    attendance.expect(person())
    attendance.expect(person())
    attendance.lapse(person())
    assert is_taken(attendance)
    attendance.lapse(person())
    assert not is_taken(attendance)


def test_a_refused_person_takes_nothing_away(attendance: Attendance) -> None:
    attendance.expect(person())
    with pytest.raises(SeatTaken):
        attendance.expect(person("b"))
    attendance.enter("p.1", person(), FakeDoor(), "peer")
    assert is_taken(attendance)


def test_a_lapse_does_not_shorten_what_is_kept_for_somebody(attendance: Attendance) -> None:
    attendance.expect(person())
    connection = attendance.enter("p.1", person(), FakeDoor(), "peer")
    assert attendance.part(connection)
    attendance.expect(person())
    attendance.lapse(person())
    assert is_taken(attendance)
    assert HOLD_S - 1 < attendance.kept_s(person()) <= HOLD_S
    assert attendance.kept_s(person("b")) == 0, "for nobody else"


def test_a_connected_person_keeps_the_seat_without_end(attendance: Attendance) -> None:
    attendance.expect(person())
    attendance.enter("p.1", person(), FakeDoor(time.monotonic() - 1000), "peer")
    assert is_taken(attendance)


def test_the_seat_of_who_was_lost_is_kept_since_they_were_heard(attendance: Attendance) -> None:
    attendance.expect(person())
    lost = attendance.enter("p.1", person(), FakeDoor(time.monotonic() - 12), "peer")
    attendance.part(lost)
    assert HOLD_S - 13 < attendance.kept_s(person()) <= HOLD_S - 12


def test_the_seat_of_who_has_been_away_for_long_is_free(attendance: Attendance) -> None:
    attendance.expect(person())
    lost = attendance.enter("p.1", person(), FakeDoor(time.monotonic() - HOLD_S - 1), "peer")
    attendance.part(lost)
    assert not is_taken(attendance)


def test_it_is_known_when_whoever_parted_was_heard_of_last(attendance: Attendance) -> None:
    assert attendance.heard_of(APPLICANT) == float("-inf")
    heard_at = time.monotonic() - 9
    attendance.expect(person())
    connection = attendance.enter("c1", person(), FakeDoor(heard_at), "peer")
    assert attendance.heard_of(APPLICANT) == float("-inf"), "they are still there"
    attendance.part(connection)
    assert attendance.heard_of(APPLICANT) == pytest.approx(heard_at)


def test_one_connection_of_two_that_goes_frees_nothing(attendance: Attendance) -> None:
    long_ago = FakeDoor(time.monotonic() - HOLD_S - 1)
    for number in range(2):
        attendance.expect(person())
        attendance.enter(f"p.{number}", person(), long_ago, "peer")
    attendance.part(attendance.connections["p.0"])
    assert is_taken(attendance)


def test_parting_twice_is_parting_once(attendance: Attendance) -> None:
    attendance.expect(person())
    connection = attendance.enter("p.1", person(), FakeDoor(), "peer")
    assert [attendance.part(connection), attendance.part(connection)] == [True, False]


def test_only_older_connections_of_the_same_person_and_kind_are_replaced(
    attendance: Attendance,
) -> None:
    doors = {name: FakeDoor() for name in ("old", "new", "socket", "other", "local")}
    who = {
        "old": (person(seat=None), "peer"),
        "new": (person(seat=None), "peer"),
        "socket": (person(seat=None), "socket"),
        "other": (person("b", seat=None), "peer"),
        "local": (Principal(frozenset({Role.OPERATOR})), "peer"),
    }
    for name, (principal, kind) in who.items():
        attendance.enter(name, principal, doors[name], kind)
    attendance.replace("a", "peer", by="new")
    assert [name for name, door in doors.items() if door.dismissed] == ["old"]
    attendance.replace(None, "peer", by="nobody")
    assert [name for name, door in doors.items() if door.dismissed] == ["old"]


def test_ids_name_the_process_they_end_in(attendance: Attendance) -> None:
    assert attendance.is_here(attendance.new_id())
    assert not attendance.is_here("q.0123")
    assert not attendance.is_here("0123")
    assert attendance.new_id() != attendance.new_id()
