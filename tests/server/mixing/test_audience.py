"""Who hears whom."""

from typing import Literal

import pytest

from server.access import LOCAL_OPERATOR, Principal, Role
from server.events import SeatConfig, SessionConfig
from server.mixing.audience import hears, listens

SEATS: tuple[tuple[str, Literal["own", "room", "none"]], ...] = (
    ("면접관_1", "own"),
    ("면접관_2", "room"),
    ("면접관_3", "none"),
    ("지원자_1", "own"),
    ("지원자_2", "room"),
)
CONFIG = SessionConfig(seats=tuple(SeatConfig(seat=seat, microphone=kind) for seat, kind in SEATS))
ALONE = SessionConfig(seats=CONFIG.seats, hear_each_other=False)
TRACKS = ("면접관_1", "지원자_1", "room-a", "room-b")
DEVICE = Principal(roles=frozenset({Role.MICROPHONE}), session="s")
OBSERVER = Principal(roles=frozenset({Role.OBSERVER}), session="s")


def person(seat: str, *more: Role) -> Principal:
    role = Role.INTERVIEWER if seat.startswith("면접관") else Role.APPLICANT
    return Principal(roles=frozenset({role, *more}), session="s", seat=seat)


def mix_of(principal: Principal, own: str | None, config: SessionConfig = CONFIG) -> str:
    is_heard = hears(config, principal, own)
    return " ".join(track for track in TRACKS if is_heard(track))


def test_everybody_with_an_own_microphone_hears_all_others() -> None:
    assert mix_of(person("면접관_1"), "면접관_1") == "지원자_1 room-a room-b"
    assert mix_of(person("지원자_1"), "지원자_1") == "면접관_1 room-a room-b"


def test_nobody_hears_the_own_microphone_over_a_second_connection() -> None:
    assert mix_of(person("면접관_1"), None) == "지원자_1 room-a room-b"


def test_who_sends_nothing_hears_everybody() -> None:
    for principal in (person("면접관_3"), OBSERVER, LOCAL_OPERATOR):
        assert mix_of(principal, None) == "면접관_1 지원자_1 room-a room-b"
        assert listens(CONFIG, principal)


def test_a_rooms_device_plays_those_who_sit_elsewhere_and_no_room_microphone() -> None:
    assert mix_of(DEVICE, "room-a") == "면접관_1 지원자_1"
    assert listens(CONFIG, DEVICE)


@pytest.mark.parametrize("more", [(), (Role.OPERATOR,)])
def test_who_sits_at_a_rooms_microphone_hears_nothing_over_the_page(more: tuple[Role, ...]) -> None:
    assert mix_of(person("면접관_2", *more), None) == ""
    assert not listens(CONFIG, person("지원자_2", *more))


def test_nobody_hears_anybody_where_people_sit_together() -> None:
    for principal in (person("면접관_1"), DEVICE, OBSERVER, LOCAL_OPERATOR):
        assert mix_of(principal, None, ALONE) == ""
        assert not listens(ALONE, principal)
