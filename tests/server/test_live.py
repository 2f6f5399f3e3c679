"""The WebRTC door in use: join, offer, both channels, live words, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples
from pipeline.jobs import EngineError
from server.api.http import SESSION
from server.errors import ErrorCode
from tests.server.conftest import Client, Start, ask, until
from tests.server.fakes import ScriptedExecutor
from tests.server.media.clients import Client as Browser
from tests.server.media.clients import eventually
from tests.server.talk import APPLICANT, connect, create, link, record, room_of
from tests.speech.clips import load

INTERVIEWER = "면접관_1"
Sit: TypeAlias = Callable[..., Awaitable[Browser]]


def bearer(client: Client, seat: str | None = None, role: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {link(client, 's1', seat=seat, role=role)}"}


async def post_offer(client: Client, headers: dict[str, str], sdp: str) -> tuple[int, Any]:
    response = await client.post(f"{SESSION}/s1/offer", json={"sdp": sdp}, headers=headers)
    return response.status, await response.json()


@pytest.fixture
async def browse(client: Client) -> AsyncIterator[Sit]:
    """Let a browser sit down, connected, with both channels open."""
    browsers: list[Browser] = []

    async def browse(
        seat: str | None = APPLICANT,
        speaks: Samples | None = None,
        headers: dict[str, str] | None = None,
        to: Client = client,
    ) -> Browser:
        browser = Browser(speaks=speaks)
        browsers.append(browser)
        status, answer = await post_offer(to, headers or bearer(to, seat), await browser.offer())
        assert status == 200, answer
        assert answer["connection"]
        assert answer["resume"]
        await browser.take(answer["sdp"])
        return browser

    yield browse
    for browser in browsers:
        await browser.close()


async def told(browser: Browser, kind: str) -> dict[str, Any]:
    """Return the next message of ``kind`` on either channel."""
    async with asyncio.timeout(15):
        while True:
            _, data = await browser.received.get()
            message: dict[str, Any] = json.loads(data)
            if message["type"] == kind:
                return message


def spoken() -> Samples:
    """Return a short clip and enough silence to end its utterance, over and over."""
    clip = load("applicant2_thanks.flac").samples
    silence = np.zeros(int(1.5 * RATE_HZ), np.float32)
    return np.concatenate((silence[: RATE_HZ // 2], clip, silence))


async def test_join_says_what_a_browser_needs_before_it_offers(client: Client) -> None:
    await create(
        client,
        title="백엔드 면접",
        seats=[
            {"seat": INTERVIEWER},
            {"seat": APPLICANT, "name": "이", "microphone": "own"},
        ],
    )
    response = await client.get(f"{SESSION}/s1/join", headers=bearer(client, APPLICANT))
    assert await response.json() == {
        "session": "s1",
        "title": "백엔드 면접",
        "life": "live",
        "role": "applicant",
        "seat": APPLICANT,
        "name": None,
        "microphone": "own",
        "consent": "required",
        "ice_servers": [],
    }


async def test_an_offer_without_consent_is_refused_and_taken_after_it(
    client: Client, browse: Sit
) -> None:
    await create(client)
    headers = bearer(client, APPLICANT)
    browser = Browser(speaks=spoken())
    status, answer = await post_offer(client, headers, await browser.offer())
    await browser.close()
    assert (status, answer["code"]) == (403, "consent_required")
    seat = await connect(client, "s1", headers["Authorization"].removeprefix("Bearer "))
    assert (await ask(seat, {"type": "consent"}))["type"] == "done"
    await browse(headers=headers, speaks=spoken())


async def test_live_words_reach_both_doors_and_the_journal(
    client: Client, browse: Sit, executor: ScriptedExecutor
) -> None:
    executor.lines = ["감사합니다."]
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    listener = await browse(INTERVIEWER)
    await listener.say("interview", json.dumps({"type": "subscribe"}))
    await told(listener, "caught_up")
    await browse(APPLICANT, speaks=spoken())
    interim = (await until(reader, "interim"))[-1]
    assert interim["speaker"] == APPLICANT
    assert "seq" not in interim
    final = (await until(reader, "utterance_final"))[-1]
    heard = await told(listener, "utterance_final")
    assert heard["seq"] == final["seq"]
    assert final["track"] == APPLICANT
    assert 0 <= final["start"] < final["end"]
    found = await record(client)
    assert found["transcripts"][0]["speaker"] == APPLICANT
    assert found["transcripts"][0]["text"] == "감사합니다."


async def test_a_note_travels_over_one_data_channel_to_another(client: Client, browse: Sit) -> None:
    await connect(client)
    first, second = await browse(INTERVIEWER), await browse("면접관_2")
    await second.say("interview", json.dumps({"type": "subscribe"}))
    await told(second, "caught_up")
    note = {"type": "speaker_note", "speaker": APPLICANT, "note": "차분함"}
    await first.say("interview", json.dumps(note))
    assert (await told(first, "note_saved"))["note"] == "차분함"
    assert (await told(second, "note_added"))["note"] == "차분함"


async def test_an_applicant_hears_no_notes_over_the_data_channel(
    client: Client, browse: Sit
) -> None:
    operator = await connect(client)
    applicant = await browse(APPLICANT)
    await applicant.say("interview", json.dumps({"type": "subscribe"}))
    await told(applicant, "caught_up")
    await ask(operator, {"type": "speaker_note", "speaker": APPLICANT, "note": "비밀"})
    await applicant.say("interview", json.dumps({"type": "session_end"}))
    assert (await told(applicant, "error"))["code"] == "forbidden"
    await ask(operator, {"type": "session_end"})
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(10):
        while not seen or seen[-1]["type"] != "session_closed":
            seen.append(json.loads((await applicant.received.get())[1]))
    assert "note_added" not in {message["type"] for message in seen}


async def test_the_end_over_a_data_channel_names_where_the_record_is(
    client: Client, browse: Sit
) -> None:
    await connect(client)
    browser = await browse(INTERVIEWER)
    await browser.say("interview", json.dumps({"type": "session_end"}))
    ended = await told(browser, "session_ended")
    assert "final_result" not in ended
    response = await client.get(ended["result_url"], headers=bearer(client, INTERVIEWER))
    assert (await response.json())["life"] == "review"
    await eventually(lambda: browser.connection.connectionState == "closed")


async def test_a_peer_that_goes_leaves_the_room_and_its_last_words(
    client: Client, browse: Sit, executor: ScriptedExecutor
) -> None:
    executor.lines = ["끝까지 들립니다."]
    await connect(client)
    browser = await browse(APPLICANT, speaks=load("applicant1_skills.flac").samples)
    room = await room_of(client)
    await asyncio.sleep(2.5)  # In the middle of a sentence.
    await browser.close()
    await eventually(lambda: len(room.session.spoken) == 1)
    assert [c.principal.seat for c in room.connections.values()] == [None]


@pytest.mark.parametrize(
    ("sdp", "code"),
    [("", "bad_offer"), ("garbage", "bad_offer"), ("v=0\r\n" * 40_000, "bad_offer")],
)
async def test_an_offer_that_is_none_is_refused(client: Client, sdp: str, code: str) -> None:
    await connect(client)
    status, answer = await post_offer(client, bearer(client, APPLICANT), sdp)
    assert (status, answer["code"]) == (422, code)
    assert list((await room_of(client)).connections.values())[0].principal.seat is None


async def test_somebody_elses_link_to_a_held_seat_is_refused(client: Client, browse: Sit) -> None:
    await connect(client)
    await browse(APPLICANT)
    other = Browser()
    status, answer = await post_offer(client, bearer(client, APPLICANT), await other.offer())
    await other.close()
    assert (status, answer["code"]) == (409, "seat_taken")


async def test_the_same_person_s_second_tab_replaces_the_first(client: Client, browse: Sit) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    first = await browse(headers=headers)
    await first.say("interview", json.dumps({"type": "subscribe"}))
    await told(first, "caught_up")
    await browse(headers=headers)
    assert (await told(first, "error"))["code"] == "replaced"
    await eventually(lambda: first.connection.connectionState == "closed")


async def test_an_ended_session_takes_no_offer(client: Client) -> None:
    await ask(await connect(client), {"type": "session_end"})
    browser = Browser()
    status, answer = await post_offer(client, bearer(client, APPLICANT), await browser.offer())
    await browser.close()
    assert (status, answer["code"]) == (409, "session_over")


async def test_a_broken_engine_marks_the_place_and_the_room_goes_on(
    client: Client, browse: Sit, executor: ScriptedExecutor
) -> None:
    executor.error = EngineError("no model")
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    await browse(APPLICANT, speaks=spoken())
    dropped = (await until(reader, "utterance_dropped"))[-1]
    assert dropped["reason"] == "engine_failed"


async def test_the_end_of_a_session_keeps_the_sentence_being_spoken(
    client: Client, browse: Sit, executor: ScriptedExecutor
) -> None:
    executor.lines = ["끝나도 남습니다."]
    operator = await connect(client)
    await browse(APPLICANT, speaks=load("applicant1_skills.flac").samples)
    await asyncio.sleep(2.5)  # In the middle of a sentence.
    ended = await ask(operator, {"type": "session_end"})
    texts = [line["text"] for line in ended["final_result"]["transcripts"]]
    assert texts == ["끝나도 남습니다."]


async def test_words_that_come_after_the_end_are_a_new_revision(
    start: Start, browse: Sit, executor: ScriptedExecutor
) -> None:
    client = await start(end_patience_s=0.1)
    executor.lines = ["개발 경험이 늦게 들립니다."]
    operator = await connect(client)
    room = await room_of(client)
    await browse(APPLICANT, speaks=load("applicant1_skills.flac").samples, to=client)
    await asyncio.sleep(1.5)
    executor.gate.clear()
    await asyncio.sleep(1.0)  # In the middle of a sentence.
    ended = await ask(operator, {"type": "session_end"})
    assert ended["final_result"]["transcripts"] == []
    executor.gate.set()
    await eventually(lambda: bool(room.session.newest))
    found = await record(client)
    assert [line["text"] for line in found["transcripts"]] == ["개발 경험이 늦게 들립니다."]
    assert found["revision"] > ended["final_result"]["revision"]


async def test_a_microphone_nobody_sits_at_stays_unknown(
    client: Client, browse: Sit, executor: ScriptedExecutor
) -> None:
    executor.lines = ["여럿이 말합니다."]
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    await browse(headers=bearer(client, role="microphone"), speaks=spoken())
    final = (await until(reader, "utterance_final"))[-1]
    assert final["segments"][0]["voice"] is None
    assert (await record(client))["transcripts"][0]["speaker"] == "unknown"


async def test_the_server_says_goodbye_to_peers_when_it_stops(
    start: Start, browse: Sit, client: Client
) -> None:
    await connect(client)
    browser = await browse(INTERVIEWER)
    await browser.say("interview", json.dumps({"type": "subscribe"}))
    await told(browser, "caught_up")
    await client.close()
    assert (await told(browser, "error"))["code"] == ErrorCode.SHUTTING_DOWN


async def test_a_microphone_is_told_to_come_back_when_the_session_could_not_be_ended(
    client: Client, browse: Sit
) -> None:
    operator = await connect(client)
    browser = await browse(APPLICANT, speaks=spoken())
    await browser.say("interview", json.dumps({"type": "subscribe"}))
    await told(browser, "caught_up")
    await (await room_of(client)).services.journal.close()
    assert (await ask(operator, {"type": "session_end"}))["code"] == "journal_unavailable"
    assert (await told(browser, "error"))["code"] == "journal_unavailable"
    await eventually(lambda: browser.connection.connectionState == "closed")
    assert not operator.closed
