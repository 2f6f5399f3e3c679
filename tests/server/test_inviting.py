"""Links at the HTTP door: who gets which, where they lead, and the list of what was created."""

import asyncio
import re
import unicodedata
from typing import Any
from urllib.parse import quote, unquote

import pytest

from server.access import EVERY_SESSION
from server.api import context
from server.entrance.links import Links
from server.paths import SESSION
from tests.server.conftest import Client, Start, ask
from tests.server.talk import connect, create, link, note

SECRET = "s" * 40
QR_PX = 264
"""How wide the start page draws a code, its quiet zone included."""
PUBLIC = "https://interview.example"
ROOM_SEATS = [
    {"seat": "면접관_1", "name": "김민수"},
    {"seat": "지원자_1", "name": "이서연", "microphone": "room"},
    {"seat": "지원자_2", "microphone": "room"},
]


def read(client: Client, token: str) -> Any:
    assert client.app is not None
    links: Links = client.app[context.LINKS]
    return links.read(token)


async def listed(client: Client, headers: dict[str, str] | None = None, **query: Any) -> list[str]:
    response = await client.get(SESSION, params=query, headers=headers)
    assert response.status == 200
    return [info["session"] for info in await response.json()]


# --- create and invite --------------------------------------------------------------------------


async def test_every_seat_has_a_link_of_its_role(client: Client) -> None:
    made = await create(client, "s1")
    roles = [(invited["seat"][:3], invited["role"]) for invited in made["links"]]
    assert roles == [("면접관", "interviewer")] * 3 + [("지원자", "applicant")] * 3
    for invited in made["links"]:
        assert set(invited) == {"role", "seat", "name", "token", "url", "qr"}
        assert (invited["url"], invited["qr"]) == (None, None), "this machine is not public"


async def test_a_room_microphone_gets_one_link_however_many_it_hears(client: Client) -> None:
    made = await create(client, "s1", seats=ROOM_SEATS)
    assert [invited["role"] for invited in made["links"]] == [
        "interviewer",
        "applicant",
        "applicant",
        "microphone",
    ]
    microphone = made["links"][-1]
    assert (microphone["seat"], microphone["name"]) == (None, None)
    assert read(client, microphone["token"]).roles == {"microphone"}


async def test_the_creator_may_sit_in_an_interviewers_seat_as_operator(client: Client) -> None:
    made = await create(client, "s1", operator_seat="면접관_2")
    roles = {invited["seat"]: invited["role"] for invited in made["links"]}
    assert roles["면접관_1"] == "interviewer"
    assert roles["면접관_2"] == "operator"
    token = next(i["token"] for i in made["links"] if i["seat"] == "면접관_2")
    assert read(client, token).roles == {"operator", "interviewer"}
    socket = await connect(client, "s1", token)
    assert (await ask(socket, note()))["type"] == "note_saved"


@pytest.mark.parametrize("seat", ["지원자_1", "면접관_2", "면접관_9", "operator", "", 5])
async def test_an_operator_sits_in_an_interviewers_seat_of_this_interview_only(
    client: Client, seat: Any
) -> None:
    body = {"session_id": "s1", "seats": ROOM_SEATS, "operator_seat": seat}
    response = await client.post(SESSION, json=body)
    assert (response.status, (await response.json())["code"]) == (400, "bad_request")
    assert await listed(client) == []


async def test_with_a_public_address_every_link_can_be_opened_and_photographed(
    start: Start,
) -> None:
    client = await start(secret=SECRET, public_url=PUBLIC)
    root = {"Authorization": f"Bearer {link(client, role='operator')}"}
    body = {"session_id": "면접 7", "seats": ROOM_SEATS}
    made = await (await client.post(SESSION, json=body, headers=root)).json()
    path = quote("면접 7")
    for invited in made["links"]:
        assert invited["url"] == f"{PUBLIC}/room/{path}#t={invited['token']}"
        assert invited["qr"].startswith("data:image/svg+xml")
    assert len({invited["qr"] for invited in made["links"]}) == 4
    response = await client.post(
        f"{SESSION}/{path}/invite", json={"seat": "지원자_1", "name": "이"}, headers=root
    )
    invited = await response.json()
    assert set(invited) == {"session_id", "role", "seat", "name", "token", "url", "qr"}
    assert (invited["session_id"], invited["role"]) == ("면접 7", "applicant")
    assert (invited["seat"], invited["name"]) == ("지원자_1", "이")
    assert invited["url"] == f"{PUBLIC}/room/{path}#t={invited['token']}"
    response = await client.post(
        f"{SESSION}/{EVERY_SESSION}/invite", json={"role": "operator"}, headers=root
    )
    invited = await response.json()
    assert invited["url"] == f"{PUBLIC}/#t={invited['token']}"


async def test_names_too_long_for_a_code_still_get_their_link(start: Start) -> None:
    client = await start(secret=SECRET, public_url=PUBLIC)
    root = {"Authorization": f"Bearer {link(client, role='operator')}"}
    body = {"session_id": "가" * 128, "seats": [{"seat": "면접관_1", "name": "힣" * 200}]}
    response = await client.post(SESSION, json=body, headers=root)
    [invited] = (await response.json())["links"]
    assert invited["url"].startswith(PUBLIC)
    assert invited["qr"] is None


async def test_a_usual_code_has_squares_of_three_pixels(start: Start) -> None:
    client = await start(secret=SECRET, public_url=PUBLIC)
    root = {"Authorization": f"Bearer {link(client, role='operator')}"}
    body = {"seats": ROOM_SEATS, "operator_seat": "면접관_1"}
    made = await (await client.post(SESSION, json=body, headers=root)).json()
    for invited in made["links"]:
        size = re.search(r"viewBox='0 0 (\d+) (\d+)'", unquote(invited["qr"]))
        assert size is not None
        assert int(size[1]) * 3 <= QR_PX, invited


async def test_pages_of_the_public_address_may_use_the_api(start: Start) -> None:
    client = await start(secret=SECRET, public_url=PUBLIC)
    headers = {"Authorization": f"Bearer {link(client, role='operator')}", "Host": "backend"}
    assert (await client.get(SESSION, headers={**headers, "Origin": PUBLIC})).status == 200
    other = await client.get(SESSION, headers={**headers, "Origin": "https://evil.example"})
    assert other.status == 403


# --- the list -----------------------------------------------------------------------------------


async def test_the_list_says_what_each_interview_is_about(client: Client) -> None:
    await create(client, "s1", title="백엔드 면접", job="개발", seats=ROOM_SEATS)
    [info] = await (await client.get(SESSION)).json()
    assert (info["session"], info["title"], info["job"]) == ("s1", "백엔드 면접", "개발")
    assert info["seats"] == [
        {"seat": "면접관_1", "name": "김민수"},
        {"seat": "지원자_1", "name": "이서연"},
        {"seat": "지원자_2", "name": None},
    ]
    assert (info["is_closed"], info["is_erased"]) == (False, False)
    assert info["last_wall"] >= info["created_wall"] > 0


async def test_an_erased_interview_is_listed_without_title_and_names(client: Client) -> None:
    await create(client, "s1", title="백엔드 면접", seats=ROOM_SEATS)
    await client.post(f"{SESSION}/s1/end")
    await client.delete(f"{SESSION}/s1", params={"seat": "지원자_1"})
    [info] = await (await client.get(SESSION)).json()
    assert [place["name"] for place in info["seats"]] == ["김민수", None, None]
    await client.delete(f"{SESSION}/s1")
    [info] = await (await client.get(SESSION)).json()
    assert (info["title"], info["job"], info["seats"]) == ("", "", [])
    assert info["is_erased"] is True


async def test_the_list_is_searched_filtered_and_paged(client: Client) -> None:
    for number in range(5):
        await create(client, f"s{number}", title=f"{number}번째 면접", seats=ROOM_SEATS)
    await client.post(f"{SESSION}/s3/end")
    assert await listed(client) == ["s4", "s3", "s2", "s1", "s0"]
    assert await listed(client, state="live", limit=2) == ["s4", "s2"]
    assert await listed(client, state="past") == ["s3"]
    assert await listed(client, search="이서연 2번째") == ["s2"]
    assert await listed(client, search=unicodedata.normalize("NFD", "2번째")) == ["s2"]
    assert await listed(client, search="없는 이름") == []
    page = await (await client.get(SESSION, params={"limit": 2})).json()
    before = repr(page[-1]["created_wall"])
    assert await listed(client, limit=2, before=before) == ["s2", "s1"]
    assert await listed(client, state="", search="", limit="", before="") == await listed(client)


async def test_an_operator_of_one_session_searches_only_that_one(start: Start) -> None:
    client = await start(secret=SECRET)
    root = {"Authorization": f"Bearer {link(client, role='operator')}"}
    for name in ("mine", "other"):
        body = {"session_id": name, "title": "면접"}
        assert (await client.post(SESSION, json=body, headers=root)).status == 201
    mine = {"Authorization": f"Bearer {link(client, 'mine', role='operator')}"}
    for query in ({}, {"search": "면접"}, {"state": "live"}, {"limit": 5}):
        assert await listed(client, mine, **query) == ["mine"]
    assert await listed(client, mine, search="other") == []


@pytest.mark.parametrize(
    "query",
    [
        {"state": "dead"},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "501"},
        {"limit": "many"},
        {"limit": "1.5"},
        {"before": "yesterday"},
        {"before": "nan"},
        {"before": "-inf"},
        {"search": "x" * 201},
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(
    client: Client, query: dict[str, str]
) -> None:
    response = await client.get(SESSION, params=query)
    assert response.status == 400
    said = await response.json()
    assert said["code"] == "bad_request"
    assert said["detail"].startswith("The query is wrong: ")


async def test_codes_are_drawn_beside_the_event_loop(start: Start) -> None:
    """Health answers while a dozen codes are drawn; blockbuster does not see mere arithmetic."""
    client = await start(secret=SECRET, public_url=PUBLIC)
    root = {"Authorization": f"Bearer {link(client, role='operator')}"}
    drawing = asyncio.create_task(client.post(SESSION, headers=root))
    answers = 0
    while not drawing.done():
        assert (await client.get("/healthz")).status == 200
        answers += 1
    assert (await drawing).status == 201
    assert answers > 1
