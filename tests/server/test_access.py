"""The access table as data, checked role by role and kind by kind."""

import pytest

from server import access
from server.access import EVERY_SESSION, LOCAL_OPERATOR, Principal, Right, Role, role_of_seat
from server.app import make_app
from server.errors import Forbidden
from server.events import APPLICANTS, CATALOGUE, INTERVIEWERS
from server.messages import ANSWERS, COMMANDS, SIGNALS, type_of
from server.settings import Settings

O, I, A, V, M = Role  # noqa: E741  # operator, interviewer, applicant, observer, microphone
EVERYBODY = {O, I, A, V, M}
ROOM = {O, I, A, V}
PANEL = {O, I}

MAY_SEND = {
    "speaker_note": PANEL,
    "evaluation_request": PANEL,
    "session_end": PANEL,
    "audio_chunk": {O, I, A, M},
    "consent": {I, A},
    "withdraw_consent": {I, A},
    "confirm_room": {O},
    "mute": {O, I, A, M},
    "name_voice": PANEL,
    "swap_voices": PANEL,
    "merge_voices": PANEL,
    "move_segment": PANEL,
    "split_segment": PANEL,
    "edit_segment": PANEL,
    "edit_note": PANEL,
    "retract": PANEL,
    "subscribe": ROOM,
}
SEES_ANSWER = {
    "note_saved": PANEL,
    "evaluation_summary": PANEL,
    "session_ended": PANEL,
    "audio_processed": EVERYBODY,
    "done": EVERYBODY,
    "caught_up": EVERYBODY,
    "error": EVERYBODY,
    "ping": EVERYBODY,
}
SEES_SIGNAL = {
    "interim": ROOM,
    "provisional_speaker": ROOM,
    "speakers": ROOM,
    "lag": ROOM,
    "microphone": ROOM,
    "level": ROOM,
    "presence": ROOM,
    "missed": EVERYBODY,
}
SEES_EVENT = {
    "session_created": ROOM,
    "consent_given": ROOM,
    "consent_withdrawn": ROOM,
    "room_confirmed": ROOM,
    "joined": ROOM,
    "left": ROOM,
    "muted": ROOM,
    "unmuted": ROOM,
    "gap": ROOM,
    "voice_assigned": ROOM,
    "voice_forgotten": ROOM,
    "voices_merged": ROOM,
    "speech": ROOM,
    "segment_voiced": ROOM,
    "segment_split": ROOM,
    "segment_edited": ROOM,
    "retracted": ROOM,
    "speakers_checked": ROOM,
    "utterance_final": ROOM,
    "utterance_dropped": ROOM,
    "audio_taken": ROOM,
    "session_closed": ROOM,
    "erased": ROOM,
    "note_added": PANEL,
    "note_edited": PANEL,
    "evaluation": PANEL,
}
MAY_ASK_OVER_HTTP = {
    "health": EVERYBODY,
    "ready": EVERYBODY,
    "metrics": EVERYBODY,
    "page": EVERYBODY,
    "room_page": EVERYBODY,
    "review_page": EVERYBODY,
    "static": EVERYBODY,
    "openapi": EVERYBODY,
    "asyncapi": EVERYBODY,
    "create": {O},
    "invite": {O},
    "erase": {O},
    "sessions": {O},
    "journal": {O},
    "end": PANEL,
    "status": PANEL,
    "result": PANEL,
    "export": PANEL,
    "command": EVERYBODY,
    "join": EVERYBODY,
    "offer": EVERYBODY,
    "backfill": {O, I, A, M},
    "voices": EVERYBODY,
    "enrol": EVERYBODY,
    "forget_voice": EVERYBODY,
    "whip": {O, I, A, M},
    "whip_resource": {O, I, A, M},
    "whip_trickle": {O, I, A, M},
    "whip_options": EVERYBODY,
}
RIGHTS = {
    Right.CREATE: {O},
    Right.DIRECT: PANEL,
    Right.RATE: {I},
    Right.CONSENT: {I, A},
    Right.CONFIRM: {O},
    Right.SEND_AUDIO: {O, I, A, M},
    Right.SEE_ROOM: ROOM,
    Right.SEE_JUDGEMENT: PANEL,
    Right.TALK: EVERYBODY,
}
SEAT_OF = {I: "면접관_1", A: "지원자_1"}

every_role = pytest.mark.parametrize("role", list(Role))


def person(*roles: Role) -> Principal:
    seats = [SEAT_OF[role] for role in roles if role in SEAT_OF]
    return Principal(frozenset(roles), session="s", seat=seats[0] if seats else None, link="l")


@every_role
def test_a_role_has_exactly_the_rights_of_its_column(role: Role) -> None:
    assert {right for right in Right if person(role).has(right)} == {
        right for right, roles in RIGHTS.items() if role in roles
    }


@every_role
@pytest.mark.parametrize("command", [type_of(command) for command in COMMANDS])
def test_a_role_may_send_exactly_what_the_table_says(role: Role, command: str) -> None:
    principal, expected = person(role), role in MAY_SEND[command]
    assert principal.may(command) == expected
    if expected:
        principal.check_command(command)
    else:
        with pytest.raises(Forbidden, match=command):
            principal.check_command(command)


@every_role
@pytest.mark.parametrize("signal", [type_of(signal) for signal in SIGNALS])
def test_signals_reach_exactly_those_who_may_see_them(role: Role, signal: str) -> None:
    assert person(role).sees(signal) == (role in SEES_SIGNAL[signal])


@every_role
@pytest.mark.parametrize("answer", [type_of(answer) for answer in ANSWERS])
def test_a_role_is_sent_exactly_the_answers_the_table_says(role: Role, answer: str) -> None:
    assert person(role).sees(answer) == (role in SEES_ANSWER[answer])


@every_role
@pytest.mark.parametrize("event", list(CATALOGUE))
def test_a_role_is_sent_exactly_the_events_the_table_says(role: Role, event: str) -> None:
    assert person(role).sees(event) == (role in SEES_EVENT[event])


@every_role
@pytest.mark.parametrize("name", list(access.HTTP))
def test_a_role_may_use_exactly_the_http_doors_the_table_says(role: Role, name: str) -> None:
    right = access.HTTP[name].right
    assert (right is None or person(role).has(right)) == (role in MAY_ASK_OVER_HTTP[name])


def test_every_command_answer_event_and_http_door_is_in_the_table_and_nothing_else() -> None:
    assert set(access.COMMANDS) == {type_of(command) for command in COMMANDS}
    sent = {type_of(kind) for kind in ANSWERS} | {type_of(kind) for kind in SIGNALS}
    assert set(access.SEEN) == sent | set(CATALOGUE)
    routes = make_app(Settings()).router.routes()
    assert {route.name for route in routes} == set(access.HTTP) | {"websocket"}


def test_answers_and_events_never_share_a_name() -> None:
    sent = {type_of(kind) for kind in ANSWERS} | {type_of(kind) for kind in SIGNALS}
    assert not sent & set(CATALOGUE)


@every_role
def test_an_unknown_kind_goes_to_nobody_and_comes_from_nobody(role: Role) -> None:
    principal = person(role)
    for kind in ("rating", "level_of", "", "NOTE_ADDED", "note_added ", "*"):
        assert not principal.sees(kind)
        assert not principal.may(kind)


@every_role
def test_being_named_in_one_table_gives_nothing_in_another(role: Role) -> None:
    principal = person(role)
    assert not any(principal.sees(kind) for kind in access.COMMANDS)
    assert not any(principal.may(kind) for kind in access.SEEN)


def test_one_link_may_be_operator_and_an_interviewer_seat() -> None:
    both = person(O, I)
    assert {right for right in Right if both.has(right)} == {
        right for right, roles in RIGHTS.items() if roles & {O, I}
    }
    assert both.has(Right.RATE), "an operator alone does not rate"
    assert both.role is O
    assert both.author == "면접관_1"


@pytest.mark.parametrize(
    ("principal", "author"),
    [
        (person(O), "operator"),
        (LOCAL_OPERATOR, "operator"),
        (person(I), "면접관_1"),
        (person(A), "지원자_1"),
        (person(V), "observer"),
        (person(M), "microphone"),
    ],
)
def test_events_name_the_seat_else_the_role(principal: Principal, author: str) -> None:
    assert principal.author == author


@pytest.mark.parametrize(
    ("roles", "may_send_as"),
    [
        ((O,), {None, "면접관_1", "면접관_2", "지원자_1", "지원자_2"}),
        ((O, I), {None, "면접관_1", "면접관_2", "지원자_1", "지원자_2"}),
        ((I,), {"면접관_1"}),
        ((A,), {"지원자_1"}),
        ((M,), {None}),
    ],
)
def test_sound_is_sent_for_the_own_seat_only(
    roles: tuple[Role, ...], may_send_as: set[str | None]
) -> None:
    principal = person(*roles)
    for speaker in (None, "면접관_1", "면접관_2", "지원자_1", "지원자_2"):
        if speaker in may_send_as:
            principal.check_audio(speaker)
        else:
            with pytest.raises(Forbidden):
                principal.check_audio(speaker)


def test_an_observer_sends_no_sound_at_all() -> None:
    with pytest.raises(Forbidden):
        person(V).check_command("audio_chunk")


def test_a_link_opens_its_own_session_and_an_operators_star_opens_every_one() -> None:
    person(A).check_session("s")
    Principal(frozenset({O}), session=EVERY_SESSION).check_session("anything")
    for other in ("t", "S", "", EVERY_SESSION):
        with pytest.raises(Forbidden):
            person(A).check_session(other)


@pytest.mark.parametrize("seat", INTERVIEWERS)
def test_an_interviewers_seat_is_an_interviewers(seat: str) -> None:
    assert role_of_seat(seat) is I


@pytest.mark.parametrize("seat", APPLICANTS)
def test_an_applicants_seat_is_an_applicants(seat: str) -> None:
    assert role_of_seat(seat) is A


@pytest.mark.parametrize("seat", ["지원자_4", "면접관_0", "operator", "", "unknown"])
def test_a_seat_that_does_not_exist_has_no_role(seat: str) -> None:
    with pytest.raises(ValueError, match="seats are"):
        role_of_seat(seat)
