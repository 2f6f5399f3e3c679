"""Consent and live microphones: nobody is heard before it, nor after it was withdrawn."""

import asyncio
import json

import pytest

from server.access import Principal
from server.session import Session
from tests.server.browsers import (
    SUBSCRIBE,
    Browsers,
    asked,
    bearer,
    post_offer,
    spoken,
    told,
)
from tests.server.conftest import Client, ask, until
from tests.server.fakes import ScriptedExecutor
from tests.server.media.clients import Client as Browser
from tests.server.talk import APPLICANT, connect, create, events, record, room_of

CONFIRM = {"type": "confirm_room"}
WITHDRAW: dict[str, object] = {"type": "withdraw_consent"}


async def consents(client: Client, headers: dict[str, str]) -> None:
    person = await connect(client, "s1", headers["Authorization"].removeprefix("Bearer "))
    assert (await ask(person, {"type": "consent"}))["type"] == "done"


async def test_a_withdrawal_stops_the_track_and_keeps_what_was_said_before(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.lines = ["그만하겠습니다."]
    await create(client)
    headers = bearer(client, APPLICANT)
    await consents(client, headers)
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    browser = await browse(headers=headers, speaks=spoken())
    await until(reader, "interim")  # In the middle of a sentence.
    done = await asked(browser, WITHDRAW)
    seen = await until(reader, "utterance_final")
    withdrawn = next(event for event in seen if event["type"] == "consent_withdrawn")
    assert (withdrawn["seat"], withdrawn["by"]) == (APPLICANT, APPLICANT)
    assert withdrawn["seq"] == done["seq"]
    assert seen[-1]["end"] <= withdrawn["at"] + 0.3
    assert (await room_of(client)).held().tracks.of(browse.connection) is None
    # The channels stay, and a new offer waits for a new consent.
    await browser.say("interview", SUBSCRIBE)
    await told(browser, "caught_up")
    other = Browser(speaks=spoken())
    status, answer = await post_offer(client, headers, await other.offer())
    await other.close()
    assert (status, answer["code"]) == (403, "consent_required")
    assert (await asked(browser, {"type": "consent"}))["type"] == "done"
    await browse(headers=headers, speaks=spoken())
    await until(reader, "utterance_final")
    assert (await record(client))["total_transcripts"] >= 2
    assert await events(client, kind="gap") == []


async def test_a_withdrawal_the_journal_cannot_keep_still_stops_the_track(
    client: Client, browse: Browsers
) -> None:
    await create(client, consent="external")
    browser = await browse(speaks=spoken())
    room = await room_of(client)
    assert room.held().tracks.of(browse.connection) is not None
    await room.services.journal.close()
    refused = await asked(browser, WITHDRAW)
    assert refused["code"] == "journal_unavailable"
    assert room.held().tracks.of(browse.connection) is None


async def test_consent_withdrawn_while_an_offer_is_answered_leaves_nobody_listening(
    client: Client, browse: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create(client)
    headers = bearer(client, APPLICANT)
    await consents(client, headers)
    person = await connect(client, "s1", headers["Authorization"].removeprefix("Bearer "))
    room = await room_of(client)
    expect, expected, withdrawn = room.seating.expect, asyncio.Event(), asyncio.Event()

    async def expect_late(session: Session, principal: Principal) -> None:
        expected.set()
        await withdrawn.wait()
        await expect(session, principal)

    monkeypatch.setattr(room.seating, "expect", expect_late)
    browser = Browser(speaks=spoken())
    offering = asyncio.create_task(post_offer(client, headers, await browser.offer()))
    await expected.wait()
    assert (await ask(person, WITHDRAW))["type"] == "done"
    withdrawn.set()
    status, answer = await offering
    await browser.close()
    assert (status, answer["code"]) == (403, "consent_required")
    assert {connection.kind for connection in room.connections.values()} == {"socket"}
    assert not room.held().tracks.is_busy


async def test_a_room_microphone_waits_for_the_operator_and_stops_with_a_withdrawal(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    executor.lines = ["여럿이 말합니다."]
    await create(client, seats=[{"seat": APPLICANT, "microphone": "room"}])
    person, headers = bearer(client, APPLICANT), bearer(client, role="microphone")
    await consents(client, person)
    early = Browser(speaks=spoken())
    status, answer = await post_offer(client, headers, await early.offer())
    await early.close()
    assert (status, answer["code"]) == (403, "consent_required")
    assert "operator" in answer["detail"]
    operator = await connect(client)
    assert (await ask(operator, CONFIRM))["type"] == "done"
    await ask(operator, {"type": "subscribe"})
    await browse(headers=headers, speaks=spoken())
    final = (await until(operator, "utterance_final"))[-1]
    assert final["segments"][0]["voice"] is None
    assert (await record(client))["transcripts"][0]["speaker"] == "unknown"
    sitter = await browse(headers=person)
    assert (await asked(sitter, WITHDRAW))["type"] == "done"
    async with asyncio.timeout(15):
        while (await until(operator, "microphone"))[-1]["state"] != "off":
            pass
    again = Browser(speaks=spoken())
    status, answer = await post_offer(client, headers, await again.offer())
    await again.close()
    assert (status, answer["code"]) == (403, "consent_required")
    await operator.send_str(json.dumps(CONFIRM))
    await until(operator, "done")
    await browse(headers=headers, speaks=spoken())
