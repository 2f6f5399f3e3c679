"""How people are connected, on every screen: here, suspect, held for a while, gone."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest

from server import liveness, presence
from server.events import SYSTEM, Joined, Left
from server.exchange.notices import decode_notice, encode_notice
from server.media.peer import End
from server.messages import Presence
from tests.server.browsers import Browsers, bearer, spoken, visit
from tests.server.conftest import Client, Start, ask, until
from tests.server.media.clients import eventually
from tests.server.talk import APPLICANT, Socket, connect, create, events, room_of, sit

ELSEWHERE = "0123abcd.000000000000"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "LOOK_S", 0.05)
    monkeypatch.setattr(liveness, "REPEAT_S", 0.1)


@pytest.fixture
async def reader(client: Client) -> AsyncIterator[Socket]:
    """Somebody who sees everything that happens in the room."""
    socket = await connect(client)
    await ask(socket, {"type": "subscribe"})
    yield socket
    await socket.close()


async def seen(reader: Socket, state: str) -> dict[str, Any]:
    """Return the next signal of the applicant's presence, which says so."""
    async with asyncio.timeout(15):
        while (signal := (await until(reader, "presence"))[-1])["state"] != state:
            pass
    assert signal["track"] == APPLICANT
    return signal


async def nothing_more(reader: Socket) -> None:
    """Check that nobody is told anything about anybody's presence for many looks."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await until(reader, "presence")


async def test_who_comes_is_here_and_is_not_told_again(
    client: Client, browse: Browsers, reader: Socket
) -> None:
    await browse(APPLICANT)
    assert (await seen(reader, "here")).get("left_s", 0) == 0
    await nothing_more(reader)


async def test_who_is_not_heard_of_is_suspect_until_they_are(
    client: Client, browse: Browsers, reader: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "SUSPECT_S", 0.5)
    browser = await browse(APPLICANT, speaks=spoken())
    await seen(reader, "here")
    found = visit(client, browse.connection)
    assert found is not None
    line = found.line
    with monkeypatch.context() as cut:
        long_ago = line.heard_at
        cut.setattr(type(line), "heard_at", long_ago)  # Nothing comes any more.
        await seen(reader, "suspect")
        await seen(reader, "suspect")
    await seen(reader, "here")
    await browser.close()


async def test_the_seat_of_who_leaves_is_held_for_a_while_and_then_free(
    start: Start, browse: Browsers
) -> None:
    client = await start(hold_seat_s=1.0)
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    browser = await browse(APPLICANT, to=client)
    await seen(reader, "here")
    await browser.close()
    held = await seen(reader, "held")
    assert 0 < held["left_s"] <= 1
    gone = await seen(reader, "gone")
    assert gone.get("left_s", 0) == 0
    await browse(APPLICANT, to=client)  # Somebody else's link: the seat is free.
    await seen(reader, "here")


@pytest.mark.parametrize(("end", "reason"), [(End.LEFT, "closed"), (End.LOST, "lost")])
async def test_the_record_tells_a_goodbye_from_a_loss(
    client: Client, browse: Browsers, reader: Socket, end: End, reason: str
) -> None:
    await browse(APPLICANT)
    found = visit(client, browse.connection)
    assert found is not None
    found.line.on_end(end)
    await seen(reader, "held")
    assert [one["reason"] for one in await events(client, kind="left")] == [reason]


async def test_who_comes_back_in_time_is_here_again(
    client: Client, browse: Browsers, reader: Socket
) -> None:
    headers = bearer(client, APPLICANT)
    await (await browse(headers=headers)).close()
    assert 29 < (await seen(reader, "held"))["left_s"] <= 30
    await browse(headers=headers)
    await seen(reader, "here")


async def test_who_is_connected_over_a_socket_counts_as_here(
    client: Client, reader: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "SUSPECT_S", 0.1)
    person = await sit(client, APPLICANT)
    await seen(reader, "here")
    await nothing_more(reader)
    await person.close()
    await seen(reader, "held")


async def test_who_is_connected_to_another_process_is_told_of_by_the_holder(
    client: Client, reader: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(liveness, "SUSPECT_S", 0.1)
    ledger = (await room_of(client)).ledger
    came = Joined(connection=ELSEWHERE, role="applicant", seat=APPLICANT)
    await ledger.commit(lambda *_: (came,), by=SYSTEM)
    await seen(reader, "here")
    await ledger.commit(lambda *_: (Left(connection=ELSEWHERE),), by=SYSTEM)
    await seen(reader, "held")
    await ledger.commit(lambda *_: (came,), by=SYSTEM)
    await seen(reader, "here")


async def test_a_stuck_process_suspects_nobody(
    client: Client, browse: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    look = presence.PresenceWatch.look

    def note(watch: presence.PresenceWatch, now: float) -> bool:
        looks.append(now)
        return look(watch, now)

    monkeypatch.setattr(presence.PresenceWatch, "look", note)
    await create(client)
    await browse(APPLICANT)
    await eventually(lambda: looks)
    stuck = iter([time.monotonic() + 60])
    clock = SimpleNamespace(monotonic=lambda: next(stuck, None) or time.monotonic())
    monkeypatch.setattr(presence, "time", clock)
    so_far = len(looks)
    await eventually(lambda: len(looks) > so_far)
    assert next(stuck, None) is None, "it has been stuck for a minute"
    assert max(looks) <= time.monotonic()


async def test_nobody_is_looked_after_where_nobody_is(client: Client, browse: Browsers) -> None:
    await create(client)
    room = await room_of(client)
    assert not room.presence.is_looking
    browser = await browse(APPLICANT)
    assert room.presence.is_looking
    await browser.close()
    assert room.presence.is_looking, "the seat is held"


async def test_the_end_of_the_session_ends_the_looking(client: Client, browse: Browsers) -> None:
    operator = await connect(client)
    await browse(APPLICANT)
    room = await room_of(client)
    await ask(operator, {"type": "session_end"})
    assert not room.presence.is_looking


async def test_another_process_that_holds_the_session_looks_alone(
    client: Client, browse: Browsers
) -> None:
    await create(client)
    await browse(APPLICANT)
    room = await room_of(client)
    room.ledger.deposed.set()
    await eventually(lambda: room.holding is None)
    assert not room.presence.is_looking


def test_presence_reaches_the_people_of_other_processes() -> None:
    signal = Presence(track=APPLICANT, state="held", left_s=12.5)
    assert decode_notice(encode_notice(signal)) == signal
