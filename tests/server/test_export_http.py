"""Downloads: the same record in every form, as a file with a name."""

import json
from urllib.parse import quote, unquote

import pytest

from server.api.records import attachment
from server.paths import SESSION
from tests.server.conftest import Client, ask
from tests.server.talk import connect, create, note, record, said

NOTE = "비밀스러운 메모"
TYPES = {
    "json": "application/json",
    "text": "text/plain",
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
}


async def told(client: Client) -> None:
    socket = await connect(client)
    await ask(socket, note(NOTE))
    await ask(socket, said(speaker="지원자_1"))
    await ask(socket, {"type": "session_end"})


async def test_every_form_holds_the_same_words(client: Client) -> None:
    await told(client)
    words = (await record(client))["transcripts"][0]["text"]
    for to, media_type in TYPES.items():
        response = await client.get(f"{SESSION}/s1/export", params={"format": to})
        assert response.status == 200
        assert response.headers["Content-Type"] == f"{media_type}; charset=utf-8"
        ending = {"text": "txt"}.get(to, to)
        assert f'filename="daedam-s1.{ending}"' in response.headers["Content-Disposition"]
        text = await response.text()
        assert words in text
        assert (NOTE in text) == (to in ("json", "text"))


async def test_who_spoke_when_is_a_file_without_words(client: Client) -> None:
    await told(client)
    response = await client.get(f"{SESSION}/s1/export", params={"format": "rttm"})
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert 'filename="daedam-s1.rttm"' in response.headers["Content-Disposition"]
    lines = (await response.text()).splitlines()
    assert lines
    assert all(line.startswith("SPEAKER s1 1 ") and " 지원자_1 " in line for line in lines)


async def test_the_json_is_the_record_and_what_is_downloaded_unless_said(client: Client) -> None:
    await told(client)
    response = await client.get(f"{SESSION}/s1/export")
    assert json.loads(await response.text()) == await record(client)


async def test_a_living_session_is_downloaded_as_far_as_it_is(client: Client) -> None:
    await create(client)
    response = await client.get(f"{SESSION}/s1/export", params={"format": "vtt"})
    assert await response.text() == "WEBVTT\n"


async def test_an_erased_session_has_nothing_to_download(client: Client) -> None:
    await told(client)
    await client.delete(f"{SESSION}/s1")
    for to in TYPES:
        text = await (await client.get(f"{SESSION}/s1/export", params={"format": to})).text()
        assert NOTE not in text
        assert "경험이" not in text


@pytest.mark.parametrize("to", ["", "docx", "journal", "JSON", "../x"])
async def test_a_form_nobody_knows_is_refused(client: Client, to: str) -> None:
    await create(client)
    response = await client.get(f"{SESSION}/s1/export", params={"format": to})
    assert response.status == 400
    assert (await response.json())["detail"] == "format is one of json, text, srt, vtt, rttm."


async def test_an_unknown_session_has_no_download(client: Client) -> None:
    response = await client.get(f"{SESSION}/nobody/export")
    assert (response.status, (await response.json())["code"]) == (404, "unknown_session")


@pytest.mark.parametrize("name", ["면접 7", 'a"b\\c', "a;b=c", "x" * 128, "%41", "가" * 128])
def test_any_name_is_one_header_that_says_it_exactly(name: str) -> None:
    header = attachment(f"daedam-{name}.txt")
    assert header.isascii()
    plain, exact = header.removeprefix('attachment; filename="').split("\"; filename*=UTF-8''")
    assert not set('"\\;%/') & set(plain)
    assert unquote(exact) == f"daedam-{name}.txt"


async def test_a_korean_name_reaches_the_browser_whole(client: Client) -> None:
    await create(client, "면접 7")
    response = await client.get(f"{SESSION}/{quote('면접 7')}/export")
    assert response.content_disposition is not None
    assert response.content_disposition.filename == "daedam-면접 7.json"
