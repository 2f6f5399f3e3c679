"""Rooms come when somebody needs them, go when nobody does, and lose nothing on the way."""

import asyncio
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server import rooms
from server.api import context
from server.errors import ClientError, ErrorCode, UnknownSession
from server.events import SessionConfig
from server.journal.opening import JOURNAL_FILE
from server.journal.sqlite.journal import SqliteJournal
from server.paths import SESSION
from server.room import Room
from server.rooms import Rooms
from tests.server.conftest import Client, Start, answer, ask, socket_path
from tests.server.talk import connect, create, events, link, note, record, said


def rooms_of(client: Client) -> Rooms:
    assert client.app is not None
    found: Rooms = client.app[context.ROOMS]
    return found


def in_memory(client: Client) -> set[str]:
    return set(rooms_of(client).in_memory)


async def depart(client: Client, socket: aiohttp.ClientWebSocketResponse, session: str) -> None:
    """Close a connection and wait until the room knows."""
    await socket.close()
    room = await rooms_of(client).find(session)
    async with asyncio.timeout(5):
        while room.connections or room.session.present:  # noqa: ASYNC110  # no event says so
            await asyncio.sleep(0.001)


async def kept(client: Client, session: str = "s1") -> list[Any]:
    """Return a session's events without opening its room."""
    assert client.app is not None
    found: list[Any] = await client.app[context.JOURNAL].read(session)
    return found


async def left_alone(client: Client, session: str = "s1") -> None:
    """Hold a session that everybody has left without ending it."""
    socket = await connect(client, session)
    await ask(socket, note("메모"))
    await depart(client, socket, session)


# --- abandoned ----------------------------------------------------------------------------------


async def test_an_abandoned_session_is_ended_by_the_system(start: Start) -> None:
    client = await start(abandon_after_s=0)
    await left_alone(client)
    await rooms_of(client).look_after()
    closed = (await kept(client))[-1]
    assert (closed.type, closed.by, closed.event.reason) == (
        "session_closed",
        "system",
        "abandoned",
    )
    assert (await record(client))["revision"] == 1
    await rooms_of(client).look_after()
    assert (await kept(client))[-1] == closed


async def test_a_session_abandoned_while_asleep_is_ended_too_and_sleeps_on(start: Start) -> None:
    await left_alone(await start())
    client = await start(abandon_after_s=0)
    assert not in_memory(client)
    await rooms_of(client).look_after()
    closed = (await kept(client))[-1]
    assert (closed.type, closed.by) == ("session_closed", "system")
    assert not in_memory(client)


async def test_a_session_that_nobody_ever_joined_is_ended_too(start: Start) -> None:
    client = await start(abandon_after_s=0)
    await create(client)
    await rooms_of(client).look_after()
    assert [entry.type for entry in await kept(client)] == ["session_created", "session_closed"]


async def test_a_session_with_a_connection_is_never_abandoned_however_quiet(start: Start) -> None:
    client = await start(abandon_after_s=0, idle_after_s=0)
    socket = await connect(client)
    await rooms_of(client).look_after()
    assert (await ask(socket, note("메모")))["type"] == "note_saved"


async def test_a_session_left_a_moment_ago_lives_on(start: Start) -> None:
    client = await start(abandon_after_s=3600, idle_after_s=0)
    await left_alone(client)
    await rooms_of(client).look_after()
    assert not in_memory(client)
    await rooms_of(client).look_after()
    assert (await ask(await connect(client), note("메모")))["type"] == "note_saved"


async def test_asking_for_the_status_is_no_connection_and_keeps_nothing_alive(
    start: Start,
) -> None:
    client = await start(abandon_after_s=0.05)
    await left_alone(client)
    async with asyncio.timeout(5):
        while (await client.get(f"{SESSION}/s1/status")).status == 200:
            await rooms_of(client).look_after()
    assert (await kept(client))[-1].event.reason == "abandoned"


async def test_one_damaged_session_does_not_end_the_care_for_the_others(
    start: Start, tmp_path: Path
) -> None:
    client = await start()
    for session in ("fine", "damaged"):
        await left_alone(client, session)
    await client.close()

    def damage() -> None:
        with sqlite3.connect(tmp_path / "data" / JOURNAL_FILE) as database:
            database.execute(
                "UPDATE event SET body='[]' WHERE type='note_added' AND"
                " session=(SELECT id FROM session WHERE name='damaged')"
            )
        database.close()

    await asyncio.to_thread(damage)
    client = await start(abandon_after_s=0)
    await rooms_of(client).look_after()
    assert (await kept(client, "fine"))[-1].type == "session_closed"
    response = await client.get(f"{SESSION}/damaged/result")
    assert (await response.json())["code"] in ("internal", "journal_unavailable")


# --- idle ---------------------------------------------------------------------------------------


async def test_an_idle_room_leaves_memory_and_comes_back_the_same(start: Start) -> None:
    client = await start(idle_after_s=0)
    socket = await connect(client)
    await ask(socket, note("메모"))
    await ask(socket, said(speaker="지원자_1"))
    await ask(socket, {"type": "evaluation_request"})
    await depart(client, socket, "s1")
    before, journal = await record(client), await events(client)
    assert in_memory(client) == {"s1"}
    await rooms_of(client).look_after()
    assert not in_memory(client)
    after = await record(client)
    # The journal keeps walls to the millisecond.
    assert before.pop("duration") <= after.pop("duration") + 0.001
    assert after == before
    assert await events(client) == journal
    assert before["total_transcripts"] == before["total_evaluations"] == 1


async def test_a_room_in_use_stays_in_memory(start: Start) -> None:
    client = await start(idle_after_s=0)
    await connect(client)
    await rooms_of(client).look_after()
    assert in_memory(client) == {"s1"}


async def test_an_ended_session_leaves_memory_and_can_be_read_again(start: Start) -> None:
    client = await start(idle_after_s=0)
    socket = await connect(client)
    ended = await ask(socket, {"type": "session_end"})
    assert (await socket.receive(timeout=5)).data == 1000
    async with asyncio.timeout(5):
        while in_memory(client):
            await rooms_of(client).look_after()
    assert await record(client) == ended["final_result"]


# --- the clock ----------------------------------------------------------------------------------


async def test_session_time_goes_on_over_a_restart(start: Start) -> None:
    client = await start()
    await left_alone(client)
    left_at = (await kept(client))[-1].at
    # What the wall counted while no server ran counts as session time.
    await asyncio.sleep(0.05)
    client = await start()
    await ask(await connect(client), note("später"))
    found = await events(client)
    walls = [event["wall"] for event in found]
    assert found[-1]["at"] == pytest.approx(walls[-1] - walls[0], abs=0.02)
    assert found[-1]["at"] >= left_at + 0.05
    assert [event["at"] for event in found] == sorted(event["at"] for event in found)


async def test_a_wall_clock_set_back_never_turns_session_time_back(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await start()
    await left_alone(client)
    left_at = (await kept(client))[-1].at
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 3600)
    client = await start()
    socket = await connect(client)
    await ask(socket, note("früher"))
    ats = [event["at"] for event in await events(client)]
    assert ats == sorted(ats)
    assert left_at <= ats[-1] < left_at + 2
    # And while it runs, only the monotonic clock counts.
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    await ask(socket, note("später"))
    assert (await events(client))[-1]["at"] < left_at + 2


async def test_a_session_begins_at_0_however_long_opening_it_took(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await start()
    assert client.app is not None
    claim = SqliteJournal.claim

    async def slow_claim(self: SqliteJournal, session: str, holder: str, ttl_s: float) -> int:
        await asyncio.sleep(0.05)
        return await claim(self, session, holder, ttl_s)

    monkeypatch.setattr(SqliteJournal, "claim", slow_claim)
    await ask(await connect(client), note("메모"))
    first, *rest = await events(client)
    assert first["at"] == 0
    for event in rest:
        assert event["at"] == pytest.approx(event["wall"] - first["wall"], abs=0.005)


async def test_an_ended_session_stands_still(start: Start) -> None:
    client = await start()
    await ask(await connect(client), {"type": "session_end"})
    before = await record(client)
    client = await start()
    assert await record(client) == before


# --- crashes ------------------------------------------------------------------------------------


async def test_connections_lost_in_a_crash_have_left_when_the_session_comes_back(
    start: Start, tmp_path: Path
) -> None:
    client = await start()
    operator = await connect(client)
    await connect(client, "s1", link(client, "s1", seat="면접관_1"))
    assert (await ask(operator, note("메모")))["type"] == "note_saved"
    # What a kill at this moment would leave on the disk.
    crashed = tmp_path / "crashed"
    await asyncio.to_thread(shutil.copytree, tmp_path / "data", crashed)
    before = await events(client)
    client = await start(data=crashed)
    response = await client.get(f"{SESSION}/s1/status")
    found = await response.json()
    assert (found["is_active"], found["present"]) == (False, [])
    after = await events(client)
    assert after[: len(before)] == before
    lost = after[len(before) :]
    assert {(event["type"], event["reason"], event["by"]) for event in lost} == {
        ("left", "lost", "system")
    }
    assert {event["connection"] for event in lost} == {
        event["connection"] for event in before if event["type"] == "joined"
    }


async def test_a_crash_after_the_end_changes_nothing_in_the_record(start: Start) -> None:
    client = await start()
    await ask(await connect(client), {"type": "session_end"})
    before = await events(client)
    client = await start()
    await record(client)
    assert await events(client) == before


# --- many at once -------------------------------------------------------------------------------


async def test_many_who_open_an_unknown_session_at_once_create_it_once(client: Client) -> None:
    sockets = await asyncio.gather(*(connect(client) for _ in range(10)))
    answers = await asyncio.gather(*(ask(socket, note("메모")) for socket in sockets))
    assert {found["type"] for found in answers} == {"note_saved"}
    found = await events(client)
    assert [event["type"] for event in found].count("session_created") == 1
    assert [event["seq"] for event in found] == [*range(1, 22)]


async def test_who_only_looks_does_not_get_between_those_who_open(client: Client) -> None:
    here = rooms_of(client)

    async def later(turns: int) -> Room:
        # Arrives at every moment of the others' opening.
        for _ in range(turns):
            await asyncio.sleep(0)
        return await here.find_or_create("s1")

    looking = [here.find("s1") for _ in range(3)]
    opening = [later(turns) for turns in range(60)]
    found = await asyncio.gather(*looking, *opening, return_exceptions=True)
    opened = [room for room in found if isinstance(room, Room)]
    assert all(isinstance(one, (Room, UnknownSession)) for one in found)
    assert len({id(room) for room in opened}) == 1
    assert [entry.type for entry in await kept(client)] == ["session_created"]


async def test_an_unknown_session_can_be_opened_after_somebody_looked_for_it(
    client: Client,
) -> None:
    with pytest.raises(UnknownSession):
        await rooms_of(client).find("s1")
    await rooms_of(client).create("s1", SessionConfig())
    with pytest.raises(ClientError) as error:
        await rooms_of(client).create("s1", SessionConfig())
    assert error.value.code is ErrorCode.SESSION_EXISTS


async def test_more_sessions_than_fit_are_refused_until_one_has_left(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms, "MAX_ROOMS", 2)
    client = await start(idle_after_s=0)
    first = await connect(client, "one")
    second = await connect(client, "two")
    response = await client.post(SESSION, json={"session_id": "three"})
    assert response.status == 503
    assert response.headers["Retry-After"]
    assert (await response.json())["code"] == "overloaded"
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await client.ws_connect(socket_path("three"))
    assert (await client.get(f"{SESSION}/three/result")).status == 503
    assert (await ask(first, note("메모")))["type"] == "note_saved", "the others notice nothing"
    await depart(client, second, "two")
    await rooms_of(client).look_after()
    assert (await ask(await connect(client, "three"), note("메모")))["type"] == "note_saved"


async def test_more_connections_than_fit_are_refused(start: Start) -> None:
    client = await start(max_connections=2)
    first = await connect(client, "one")
    await connect(client, "two")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await connect(client, "one")
    await depart(client, first, "one")
    assert (await ask(await connect(client, "one"), note("메모")))["type"] == "note_saved"


# --- the end ------------------------------------------------------------------------------------


async def test_a_server_that_stops_says_so_and_keeps_everything(start: Start) -> None:
    client = await start()
    socket = await connect(client)
    await ask(socket, note("메모"))
    stopping = asyncio.create_task(rooms_of(client).close())
    assert (await answer(socket))["code"] == "shutting_down"
    assert (await socket.receive(timeout=5)).data == 1001
    await stopping
    await rooms_of(client).close()
    client = await start()
    assert [kept["note"] for kept in (await record(client))["speaker_notes"]["지원자_1"]] == [
        "메모"
    ]


async def test_open_utterances_are_understood_before_a_server_stops(
    start: Start, executor: Any
) -> None:
    client = await start()
    socket = await connect(client)
    executor.gate.clear()
    await socket.send_json(said(speaker="지원자_1"))
    async with asyncio.timeout(10):
        while not executor.jobs:  # noqa: ASYNC110  # no event says so
            await asyncio.sleep(0.001)
    stopping = asyncio.create_task(rooms_of(client).close())
    await asyncio.sleep(0.01)
    assert not stopping.done()
    executor.gate.set()
    await stopping
    client = await start()
    (spoken,) = (await record(client))["transcripts"]
    assert "경험이" in spoken["text"]
