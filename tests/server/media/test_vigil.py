"""When a client of which nothing is heard is gone, and when it only seems so."""

import asyncio
import time

import pytest

from server.media.vigil import Vigil

GONE_S = 0.12


class Client:
    """Somebody who was heard at a time, and is gone at another."""

    def __init__(self) -> None:
        self.heard_at = time.monotonic()
        self.gone = asyncio.Event()
        self.vigil = Vigil(lambda: self.heard_at, GONE_S, self.gone.set)

    def speak(self) -> None:
        self.heard_at = time.monotonic()


async def test_silent_client_is_gone_and_that_is_told_after_its_time() -> None:
    client = Client()
    client.vigil.begin()
    await asyncio.wait_for(client.gone.wait(), 5)
    assert time.monotonic() - client.heard_at >= GONE_S


async def test_client_that_is_heard_again_and_again_stays_until_it_stops() -> None:
    client = Client()
    client.vigil.begin()
    for _ in range(30):
        await asyncio.sleep(GONE_S / 10)
        assert not client.gone.is_set()
        client.speak()
    await asyncio.wait_for(client.gone.wait(), 5)


@pytest.mark.parametrize("is_held_up_twice", [False, True])
async def test_loop_that_was_held_up_kills_nobody(is_held_up_twice: bool) -> None:
    client, loop = Client(), asyncio.get_running_loop()

    def hold_up() -> None:
        until = time.monotonic() + 2 * GONE_S
        while time.monotonic() < until:
            pass

    client.vigil.begin()
    loop.call_soon(hold_up)
    if is_held_up_twice:
        # Just when the second look is due.
        loop.call_later(GONE_S / 48, hold_up)
    # What came meanwhile is read as soon as the loop gets to it, which is after its alarms.
    loop.call_later(2 * GONE_S, lambda: loop.call_soon(client.speak))
    await asyncio.sleep(2.5 * GONE_S)
    assert not client.gone.is_set()
    client.vigil.end()


async def test_nobody_is_gone_after_the_end() -> None:
    client = Client()
    client.vigil.begin()
    client.vigil.end()
    client.vigil.end()
    await asyncio.sleep(1.5 * GONE_S)
    assert not client.gone.is_set()
