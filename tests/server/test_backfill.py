"""Sound that a page sends again, over HTTP: asked for, once, by whoever was asked."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import numpy as np
import pytest

from pipeline.audio import samples
from server.api.backfill import MAX_BODY
from server.paths import session_path
from tests.server.browsers import Browsers, bearer
from tests.server.conftest import Client
from tests.server.resending import PATH, Page
from tests.server.talk import APPLICANT, connect, create, events


@pytest.fixture
async def page(client: Client) -> AsyncIterator[Page]:
    await create(client, consent="external")
    page = Page(client)
    yield page
    await page.close()


def pcm(length_s: float) -> bytes:
    return np.zeros(samples(length_s), "<i2").tobytes()


async def test_what_was_missed_is_asked_for_and_taken_once(client: Client, page: Page) -> None:
    missed = await page.miss()
    assert missed["track"] == APPLICANT
    assert 0.4 < missed["end"] - missed["start"] < 5
    assert missed["end"] <= missed["now"] < missed["end"] + 2
    length_s = missed["end"] - missed["start"]
    status, answer = await page.send(pcm(length_s + 2.2), start=missed["start"] - 2, rest=0)
    assert (status, answer) == (200, {"filled_s": pytest.approx(length_s, abs=0.01)})
    status, answer = await page.send(pcm(length_s), start=missed["start"], rest=0)
    assert (status, answer["code"]) == (409, "not_awaited")
    await (await connect(client)).close()
    assert await events(client, kind="gap") == []


async def test_who_said_goodbye_and_comes_in_anew_has_missed_nothing(
    client: Client, page: Page
) -> None:
    browser = await page.be_heard()
    await browser.close()
    await asyncio.sleep(1.2)  # More than a second would be a gap.
    page.forget()
    await page.be_heard()
    assert (await client.post(session_path("s1", "end"))).status == 200
    assert await events(client, kind="gap") == []


async def test_what_is_wrong_is_refused_and_asked_for_all_the_same(page: Page) -> None:
    missed = await page.miss()
    start = missed["start"]
    wrong: tuple[tuple[bytes, dict[str, float | str], str], ...] = (
        (b"123", {"start": start}, "bad_request"),
        (b"", {"start": "nan"}, "bad_request"),
        (b"", {"start": "inf"}, "bad_request"),
        (b"", {"start": "soon"}, "bad_request"),
        (b"", {}, "bad_request"),
        (b"", {"start": start, "rest": -1}, "bad_request"),
        (pcm(30), {"start": start}, "bad_request"),
        (bytes(MAX_BODY + 2), {"start": start}, "too_large"),
    )
    for data, query, code in wrong:
        status, answer = await page.send(data, **query)
        assert (answer["code"], status) == (code, 413 if code == "too_large" else 400)
    assert (await page.send(b"", start=start))[0] == 200


async def test_only_whoever_was_asked_may_answer(client: Client, page: Page) -> None:
    missed = await page.miss()
    own, page.headers = page.headers, bearer(client, "지원자_2")
    status, answer = await page.send(b"", start=missed["start"])
    assert (status, answer["code"]) == (403, "forbidden")
    page.headers, connection, page.connection = own, page.connection, "p.unknown"
    status, answer = await page.send(b"", start=missed["start"])
    assert (status, answer["code"]) == (409, "not_awaited")
    page.connection = connection
    assert (await page.send(b"", start=missed["start"]))[0] == 200


async def test_after_the_end_nothing_is_taken(client: Client, page: Page) -> None:
    missed = await page.miss()
    assert (await client.post(session_path("s1", "end"))).status == 200
    status, answer = await page.send(pcm(1), start=missed["start"])
    assert (status, answer["code"]) == (409, "session_over")


async def test_who_does_not_say_how_much_comes_is_refused(client: Client, page: Page) -> None:
    missed = await page.miss()

    async def pieces() -> AsyncIterator[bytes]:
        yield pcm(0.1)

    response = await client.post(
        PATH,
        data=aiohttp.AsyncIterablePayload(pieces()),
        headers=page.headers,
        params={"connection": page.connection, "start": missed["start"]},
    )
    assert response.status == 400


async def test_a_page_without_a_microphone_that_is_heard_has_nothing_to_send(
    client: Client, page: Page, browse: Browsers
) -> None:
    await browse(headers=bearer(client, "면접관_1"))
    page.headers, page.connection = bearer(client, "면접관_1"), browse.connection
    status, answer = await page.send(b"", start=0)
    assert (status, answer["code"]) in ((409, "not_awaited"), (403, "forbidden"))
