"""How microphones are, on every screen: muted, silent, lost, back again, and how far behind."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from pipeline.audio import RATE_HZ
from server.hearing import microphones, track
from server.hearing.feed import Feed
from server.media.frames import Frame
from tests.server.browsers import SUBSCRIBE, Browsers, asked, bearer, spoken, told
from tests.server.conftest import Client, ask, until
from tests.server.fakes import ScriptedExecutor
from tests.server.media.clients import Client as Browser
from tests.server.media.clients import eventually
from tests.server.talk import APPLICANT, Socket, connect, events, room_of

MUTE: dict[str, object] = {"type": "mute", "is_muted": True}
UNMUTE: dict[str, object] = {"type": "mute", "is_muted": False}


@pytest.fixture
async def reader(client: Client) -> AsyncIterator[Socket]:
    """Somebody who sees everything that happens in the room."""
    socket = await connect(client)
    await ask(socket, {"type": "subscribe"})
    yield socket
    await socket.close()


async def signalled(reader: Socket, state: str) -> dict[str, Any]:
    """Return the next signal that says so of a microphone."""
    async with asyncio.timeout(15):
        while (signal := (await until(reader, "microphone"))[-1])["state"] != state:
            pass
    return signal


async def connected(browser: Browser) -> None:
    """Wait until a goodbye would be heard."""
    await eventually(lambda: browser.connection.connectionState == "connected")


async def test_a_muted_microphone_is_not_listened_to_and_everybody_sees_it(
    client: Client, browse: Browsers, reader: Socket, executor: ScriptedExecutor
) -> None:
    browser = await browse(speaks=spoken())
    await browser.say("interview", SUBSCRIBE)
    await until(reader, "interim")  # In the middle of a sentence.
    done = await asked(browser, MUTE)
    seen = await until(reader, "utterance_final")  # What was said before is understood.
    muted = next(event for event in seen if event["type"] == "muted")
    assert (muted["track"], muted["by"], muted["seq"]) == (APPLICANT, APPLICANT, done["seq"])
    room = await room_of(client)
    heard_s = room.now()
    whole_s = spoken().size / RATE_HZ
    await eventually(lambda: room.now() > heard_s + whole_s)
    assert len(room.session.spoken) == 1
    assert (await asked(browser, UNMUTE))["type"] == "done"
    assert (await until(reader, "unmuted"))[-1]["track"] == APPLICANT
    final = (await until(reader, "utterance_final"))[-1]
    assert final["start"] >= muted["at"] + whole_s - 0.5  # What was on its way is heard.
    assert await events(client, kind="gap") == []


async def test_muting_twice_is_one_event(client: Client, browse: Browsers) -> None:
    await connect(client)
    browser = await browse(speaks=spoken())
    first = await asked(browser, MUTE)
    second = await asked(browser, MUTE)
    assert (first["type"], second["type"], second.get("seq")) == ("done", "done", None)
    assert len(await events(client, kind="muted")) == 1


async def test_a_muted_microphone_comes_back_unmuted_and_the_journal_says_so(
    client: Client, browse: Browsers, reader: Socket
) -> None:
    headers = bearer(client, APPLICANT)
    browser = await browse(headers=headers, speaks=spoken())
    assert (await asked(browser, MUTE))["type"] == "done"
    await browser.close()
    await signalled(reader, "off")
    await browse(headers=headers, speaks=spoken())
    assert (await until(reader, "utterance_final"))[-1]["track"] == APPLICANT
    assert [event["track"] for event in await events(client, kind="unmuted")] == [APPLICANT]
    assert await events(client, kind="gap") == []


async def test_a_connection_without_a_microphone_cannot_mute(
    client: Client, browse: Browsers
) -> None:
    await connect(client)
    observer = await browse(headers=bearer(client, role="microphone"), speaks=spoken())
    assert (await asked(observer, MUTE))["type"] == "done"
    operator = await browse(headers=bearer(client, role="operator"))
    refused = await asked(operator, MUTE)
    assert refused["code"] == "bad_request"
    assert "microphone" in refused["error"]


async def test_a_microphone_without_packets_is_lost_and_its_return_leaves_a_gap(
    client: Client, browse: Browsers, reader: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphones, "LOST_S", 1.2)
    monkeypatch.setattr(track, "WATCH_S", 0.05)
    browser = await browse(speaks=spoken())
    assert browser.microphone is not None
    assert await signalled(reader, "open") == {
        "type": "microphone",
        "track": APPLICANT,
        "speaker": APPLICANT,
        "state": "open",
    }
    await until(reader, "interim")
    browser.microphone.speaking.clear()
    await signalled(reader, "lost")
    browser.microphone.speaking.set()
    gap = (await until(reader, "gap"))[-1]
    assert (gap["track"], gap["reason"], gap["by"]) == (APPLICANT, "no_packets", "system")
    assert 1.0 < gap["end"] - gap["start"] < 4
    await signalled(reader, "open")


async def test_a_peer_that_vanishes_is_lost_and_leaves_a_gap_when_it_reconnects(
    client: Client, browse: Browsers, reader: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphones, "LOST_S", 1.2)
    monkeypatch.setattr(track, "WATCH_S", 0.05)
    headers = bearer(client, APPLICANT)
    browser = await browse(headers=headers, speaks=spoken())
    assert browser.microphone is not None
    await until(reader, "interim")
    browser.microphone.speaking.clear()
    await signalled(reader, "lost")
    await browse(headers=headers, speaks=spoken())
    gap = (await until(reader, "gap"))[-1]
    assert (gap["track"], gap["reason"]) == (APPLICANT, "reconnected")
    assert 1.0 < gap["end"] - gap["start"] < 5
    await signalled(reader, "open")


async def test_a_microphone_that_leaves_is_off(
    client: Client, browse: Browsers, reader: Socket
) -> None:
    browser = await browse(speaks=spoken())
    await signalled(reader, "open")
    await connected(browser)
    await browser.close()
    await signalled(reader, "off")


async def test_digital_silence_is_told_and_the_first_sound_ends_it(
    client: Client, browse: Browsers, reader: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphones, "SILENT_S", 1.0)
    sound = np.concatenate((np.zeros(3 * RATE_HZ, np.float32), spoken()))
    await browse(speaks=sound)
    await signalled(reader, "open")
    await signalled(reader, "silent")
    await signalled(reader, "open")


async def test_a_slow_model_is_said_to_be_behind_for_as_long_as_it_is(
    client: Client, browse: Browsers, reader: Socket, executor: ScriptedExecutor
) -> None:
    executor.gate.clear()
    await browse(speaks=spoken())
    first = (await until(reader, "lag"))[-1]
    assert (first["track"], first["is_behind"]) == (APPLICANT, True)
    second = (await until(reader, "lag"))[-1]
    assert second["is_behind"]
    assert second["final_s"] >= first["final_s"] + 1.5
    executor.gate.set()
    async with asyncio.timeout(15):
        while (await until(reader, "lag"))[-1]["is_behind"]:
            pass


async def test_a_room_microphone_that_comes_back_keeps_its_name(
    client: Client, browse: Browsers, reader: Socket
) -> None:
    headers = bearer(client, role="microphone")
    browser = await browse(headers=headers, speaks=spoken())
    first, resume = await signalled(reader, "open"), browse.resume
    await connected(browser)
    await browser.close()
    await signalled(reader, "off")
    await browse(headers=headers, speaks=spoken(), resume=resume)
    assert (await signalled(reader, "open"))["track"] == first["track"]
    await browse(headers=headers, speaks=spoken(), resume=resume)
    async with asyncio.timeout(15):
        while (again := await signalled(reader, "open"))["track"] == first["track"]:
            pass
    assert again["track"].startswith("room-")


async def test_a_track_that_cannot_be_heard_ends_its_connection_and_no_other(
    client: Client, browse: Browsers, reader: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = await browse(speaks=spoken())
    other = await browse("지원자_2", speaks=spoken())
    await until(reader, "interim")
    hear = Feed.hear

    def fail(feed: Feed, frame: Frame) -> None:
        if feed.name == APPLICANT:
            raise ArithmeticError  # A bug nobody thought of.
        hear(feed, frame)

    monkeypatch.setattr(Feed, "hear", fail)
    await signalled(reader, "off")
    await eventually(lambda: broken.connection.connectionState == "closed")
    async with asyncio.timeout(15):
        while (await until(reader, "utterance_final"))[-1]["track"] != "지원자_2":
            pass
    await other.say("interview", SUBSCRIBE)
    await told(other, "caught_up")
