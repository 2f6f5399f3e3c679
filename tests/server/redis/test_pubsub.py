"""Channels of a real redis-server that dies, hangs and comes back."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.journal_address import RedisAddress
from server.redis import pubsub
from server.redis.connection import connect
from server.redis.pubsub import Subscriptions
from tests.server.redis_server import RedisServer

pytestmark = pytest.mark.redis


class Ear:
    """What one listener was told, in order."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[bytes | None] = asyncio.Queue()

    def __call__(self, message: bytes | None) -> None:
        self._told.put_nowait(message)

    async def next(self, timeout_s: float = 10) -> bytes | None:
        async with asyncio.timeout(timeout_s):
            return await self._told.get()

    def rest(self) -> list[bytes | None]:
        return [self._told.get_nowait() for _ in range(self._told.qsize())]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
async def client(server: RedisServer) -> AsyncIterator[Redis]:
    """Speak to the server as somebody else."""
    client = connect(server.address)
    yield client
    await client.aclose()


@pytest.fixture
async def subscriptions(client: Redis) -> AsyncIterator[Subscriptions]:
    subscriptions = Subscriptions(client)
    yield subscriptions
    await subscriptions.close()


async def channels(client: Redis) -> set[bytes]:
    found = await client.pubsub_channels()
    return {name for name in found if isinstance(name, bytes)}


async def until_channels_are(client: Redis, *names: bytes) -> None:
    async with asyncio.timeout(10):
        while await channels(client) != set(names):  # noqa: ASYNC110  # Redis does not say
            await asyncio.sleep(0.01)


async def test_listener_hears_when_it_begins_and_then_every_message(
    client: Redis, subscriptions: Subscriptions
) -> None:
    ear = Ear()
    subscriptions.add("daedam:news:a", ear)
    assert await ear.next() is None
    for number in range(100):
        await client.publish("daedam:news:a", b"%d" % number)
    assert [await ear.next() for _ in range(100)] == [b"%d" % number for number in range(100)]


async def test_channels_are_told_apart(client: Redis, subscriptions: Subscriptions) -> None:
    one, other = Ear(), Ear()
    subscriptions.add("daedam:news:a", one)
    subscriptions.add("daedam:news:b", other)
    assert (await one.next(), await other.next()) == (None, None)
    await client.publish("daedam:news:b", b"for b")
    assert await other.next() == b"for b"
    assert one.rest() == []


async def test_second_listener_of_a_channel_is_told_that_it_hears_from_now_on(
    client: Redis, subscriptions: Subscriptions
) -> None:
    first, second = Ear(), Ear()
    subscriptions.add("daedam:news:a", first)
    assert await first.next() is None
    subscriptions.add("daedam:news:a", second)
    assert await second.next() is None
    await client.publish("daedam:news:a", b"for both")
    assert (await first.next(), await second.next()) == (b"for both", b"for both")


async def test_last_listener_takes_its_channel_along(
    client: Redis, subscriptions: Subscriptions
) -> None:
    ears = Ear(), Ear()
    ends = [subscriptions.add("daedam:news:a", ear) for ear in ears]
    await ears[0].next()
    ends[0]()
    ends[0]()
    await client.publish("daedam:news:a", b"for the second")
    assert await ears[1].next() is None
    assert await ears[1].next() == b"for the second"
    ends[1]()
    await until_channels_are(client)
    assert ears[0].rest() == []


async def test_channel_wanted_again_at_once_is_confirmed_again(
    client: Redis, subscriptions: Subscriptions
) -> None:
    first, second = Ear(), Ear()
    end = subscriptions.add("daedam:news:a", first)
    await first.next()
    end()
    subscriptions.add("daedam:news:a", second)
    assert await second.next() is None
    await client.publish("daedam:news:a", b"heard")
    assert await second.next() == b"heard"
    assert first.rest() == []


async def test_killed_redis_that_comes_back_is_heard_again_after_a_none(
    server: RedisServer, client: Redis, subscriptions: Subscriptions
) -> None:
    ears = {name: Ear() for name in ("daedam:news:a", "daedam:news:b")}
    for name, ear in ears.items():
        subscriptions.add(name, ear)
    assert [await ear.next() for ear in ears.values()] == [None, None]
    server.kill()
    await asyncio.to_thread(server.start)
    assert [await ear.next() for ear in ears.values()] == [None, None]
    async with connect(server.address) as other:
        for name in ears:
            await other.publish(name, name)
    assert [await ear.next() for ear in ears.values()] == [name.encode() for name in ears]


async def test_what_is_added_and_removed_while_redis_is_away_is_so_when_it_is_back(
    server: RedisServer, subscriptions: Subscriptions
) -> None:
    early, late = Ear(), Ear()
    end = subscriptions.add("daedam:news:early", early)
    await early.next()
    server.kill()
    end()
    subscriptions.add("daedam:news:late", late)
    subscriptions.add("daedam:news:never", Ear())()
    await asyncio.to_thread(server.start)
    assert await late.next() is None
    async with connect(server.address) as other:
        await until_channels_are(other, b"daedam:news:late")
    assert early.rest() == []


async def test_redis_that_was_not_there_at_first_is_heard_later(
    tmp_path: Path,
) -> None:
    server = RedisServer(tmp_path / "redis")
    async with connect(server.address) as client:
        subscriptions = Subscriptions(client)
        ear = Ear()
        subscriptions.add("daedam:news:a", ear)
        await asyncio.sleep(0.2)
        with server:
            assert await ear.next() is None
            await subscriptions.close()


async def test_redis_that_hangs_is_noticed_and_left(
    server: RedisServer, subscriptions: Subscriptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubsub, "SILENCE_S", 0.3)
    monkeypatch.setattr(pubsub, "PING_S", 0.1)
    ear = Ear()
    subscriptions.add("daedam:news:a", ear)
    await ear.next()
    await asyncio.sleep(1)
    assert ear.rest() == []  # Silence of publishers is not silence of Redis.
    server.pause()
    await asyncio.sleep(1)
    server.resume()
    assert await ear.next() is None


async def test_listener_that_fails_leaves_the_others_alone(
    client: Redis, subscriptions: Subscriptions, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(message: bytes | None) -> None:
        raise ValueError("broken")

    ear = Ear()
    subscriptions.add("daedam:news:a", fail)
    subscriptions.add("daedam:news:a", ear)
    assert await ear.next() is None
    await client.publish("daedam:news:a", b"heard")
    assert await ear.next() == b"heard"
    assert "a listener of Redis failed" in caplog.text


async def test_the_log_never_names_the_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "server")
    with RedisServer(tmp_path / "redis", password="right-horse") as server:
        wrong = server.url.replace("right-horse", "wrong-horse")
        async with connect(RedisAddress(wrong)) as client:
            subscriptions = Subscriptions(client)
            subscriptions.add("daedam:news:a", Ear())
            async with asyncio.timeout(10):
                while "Redis tells no news" not in caplog.text:  # noqa: ASYNC110  # no event says so
                    await asyncio.sleep(0.01)
            await subscriptions.close()
    assert "AuthenticationError" in caplog.text
    assert "horse" not in caplog.text


async def test_many_channels_come_and_go_without_leaving_anything(
    client: Redis, subscriptions: Subscriptions
) -> None:
    ears = [Ear() for _ in range(1200)]
    ends = [subscriptions.add(f"daedam:news:{at}", ear) for at, ear in enumerate(ears)]
    assert [await ear.next() for ear in ears] == [None] * len(ears)
    for end in ends:
        end()
    await until_channels_are(client)
    assert await client.client_list(_type="pubsub") == []


async def test_closing_twice_leaves_no_task_and_no_connection(
    client: Redis, subscriptions: Subscriptions
) -> None:
    before = asyncio.all_tasks()
    ear = Ear()
    subscriptions.add("daedam:news:a", ear)
    await ear.next()
    await subscriptions.close()
    await subscriptions.close()
    assert asyncio.all_tasks() == before
    await until_channels_are(client)
    subscriptions.add("daedam:news:a", ear)()
    assert asyncio.all_tasks() == before
