"""Deleting what may not stay, and nothing else."""

import math

import pytest

from server.store.deletion import enforce
from server.store.retention import NOTHING, Retention
from tests.server.store.memory import MemoryStore, keep, sound

ASKING, ANSWERING, ROOM = "면접관_1", "지원자_1", "room-c1"


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


async def test_what_may_stay_is_counted_and_the_rest_goes(store: MemoryStore) -> None:
    for track in (ASKING, ANSWERING, ROOM):
        keep(store.record("s1", track), sound(0, 1))
    allowed = Retention({ANSWERING: math.inf, ASKING: 1.0})
    assert await enforce(store, "s1", lambda: allowed) == 1
    assert await store.tracks("s1") == [ANSWERING]
    assert await enforce(store, "s1", lambda: NOTHING) == 0
    assert await store.sessions() == []


@pytest.mark.parametrize("is_other_there", [False, True])
async def test_a_microphone_that_was_opened_and_is_still_muted_is_not_cut(
    store: MemoryStore, is_other_there: bool
) -> None:
    if is_other_there:
        keep(store.record("s1", ANSWERING), sound(0, 1))
    muted = store.record("s1", ASKING)
    await enforce(store, "s1", lambda: Retention({ASKING: math.inf}))
    keep(muted, sound(20, 1))
    assert await store.tracks("s1") == [ASKING]


async def test_who_consents_while_the_disk_is_looked_through_is_kept() -> None:
    allowed = Retention({ASKING: math.inf})

    class Meanwhile(MemoryStore):
        async def tracks(self, session: str) -> list[str]:
            nonlocal allowed
            allowed = Retention({ASKING: math.inf, ANSWERING: math.inf})
            keep(self.record(session, ANSWERING), sound(0, 1))
            return await super().tracks(session)

    store = Meanwhile()
    assert await enforce(store, "s1", lambda: allowed) == 1
    assert await store.tracks("s1") == [ANSWERING]
