"""Encoders and room devices come in with WHIP (RFC 9725): what they are answered and refused."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from server.api import peers
from server.api.peers import MAX_OFFERS
from server.entrance.ice_servers import IceServer
from server.errors import JournalUnavailable
from server.hearing import microphones
from tests.server.browsers import post_offer, visit
from tests.server.conftest import Client, Start, ask, until
from tests.server.coturn import SECRET, coturn
from tests.server.encoders import ENCODER, STUDIO, bearer, repeated, whip_client
from tests.server.fakes import ScriptedExecutor
from tests.server.media.clients import Client as Browser
from tests.server.talk import (
    APPLICANT,
    INTERVIEWER,
    SPOKEN,
    connect,
    create,
    events,
    eventually,
    link,
    room_of,
)

STUDIO_PROGRAM = Path(__file__).parents[1] / "browser/studio.js"
SDP = {"Content-Type": "application/sdp"}
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag"}
WHIP = "/whip/s1"
PAGE = "https://studio.example"
OWN = "a=ice-ufrag:encoderencoderencoderencoder\r\na=ice-pwd:passwordpasswordpasswordpassword\r\n"
CANDIDATE = "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"


@pytest.fixture
async def client(client: Client) -> Client:
    """A server where session ``s1`` has an interviewer with a room microphone and an applicant."""
    await create(client, consent="external", seats=ROOM)
    return client


ROOM = [{"seat": INTERVIEWER, "microphone": "room"}, {"seat": APPLICANT}]


async def offered(
    client: Client, headers: dict[str, str], sdp: str | bytes = ENCODER, path: str = WHIP
) -> Any:
    return await client.post(path, data=sdp, headers={**SDP, **headers})


async def refused(
    client: Client, headers: dict[str, str], sdp: str | bytes = ENCODER, path: str = WHIP
) -> tuple[int, str]:
    response = await offered(client, headers, sdp, path)
    return response.status, (await response.json())["code"]


# --- offers -------------------------------------------------------------------------------------


async def test_an_offer_is_created_as_a_connection_of_its_own(client: Client) -> None:
    response = await offered(client, bearer(client))
    assert response.status == 201
    assert response.headers["Content-Type"] == "application/sdp"
    assert response.headers["Location"].startswith("/whip/s1/")
    assert response.headers["ETag"].startswith('"')
    assert "Link" not in response.headers
    answer = await response.text()
    assert "a=recvonly" in answer
    assert "a=mid:audio0" in answer
    assert "a=group" not in answer


async def test_a_seat_with_a_microphone_of_its_own_may_use_an_encoder(client: Client) -> None:
    assert (await offered(client, bearer(client, APPLICANT), STUDIO)).status == 201


@pytest.mark.parametrize(
    ("seat", "role"), [(INTERVIEWER, None), (None, "observer"), (None, "operator")]
)
async def test_who_has_no_microphone_is_refused(
    client: Client, seat: str | None, role: str | None
) -> None:
    assert await refused(client, bearer(client, seat, role)) == (403, "forbidden")


async def test_a_link_is_needed_that_is_good_here_and_now(client: Client) -> None:
    token = link(client, "s1", role="microphone", expires_s=-1)
    other = link(client, "s2", role="microphone")
    for wrong, code in ((token, "link_invalid"), ("garbage", "link_invalid")):
        found = await refused(client, {"Authorization": f"Bearer {wrong}"})
        assert found == (401, code)
    assert await refused(client, {"Authorization": f"Bearer {other}"}) == (403, "other_session")
    good = link(client, "s1", role="microphone")
    # Addresses end up in logs: there a link opens nothing.
    assert await refused(client, {}, ENCODER, f"{WHIP}?t={good}") == (401, "link_required")
    basic = {"Authorization": f"Basic {good}"}
    assert await refused(client, basic) == (401, "link_required")
    forwarded = {"X-Forwarded-For": "192.0.2.1"}
    assert await refused(client, forwarded, ENCODER, f"{WHIP}?t={good}") == (401, "link_required")


async def test_an_unknown_interview_is_not_found(client: Client) -> None:
    headers = {"Authorization": f"Bearer {link(client, 's9', role='microphone')}"}
    assert await refused(client, headers, ENCODER, "/whip/s9") == (404, "unknown_session")


async def test_consent_comes_before_sound(start: Start) -> None:
    client = await start()
    await create(client)
    headers = bearer(client)
    assert await refused(client, headers) == (403, "consent_required")
    assert await refused(client, bearer(client, APPLICANT)) == (403, "consent_required")
    await ask(await connect(client), {"type": "confirm_room"})
    assert (await offered(client, headers)).status == 201


async def test_an_ended_interview_takes_no_encoder_and_forgets_its_own(client: Client) -> None:
    headers = bearer(client)
    place = (await offered(client, headers)).headers["Location"]
    await ask(await connect(client), {"type": "session_end"})
    assert await refused(client, headers) == (409, "session_over")

    async def is_gone() -> bool:
        return (await client.delete(place, headers=headers)).status == 404

    await eventually(is_gone)


@pytest.mark.parametrize(
    ("sdp", "status", "code"),
    [
        ("", 422, "bad_offer"),
        ("garbage", 422, "bad_offer"),
        (b"\xff\xfe", 422, "bad_offer"),
        (ENCODER.replace("OPUS", "PCMU"), 422, "bad_offer"),
        (ENCODER + ENCODER[ENCODER.index("m=audio") :], 422, "bad_offer"),
        (ENCODER.replace("sendonly", "recvonly"), 422, "bad_offer"),
        (ENCODER + "a=x\n" * 20_000, 413, "too_large"),
    ],
)
async def test_an_offer_that_cannot_be_taken_leaves_nothing(
    client: Client, sdp: str | bytes, status: int, code: str
) -> None:
    assert await refused(client, bearer(client), sdp) == (status, code)
    assert not (await room_of(client)).connections


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "application/sdp2"])
async def test_a_body_of_another_type_is_not_supported(client: Client, kind: str) -> None:
    headers = {**bearer(client), "Content-Type": kind}
    response = await client.post(WHIP, data=ENCODER.encode(), headers=headers)
    assert response.status == 415


async def test_who_offers_too_often_is_told_when_to_come_back(client: Client) -> None:
    headers = bearer(client)
    for _ in range(MAX_OFFERS):
        assert (await offered(client, headers, "garbage")).status == 422
    response = await offered(client, headers)
    assert (response.status, (await response.json())["code"]) == (503, "overloaded")
    assert int(response.headers["Retry-After"]) > 0


async def test_who_comes_while_nobody_knows_who_holds_the_session_is_told_when_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unknown() -> str | None:
        raise JournalUnavailable

    monkeypatch.setattr(await room_of(client), "hold", unknown)
    response = await offered(client, bearer(client))
    assert (response.status, (await response.json())["code"]) == (503, "journal_unavailable")
    assert int(response.headers["Retry-After"]) > 0


async def test_only_what_the_standard_has_is_allowed(client: Client) -> None:
    headers = bearer(client)
    place = (await offered(client, headers)).headers["Location"]
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        response = await client.request(method, WHIP, headers=headers)
        assert response.status == 405
        assert response.headers["Allow"] == "OPTIONS,POST"
    for method in ("GET", "HEAD", "PUT", "POST"):
        assert (await client.request(method, place, headers=headers)).status == 405


# --- the connection's own address ---------------------------------------------------------------


async def test_a_connection_is_ended_once_and_by_nobody_else(client: Client) -> None:
    headers = bearer(client)
    place = (await offered(client, headers)).headers["Location"]
    for other, status in ((bearer(client), 403), (bearer(client, APPLICANT), 403), ({}, 401)):
        assert (await client.delete(place, headers=other)).status == status
    assert (await client.delete("/whip/s1/unknown", headers=headers)).status == 404
    response = await client.delete(place, headers={**headers, "If-Match": '"anything"'})
    assert (response.status, await response.read()) == (200, b"")
    assert (await client.delete(place, headers=headers)).status == 404


async def test_a_pages_connection_is_no_encoders(client: Client) -> None:
    headers, page = bearer(client, APPLICANT), Browser(speaks=SPOKEN)
    status, answer = await post_offer(client, headers, await page.offer())
    assert status == 200
    await page.close()
    place = f"{WHIP}/{answer['connection']}"
    assert (await client.delete(place, headers=headers)).status == 404
    tagged = {**headers, **FRAGMENT, "If-Match": "*"}
    assert (await client.patch(place, data=OWN, headers=tagged)).status == 404
    assert visit(client, answer["connection"]) is not None


async def test_candidates_are_taken_note_of(client: Client) -> None:
    headers = bearer(client)
    created = await offered(client, headers)
    tagged = {**headers, **FRAGMENT, "If-Match": created.headers["ETag"]}
    for fragment in (OWN, OWN + CANDIDATE, OWN + "a=end-of-candidates\r\n"):
        response = await client.patch(created.headers["Location"], data=fragment, headers=tagged)
        assert (response.status, await response.read()) == (204, b"")
        assert "ETag" not in response.headers


@pytest.mark.parametrize(
    ("tag", "fragment", "status"),
    [
        (None, OWN, 428),
        ('"stale"', OWN, 412),
        ('W/"own"', OWN, 412),
        ("own", "garbage", 400),
        ("own", "a=ice-ufrag:only\r\n", 400),
        ("*", "a=ice-ufrag:newer\r\na=ice-pwd:newernewernewernewer\r\n", 422),
        ("own", "a=ice-ufrag:newer\r\na=ice-pwd:newernewernewernewer\r\n", 422),
        ("own", b"\xff", 422),
        ("own", "a=x\r\n" * 20_000, 413),
    ],
)
async def test_what_is_no_candidate_is_refused_and_the_connection_goes_on(
    client: Client, tag: str | None, fragment: str | bytes, status: int
) -> None:
    headers = bearer(client)
    created = await offered(client, headers)
    place, own = created.headers["Location"], created.headers["ETag"]
    tagged = {} if tag is None else {"If-Match": own if tag == "own" else tag}
    response = await client.patch(place, data=fragment, headers={**headers, **FRAGMENT, **tagged})
    assert response.status == status
    good = {**headers, **FRAGMENT, "If-Match": own}
    assert (await client.patch(place, data=OWN, headers=good)).status == 204


async def test_candidates_come_as_a_fragment_and_for_a_connection_of_ones_own(
    client: Client,
) -> None:
    headers = bearer(client)
    created = await offered(client, headers)
    place, tag = created.headers["Location"], {"If-Match": created.headers["ETag"]}
    assert (await client.patch(place, data=OWN, headers={**headers, **SDP, **tag})).status == 415
    other = {**bearer(client), **FRAGMENT, **tag}
    assert (await client.patch(place, data=OWN, headers=other)).status == 403


# --- ICE servers and pages of others -------------------------------------------------------------


async def test_ice_servers_are_named_to_whoever_has_a_link(start: Start) -> None:
    fixed = (
        IceServer(urls="stun:stun.example"),
        IceServer(urls="turn:other.example", username='a "b"', credential="c\\d\n"),
    )
    urls = ("turn:turn.example?transport=udp", "turns:turn.example")
    client = await start(ice_servers=fixed, turn_urls=urls, turn_secret="s" * 16)
    await create(client, consent="external")
    headers = bearer(client)
    for response in (await offered(client, headers), await client.options(WHIP, headers=headers)):
        stun, other, *own = response.headers.getall("Link")
        assert stun == '<stun:stun.example>; rel="ice-server"'
        assert other == (
            '<turn:other.example>; rel="ice-server"; username="a \\"b\\""; credential="c\\\\d"; '
            'credential-type="password"'
        )
        assert [entry.split(">")[0] for entry in own] == [f"<{url}" for url in urls]
        assert all('; credential-type="password"' in entry for entry in own)
    for wrong in ({}, {"Authorization": "Bearer x"}, bearer(client, role="observer")):
        assert "Link" not in (await client.options(WHIP, headers=wrong)).headers


async def test_anybody_may_ask_what_is_taken(client: Client) -> None:
    response = await client.options(WHIP)
    assert (response.status, response.headers["Accept-Post"]) == (204, "application/sdp")


async def test_a_listed_page_may_encode_and_read_what_it_needs(start: Start) -> None:
    client = await start(origins=frozenset({PAGE}))
    await create(client, consent="external")
    for place in (WHIP, f"{WHIP}/one"):
        before = await client.options(place, headers={"Origin": PAGE})
        assert before.status == 204
        assert before.headers["Access-Control-Allow-Origin"] == PAGE
        assert {"POST", "PATCH", "DELETE"} <= words(before, "Access-Control-Allow-Methods")
        assert {"Authorization", "Content-Type", "If-Match"} <= words(
            before, "Access-Control-Allow-Headers"
        )
    created = await offered(client, {**bearer(client), "Origin": PAGE})
    assert created.status == 201
    assert created.headers["Access-Control-Allow-Origin"] == PAGE
    assert {"ETag", "Link", "Location"} <= words(created, "Access-Control-Expose-Headers")


def words(response: Any, header: str) -> set[str]:
    return set(response.headers[header].split(", "))


async def test_a_page_of_somebody_else_may_not_encode(client: Client) -> None:
    headers = {**bearer(client), "Origin": PAGE}
    assert await refused(client, headers) == (403, "foreign_origin")
    assert (
        "Access-Control-Allow-Origin" not in (await client.options(WHIP, headers=headers)).headers
    )


# --- encoders that really speak ------------------------------------------------------------------


async def test_a_real_encoder_is_the_rooms_microphone_until_it_says_goodbye(
    client: Client, tmp_path: Path
) -> None:
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    token = link(client, "s1", role="microphone")
    url = str(client.make_url(WHIP))
    async with whip_client(tmp_path, url, token, repeated(SPOKEN)) as encoder:
        final = (await until(reader, "utterance_final"))[-1]
        assert final["track"].startswith("room-")
        assert final["segments"]
        await encoder.stop()
        assert (await until(reader, "left"))[-1]["reason"] == "closed"
    assert "PeerConnection connected" in encoder.said
    assert "[ERR]" not in encoder.said


async def test_a_real_encoder_gets_out_of_a_network_without_udp_by_the_relay_it_is_told(
    start: Start, tmp_path: Path
) -> None:
    allowed = ("--allow-loopback-peers", "--allowed-peer-ip=127.0.0.1")
    async with coturn(tmp_path, *allowed) as port:
        urls = (f"turn:127.0.0.1:{port}?transport=tcp",)
        client = await start(turn_urls=urls, turn_secret=SECRET)
        await create(client, consent="external", seats=ROOM)
        reader = await connect(client)
        await ask(reader, {"type": "subscribe"})
        token, url = link(client, "s1", seat=APPLICANT), str(client.make_url(WHIP))
        options = ("--follow-link", "--force-turn", "--no-trickle")
        async with whip_client(tmp_path, url, token, repeated(SPOKEN), *options):
            assert (await until(reader, "utterance_final"))[-1]["track"] == APPLICANT


@pytest.mark.parametrize("order", ["sound-first", "video-first"])
async def test_a_studio_that_insists_on_a_picture_is_heard_without(
    client: Client, order: str
) -> None:
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    command = ("node", str(STUDIO_PROGRAM), str(client.make_url(WHIP)))
    process = await asyncio.create_subprocess_exec(
        *(*command, link(client, "s1", role="microphone"), order),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), 15)
        assert said == b"open: sound\n"
        await until(reader, "joined")
        process.stdin.close()
        assert (await until(reader, "left"))[-1]["reason"] == "closed"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_an_encoder_that_vanishes_is_lost(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(microphones, "LOST_S", 1.2)
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    token, url = link(client, "s1", role="microphone"), str(client.make_url(WHIP))
    async with whip_client(tmp_path, url, token, repeated(SPOKEN)) as encoder:
        await until(reader, "utterance_final")
        await encoder.kill()
        async with asyncio.timeout(20):
            while (await until(reader, "microphone"))[-1]["state"] != "lost":
                pass


async def test_an_encoder_that_never_connects_leaves_nothing_in_the_record(
    client: Client, executor: ScriptedExecutor
) -> None:
    assert (await offered(client, bearer(client))).status == 201
    assert [event["type"] for event in await events(client)] == ["session_created"]
    assert not executor.jobs


async def test_an_encoder_that_never_sends_sound_is_ended(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "SPEECHLESS_S", 0.5)
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    mute = Browser(speaks=SPOKEN, channels=())
    assert mute.microphone is not None
    mute.microphone.speaking.clear()
    response = await offered(client, bearer(client), await mute.offer())
    await mute.take(await response.text())
    try:
        await until(reader, "joined")
        await until(reader, "left")
    finally:
        await mute.close()


async def test_an_encoder_speaks_as_browsers_do_too(client: Client) -> None:
    reader = await connect(client)
    await ask(reader, {"type": "subscribe"})
    browser = Browser(speaks=repeated(SPOKEN), channels=())
    response = await offered(client, bearer(client), await browser.offer())
    await browser.take(await response.text())
    try:
        await until(reader, "utterance_final")
    finally:
        await browser.close()
