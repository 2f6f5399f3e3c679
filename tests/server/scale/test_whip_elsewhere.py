"""An encoder that comes in at a process that does not hold its session."""

from pathlib import Path

import aiohttp
import pytest

from server.access import Principal, Role
from server.api import context
from tests.server.conftest import Client, ask, until
from tests.server.encoders import ENCODER, bearer, repeated, whip_client
from tests.server.fakes import ScriptedExecutor
from tests.server.redis_server import RedisServer
from tests.server.scale.conftest import Pair, serving
from tests.server.talk import INTERVIEWER, SPOKEN, connect, create, link, room_of

pytestmark = pytest.mark.redis

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = "a=ice-ufrag:encoderencoderencoderencoder\r\na=ice-pwd:passwordpasswordpasswordpassword"


async def opened(client: Client) -> None:
    """Open a session with a room microphone that ``client``'s process holds."""
    await create(client, consent="external", seats=[{"seat": INTERVIEWER, "microphone": "room"}])
    assert await (await room_of(client)).hold() is None


async def test_an_offer_is_passed_on_to_the_holder_and_so_is_the_rest(pair: Pair) -> None:
    await opened(pair.first)
    headers = bearer(pair.first)
    created = await pair.second.post("/whip/s1", data=ENCODER, headers={**headers, **SDP})
    assert created.status == 201
    assert created.headers["Content-Type"] == "application/sdp"
    assert "a=recvonly" in await created.text()
    place = created.headers["Location"]
    tagged = {
        **headers,
        "If-Match": created.headers["ETag"],
        "Content-Type": "application/trickle-ice-sdpfrag",
    }
    for client in (pair.first, pair.second):
        assert (await client.patch(place, data=FRAGMENT, headers=tagged)).status == 204
    assert (await pair.second.delete(place, headers=bearer(pair.first))).status == 403
    assert (await pair.second.delete(place, headers=headers)).status == 200
    for client in (pair.first, pair.second):
        assert (await client.delete(place, headers=headers)).status == 404


async def test_a_refusal_of_the_holder_is_told_as_its_own(pair: Pair) -> None:
    await opened(pair.first)
    headers = {**bearer(pair.first), **SDP}
    response = await pair.second.post("/whip/s1", data="garbage", headers=headers)
    assert (response.status, (await response.json())["code"]) == (422, "bad_offer")


async def test_what_processes_ask_each_other_is_nothing_a_client_can_ask(pair: Pair) -> None:
    await opened(pair.first)
    headers = bearer(pair.first)
    wish = {"type": "leave", "connection": "x"}
    assert (await pair.first.post("/whip/s1", json=wish, headers=headers)).status == 415


async def test_a_process_that_holds_no_session_says_so_to_the_one_that_asks(pair: Pair) -> None:
    await opened(pair.first)
    word = _vouched(pair.second)
    # Past the client that checks what the public contract promises.
    async with aiohttp.ClientSession(headers={"Authorization": f"Relay {word}"}) as other:
        at_first, at_second = (str(c.make_url("/whip/s1")) for c in (pair.first, pair.second))
        wish = {"type": "look", "connection": "x"}
        assert (await other.post(at_second, json=wish)).status == 421
        assert await (await other.post(at_first, json=wish)).json() == {
            "type": "found",
            "is_there": False,
        }
        assert (await other.post(at_first, json={"type": "nonsense"})).status == 400


def _vouched(client: Client) -> str:
    assert client.app is not None
    device = Principal(frozenset({Role.MICROPHONE}), "s1", link="device")
    word: str = client.app[context.LINKS].vouch(device)
    return word


async def test_a_holder_that_clients_can_reach_is_where_they_are_sent(
    tmp_path: Path, redis_server: RedisServer, executor: ScriptedExecutor
) -> None:
    async with (
        serving(tmp_path / "first", redis_server.port, executor) as first,
        serving(tmp_path / "second", redis_server.port, executor) as second,
    ):
        await announce_directly(first)
        await opened(first)
        headers = {**bearer(first), **SDP}
        response = await second.post(
            "/whip/s1", data=ENCODER, headers=headers, allow_redirects=False
        )
        assert (response.status, await response.read()) == (307, b"")
        assert response.headers["Location"] == str(first.make_url("/whip/s1"))


async def test_a_real_encoder_follows_to_the_holder(
    tmp_path: Path, redis_server: RedisServer, executor: ScriptedExecutor
) -> None:
    async with (
        serving(tmp_path / "first", redis_server.port, executor) as first,
        serving(tmp_path / "second", redis_server.port, executor) as second,
    ):
        await announce_directly(first)
        await opened(first)
        reader = await connect(first)
        await ask(reader, {"type": "subscribe"})
        token, url = link(first, "s1", role="microphone"), str(second.make_url("/whip/s1"))
        async with whip_client(tmp_path, url, token, repeated(SPOKEN)) as encoder:
            await until(reader, "utterance_final")
            await encoder.stop()  # It asks the second one, which passes that on.
            assert (await until(reader, "left"))[-1]["reason"] == "closed"
        assert "[ERR]" not in encoder.said


async def announce_directly(client: Client) -> None:
    """Tell the others that clients can reach this process, too."""
    assert client.app is not None
    url = str(client.make_url("")).rstrip("/")
    await client.app[context.EXCHANGE].announce(url, direct_url=url)
