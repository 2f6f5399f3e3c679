"""What every store promises: the one in a folder, and the one that unit tests use."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from server.store.folder import FolderStore
from server.store.protocol import MediaStore
from tests.server.store.memory import MemoryStore, keep, kept, sound

NAMES = ("s1", "면접 7", "../../etc", ".", "a" * 128, "가" * 128, "%2E%2E", "\ud800", "A", "a")
STORES: dict[str, Callable[[Path], MediaStore]] = {
    "folder": FolderStore,
    "memory": lambda _: MemoryStore(),
}


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[MediaStore]:
    opened = STORES[request.param](tmp_path / "media")
    yield opened
    await opened.close()


async def test_what_was_taken_comes_back_in_its_order(store: MediaStore) -> None:
    recorder = store.record("s1", "지원자_1")
    keep(recorder, sound(0.013, 31))
    recorder.close()
    assert await kept(store, "s1", "지원자_1") == sound(0.013, 31)


async def test_a_track_that_goes_on_follows_what_was_there(store: MediaStore) -> None:
    for begin_s in (3.0, 8.5, 44.0):
        recorder = store.record("s1", "room-1")
        keep(recorder, sound(begin_s, 2))
        recorder.close()
    assert await kept(store, "s1", "room-1") == [*sound(3, 2), *sound(8.5, 2), *sound(44, 2)]


async def test_tracks_and_sessions_are_told_apart_whatever_they_are_called(
    store: MediaStore,
) -> None:
    for session in NAMES:
        for track in NAMES:
            keep(store.record(session, track), sound(1, 0.1, f"{ascii(session)} {ascii(track)}"))
    assert sorted(await store.sessions()) == sorted(NAMES)
    for session in NAMES:
        assert await store.tracks(session) == sorted(NAMES)
        for track in NAMES:
            mark = f"{ascii(session)} {ascii(track)}"
            assert await kept(store, session, track) == sound(1, 0.1, mark)


async def test_nothing_kept_is_no_error(store: MediaStore) -> None:
    assert await store.sessions() == []
    assert await store.tracks("s1") == []
    assert await kept(store, "s1", "room-1") == []
    assert await store.written_at("s1") is None
    await store.delete("s1")
    await store.delete("s1", "room-1")


async def test_a_deleted_track_is_gone_and_the_others_stay(store: MediaStore) -> None:
    for session, track in (("s1", "a"), ("s1", "b"), ("s2", "a")):
        keep(store.record(session, track), sound(0, 1))
    await store.delete("s1", "a")
    assert await store.tracks("s1") == ["b"]
    assert await kept(store, "s1", "a") == []
    assert await kept(store, "s2", "a") == sound(0, 1)
    await store.delete("s1")
    assert await store.sessions() == ["s2"]


async def test_what_is_on_its_way_does_not_come_back_after_a_deletion(store: MediaStore) -> None:
    recorder = store.record("s1", "a")
    keep(recorder, sound(0, 1))
    await store.tracks("s1")
    keep(recorder, sound(1, 1))
    deleting = asyncio.ensure_future(store.delete("s1"))
    await asyncio.sleep(0)
    keep(recorder, sound(2, 30))
    await deleting
    keep(recorder, sound(32, 30))
    recorder.close()
    assert await store.sessions() == []


async def test_a_track_that_begins_after_a_deletion_is_kept(store: MediaStore) -> None:
    keep(store.record("s1", "a"), sound(0, 1))
    await store.delete("s1")
    keep(store.record("s1", "a"), sound(5, 1))
    assert await kept(store, "s1", "a") == sound(5, 1)


async def test_a_closed_recorder_takes_nothing(store: MediaStore) -> None:
    recorder = store.record("s1", "a")
    keep(recorder, sound(0, 1))
    recorder.close()
    recorder.close()
    keep(recorder, sound(1, 1))
    assert await kept(store, "s1", "a") == sound(0, 1)


async def test_it_says_when_something_was_last_kept(store: MediaStore) -> None:
    before = time.time()
    keep(store.record("s1", "a"), sound(0, 1))
    await store.tracks("s1")
    written_at = await store.written_at("s1")
    assert written_at is not None
    assert before - 1 < written_at < time.time() + 1
