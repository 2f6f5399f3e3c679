"""Memory for large messages: bounded, in line, and nothing is lost when somebody gives up."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from server.budget import SMALL, MemoryBudget

UNIT = SMALL + 1
"""The least that is made to wait."""


async def steps() -> None:
    """Let everything that can go on go on."""
    for _ in range(5):
        await asyncio.sleep(0)


def begin(work: Coroutine[Any, Any, int]) -> asyncio.Task[int]:
    return asyncio.get_running_loop().create_task(work)


async def test_what_is_taken_is_missing_until_it_is_given_back() -> None:
    budget = MemoryBudget(10 * UNIT)
    taken = await budget.take(4 * UNIT)
    assert (taken, budget.free) == (4 * UNIT, 6 * UNIT)
    budget.give(taken)
    assert budget.free == 10 * UNIT


async def test_a_small_message_never_waits() -> None:
    budget = MemoryBudget(UNIT)
    await budget.take(UNIT)
    assert await budget.take(SMALL) == 0
    assert budget.free == 0


async def test_a_message_larger_than_everything_waits_for_everything() -> None:
    budget = MemoryBudget(4 * UNIT)
    held = await budget.take(UNIT)
    large = begin(budget.take(100 * UNIT))
    await steps()
    assert not large.done()
    budget.give(held)
    assert await large == 4 * UNIT
    budget.give(4 * UNIT)
    assert budget.free == 4 * UNIT


async def test_nobody_overtakes_although_they_would_fit() -> None:
    budget = MemoryBudget(10 * UNIT)
    held = await budget.take(6 * UNIT)
    order: list[str] = []

    async def take(name: str, size: int) -> int:
        taken = await budget.take(size)
        order.append(name)
        return taken

    large = begin(take("large", 8 * UNIT))
    little = begin(take("little", 2 * UNIT))
    await steps()
    assert order == []
    budget.give(held)
    await steps()
    assert order == ["large", "little"]
    budget.give(await large + await little)
    assert budget.free == 10 * UNIT


async def test_who_gives_up_waiting_makes_room_for_those_behind() -> None:
    budget = MemoryBudget(10 * UNIT)
    held = await budget.take(6 * UNIT)
    large = begin(budget.take(8 * UNIT))
    little = begin(budget.take(2 * UNIT))
    await steps()
    large.cancel()
    await asyncio.wait([large])
    assert await asyncio.wait_for(little, 1) == 2 * UNIT
    budget.give(held + 2 * UNIT)
    assert budget.free == 10 * UNIT


async def test_who_is_cancelled_in_the_moment_of_being_served_gives_it_back() -> None:
    budget = MemoryBudget(4 * UNIT)
    held = await budget.take(4 * UNIT)
    waiting = begin(budget.take(3 * UNIT))
    await steps()
    budget.give(held)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert budget.free == 4 * UNIT


async def test_giving_back_right_after_somebody_gave_up_serves_the_next() -> None:
    budget = MemoryBudget(4 * UNIT)
    held = await budget.take(4 * UNIT)
    first = begin(budget.take(3 * UNIT))
    second = begin(budget.take(2 * UNIT))
    await steps()
    first.cancel()
    budget.give(held)
    assert await asyncio.wait_for(second, 1) == 2 * UNIT
    assert first.cancelled()
    assert budget.free == 2 * UNIT


async def test_many_who_come_and_give_up_leave_the_budget_whole() -> None:
    budget = MemoryBudget(7 * UNIT)

    async def work(number: int) -> None:
        taken = await budget.take((number % 9 + 1) * UNIT)
        try:
            assert budget.free >= 0
            await asyncio.sleep(0)
        finally:
            budget.give(taken)

    tasks = [asyncio.get_running_loop().create_task(work(number)) for number in range(200)]
    for number, task in enumerate(tasks):
        await asyncio.sleep(0)
        if number % 3 == 0:
            task.cancel()
    await asyncio.wait(tasks, timeout=5)
    assert all(task.done() for task in tasks)
    assert budget.free == 7 * UNIT
