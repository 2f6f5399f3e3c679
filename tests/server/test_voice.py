"""Voices over HTTP: learnt from a reading, told to everybody, and forgotten."""

import asyncio

import numpy as np
import pytest

from pipeline.jobs import EngineError
from server.paths import session_path
from tests.server.browsers import bearer
from tests.server.conftest import Client, Start
from tests.server.talk import APPLICANT, INTERVIEWER, connect, create, events, sit, working
from tests.server.voices import HummingExecutor, Reader, pcm, read

OTHER = "지원자_2"


@pytest.fixture
def executor() -> HummingExecutor:
    return HummingExecutor()


@pytest.fixture
async def session(client: Client) -> Client:
    await create(client)
    return client


def person(client: Client, seat: str | None = APPLICANT, role: str | None = None) -> Reader:
    return Reader(client, bearer(client, seat, role))


async def told(client: Client) -> list[tuple[str, str, str | None]]:
    """Return who was told whose voices are learnt or forgotten."""
    return [
        (event["type"], event["by"], event["seat"])
        for event in await events(client)
        if event["type"] in ("voice_assigned", "voice_forgotten")
    ]


async def test_a_person_has_their_own_voice_learnt(session: Client) -> None:
    reader = person(session)
    assert await reader.looks() == (200, {"is_on": True, "enrolled": []})
    status, learnt = await reader.reads(pcm(read()))
    assert status == 200, learnt
    assert learnt["seat"] == APPLICANT
    assert learnt["speech_s"] == pytest.approx(7, abs=0.3)
    assert learnt["alike"] == []
    (event,) = await events(session, kind="voice_assigned")
    assert (event["voice"], event["seat"]) == (learnt["voice"], APPLICANT)
    assert (event["reason"], event["by"]) == ("enrolment", APPLICANT)
    assert await reader.looks() == (200, {"is_on": True, "enrolled": [APPLICANT]})


async def test_who_reads_again_keeps_their_voice(session: Client) -> None:
    reader = person(session)
    (_, one), (_, two) = [await reader.reads(pcm(read())) for _ in range(2)]
    assert one["voice"] == two["voice"]


async def test_two_who_sound_alike_are_both_learnt_and_told(session: Client) -> None:
    await person(session).reads(pcm(read()))
    status, learnt = await person(session, OTHER).reads(pcm(read()))
    assert (status, learnt["alike"]) == (200, [APPLICANT])
    status, learnt = await person(session, INTERVIEWER).reads(pcm(read("C")))
    assert (status, learnt["alike"]) == (200, [])


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "voice_too_short"),
        (pcm(read()[:48_000]), "voice_too_short"),
        (pcm(np.clip(read() * 5, -0.3, 0.3)), "voice_clipped"),
        (pcm(np.concatenate((read()[:64_000], read("B")[64_000:]))), "voice_shared"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_learnt(
    session: Client, data: bytes, code: str
) -> None:
    reader = person(session)
    status, answer = await reader.reads(data)
    assert (status, answer["code"]) == (422, code)
    assert answer["detail"].endswith(".")
    assert await told(session) == []
    assert (await reader.looks())[1]["enrolled"] == []


async def test_a_voice_is_forgotten_when_its_person_says_so(session: Client) -> None:
    reader = person(session)
    assert await reader.forgets() == (200, {"seat": APPLICANT, "was_known": False})
    await reader.reads(pcm(read()))
    assert await reader.forgets() == (200, {"seat": APPLICANT, "was_known": True})
    assert (await reader.looks())[1]["enrolled"] == []
    assert await told(session) == [
        ("voice_assigned", APPLICANT, APPLICANT),
        ("voice_forgotten", APPLICANT, APPLICANT),
    ]


@pytest.mark.parametrize(("role", "by"), [("operator", "operator"), ("microphone", "microphone")])
async def test_operator_and_device_let_others_read_who_agreed(
    session: Client, role: str, by: str
) -> None:
    table = person(session, None, role)
    status, answer = await table.reads(pcm(read()), seat=APPLICANT)
    assert (status, answer["code"]) == (403, "forbidden")
    status, answer = await table.reads(pcm(read()))
    assert (status, answer["code"]) == (400, "bad_request")
    status, answer = await table.reads(pcm(read()), seat=APPLICANT, agreed="no")
    assert (status, answer["code"]) == (400, "bad_request")
    status, answer = await table.reads(pcm(read()), seat="면접관_9", agreed="yes")
    assert (status, answer["code"]) == (400, "unknown_seat")
    status, answer = await table.reads(pcm(read()), seat=APPLICANT, agreed="yes")
    assert (status, answer["seat"]) == (200, APPLICANT)
    assert (await table.forgets(seat=APPLICANT))[0] == 200
    assert [(kind, who) for kind, who, _ in await told(session)] == [
        ("voice_assigned", by),
        ("voice_forgotten", by),
    ]


@pytest.mark.parametrize("seat", [APPLICANT, INTERVIEWER])
async def test_nobody_else_has_a_neighbours_voice_learnt_or_forgotten(
    session: Client, seat: str
) -> None:
    neighbour = person(session, seat)
    status, answer = await neighbour.reads(pcm(read()), seat=OTHER, agreed="yes")
    assert (status, answer["code"]) == (403, "forbidden")
    assert (await neighbour.forgets(seat=OTHER))[0] == 403
    observer = person(session, None, "observer")
    assert (await observer.reads(pcm(read()), seat=OTHER, agreed="yes"))[0] == 403
    assert (await observer.reads(pcm(read())))[0] == 403


async def test_reading_on_and_on_is_refused_for_a_minute(session: Client) -> None:
    reader = person(session)
    statuses = [(await reader.reads(b""))[0] for _ in range(7)]
    assert statuses == [422] * 6 + [503]
    assert (await person(session, OTHER).reads(b""))[0] == 422, "it counts for each person"


async def test_too_much_sound_and_half_a_sample_are_refused(session: Client) -> None:
    reader = person(session)
    status, answer = await reader.reads(bytes(21 * 32_000))
    assert (status, answer["code"]) == (413, "too_large")
    status, answer = await reader.reads(b"123")
    assert (status, answer["code"]) == (400, "bad_request")


async def test_where_voices_are_not_told_apart_none_is_learnt(start: Start) -> None:
    client = await start(speakers=False)
    await create(client)
    reader = person(client)
    assert await reader.looks() == (200, {"is_on": False, "enrolled": []})
    status, answer = await reader.reads(pcm(read()))
    assert (status, answer["code"]) == (503, "voices_off")


async def test_a_failing_model_learns_nothing_and_harms_nothing(
    session: Client, executor: HummingExecutor
) -> None:
    executor.error = EngineError("The voice model is missing.")
    reader = person(session)
    status, answer = await reader.reads(pcm(read()))
    assert (status, answer["code"]) == (503, "voices_off")
    assert "missing" not in answer["detail"]
    assert await told(session) == []


async def test_an_interview_that_has_ended_learns_and_forgets_nothing(session: Client) -> None:
    reader = person(session)
    await reader.reads(pcm(read()))
    assert (await session.post(session_path("s1", "end"))).status == 200
    for status, answer in (await reader.reads(pcm(read())), await reader.forgets()):
        assert (status, answer["code"]) == (409, "session_over")
    assert await reader.looks() == (200, {"is_on": False, "enrolled": []})


async def test_a_reading_that_the_end_overtakes_is_not_learnt(
    session: Client, executor: HummingExecutor
) -> None:
    executor.gate.clear()
    reading = asyncio.create_task(person(session).reads(pcm(read())))
    await working(executor)
    assert (await session.post(session_path("s1", "end"))).status == 200
    executor.gate.set()
    status, answer = await reading
    assert (status, answer["code"]) == (409, "session_over")
    assert await told(session) == []


async def test_who_takes_their_consent_back_is_forgotten_and_not_learnt_again(
    session: Client,
) -> None:
    reader = person(session)
    await reader.reads(pcm(read()))
    socket = await sit(session, APPLICANT)
    for command in ("consent", "withdraw_consent"):
        await socket.send_json({"type": command, "id": f"{command}-0123456789abcdef"})
        while (await socket.receive_json())["type"] != "done":
            pass
    assert (await reader.looks())[1]["enrolled"] == []
    status, answer = await reader.reads(pcm(read()))
    assert (status, answer["code"]) == (403, "consent_required")


async def test_everybody_in_the_room_is_told(session: Client) -> None:
    socket = await connect(session)
    await socket.send_json({"type": "subscribe"})
    while (await socket.receive_json())["type"] != "caught_up":
        pass
    await person(session).reads(pcm(read()))
    while (message := await socket.receive_json())["type"] != "voice_assigned":
        pass
    assert (message["seat"], message["reason"]) == (APPLICANT, "enrolment")
