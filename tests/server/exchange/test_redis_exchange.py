"""Several processes that meet at a real redis-server, which dies and comes back."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from server.errors import JournalUnavailable
from server.exchange import redis as exchange_module
from server.exchange import seats, sending
from server.exchange.protocol import Exchange, Process
from server.exchange.redis import RedisExchange
from server.redis.connection import connect
from server.redis.pubsub import Subscriptions
from tests.server.exchange import quick
from tests.server.exchange.contract import ExchangeContract
from tests.server.redis_server import RedisServer

pytestmark = pytest.mark.redis

Join: TypeAlias = Callable[[str], RedisExchange]
SEAT = ("s", "면접관_1")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "RENEW_S", quick.RENEW_S)
    monkeypatch.setattr(exchange_module, "PROCESS_S", quick.GONE_S)
    monkeypatch.setattr(exchange_module, "RETRY_S", 0.05)
    monkeypatch.setattr(seats, "SEAT_S", quick.GONE_S)


@pytest.fixture
async def join(server: RedisServer) -> AsyncIterator[Join]:
    """Each call is one more process: its own connections, its own name."""
    opened: list[tuple[RedisExchange, Subscriptions]] = []

    def join(name: str) -> RedisExchange:
        client = connect(server.address)
        subscriptions = Subscriptions(client)
        exchange = RedisExchange(client, subscriptions, name)
        opened.append((exchange, subscriptions))
        clients.append(client)
        return exchange

    clients = [connect(server.address)]
    yield join
    for exchange, subscriptions in opened:
        await exchange.close()
        await subscriptions.close()
    for client in clients:
        await client.aclose()


@pytest.fixture
async def exchange(join: Join) -> Exchange:
    return join("here")


class TestRedisExchange(ExchangeContract):
    """Runs the contract."""


async def until(is_so: Callable[[], Awaitable[object]], timeout_s: float = 10) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(timeout_s):
        while not await is_so():  # noqa: ASYNC110  # it happens in Redis
            await asyncio.sleep(0.02)


class Ears:
    """What one process heard of a session."""

    def __init__(self, exchange: Exchange, session: str = "s") -> None:
        self.heard: list[str] = []
        self._news = asyncio.Event()
        self.end = exchange.listen(session, self._hear)

    def _hear(self, message: str) -> None:
        self.heard.append(message)
        self._news.set()

    async def until(self, message: str, again: Callable[[], None] = lambda: None) -> None:
        """Wait for a message; ``again`` publishes it until the channel is in force."""
        async with asyncio.timeout(10):
            while message not in self.heard:
                self._news.clear()
                again()
                try:
                    await asyncio.wait_for(self._news.wait(), 0.1)
                except TimeoutError:
                    continue


async def test_announced_process_is_found_by_the_others_until_it_leaves(join: Join) -> None:
    one, other = join("one"), join("other")
    await one.announce("https://10.0.0.1:8000", "ab" * 32)
    await other.announce("http://10.0.0.2:8000", direct_url="https://two.example")
    assert await other.find("one") == Process("one", "https://10.0.0.1:8000", "ab" * 32)
    found = Process("other", "http://10.0.0.2:8000", None, "https://two.example")
    assert await one.find("other") == found
    assert await one.alive(frozenset({"one", "other", "third"})) == {"one", "other"}
    await other.close()
    assert await one.find("other") is None
    assert await one.alive(frozenset({"one", "other"})) == {"one"}


async def test_process_stays_announced_for_longer_than_one_heartbeat_lasts(join: Join) -> None:
    one, other = join("one"), join("other")
    await one.announce("http://10.0.0.1:8000")
    await asyncio.sleep(1.5 * quick.GONE_S)
    assert await other.find("one") is not None


@pytest.mark.process
async def test_killed_process_is_gone_soon_and_its_seat_free_after_its_hold(
    server: RedisServer, join: Join
) -> None:
    command = [sys.executable, "-m", "tests.server.exchange.member", server.url, "other"]
    member = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert member.stdout is not None
        assert await asyncio.wait_for(member.stdout.readline(), 20) == b"ready\n"
        one = join("one")
        await asyncio.sleep(1.5 * quick.GONE_S)
        assert await one.find("other") is not None
        assert not await one.take_seat(*SEAT, "somebody else", 30)
    finally:
        member.kill()
        await member.wait()

    async def is_gone() -> bool:
        return await one.find("other") is None

    async def is_free() -> bool:
        return await one.take_seat(*SEAT, "somebody else", 30)

    await until(is_gone, 5)
    await until(is_free, 5)


async def test_messages_reach_the_other_processes_in_order(join: Join) -> None:
    one, two, three = join("one"), join("two"), join("three")
    ears = [Ears(exchange) for exchange in (one, two, three)]
    await ears[1].until("hello", lambda: one.publish("s", "hello"))
    await ears[2].until("hello", lambda: one.publish("s", "hello"))
    for number in range(500):
        one.publish("s", f"말\n{number}")
        one.publish("other session", "not for them")
    one.publish("s", "last")
    await ears[1].until("last")
    await ears[2].until("last")
    for ear in ears[1:]:
        numbered = [message for message in ear.heard if message not in ("hello", "last")]
        assert numbered == [f"말\n{number}" for number in range(500)]
    assert ears[0].heard == []


async def test_who_stops_listening_hears_nothing_more(join: Join) -> None:
    one, two = join("one"), join("two")
    stopped, going_on = Ears(two), Ears(two)
    await going_on.until("hello", lambda: one.publish("s", "hello"))
    stopped.end()
    one.publish("s", "more")
    await going_on.until("more")
    assert "more" not in stopped.heard


async def test_publishing_while_redis_is_away_neither_blocks_nor_floods_it_later(
    server: RedisServer, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "SEND_S", 0.3)
    one, two = join("one"), join("two")
    ears = Ears(two)
    await ears.until("hello", lambda: one.publish("s", "hello"))
    server.pause()
    for number in range(10 * sending.WAITING):
        one.publish("s", f"{number}")
    server.resume()
    await ears.until("again", lambda: one.publish("s", "again"))
    assert len(ears.heard) <= sending.WAITING + 2 * sending.AT_ONCE
    numbers = [int(message) for message in ears.heard if message.isdecimal()]
    assert numbers == sorted(numbers)


async def test_messages_reach_others_again_after_redis_was_killed(
    server: RedisServer, join: Join
) -> None:
    one, two = join("one"), join("two")
    ears = Ears(two)
    await ears.until("hello", lambda: one.publish("s", "hello"))
    server.kill()
    one.publish("s", "into the void")
    await asyncio.to_thread(server.start)
    await ears.until("back", lambda: one.publish("s", "back"))


async def test_redis_that_forgot_everything_hears_of_processes_and_seats_at_once(
    server: RedisServer, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "RENEW_S", 60)
    monkeypatch.setattr(exchange_module, "PROCESS_S", 180)
    one, two = join("one"), join("two")
    await one.announce("http://10.0.0.1:8000")
    assert await one.take_seat(*SEAT, "L", 30)
    ears = Ears(one)
    await ears.until("hello", lambda: two.publish("s", "hello"))
    server.kill()
    for file in (server.folder / "appendonlydir").iterdir():
        file.unlink()
    await asyncio.to_thread(server.start)

    async def is_known() -> bool:
        return await two.find("one") is not None

    await until(is_known)
    assert not await two.take_seat(*SEAT, "somebody else", 30)


async def test_what_nobody_can_know_is_said_so_within_seconds(
    server: RedisServer, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "ANSWER_S", 0.3)
    one = join("one")
    await one.announce("http://10.0.0.1:8000")
    server.pause()
    async with asyncio.timeout(5):
        for work in (
            one.find("other"),
            one.alive(frozenset({"other"})),
            one.take_seat(*SEAT, "L", 30),
        ):
            with pytest.raises(JournalUnavailable):
                await work
        assert await one.alive(frozenset({"one"})) == {"one"}
        await one.leave_seat(*SEAT, "L", 30)
    server.kill()
    with pytest.raises(JournalUnavailable):
        await one.find("other")


async def test_process_that_announces_itself_before_redis_is_there_is_found_later(
    server: RedisServer, join: Join
) -> None:
    server.kill()
    one = join("one")
    await one.announce("http://10.0.0.1:8000")
    await asyncio.to_thread(server.start)

    async def is_known() -> bool:
        return await join("two").find("one") is not None

    await until(is_known)


async def test_only_one_of_two_people_gets_a_seat_at_two_processes(join: Join) -> None:
    exchanges = [join(f"p{number}") for number in range(4)]
    taken = await asyncio.gather(
        *(exchange.take_seat(*SEAT, f"L{at}", 30) for at, exchange in enumerate(exchanges))
    )
    assert sorted(taken) == [False, False, False, True]


async def test_seats_and_sessions_are_told_apart(join: Join) -> None:
    one = join("one")
    assert await one.take_seat("s", "면접관_1", "L", 30)
    assert await one.take_seat("s", "면접관_2", "M", 30)
    assert await one.take_seat("t", "면접관_1", "M", 30)


async def test_seat_is_kept_while_its_person_is_there_however_long(join: Join) -> None:
    one, two = join("one"), join("two")
    assert await one.take_seat(*SEAT, "L", 0)
    await asyncio.sleep(2 * quick.GONE_S)
    assert not await two.take_seat(*SEAT, "M", 0)


async def test_left_seat_is_held_for_its_person_who_may_come_back_elsewhere(join: Join) -> None:
    one, two = join("one"), join("two")
    assert await one.take_seat(*SEAT, "L", 30)
    await one.leave_seat(*SEAT, "L", 30)
    assert not await two.take_seat(*SEAT, "M", 30)
    assert await two.take_seat(*SEAT, "L", 30)


async def test_left_seat_is_free_after_its_hold(join: Join) -> None:
    one, two = join("one"), join("two")
    assert await one.take_seat(*SEAT, "L", 0.3)
    await one.leave_seat(*SEAT, "L", 0.3)
    assert not await two.take_seat(*SEAT, "M", 0)
    await asyncio.sleep(0.4)
    assert await two.take_seat(*SEAT, "M", 0)


async def test_seat_left_without_a_hold_is_free_at_once(join: Join) -> None:
    one, two = join("one"), join("two")
    assert await one.take_seat(*SEAT, "L", 0)
    await one.leave_seat(*SEAT, "L", 0)
    assert await two.take_seat(*SEAT, "M", 0)


async def test_seat_is_left_with_the_last_of_several_connections(join: Join) -> None:
    one, two = join("one"), join("two")
    assert await one.take_seat(*SEAT, "L", 0)
    assert await one.take_seat(*SEAT, "L", 0)
    await one.leave_seat(*SEAT, "L", 0)
    assert not await two.take_seat(*SEAT, "M", 0)
    await one.leave_seat(*SEAT, "L", 0)
    assert await two.take_seat(*SEAT, "M", 0)


async def test_seat_is_left_with_the_last_of_several_processes(join: Join) -> None:
    one, two, three = join("one"), join("two"), join("three")
    assert await one.take_seat(*SEAT, "L", 0)
    assert await two.take_seat(*SEAT, "L", 0)
    await one.leave_seat(*SEAT, "L", 0)
    assert not await three.take_seat(*SEAT, "M", 0)
    await two.leave_seat(*SEAT, "L", 0)
    assert await three.take_seat(*SEAT, "M", 0)


async def test_somebody_else_cannot_leave_a_seat(join: Join) -> None:
    one, two = join("one"), join("two")
    assert await one.take_seat(*SEAT, "L", 0)
    await one.leave_seat(*SEAT, "M", 0)
    await two.leave_seat(*SEAT, "L", 0)
    assert not await two.take_seat(*SEAT, "M", 0)


async def test_seat_left_while_redis_was_away_is_left_when_it_is_back(
    server: RedisServer, join: Join
) -> None:
    one, two = join("one"), join("two")
    assert await one.take_seat(*SEAT, "L", 0)
    server.kill()
    await one.leave_seat(*SEAT, "L", 0)
    await asyncio.to_thread(server.start)

    async def is_free() -> bool:
        return await two.take_seat(*SEAT, "M", 0)

    await until(is_free)


async def test_closing_leaves_every_seat_with_its_hold(join: Join) -> None:
    one, two = join("one"), join("two")
    assert await one.take_seat("s", "면접관_1", "L", 0)
    assert await one.take_seat("s", "면접관_2", "M", 30)
    await one.close()
    assert await two.take_seat("s", "면접관_1", "N", 0)
    assert not await two.take_seat("s", "면접관_2", "N", 0)


async def test_all_seats_are_renewed_in_one_round_trip_a_period(
    server: RedisServer, join: Join
) -> None:
    one = join("one")
    await one.announce("http://10.0.0.1:8000")
    for number in range(50):
        assert await one.take_seat(f"s{number}", "면접관_1", "L", 30)

    async def calls() -> int:
        lines = await asyncio.to_thread(server.ask, "INFO", "commandstats")
        [line] = [line for line in lines.split(b"\r\n") if line.startswith(b"cmdstat_eval:")]
        return int(line.split(b"calls=")[1].split(b",")[0])

    before = await calls()
    await asyncio.sleep(10 * quick.RENEW_S)
    assert 3 <= await calls() - before <= 12


async def test_closing_leaves_no_task(join: Join) -> None:
    before = asyncio.all_tasks()
    one = join("one")
    await one.announce("http://10.0.0.1:8000")
    assert await one.take_seat(*SEAT, "L", 0)
    one.publish("s", "message")
    await one.close()
    names = {task.get_name() for task in asyncio.all_tasks() - before}
    assert names <= {"subscriptions: listen", "subscriptions: speak", "subscriptions: hear"}


async def test_processes_with_different_secrets_find_out_while_one_of_them_lives(
    join: Join,
) -> None:
    first, second, other = join("first"), join("second"), join("other")
    assert await first.agree("mark")
    await first.announce("http://127.0.0.1:8001")
    assert await second.agree("mark")
    assert not await other.agree("another mark")
    await asyncio.sleep(2 * quick.GONE_S)  # As long as one lives it is renewed.
    assert not await other.agree("another mark")
    await first.close()
    await until(lambda: other.agree("another mark"))
    assert not await second.agree("mark"), "all have stopped in between, and others began"
