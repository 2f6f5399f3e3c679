"""Who comes in, which seat is whose, who consented, and who may do what."""

import asyncio
import time
from typing import Any

import aiohttp
import jwt
import pytest
import yarl
from aiohttp import WSMsgType

from server.errors import ErrorCode
from tests.server.conftest import Client, Start, ask, until
from tests.server.talk import (
    APPLICANT,
    INTERVIEWER,
    Socket,
    connect,
    create,
    events,
    eventually,
    link,
    note,
    said,
    sit,
    still_answers,
)

CONSENT = {"type": "consent"}
WITHDRAW = {"type": "withdraw_consent"}
CONFIRM = {"type": "confirm_room"}
SECRET = "a secret of more than thirty-two characters"


async def refused(client: Client, session: str, token: str | None, **options: Any) -> int:
    """Return the HTTP status with which a connection is refused."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await connect(client, session, token, **options)
    return refusal.value.status


async def closed_with(socket: Socket) -> tuple[str, int | None]:
    """Return the last error's code and the code of the close that follows it."""
    code = (await until(socket, "error"))[-1]["code"]
    assert (await socket.receive(timeout=5)).type is WSMsgType.CLOSE
    return code, socket.close_code


@pytest.mark.parametrize(
    "message",
    [
        {"type": "session_end"},
        note(),
        {"type": "evaluation_request"},
        said(),
        said(speaker="지원자_2"),
    ],
)
async def test_an_applicant_cannot_command_the_interview(
    client: Client, message: dict[str, Any]
) -> None:
    await create(client)
    applicant = await sit(client, APPLICANT)
    assert (await ask(applicant, message))["code"] == "forbidden"
    kinds = {event["type"] for event in await events(client)}
    assert kinds == {"session_created", "joined"}


async def test_an_interviewer_directs_and_speaks_for_nobody_else(client: Client) -> None:
    await create(client, consent="external")
    interviewer = await sit(client, INTERVIEWER)
    await still_answers(interviewer)
    assert (await ask(interviewer, said(speaker=APPLICANT)))["code"] == "forbidden"
    assert (await ask(interviewer, said(speaker=INTERVIEWER)))["type"] == "audio_processed"
    assert (await ask(interviewer, {"type": "session_end"}))["type"] == "session_ended"
    assert (await events(client, kind="note_added"))[0]["by"] == INTERVIEWER


async def test_sound_is_refused_before_consent_and_taken_after(client: Client) -> None:
    await create(client)
    applicant = await sit(client, APPLICANT)
    assert (await ask(applicant, said(speaker=APPLICANT)))["code"] == "consent_required"
    assert (await ask(applicant, CONSENT))["type"] == "done"
    assert (await ask(applicant, CONSENT))["type"] == "done"
    answered = await ask(applicant, said(speaker=APPLICANT))
    assert answered["result"]["transcription"]["text"] == "저는 개발 경험이 있습니다."
    assert len(await events(client, kind="consent_given")) == 1


async def test_a_room_microphone_waits_for_the_operators_word(client: Client) -> None:
    seats = [{"seat": INTERVIEWER}, {"seat": APPLICANT}]
    await create(client, seats=seats)
    microphone = await connect(client, "s1", link(client, "s1", role="microphone"))
    people = [await sit(client, seat) for seat in (INTERVIEWER, APPLICANT)]
    for person in people:
        assert (await ask(person, CONSENT))["type"] == "done"
        assert (await ask(person, CONFIRM))["code"] == "forbidden"
    assert (await ask(microphone, said()))["code"] == "consent_required"
    operator = await connect(client)
    assert (await ask(operator, CONFIRM))["type"] == "done"
    assert (await ask(microphone, said()))["type"] == "audio_processed"
    assert (await ask(people[0], WITHDRAW))["type"] == "done"
    assert (await ask(microphone, said()))["code"] == "consent_required"
    assert (await ask(operator, CONFIRM))["type"] == "done"
    assert (await ask(microphone, said()))["type"] == "audio_processed"
    assert (await ask(microphone, said(speaker=APPLICANT)))["code"] == "forbidden"


async def test_sound_is_refused_again_once_consent_is_withdrawn(client: Client) -> None:
    await create(client)
    applicant = await sit(client, APPLICANT)
    assert (await ask(applicant, CONSENT))["type"] == "done"
    assert (await ask(applicant, said(speaker=APPLICANT)))["type"] == "audio_processed"
    withdrawal = {**WITHDRAW, "id": "withdrawal-abcdefghijklm"}
    first = await ask(applicant, withdrawal)
    assert first["seq"] == (await events(client, kind="consent_withdrawn"))[0]["seq"]
    assert await ask(applicant, withdrawal) == first
    assert (await ask(applicant, said(speaker=APPLICANT)))["code"] == "consent_required"
    assert len(await events(client, kind="consent_withdrawn")) == 1
    assert len(await events(client, kind="utterance_final")) == 1


async def test_an_existing_clients_sound_stops_when_somebody_withdraws(client: Client) -> None:
    operator = await connect(client)
    assert (await ask(operator, said()))["type"] == "audio_processed"
    assert (await ask(await sit(client, APPLICANT), WITHDRAW))["type"] == "done"
    for sound in (said(), said(speaker=APPLICANT)):
        assert (await ask(operator, sound))["code"] == "consent_required"
    assert (await ask(operator, said(speaker="지원자_2")))["type"] == "audio_processed"


async def test_only_a_person_in_a_seat_consents(client: Client) -> None:
    for command in (CONSENT, WITHDRAW):
        assert (await ask(await connect(client), command))["code"] == "forbidden"


async def test_nobody_mutes_a_microphone_that_their_connection_does_not_carry(
    client: Client,
) -> None:
    for socket in (await connect(client), await sit(client, APPLICANT)):
        refused = await ask(socket, {"type": "mute", "is_muted": True})
        assert refused["code"] == "bad_request"
    assert await events(client, kind="muted") == []


async def test_a_note_is_kept_at_the_moment_it_is_about(client: Client) -> None:
    operator = await connect(client)
    await ask(operator, note() | {"media_at": 0.0})
    await ask(operator, note() | {"media_at": 1e6})
    first, second = await events(client, kind="note_added")
    assert first["media_at"] == 0.0
    assert second["media_at"] == second["at"]


async def test_the_same_persons_newer_connection_replaces_the_older(client: Client) -> None:
    await create(client)
    token = link(client, "s1", seat=APPLICANT)
    older = await connect(client, "s1", token)
    newer = await connect(client, "s1", token)
    assert await closed_with(older) == ("replaced", 4001)
    assert (await ask(newer, CONSENT))["type"] == "done"


@pytest.mark.parametrize("role", ["operator", "observer", "microphone"])
async def test_a_person_without_seat_is_at_one_place_too(client: Client, role: str) -> None:
    await create(client)
    token = link(client, "s1", role=role)
    older = await connect(client, "s1", token)
    await connect(client, "s1", token)
    assert await closed_with(older) == ("replaced", 4001)


async def test_another_persons_link_to_a_held_seat_is_turned_away(start: Start) -> None:
    client = await start(hold_seat_s=0.2)
    await create(client)
    holder = await sit(client, APPLICANT)
    token = link(client, "s1", seat=APPLICANT)
    assert (await closed_with(await connect(client, "s1", token)))[0] == "seat_taken"
    await holder.close()
    await eventually(lambda: events(client, kind="left"))
    assert (await closed_with(await connect(client, "s1", token)))[0] == "seat_taken"
    await asyncio.sleep(0.21)
    other = await connect(client, "s1", token)
    assert (await ask(other, CONSENT))["type"] == "done"


async def test_the_holder_comes_back_while_the_seat_is_held(client: Client) -> None:
    await create(client)
    token = link(client, "s1", seat=APPLICANT)
    await (await connect(client, "s1", token)).close()
    assert (await ask(await connect(client, "s1", token), CONSENT))["type"] == "done"


async def test_a_link_to_a_seat_the_session_lacks_is_turned_away(client: Client) -> None:
    await create(client, seats=[{"seat": INTERVIEWER}])
    assert (await closed_with(await sit(client, APPLICANT)))[0] == "unknown_seat"


async def test_a_link_opens_no_other_session_and_creates_none(client: Client) -> None:
    await create(client)
    token = link(client, "s1", seat=APPLICANT)
    assert await refused(client, "s2", token) == 403
    assert await refused(client, "s3", link(client, "s3", seat=APPLICANT)) == 404


async def test_expired_and_forged_links_are_refused(start: Start) -> None:
    client = await start(secret=SECRET)
    expired = link(client, expires_s=-60, role="operator")
    claims = {"aud": "daedam", "jti": "x" * 22, "exp": time.time() + 60}
    forged = jwt.encode(
        claims | {"session": "*", "roles": ["operator"]},
        "k" * 40,
        "HS256",
    )
    unsigned = jwt.encode(claims | {"session": "*", "roles": ["operator"]}, "", "none")
    for token in (expired, forged, unsigned, "rubbish", "", None):
        assert await refused(client, "s1", token) == 401
    await still_answers(await connect(client, "s1", link(client, role="operator")))


async def test_a_page_of_another_origin_is_refused(client: Client) -> None:
    assert await refused(client, "s1", None, headers={"Origin": "https://evil.example"}) == 403
    assert await refused(client, "s1", None, headers={"Origin": "null"}) == 403
    same = {"Origin": str(client.make_url("")).rstrip("/")}
    await still_answers(await connect(client, "s1", None, headers=same))


async def test_a_page_cannot_point_its_own_name_at_this_server(client: Client) -> None:
    assert await refused(client, "s1", None, headers={"Host": "evil.example"}) == 403


@pytest.mark.parametrize("name", ["a%2Fb", "a" * 129, "%00", "a%0Ab", "%7F"])
async def test_a_strange_session_id_is_refused(client: Client, name: str) -> None:
    path = f"/api/v1/realtime-interview/ws/interview/{name}"
    url = yarl.URL(str(client.make_url("/")).rstrip("/") + path, encoded=True)
    response = await client.session.get(url)
    assert response.status == 400
    assert (await response.json())["code"] == ErrorCode.BAD_SESSION


async def test_the_server_says_so_when_it_stops(start: Start) -> None:
    client = await start()
    socket = await connect(client)
    await still_answers(socket)
    stopping = asyncio.create_task(client.server.close())
    assert await closed_with(socket) == ("shutting_down", 1001)
    await stopping
