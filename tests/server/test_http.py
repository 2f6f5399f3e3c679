"""The HTTP doors: what they answer, to whom, and what they refuse."""

import asyncio
import io
import json
import logging
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from server.access import EVERY_SESSION
from server.access import HTTP as DOORS
from server.api import context
from server.events import SEATS
from server.paths import PREFIX, SESSION
from tests.server.conftest import Client, Start, ask, until
from tests.server.talk import connect, create, events, link, note, record, said

SECRET = "s" * 40
NOTE = "비밀스러운 메모"


async def sessions(client: Client, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await (await client.get(SESSION, headers=headers)).json()
    return found


async def refused(client: Client, method: str, path: str, **options: Any) -> tuple[int, str]:
    """Ask, check that a refusal is one JSON object with a sentence, and return status and code."""
    response = await client.request(method, path, **options)
    assert response.content_type == "application/json"
    said = await response.json()
    assert set(said) == {"detail", "code"}
    assert said["detail"]
    return response.status, said["code"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- status and result --------------------------------------------------------------------------


async def test_the_status_of_a_living_session_has_the_shape_clients_know(client: Client) -> None:
    socket = await connect(client)
    await ask(socket, note(NOTE, "지원자_2"))
    response = await client.get(f"{SESSION}/s1/status")
    assert response.status == 200
    found = await response.json()
    assert found["session_id"] == "s1"
    assert found["is_active"] is True
    assert found["start_time"].endswith("+00:00")
    assert 0 <= found["duration"] < 5
    assert found["total_transcripts"] == found["total_evaluations"] == 0
    assert found["speakers"] == ["지원자_2"]
    await socket.close()
    async with asyncio.timeout(5):
        while (await (await client.get(f"{SESSION}/s1/status")).json())["is_active"]:
            pass


async def test_the_status_of_an_unknown_session_is_not_found(client: Client) -> None:
    response = await client.get(f"{SESSION}/nobody/status")
    assert response.status == 404
    assert (await response.json())["detail"] == "Session not found"
    assert not await sessions(client), "asking creates nothing"


async def test_the_status_of_an_ended_session_is_not_found_and_its_result_is(
    client: Client,
) -> None:
    socket = await connect(client)
    await ask(socket, note(NOTE))
    ended = await ask(socket, {"type": "session_end"})
    response = await client.get(f"{SESSION}/s1/status")
    assert response.status == 404
    assert (await response.json())["detail"] == "Session not found"
    assert await record(client) == ended["final_result"]


async def test_the_result_is_there_while_the_session_lives(client: Client) -> None:
    socket = await connect(client)
    await ask(socket, note(NOTE))
    found = await record(client)
    assert found["revision"] == 0
    assert found["end_time"] is None
    assert [kept["note"] for kept in found["speaker_notes"]["지원자_1"]] == [NOTE]


@pytest.mark.parametrize("resource", ["result", "journal"])
async def test_an_unknown_session_has_no_record(client: Client, resource: str) -> None:
    assert await refused(client, "GET", f"{SESSION}/nobody/{resource}") == (404, "unknown_session")


async def test_a_session_may_have_any_name_the_protocol_allows(client: Client) -> None:
    for name in ("면접 100%", "a?b#c", "x" * 128, "가" * 128, "'; --", "s1%2fs2"):
        path = f"{SESSION}/{quote(name, safe='')}"
        await create(client, name)
        assert (await (await client.get(f"{path}/status")).json())["session_id"] == name
        assert (await client.post(f"{path}/end")).status == 200


@pytest.mark.parametrize("name", ["x" * 129, "a\x00b", "a\nb", "\x7f", "a/b", EVERY_SESSION])
async def test_a_name_that_no_session_can_have_is_refused(client: Client, name: str) -> None:
    assert await refused(client, "GET", f"{SESSION}/{quote(name, safe='')}/status") == (
        400,
        "bad_session",
    )
    body = {"session_id": name}
    assert await refused(client, "POST", SESSION, json=body) == (400, "bad_session")
    assert not await sessions(client)


# --- create -------------------------------------------------------------------------------------


async def test_an_empty_body_creates_a_session_with_six_seats_and_a_link_for_each(
    client: Client,
) -> None:
    response = await client.post(SESSION)
    assert response.status == 201
    made = await response.json()
    assert len(made["session_id"]) >= 16
    assert [invited["seat"] for invited in made["links"]] == list(SEATS)
    (created,) = await events(client, made["session_id"])
    assert created["config"]["consent"] == "required"
    again = await (await client.post(SESSION, data=b"{}")).json()
    assert again["session_id"] != made["session_id"]


async def test_a_session_is_created_as_the_operator_wants_it(client: Client) -> None:
    made = await create(
        client,
        "s1",
        title="면접",
        job="개발자",
        consent="external",
        seats=[
            {"seat": "면접관_1", "name": "김민수"},
            {"seat": "지원자_1", "name": "이서연"},
        ],
    )
    assert [(invited["seat"], invited["name"]) for invited in made["links"]] == [
        ("면접관_1", "김민수"),
        ("지원자_1", "이서연"),
    ]
    found = await record(client)
    assert (found["title"], found["job"], found["consent"]) == ("면접", "개발자", "external")


async def test_a_long_title_is_cut(client: Client) -> None:
    await create(client, title="가" * 300, job="나" * 300)
    found = await record(client)
    assert (found["title"], found["job"]) == ("가" * 200, "나" * 200)


async def test_a_link_of_the_answer_opens_its_seat_and_no_other(client: Client) -> None:
    made = await create(client)
    tokens = {invited["seat"]: invited["token"] for invited in made["links"]}
    interviewer = await connect(client, "s1", tokens["면접관_1"])
    assert (await ask(interviewer, note(NOTE)))["type"] == "note_saved"
    applicant = await connect(client, "s1", tokens["지원자_1"])
    assert (await ask(applicant, note(NOTE)))["code"] == "forbidden"
    (kept,) = await events(client, kind="note_added")
    assert kept["by"] == "면접관_1"


@pytest.mark.parametrize(
    "body",
    [
        {"seats": []},
        {"seats": [{"seat": "지원자_4"}]},
        {"seats": [{"seat": "operator"}]},
        {"seats": [{"seat": "지원자_1"}, {"seat": "지원자_1"}]},
        {"seats": [{"seat": "지원자_1", "microphone": "loud"}]},
        {"seats": [{"seat": "지원자_1", "name": "김" * 201}]},
        {"seats": [{}]},
        {"seats": "지원자_1"},
        {"consent": "none"},
        {"title": 5},
        {"session_id": 5},
        {"unknown": 1},
        [],
        "s1",
    ],
)
async def test_a_body_that_makes_no_sense_creates_nothing(client: Client, body: Any) -> None:
    assert await refused(client, "POST", SESSION, json=body) == (400, "bad_request")
    assert not await sessions(client)


@pytest.mark.parametrize(
    "data",
    [b"{", b"\xff\xfe", b'{"title":"\xff"}', b'{"title":"\\ud800"}', b"[" * 100_000, b"\x00"],
)
async def test_a_malformed_body_is_refused(client: Client, data: bytes) -> None:
    assert await refused(client, "POST", SESSION, data=data) == (400, "bad_request")


async def test_a_body_that_is_too_large_is_refused(client: Client) -> None:
    data = io.BytesIO(b'{"title":"' + b"x" * 2_000_000 + b'"}')
    assert await refused(client, "POST", SESSION, data=data) == (413, "too_large")
    assert not await sessions(client)


async def test_a_session_is_created_once_even_when_two_want_it_at_once(client: Client) -> None:
    body = {"session_id": "s1"}
    answers = await asyncio.gather(*(client.post(SESSION, json=body) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409, 409]
    assert await refused(client, "POST", SESSION, json=body) == (409, "session_exists")
    assert [event["type"] for event in await events(client)] == ["session_created"]


async def test_an_ended_session_is_not_created_again(client: Client) -> None:
    await create(client)
    await client.post(f"{SESSION}/s1/end")
    assert await refused(client, "POST", SESSION, json={"session_id": "s1"}) == (
        409,
        "session_exists",
    )


# --- sessions, invite, end ----------------------------------------------------------------------


async def test_sessions_are_listed_the_newest_first(client: Client) -> None:
    for name in ("one", "two", "three"):
        await create(client, name)
    await client.post(f"{SESSION}/two/end")
    listed = await sessions(client)
    assert [info["session"] for info in listed] == ["three", "two", "one"]
    assert [info["is_closed"] for info in listed] == [False, True, False]


async def test_an_operator_of_one_session_sees_and_makes_only_that_one(client: Client) -> None:
    await create(client, "other")
    headers = bearer(link(client, "mine", role="operator"))
    response = await client.post(SESSION, json={"session_id": "mine"}, headers=headers)
    assert response.status == 201
    listed = await sessions(client, headers)
    assert [info["session"] for info in listed] == ["mine"]
    for method, path in (
        ("POST", f"{SESSION}/other/invite"),
        ("POST", f"{SESSION}/{EVERY_SESSION}/invite"),
        ("GET", f"{SESSION}/other/journal"),
        ("DELETE", f"{SESSION}/other"),
    ):
        assert await refused(client, method, path, headers=headers) == (403, "other_session")
    assert await refused(
        client, "POST", SESSION, json={"session_id": "third"}, headers=headers
    ) == (403, "other_session")


@pytest.mark.parametrize(
    ("body", "role", "seat"),
    [
        ({"seat": "면접관_1"}, "interviewer", "면접관_1"),
        ({"seat": "지원자_2", "name": "이서연"}, "applicant", "지원자_2"),
        ({"seat": "면접관_1", "role": "operator"}, "operator", "면접관_1"),
        ({"role": "observer", "expires_s": 60}, "observer", None),
    ],
)
async def test_an_invitation_is_a_link_that_works(
    client: Client, body: dict[str, Any], role: str, seat: str | None
) -> None:
    await create(client)
    response = await client.post(f"{SESSION}/s1/invite", json=body)
    assert response.status == 201
    invited = await response.json()
    assert invited["session_id"] == "s1"
    socket = await connect(client, "s1", invited["token"])
    await socket.send_json({"type": "subscribe"})
    (joined,) = [m for m in await until(socket, "caught_up") if m["type"] == "joined"]
    assert (joined["role"], joined["seat"]) == (role, seat)


async def test_nobody_is_invited_where_nothing_is(client: Client) -> None:
    await create(client, seats=[{"seat": "면접관_1"}, {"seat": "지원자_2"}])
    path = f"{SESSION}/s1/invite"
    assert await refused(client, "POST", path, json={"seat": "지원자_1"}) == (400, "unknown_seat")
    said = await (await client.post(path, json={"seat": "지원자_1"})).json()
    assert "면접관_1, 지원자_2" in said["detail"]
    for whom in ({"seat": "지원자_2"}, {"role": "operator"}):
        answer = await refused(client, "POST", f"{SESSION}/nobody/invite", json=whom)
        assert answer == (404, "unknown_session")
    ahead = {"role": "operator", "is_ahead": True}
    assert (await client.post(f"{SESSION}/nobody/invite", json=ahead)).status == 201
    assert [info["session"] for info in await sessions(client)] == ["s1"], "nothing was opened"


async def test_an_operator_of_every_session_can_be_invited(client: Client) -> None:
    response = await client.post(f"{SESSION}/{EVERY_SESSION}/invite", json={"role": "operator"})
    headers = bearer((await response.json())["token"])
    assert (await client.post(SESSION, json={}, headers=headers)).status == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"seat": "지원자_9"},
        {"role": "king"},
        {"role": "interviewer"},
        {"seat": "지원자_1", "role": "operator"},
        {"seat": 1},
        {"seat": "지원자_1", "name": "김" * 201},
        {"seat": "지원자_1", "expires_s": 0},
        {"seat": "지원자_1", "expires_s": -5},
        {"seat": "지원자_1", "expires_s": 1e300},
        {"seat": "지원자_1", "expires_s": "7d"},
        {"seat": "지원자_1", "admin": True},
    ],
)
async def test_an_invitation_that_makes_no_sense_is_refused(
    client: Client, body: dict[str, Any]
) -> None:
    await create(client)
    assert await refused(client, "POST", f"{SESSION}/s1/invite", json=body) == (400, "bad_request")


async def test_ending_answers_the_record_closes_everybody_and_can_be_repeated(
    client: Client,
) -> None:
    socket = await connect(client)
    await ask(socket, note(NOTE))
    first = await client.post(f"{SESSION}/s1/end")
    assert first.status == 200
    found = await first.json()
    assert found["revision"] == 1
    assert (await socket.receive(timeout=5)).data == 1000
    again = await client.post(f"{SESSION}/s1/end")
    assert (again.status, await again.json()) == (200, found)
    assert len(await events(client, kind="session_closed")) == 1


async def test_what_does_not_exist_cannot_be_ended_or_erased(client: Client) -> None:
    assert await refused(client, "POST", f"{SESSION}/nobody/end") == (404, "unknown_session")
    assert await refused(client, "DELETE", f"{SESSION}/nobody") == (404, "unknown_session")
    assert not await sessions(client)


# --- erase --------------------------------------------------------------------------------------


async def told(client: Client, executor_line: str = "경험이") -> None:
    """Hold a session in which a note and words were kept, and end it."""
    socket = await connect(client)
    await ask(socket, note(NOTE, "지원자_1"))
    await ask(socket, note("다른 메모", "지원자_2"))
    heard = await ask(socket, said(speaker="지원자_1"))
    assert executor_line in heard["result"]["transcription"]["text"]
    await ask(socket, {"type": "session_end"})


def holds(folder: Path, words: str) -> list[str]:
    """Return the files under ``folder`` that hold ``words`` in any of the ways they may be kept."""
    ways = [
        words.encode(), words.encode("utf-16-le"), json.dumps(words)[1:-1].encode(),
    ]  # fmt: skip
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(way in path.read_bytes() for way in ways)]


async def test_a_living_session_is_not_erased(client: Client) -> None:
    await ask(await connect(client), note(NOTE))
    assert await refused(client, "DELETE", f"{SESSION}/s1") == (409, "session_live")
    assert NOTE in json.dumps(await record(client), ensure_ascii=False)


async def test_an_erased_session_has_no_words_anywhere(client: Client, tmp_path: Path) -> None:
    await told(client)
    assert await asyncio.to_thread(holds, tmp_path, NOTE)
    response = await client.delete(f"{SESSION}/s1")
    assert response.status == 200
    receipt = await response.json()
    assert receipt["seat"] is None
    found = await record(client)
    assert found["life"] == "erased"
    assert found["erased_events"] == len(receipt["events"])
    assert not found["transcripts"]
    assert not found["speaker_notes"]
    text = await (await client.get(f"{SESSION}/s1/journal")).text()
    for words in (NOTE, "다른 메모", "경험이"):
        assert words not in text
        assert words not in json.dumps(found, ensure_ascii=False)
        assert not await asyncio.to_thread(holds, tmp_path, words)
    assert [event["seq"] for event in await events(client)] == [
        *range(1, len(receipt["events"]) + 2)
    ]


async def test_one_person_is_erased_and_the_others_stay(client: Client, tmp_path: Path) -> None:
    await told(client)
    before = await record(client)
    response = await client.delete(f"{SESSION}/s1", params={"seat": "지원자_1"})
    assert (await response.json())["seat"] == "지원자_1"
    found = await record(client)
    assert found["revision"] == before["revision"] + 1
    assert list(found["speaker_notes"]) == ["지원자_2"]
    assert not found["transcripts"]
    for words in (NOTE, "경험이"):
        assert not await asyncio.to_thread(holds, tmp_path, words)
    assert await asyncio.to_thread(holds, tmp_path, "다른 메모")


async def test_a_seat_nobody_has_cannot_be_erased(client: Client) -> None:
    await told(client)
    for seat in ("지원자_9", "", "unknown"):
        path = f"{SESSION}/s1?seat={quote(seat)}"
        assert await refused(client, "DELETE", path) == (400, "unknown_seat")
    assert NOTE in json.dumps(await record(client), ensure_ascii=False)


async def test_who_reads_while_a_session_is_erased_does_not_bring_the_words_back(
    client: Client,
) -> None:
    await told(client)
    erasing = asyncio.create_task(client.delete(f"{SESSION}/s1"))
    while not erasing.done():
        await record(client)
    assert (await erasing).status == 200
    assert not (await record(client))["speaker_notes"]


async def test_a_reader_of_the_old_record_is_parted_from_it(client: Client) -> None:
    await told(client)
    reader = await connect(client)
    await client.delete(f"{SESSION}/s1")
    assert (await reader.receive_json(timeout=5))["code"] == "shutting_down"
    summary = await ask(await connect(client), {"type": "evaluation_request"})
    assert NOTE not in json.dumps(summary, ensure_ascii=False)


# --- journal ------------------------------------------------------------------------------------


async def test_the_journal_is_streamed_whole_a_line_per_event(client: Client) -> None:
    socket = await connect(client)
    for number in range(600):
        await socket.send_json(note(f"{number}번째", id=f"note-{number:017}"))
    for _ in range(600):
        await socket.receive_json(timeout=10)
    response = await client.get(f"{SESSION}/s1/journal")
    assert response.content_type == "application/x-ndjson"
    lines = [json.loads(line) for line in (await response.text()).splitlines()]
    assert [line["seq"] for line in lines] == [*range(1, len(lines) + 1)]
    assert [line["type"] for line in lines[:2]] == ["session_created", "joined"]
    assert {line["note"] for line in lines[2:]} == {f"{number}번째" for number in range(600)}


# --- doors --------------------------------------------------------------------------------------


async def test_health_is_open_to_everybody(start: Start) -> None:
    for secret in (None, SECRET):
        client = await start(secret=secret)
        response = await client.get(
            "/healthz", headers={"Host": "evil.example", "Origin": "https://evil.example"}
        )
        assert response.status == 200
        assert (await response.json())["status"] == "ok"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "evil.example"}, "foreign_host"),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, "foreign_host"),
        ({"Origin": "https://evil.example"}, "foreign_origin"),
        ({"Origin": "null"}, "foreign_origin"),
        ({"Origin": "http://[::1"}, "foreign_origin"),
    ],
)
async def test_names_and_pages_from_elsewhere_are_refused_at_every_door(
    client: Client, headers: dict[str, str], code: str
) -> None:
    for method, path in DOOR_PATHS.values():
        assert await refused(client, method, path, headers=headers) == (403, code)
    assert not await sessions(client)


@pytest.mark.parametrize(
    "header", ["Forwarded", "X-Forwarded-For", "x-forwarded-host", "X-FORWARDED-PROTO"]
)
async def test_what_was_forwarded_is_not_this_machine(client: Client, header: str) -> None:
    for method, path in DOOR_PATHS.values():
        answer = await refused(client, method, path, headers={header: "127.0.0.1"})
        assert answer == (401, "link_required")


DOOR_PATHS = {
    "create": ("POST", SESSION),
    "sessions": ("GET", SESSION),
    "status": ("GET", f"{SESSION}/s1/status"),
    "result": ("GET", f"{SESSION}/s1/result"),
    "export": ("GET", f"{SESSION}/s1/export"),
    "journal": ("GET", f"{SESSION}/s1/journal"),
    "invite": ("POST", f"{SESSION}/s1/invite"),
    "end": ("POST", f"{SESSION}/s1/end"),
    "erase": ("DELETE", f"{SESSION}/s1"),
    "join": ("GET", f"{SESSION}/s1/join"),
    "offer": ("POST", f"{SESSION}/s1/offer"),
    "backfill": ("POST", f"{SESSION}/s1/backfill"),
    "voices": ("GET", f"{SESSION}/s1/voice"),
    "enrol": ("POST", f"{SESSION}/s1/voice"),
    "forget_voice": ("DELETE", f"{SESSION}/s1/voice"),
    "whip": ("POST", "/whip/s1"),
    "whip_resource": ("DELETE", "/whip/s1/none"),
    "whip_trickle": ("PATCH", "/whip/s1/none"),
    "websocket": ("GET", f"{PREFIX}/ws/interview/s1"),
}
SOUND = {"backfill", "whip", "whip_resource", "whip_trickle"}
VOICE = {"voices", "enrol", "forget_voice"}
OPENS = {
    "operator": {
        *("create", "sessions", "status", "result", "export", "journal", "invite", "end"),
        *("erase", "join", "offer", *SOUND, *VOICE),
    },
    "interviewer": {"status", "result", "export", "end", "join", "offer", *SOUND, *VOICE},
    "applicant": {"join", "offer", *SOUND, *VOICE},
    # Nobody has a voice learnt through them, so they are refused inside.
    "observer": {"join", "offer", "voices"},
    "microphone": {"join", "offer", *SOUND, *VOICE},
}
PEOPLE: dict[str, dict[str, Any]] = {
    "operator": {"role": "operator"},
    "interviewer": {"seat": "면접관_1"},
    "applicant": {"seat": "지원자_1"},
    "observer": {"role": "observer"},
    "microphone": {"role": "microphone"},
}


def test_every_door_is_tried() -> None:
    # Processes ask each other for a command, with a word that no link is.
    named = {name for name, door in DOORS.items() if door.right} - {"command"}
    assert set(DOOR_PATHS) - {"websocket"} == named


async def test_with_a_secret_no_door_opens_without_a_link(start: Start) -> None:
    client = await start(secret=SECRET)
    for method, path in DOOR_PATHS.values():
        assert await refused(client, method, path) == (401, "link_required")
        for token in (" ", "x", SECRET):
            answer = await refused(client, method, path, headers=bearer(token))
            assert answer == (401, "link_invalid")
    root = bearer(link(client, role="operator"))
    assert not await sessions(client, root)


@pytest.mark.parametrize("role", list(PEOPLE))
async def test_with_a_secret_each_link_opens_exactly_the_doors_of_its_role(
    start: Start, role: str
) -> None:
    client = await start(secret=SECRET)
    root = bearer(link(client, role="operator"))
    opened = {"session_id": "s1", "consent": "external"}
    assert (await client.post(SESSION, json=opened, headers=root)).status == 201
    person = bearer(link(client, "s1", **PEOPLE[role]))
    for name, (method, path) in DOOR_PATHS.items():
        if name == "websocket":
            continue
        body = {"create": {"session_id": "s1"}, "offer": {"sdp": ""}}.get(name)
        response = await client.request(method, path, headers=person, json=body)
        assert (response.status != 403) == (name in OPENS[role]), name
        assert response.status != 401
    listed = {info["session"]: info["is_closed"] for info in await sessions(client, root)}
    assert listed.pop("s1") == ("end" in OPENS[role])
    assert not listed, "a create that was refused created nothing"


@pytest.mark.parametrize("role", list(PEOPLE))
async def test_a_link_of_another_session_opens_nothing_here(start: Start, role: str) -> None:
    client = await start(secret=SECRET)
    root = bearer(link(client, role="operator"))
    await client.post(SESSION, json={"session_id": "s1"}, headers=root)
    person = bearer(link(client, "s2", **PEOPLE[role]))
    for name, (method, path) in DOOR_PATHS.items():
        if name not in ("create", "sessions"):
            answer = await refused(client, method, path, headers=person)
            assert answer == (403, "other_session"), name


async def test_an_expired_link_opens_nothing(start: Start) -> None:
    client = await start(secret=SECRET)
    expired = link(client, role="operator", expires_s=-1)
    for method, path in DOOR_PATHS.values():
        answer = await refused(client, method, path, headers=bearer(expired))
        assert answer == (401, "link_invalid")


async def test_only_the_websocket_takes_its_link_from_the_address(start: Start) -> None:
    client = await start(secret=SECRET)
    root = link(client, role="operator")
    assert await refused(client, "GET", f"{SESSION}?t={root}") == (401, "link_required")
    assert (await client.get(SESSION, headers=bearer(root))).status == 200
    assert (await ask(await connect(client, "s1", root), note(NOTE)))["type"] == "note_saved"


async def test_the_scheme_of_authorization_is_read_in_any_case_and_others_are_no_link(
    start: Start,
) -> None:
    client = await start(secret=SECRET)
    root = link(client, role="operator")
    assert (await client.get(SESSION, headers={"Authorization": f"bEARER {root}"})).status == 200
    answer = await refused(client, "GET", SESSION, headers={"Authorization": f"Basic {root}"})
    assert answer == (401, "link_required")


async def test_a_legacy_network_is_operator_without_a_link(start: Start) -> None:
    client = await start(secret=SECRET, legacy_networks=(ip_network("127.0.0.0/8"),))
    assert (await client.get(SESSION)).status == 200
    forwarded = {"X-Forwarded-For": "127.0.0.1"}
    assert await refused(client, "GET", SESSION, headers=forwarded) == (401, "link_required")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/realtime-interview", 404),
        ("GET", f"{SESSION}/s1", 405),
        ("POST", f"{SESSION}/s1/status", 405),
        ("PUT", SESSION, 405),
        ("OPTIONS", SESSION, 405),
        ("POST", "/healthz", 405),
        ("GET", f"{SESSION}/s1/end", 405),
        ("GET", f"{SESSION}/a/b/status", 404),
    ],
)
async def test_what_is_not_there_is_said_in_json(
    client: Client, method: str, path: str, status: int
) -> None:
    response = await client.request(method, path)
    assert response.status == status
    assert response.content_type == "application/json"
    assert set(await response.json()) == {"detail", "code"}
    # RFC 9110, section 15.5.6: a 405 lists what is allowed.
    assert ("Allow" in response.headers) == (status == 405)


async def test_a_plain_request_at_the_websocket_is_told_what_it_is(client: Client) -> None:
    status, _ = await refused(client, "GET", f"{PREFIX}/ws/interview/s1")
    assert status == 426
    assert (await client.get(SESSION)).status == 200
    assert await (await client.get(SESSION)).json() == []


# --- what is logged -----------------------------------------------------------------------------


async def test_the_log_names_paths_and_never_links_queries_notes_or_words(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = await start(secret=SECRET)
    token = link(client, role="operator")
    headers = bearer(token)
    socket = await connect(client, "s1", token)
    await ask(socket, note(NOTE))
    await ask(socket, said(speaker="지원자_1"))
    await ask(socket, {"type": "speaker_note", "note": NOTE, "speaker": 5})
    await ask(socket, {"type": "session_end"})
    await client.delete(f"{SESSION}/s1", params={"seat": "지원자_1", "q": NOTE}, headers=headers)
    await client.post(SESSION, json={"title": NOTE, "seats": []}, headers=headers)
    await client.get(f"/nothing?t={token}", headers=headers)
    await client.get(f"/nothing%0Aforged%20line?q={NOTE}")
    # ``aiohttp.access`` is the test server's; ``serve`` has none.
    logged = "\n".join(
        record.getMessage() for record in caplog.records if record.name != "aiohttp.access"
    )
    assert f"DELETE {SESSION}/s1 200" in logged
    for secret in (token, token.split(".")[1], SECRET, NOTE, "경험이", "seat=", "?"):
        assert secret not in logged
    assert "\nforged line" not in logged


async def test_a_bug_is_logged_and_told_without_detail(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("inner detail")

    assert client.app is not None
    monkeypatch.setattr(client.app[context.JOURNAL], "sessions", broken)
    response = await client.get(SESSION)
    assert response.status == 500
    assert (await response.json())["code"] == "internal"
    assert "inner detail" not in await response.text()
    assert "inner detail" in caplog.text
