"""Seats as all processes agree on them: reserved, taken and left where everybody sees it."""

import pytest

from server.access import Principal, Role
from server.attendance import Attendance
from server.errors import ClientError, ErrorCode, JournalUnavailable
from server.exchange.local import LocalExchange
from server.seating import Seating
from server.session import Session
from tests.server.talk import APPLICANT
from tests.server.test_attendance import FakeDoor, person


class SharedSeats(LocalExchange):
    """An exchange with one seat, and what it was asked, in order."""

    def __init__(self) -> None:
        super().__init__("p")
        self.owner: str | None = None
        self.asked: list[tuple[str, str, int]] = []
        self.is_away = False

    async def take_seat(self, session: str, seat: str, link: str, hold_s: float) -> bool:
        """See ``Exchange``."""
        if self.is_away:
            raise JournalUnavailable
        self.asked.append(("take", link, round(hold_s)))
        self.owner = self.owner or link
        return self.owner == link

    async def leave_seat(self, session: str, seat: str, link: str, hold_s: float) -> None:
        """See ``Exchange``."""
        self.asked.append(("leave", link, round(hold_s)))


@pytest.fixture
def shared() -> SharedSeats:
    return SharedSeats()


@pytest.fixture
def attendance() -> Attendance:
    return Attendance("p", 30.0)


@pytest.fixture
def seating(attendance: Attendance, shared: SharedSeats) -> Seating:
    return Seating(attendance, shared, 30.0)


SESSION = Session("s1")


async def refused(seating: Seating, principal: Principal) -> ErrorCode:
    with pytest.raises(ClientError) as caught:
        await seating.expect(SESSION, principal)
    return caught.value.code


async def test_a_reservation_that_lapses_is_left_at_once(
    seating: Seating, shared: SharedSeats
) -> None:
    await seating.expect(SESSION, person())
    await seating.lapse(SESSION, person())
    assert shared.asked == [("take", "a", 30), ("leave", "a", 0)]


async def test_a_connection_that_parts_leaves_what_is_left_of_its_time(
    seating: Seating, attendance: Attendance, shared: SharedSeats
) -> None:
    await seating.expect(SESSION, person())
    connection = attendance.enter("p.1", person(), FakeDoor(), "peer")
    attendance.part(connection)
    await seating.leave(SESSION, person())
    assert shared.asked == [("take", "a", 30), ("leave", "a", 30)]


async def test_a_seat_of_another_process_s_person_is_not_reserved(
    seating: Seating, attendance: Attendance, shared: SharedSeats
) -> None:
    shared.owner = "b"
    assert await refused(seating, person()) is ErrorCode.SEAT_TAKEN
    attendance.expect(person("c"))
    attendance.lapse(person("c"))


async def test_what_only_this_process_knows_is_left_to_the_others_as_it_was(
    seating: Seating, attendance: Attendance, shared: SharedSeats
) -> None:
    attendance.expect(person("b"))  # Redis has forgotten, and this process has not.
    assert await refused(seating, person()) is ErrorCode.SEAT_TAKEN
    assert shared.asked == [("take", "a", 30), ("leave", "a", 0)]


async def test_nothing_is_reserved_while_nobody_can_know(
    seating: Seating, attendance: Attendance, shared: SharedSeats
) -> None:
    shared.is_away = True
    assert await refused(seating, person()) is ErrorCode.JOURNAL_UNAVAILABLE
    attendance.expect(person("b"))


async def test_who_has_no_seat_reserves_none(seating: Seating, shared: SharedSeats) -> None:
    observer = Principal(frozenset({Role.OBSERVER}), "s1", None, "o")
    await seating.expect(SESSION, observer)
    await seating.lapse(SESSION, observer)
    assert shared.asked == []


async def test_a_seat_that_the_session_lacks_is_refused(
    seating: Seating, shared: SharedSeats
) -> None:
    assert await refused(seating, person(seat="지원자_9")) is ErrorCode.UNKNOWN_SEAT
    assert shared.asked == []


async def test_without_a_link_a_seat_is_this_process_s_matter(
    seating: Seating, shared: SharedSeats
) -> None:
    local = Principal(frozenset({Role.APPLICANT}), "s1", APPLICANT)
    await seating.expect(SESSION, local)
    assert await refused(seating, person()) is ErrorCode.SEAT_TAKEN
    await seating.lapse(SESSION, local)
