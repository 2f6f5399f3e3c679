"""Background work always has an owner."""

import asyncio
import logging

import pytest

from server.tasks import Tasks


async def for_ever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise RuntimeError("kaputt")


async def test_whoever_waits_gets_the_outcome() -> None:
    tasks = Tasks("room")

    async def work() -> int:
        return 7

    assert await tasks.spawn(work(), "work") == 7
    with pytest.raises(RuntimeError, match="kaputt"):
        await tasks.spawn(fail(), "fail")
    await tasks.wait(1)
    assert len(tasks) == 0


async def test_a_failure_nobody_waits_for_is_logged_with_its_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks = Tasks("room 7")
    tasks.start(fail(), "clock")
    await tasks.wait(1)
    await asyncio.sleep(0)
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == "room 7: clock failed"
    assert record.exc_info is not None


async def test_one_failure_leaves_its_siblings_alone() -> None:
    tasks = Tasks("room")
    other = tasks.spawn(for_ever(), "other")
    tasks.start(fail(), "fail")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(tasks) == 1
    assert not other.done()
    await tasks.close()


async def test_waiting_ends_when_the_time_is_over_and_cancels_nothing() -> None:
    tasks = Tasks("room")
    work = tasks.spawn(for_ever(), "work")
    await tasks.wait(0)
    assert not work.done()
    await tasks.close()


async def test_closing_cancels_and_awaits_what_is_left_and_can_be_repeated() -> None:
    tasks = Tasks("room")
    cleaned: list[str] = []

    async def tidy() -> None:
        try:
            await for_ever()
        finally:
            await asyncio.sleep(0)
            cleaned.append("tidy")

    work = tasks.spawn(tidy(), "tidy")
    await asyncio.sleep(0)
    await tasks.close()
    await tasks.close()
    assert work.cancelled()
    assert cleaned == ["tidy"]
    assert len(tasks) == 0


async def test_a_child_can_close_its_owner_without_ending_itself() -> None:
    tasks = Tasks("room")
    other = tasks.spawn(for_ever(), "other")

    async def end() -> str:
        await tasks.wait(0)
        await tasks.close()
        return "ended"

    assert await tasks.spawn(end(), "end") == "ended"
    assert other.cancelled()


async def test_a_cancelled_child_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    tasks = Tasks("room")
    tasks.start(for_ever(), "clock")
    await asyncio.sleep(0)
    await tasks.close()
    await asyncio.sleep(0)
    assert caplog.records == []
