"""The pages: open to everybody, and what browsers are told about them."""

from urllib.parse import quote

import pytest

from server.api.pages import STATIC
from tests.server.conftest import Client, Start

SECRET = "s" * 40
PAGES = {"/": "start.html", "/room/s1": "room.html", "/review/s1": "review.html"}


@pytest.mark.parametrize("path", list(PAGES))
async def test_a_page_is_its_file_and_needs_no_link(start: Start, path: str) -> None:
    client = await start(secret=SECRET, host="0.0.0.0")
    response = await client.get(path, headers={"Host": "interview.example"})
    assert response.status == 200
    assert response.content_type == "text/html"
    assert await response.text() == _text(PAGES[path])


def _text(name: str) -> str:
    return (STATIC / name).read_text("utf-8")


@pytest.mark.parametrize("page", ["room", "review"])
@pytest.mark.parametrize("session", ["면접 100%", "a?b#c", "x" * 128, "'; --"])
async def test_a_page_is_there_for_any_session_known_or_not(
    client: Client, page: str, session: str
) -> None:
    assert (await client.get(f"/{page}/{quote(session, safe='')}")).status == 200


@pytest.mark.parametrize("page", ["room", "review"])
@pytest.mark.parametrize("path", ["*", "a%2Fb", "x" * 129, "a%0Ab", "%00", "a/b", ""])
async def test_an_id_that_no_session_can_have_has_no_page(
    client: Client, page: str, path: str
) -> None:
    response = await client.get(f"/{page}/{path}")
    assert response.status == 404
    assert (await response.json())["code"] == "not_found"


@pytest.mark.parametrize("path", ["/nonsense", "/room/a/b", "/room/*"])
async def test_people_see_a_page_where_there_is_none(client: Client, path: str) -> None:
    response = await client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (response.status, response.content_type) == (404, "text/html")
    assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    text = await response.text()
    assert text.count('<a href="/">') == 2
    assert "<script" not in text


async def test_programs_get_an_answer_where_there_is_no_page(client: Client) -> None:
    browser = {"Accept": "text/html"}
    for path, headers in (("/nonsense", {}), ("/api/nonsense", browser)):
        response = await client.get(path, headers=headers)
        assert (response.status, (await response.json())["code"]) == (404, "not_found")


async def test_browsers_load_from_here_only_and_give_a_microphone_to_us_alone(
    client: Client,
) -> None:
    for path in (*PAGES, "/static/start.html", "/healthz", "/nothing"):
        headers = (await client.get(path)).headers
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert policy["img-src"] == "'self' data:"
        assert policy["media-src"] == "'self' blob:"
        assert headers["Permissions-Policy"] == "microphone=(self), camera=()"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer", "links stand in addresses"
        assert headers["Cache-Control"] == "no-cache"


async def test_a_page_is_asked_for_again_and_not_sent_again(client: Client) -> None:
    first = await client.get("/")
    again = await client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
