"""Voices learnt through a process that does not hold the session."""

import pytest

from server.paths import session_path
from tests.server.browsers import bearer
from tests.server.scale.conftest import Pair
from tests.server.talk import APPLICANT, create, events, room_of
from tests.server.voices import HummingExecutor, Reader, pcm, read

pytestmark = pytest.mark.redis


@pytest.fixture
def executor() -> HummingExecutor:
    return HummingExecutor()


async def test_a_voice_is_learnt_and_forgotten_where_the_session_is_held(pair: Pair) -> None:
    await create(pair.first)
    assert await (await room_of(pair.first)).hold() is None
    reader = Reader(pair.second, bearer(pair.second, APPLICANT))
    status, learnt = await reader.reads(pcm(read()))
    assert (status, learnt["seat"]) == (200, APPLICANT), learnt
    assert (await room_of(pair.first)).held().voices.enrolled == {APPLICANT}
    assert await reader.looks() == (200, {"is_on": True, "enrolled": [APPLICANT]})
    (event,) = await events(pair.second, kind="voice_assigned")
    assert (event["by"], event["reason"]) == (APPLICANT, "enrolment")
    status, answer = await reader.reads(b"")
    assert (status, answer["code"]) == (422, "voice_too_short")
    assert await reader.forgets() == (200, {"seat": APPLICANT, "was_known": True})
    assert not (await room_of(pair.first)).held().voices.enrolled
    assert (await pair.second.post(session_path("s1", "end"))).status == 200
