"""Before a peer connection: what join says, which offers are taken, which are refused."""

import time
from typing import Any

import pytest

from server.api.peers import MAX_OFFERS
from server.entrance.ice_servers import IceServer
from server.paths import SESSION
from server.session import Life
from tests.server.browsers import INTERVIEWER, SUBSCRIBE, Browsers, bearer, post_offer, spoken, told
from tests.server.conftest import Client, Start, ask, until
from tests.server.fakes import ScriptedExecutor
from tests.server.media.clients import Client as Browser
from tests.server.media.clients import eventually
from tests.server.talk import APPLICANT, connect, create, room_of


async def joined(client: Client, headers: dict[str, str]) -> dict[str, Any]:
    response = await client.get(f"{SESSION}/s1/join", headers=headers)
    found: dict[str, Any] = await response.json()
    return found


def token_of(headers: dict[str, str]) -> str:
    return headers["Authorization"].removeprefix("Bearer ")


async def test_join_says_what_a_browser_needs_before_it_offers(client: Client) -> None:
    await create(
        client,
        title="백엔드 면접",
        job="백엔드",
        seats=[
            {"seat": INTERVIEWER, "microphone": "room"},
            {"seat": APPLICANT, "name": "이", "microphone": "own"},
        ],
    )
    found = await joined(client, bearer(client, APPLICANT))
    assert 0 <= found.pop("now") < 60
    assert found == {
        "session": "s1",
        "title": "백엔드 면접",
        "job": "백엔드",
        "life": "live",
        "role": "applicant",
        "roles": ["applicant"],
        "seat": APPLICANT,
        "name": "이",
        "microphone": "own",
        "consent": "required",
        "keep_audio": False,
        "keep_audio_days": 0,
        "listens": True,
        "seats": [
            {"seat": INTERVIEWER, "name": None, "microphone": "room"},
            {"seat": APPLICANT, "name": "이", "microphone": "own"},
        ],
        "ice_servers": [],
    }


async def test_join_names_the_servers_that_a_browser_may_ask(start: Start) -> None:
    servers = (IceServer(urls="turn:turn.example:3478", username="u", credential="c"),)
    client = await start(ice_servers=servers)
    await create(client)
    found = await joined(client, bearer(client, APPLICANT))
    assert found["ice_servers"] == [
        {"urls": "turn:turn.example:3478", "username": "u", "credential": "c"}
    ]


async def test_everybody_gets_turn_credentials_of_their_own(start: Start) -> None:
    fixed = IceServer(urls="stun:stun.example")
    client = await start(
        ice_servers=(fixed,), turn_urls=("turn:a", "turns:a"), turn_secret="s" * 16
    )
    await create(client)
    logins = set()
    applicant, interviewer = bearer(client, APPLICANT), bearer(client, INTERVIEWER)
    for person in (applicant, interviewer, applicant):
        stun, relay = (await joined(client, person))["ice_servers"]
        assert stun == {"urls": "stun:stun.example"}
        assert relay["urls"] == ["turn:a", "turns:a"]
        until_s, pseudonym = relay["username"].split(":")
        assert int(until_s) > time.time() + 3600
        assert relay["credential"]
        logins.add(pseudonym)
    assert len(logins) == 2


@pytest.mark.parametrize(
    ("seat", "role", "microphone", "consent"),
    [
        (INTERVIEWER, None, "none", "required"),
        (APPLICANT, None, "own", "required"),
        ("지원자_2", None, "none", "required"),
        (None, "microphone", "room", "required"),
        (None, "observer", "none", "required"),
    ],
)
async def test_join_says_whose_sound_a_link_carries_and_whether_it_may(
    client: Client, seat: str | None, role: str | None, microphone: str, consent: str
) -> None:
    seats = [
        {"seat": INTERVIEWER, "microphone": "room"},
        {"seat": APPLICANT},
        {"seat": "지원자_2", "microphone": "none"},
    ]
    await create(client, seats=seats)
    found = await joined(client, bearer(client, seat, role))
    assert (found["microphone"], found["consent"]) == (microphone, consent)


async def test_join_follows_consent_of_the_person_and_of_the_room(client: Client) -> None:
    await create(client)
    seat, room = bearer(client, APPLICANT), bearer(client, role="microphone")
    person = await connect(client, "s1", token_of(seat))
    await ask(person, {"type": "consent"})
    assert (await joined(client, seat))["consent"] == "given"
    assert (await joined(client, room))["consent"] == "required"
    await ask(await connect(client), {"type": "confirm_room"})
    assert (await joined(client, room))["consent"] == "given"
    await ask(person, {"type": "withdraw_consent"})
    assert (await joined(client, seat))["consent"] == "required"
    assert (await joined(client, room))["consent"] == "required"


async def test_join_says_how_long_voices_may_be_kept_and_whether_this_one_is(start: Start) -> None:
    client = await start(keep_audio_days=30.0)
    await create(client)
    seat, other = bearer(client, APPLICANT), bearer(client, INTERVIEWER)

    async def keeping() -> list[tuple[object, object]]:
        found = [await joined(client, person) for person in (seat, other)]
        return [(one["keep_audio"], one["keep_audio_days"]) for one in found]

    assert await keeping() == [(False, 30), (False, 30)]
    person = await connect(client, "s1", token_of(seat))
    assert (await ask(person, {"type": "consent", "keep_audio_days": 30}))["type"] == "done"
    assert await keeping() == [(True, 30), (False, 30)]
    await ask(person, {"type": "consent"})
    assert await keeping() == [(False, 30), (False, 30)]
    await ask(person, {"type": "withdraw_consent"})
    assert await keeping() == [(False, 0), (False, 30)], "nobody is asked again"


async def test_nobody_is_asked_for_their_voice_where_consent_was_seen_to_elsewhere(
    start: Start,
) -> None:
    client = await start(keep_audio_days=30.0)
    await create(client, consent="external")
    assert (await joined(client, bearer(client, APPLICANT)))["keep_audio_days"] == 0


async def test_consent_seen_to_elsewhere_is_required_again_once_it_is_withdrawn(
    client: Client,
) -> None:
    await create(client, consent="external")
    seat = bearer(client, APPLICANT)
    assert (await joined(client, seat))["consent"] == "external"
    await ask(await connect(client, "s1", token_of(seat)), {"type": "withdraw_consent"})
    assert (await joined(client, seat))["consent"] == "required"


async def test_an_offer_without_consent_is_refused_and_taken_after_it(
    client: Client, browse: Browsers
) -> None:
    await create(client)
    headers = bearer(client, APPLICANT)
    browser = Browser(speaks=spoken())
    status, answer = await post_offer(client, headers, await browser.offer())
    await browser.close()
    assert (status, answer["code"]) == (403, "consent_required")
    seat = await connect(client, "s1", token_of(headers))
    assert (await ask(seat, {"type": "consent"}))["type"] == "done"
    await browse(headers=headers, speaks=spoken())


@pytest.mark.parametrize(
    ("sdp", "code"),
    [("", "bad_offer"), ("garbage", "bad_offer"), ("v=0\r\n" * 40_000, "bad_offer")],
)
async def test_an_offer_that_is_none_is_refused(client: Client, sdp: str, code: str) -> None:
    await connect(client)
    status, answer = await post_offer(client, bearer(client, APPLICANT), sdp)
    assert (status, answer["code"]) == (422, code)
    assert list((await room_of(client)).connections.values())[0].principal.seat is None


async def test_somebody_elses_link_to_a_held_seat_is_refused(
    client: Client, browse: Browsers
) -> None:
    await connect(client)
    await browse(APPLICANT)
    other = Browser()
    status, answer = await post_offer(client, bearer(client, APPLICANT), await other.offer())
    await other.close()
    assert (status, answer["code"]) == (409, "seat_taken")


async def test_the_same_person_s_second_tab_replaces_the_first(
    client: Client, browse: Browsers
) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    first = await browse(headers=headers)
    await first.say("interview", SUBSCRIBE)
    await told(first, "caught_up")
    await browse(headers=headers)
    assert (await told(first, "error"))["code"] == "replaced"
    await eventually(lambda: first.connection.connectionState == "closed")


async def test_an_ended_session_takes_no_offer(client: Client) -> None:
    await ask(await connect(client), {"type": "session_end"})
    browser = Browser()
    status, answer = await post_offer(client, bearer(client, APPLICANT), await browser.offer())
    await browser.close()
    assert (status, answer["code"]) == (409, "session_over")


async def test_an_ending_session_takes_no_new_microphone(
    client: Client, browse: Browsers, executor: ScriptedExecutor
) -> None:
    operator = await connect(client)
    await browse(speaks=spoken())
    await ask(operator, {"type": "subscribe"})
    await until(operator, "interim")
    executor.gate.clear()
    await operator.send_json({"type": "session_end"})
    room = await room_of(client)
    await eventually(lambda: room.life is Life.ENDING)
    late = Browser(speaks=spoken())
    status, answer = await post_offer(client, bearer(client, "지원자_2"), await late.offer())
    await late.close()
    assert (status, answer["code"]) == (503, "overloaded")
    executor.gate.set()
    await until(operator, "session_closed")


async def test_a_person_who_offers_too_often_waits_and_nobody_else(client: Client) -> None:
    await connect(client)
    headers = bearer(client, APPLICANT)
    for _ in range(MAX_OFFERS):
        assert (await post_offer(client, headers, "garbage"))[0] == 422
    status, answer = await post_offer(client, headers, "garbage")
    assert (status, answer["code"]) == (503, "overloaded")
    assert (await post_offer(client, bearer(client, "지원자_2"), "garbage"))[0] == 422


async def test_who_offers_to_send_nothing_has_no_microphone(client: Client) -> None:
    await create(client)
    listener = Browser()
    listener.connection.addTransceiver("audio", direction="recvonly")
    try:
        status, answer = await post_offer(client, bearer(client, APPLICANT), await listener.offer())
        assert status == 200, "nothing is sent that would need consent"
        await listener.take(answer["sdp"])
        await listener.say("interview", SUBSCRIBE)
        await told(listener, "caught_up")
        assert not list((await room_of(client)).held().tracks)
        assert [track.kind for track in listener.tracks] == ["audio"], "and may hear others"
    finally:
        await listener.close()
