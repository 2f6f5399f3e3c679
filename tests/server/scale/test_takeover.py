"""A holder that is cut off, drained or gone: the other process goes on, and nothing is lost."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from server import lease
from server.api import context
from server.exchange import redis as redis_exchange
from server.journal.redis import asking, writer
from server.journal.redis import journal as redis_journal
from server.paths import SESSION
from tests.server.browsers import SUBSCRIBE, Browsers, asked, bearer, spoken, told
from tests.server.conftest import Client, answer, ask, socket_path, until
from tests.server.fakes import ScriptedExecutor
from tests.server.redis_server import RedisServer
from tests.server.scale.conftest import Pair, serving
from tests.server.scale.test_two_processes import closed, is_held_at
from tests.server.talk import (
    APPLICANT,
    connect,
    create,
    events,
    eventually,
    new_id,
    note,
    record,
    room_of,
    said,
)

pytestmark = pytest.mark.redis


@pytest.fixture(autouse=True)
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dead holder is noticed within a second, and so is a Redis that does not answer."""
    monkeypatch.setattr(redis_journal, "LEASE_S", 0.9)
    for module in (asking, writer):
        monkeypatch.setattr(module, "PATIENCE_S", 1.0)
    monkeypatch.setattr(redis_exchange, "RENEW_S", 0.3)
    monkeypatch.setattr(redis_exchange, "PROCESS_S", 0.9)


async def has_jobs(executor: ScriptedExecutor, count: int) -> bool:
    return len(executor.jobs) >= count


async def becomes_holder(client: Client) -> None:
    await eventually(lambda: is_held_at(client))


async def test_the_session_of_a_holder_that_is_cut_off_is_taken_over(pair: Pair) -> None:
    first, second = await connect(pair.first), await connect(pair.second)
    assert (await ask(first, note("vorher")))["type"] == "note_saved"
    pair.cable.cut()
    await becomes_holder(pair.second)
    assert (await ask(second, note("danach")))["type"] == "note_saved"
    assert (await ask(second, said(speaker=APPLICANT)))["result"]["success"]
    assert (await ask(first, note("verloren")))["code"] == "journal_unavailable"
    pair.cable.mend()

    async def is_told() -> bool:
        return not await is_held_at(pair.first)

    await eventually(is_told)
    notes = (await record(pair.first))["speaker_notes"][APPLICANT]
    assert [item["note"] for item in notes] == ["vorher", "danach"]
    answered = await ask(first, said(speaker=APPLICANT))
    assert answered["result"]["success"], "the other one understands it now"
    assert (await record(pair.second))["total_transcripts"] == 2


async def test_who_was_heard_by_a_deposed_holder_is_told_to_come_back(
    pair: Pair, browse: Browsers
) -> None:
    await create(pair.first, consent="external")
    headers = bearer(pair.first, APPLICANT)
    speaking = await browse(speaks=spoken(), headers=headers)
    await asked(speaking, {"type": "subscribe"})
    await told(speaking, "utterance_final")
    await connect(pair.second)
    pair.cable.cut()
    await becomes_holder(pair.second)
    pair.cable.mend()
    assert (await told(speaking, "error"))["code"] == "journal_unavailable"
    again = await browse(speaks=spoken(), headers=headers, to=pair.second)
    await again.say("interview", SUBSCRIBE)  # The gap may come before or after "caught_up".
    await told(again, "gap", track=APPLICANT)
    seqs = [event["seq"] for event in await events(pair.second)]
    assert seqs == list(range(1, len(seqs) + 1))


async def test_a_holder_that_is_cut_off_for_long_lets_everybody_look_elsewhere(
    pair: Pair, browse: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "PATIENCE_S", 0.5)
    await create(pair.first, consent="external")
    headers = bearer(pair.first, APPLICANT)
    speaking = await browse(speaks=spoken(), headers=headers)
    await asked(speaking, {"type": "subscribe"})
    room = await room_of(pair.first)
    pair.cable.cut()
    assert (await told(speaking, "error"))["code"] == "journal_unavailable"
    assert room.holding is None
    pair.cable.mend()

    async def is_back() -> bool:
        return await is_held_at(pair.first)

    await browse(speaks=spoken(), headers=headers)
    await eventually(is_back)


async def test_a_command_whose_holder_vanishes_is_carried_out_by_the_next_one(
    pair: Pair, executor: ScriptedExecutor
) -> None:
    await connect(pair.first)
    socket = await connect(pair.second)
    executor.gate.clear()
    await socket.send_json(said(speaker=APPLICANT))

    await eventually(lambda: has_jobs(executor, 1))
    pair.cable.cut()
    assert pair.first.app is not None
    await pair.first.app[context.EXCHANGE].close()
    # The first one never answers: the second asks itself.
    await eventually(lambda: has_jobs(executor, 2))
    executor.gate.set()
    async with asyncio.timeout(20):
        answered = await socket.receive_json()
    assert answered["type"] == "audio_processed"
    assert answered["result"]["success"]
    assert (await record(pair.second))["total_transcripts"] == 1
    pair.cable.mend()


async def test_sound_in_work_at_a_deposed_holder_is_never_understood_twice(
    pair: Pair, executor: ScriptedExecutor
) -> None:
    existing, newer = await connect(pair.first), await connect(pair.first)
    await connect(pair.second)
    executor.gate.clear()
    await existing.send_json(said(speaker=APPLICANT))
    await newer.send_json(said(speaker=APPLICANT, id=new_id()))
    await eventually(lambda: has_jobs(executor, 2))
    pair.cable.cut()
    await becomes_holder(pair.second)
    pair.cable.mend()
    # Only what can be told from a repeat is asked for again, at the other one.
    assert (await answer(existing))["code"] == "journal_unavailable"
    await eventually(lambda: has_jobs(executor, 3))
    executor.gate.set()
    assert (await answer(newer))["result"]["success"]
    assert (await record(pair.second))["total_transcripts"] == 1
    assert (await ask(existing, note()))["type"] == "note_saved", "it goes on"


async def test_an_end_in_work_at_a_deposed_holder_is_asked_of_the_next_one(
    pair: Pair, executor: ScriptedExecutor
) -> None:
    ending, other = await connect(pair.first), await connect(pair.first)
    await connect(pair.second)
    executor.gate.clear()
    await other.send_json(said(speaker=APPLICANT, id=new_id()))
    await eventually(lambda: has_jobs(executor, 1))
    await ending.send_json({"type": "session_end"})  # It waits for what is in work.
    pair.cable.cut()
    await becomes_holder(pair.second)
    pair.cable.mend()
    executor.gate.set()
    assert (await answer(ending))["type"] == "session_ended"
    closes = await events(pair.second, kind="session_closed")
    assert [event["reason"] for event in closes] == ["ended"]


async def test_connections_of_a_process_that_died_have_left(pair: Pair) -> None:
    await connect(pair.first)
    await connect(pair.second)
    assert pair.first.app is not None
    pair.cable.cut()
    await pair.first.app[context.EXCHANGE].close()
    alive = pair.second.app
    assert alive is not None
    name = pair.first.app[context.EXCHANGE].name

    async def is_gone() -> bool:
        return await alive[context.EXCHANGE].find(name) is None

    async with asyncio.timeout(15):
        while not await is_gone():  # noqa: ASYNC110  # its key runs out by itself
            await asyncio.sleep(0.1)
    await becomes_holder(pair.second)
    room = await room_of(pair.second)
    await room.held().part_with_the_lost()
    left = await events(pair.second, kind="left")
    assert [event["reason"] for event in left] == ["lost"]
    pair.cable.mend()


async def test_a_process_that_stops_lets_go_of_its_sessions_at_once(
    tmp_path: Path, redis_server: RedisServer, executor: ScriptedExecutor
) -> None:
    async with (
        aiohttp.ClientSession() as people,
        serving(tmp_path / "second", redis_server.port, executor) as second,
    ):
        async with serving(tmp_path / "first", redis_server.port, executor) as first:
            socket = await people.ws_connect(first.make_url(socket_path("s1")))
            await ask(socket, note())
            reader = await connect(second)
            assert not await is_held_at(second)
        assert (await answer(socket))["code"] == "shutting_down"
        assert await closed(socket) == 1001
        room = await room_of(second)
        assert await room.hold() is None, "nobody has to wait for a lease"
        assert (await ask(reader, said(speaker=APPLICANT)))["result"]["success"]


async def test_what_is_said_while_a_process_stops_leaves_a_gap(
    tmp_path: Path, redis_server: RedisServer, executor: ScriptedExecutor
) -> None:
    async with serving(tmp_path / "second", redis_server.port, executor) as second:
        async with serving(tmp_path / "first", redis_server.port, executor) as first:
            await create(first, consent="external")
            headers = bearer(first, APPLICANT)
            before = Browsers(first)
            speaking = await before(speaks=spoken(), headers=headers)
            await asked(speaking, {"type": "subscribe"})
            await told(speaking, "utterance_final")
        await before.close()
        [left] = [event for event in await events(second, kind="left") if event["heard_until"]]
        assert left["reason"] == "lost"  # They were sent away, and said no goodbye.
        await asyncio.sleep(1.2)  # Longer than what is filled with silence.
        after = Browsers(second)
        await after(speaks=spoken(), headers=headers)

        async def gap() -> list[dict[str, object]]:
            return await events(second, kind="gap")

        [found] = await eventually(gap)
        assert (found["track"], found["start"]) == (APPLICANT, left["heard_until"])
        await after.close()


async def test_who_opens_a_session_does_not_hold_it_before_somebody_comes(pair: Pair) -> None:
    await create(pair.first)
    assert not await is_held_at(pair.first)
    await connect(pair.second)
    assert await is_held_at(pair.second)
    assert not await is_held_at(pair.first)


async def test_a_draining_process_opens_nothing_new_and_serves_what_lives(pair: Pair) -> None:
    socket = await connect(pair.first)
    assert pair.first.app is not None
    pair.first.app[context.READINESS].drain()
    pair.first.app[context.ROOMS].drain()
    assert (await pair.first.get("/readyz")).status == 503
    refused = await pair.first.post(SESSION, json={"session_id": "s2"})
    assert (refused.status, (await refused.json())["code"]) == (503, "shutting_down")
    assert (await ask(socket, note()))["type"] == "note_saved"


# --- Redis itself -------------------------------------------------------------------------------


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    server = RedisServer(tmp_path / "redis", appendfsync="always")
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.kill)


async def test_a_redis_that_dies_and_comes_back_loses_nothing_and_doubles_nothing(
    tmp_path: Path, own_redis: RedisServer, executor: ScriptedExecutor
) -> None:
    async with (
        serving(tmp_path / "first", own_redis.port, executor) as first,
        serving(tmp_path / "second", own_redis.port, executor) as second,
    ):
        writer, reader = await connect(first), await connect(second)
        await reader.send_json({"type": "subscribe"})
        await until(reader, "caught_up")
        await ask(writer, note("1"))
        command = note("2", id=new_id())
        await asyncio.to_thread(own_redis.kill)
        assert (await ask(writer, command))["code"] == "journal_unavailable"
        await asyncio.to_thread(own_redis.start)

        async def is_saved() -> bool:
            return bool((await ask(writer, command))["type"] == "note_saved")

        await eventually(is_saved)
        assert (await ask(writer, note("3")))["type"] == "note_saved"
        seen = [(await until(reader, "note_added"))[-1]["note"] for _ in range(3)]
        assert seen == ["1", "2", "3"]
        notes = (await record(second))["speaker_notes"][APPLICANT]
        assert [item["note"] for item in notes] == ["1", "2", "3"]


async def test_while_redis_is_away_nobody_waits_for_the_others_to_be_refused(
    tmp_path: Path, own_redis: RedisServer, executor: ScriptedExecutor
) -> None:
    async with serving(tmp_path / "first", own_redis.port, executor) as first:
        writers = [await connect(first) for _ in range(6)]
        await ask(writers[0], note())
        await asyncio.to_thread(own_redis.kill)
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.timeout(25):
            answers = await asyncio.gather(*(ask(writer, note()) for writer in writers))
        assert {found["code"] for found in answers} == {"journal_unavailable"}
        # One patience for the presence of somebody, perhaps, and one for all of these.
        assert loop.time() - began < 3 * writer.PATIENCE_S
        await asyncio.to_thread(own_redis.start)


async def test_a_redis_that_has_forgotten_is_noticed_and_everybody_reads_anew(
    tmp_path: Path, own_redis: RedisServer, executor: ScriptedExecutor
) -> None:
    """An older backup was put in its place, or the last second was lost with the machine."""
    async with serving(tmp_path / "first", own_redis.port, executor) as first:
        socket = await connect(first)
        await ask(socket, note("1"))
        await asyncio.to_thread(own_redis.stop)
        await asyncio.to_thread(_keep, own_redis, tmp_path / "backup")
        await asyncio.to_thread(own_redis.start)

        async def is_saved() -> bool:
            answered = await ask(socket, note("2", id=new_id()))
            return bool(answered["type"] == "note_saved")

        await eventually(is_saved)
        await asyncio.to_thread(own_redis.stop)
        await asyncio.to_thread(_put_back, own_redis, tmp_path / "backup")
        await asyncio.to_thread(own_redis.start)
        assert await closed(socket) == 1011
        again = await connect(first)
        assert (await ask(again, note("3")))["type"] == "note_saved"
        notes = (await record(first))["speaker_notes"][APPLICANT]
        assert [item["note"] for item in notes] == ["1", "3"]


def _keep(server: RedisServer, folder: Path) -> None:
    shutil.copytree(server.folder, folder)


def _put_back(server: RedisServer, folder: Path) -> None:
    shutil.rmtree(server.folder)
    shutil.copytree(folder, server.folder)
