"""Redis, two servers and the proxy as deployed: people come in by https and notice no death."""

import asyncio
import io
import json
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from server.paths import SESSION
from tests.deploy.compose import ROOT
from tests.deploy.deployment import Deployment, Server, deployed
from tests.deploy.proxy import HOST
from tests.deploy.waiting import until
from tests.server.conftest import ask, socket_path
from tests.server.talk import chunk, eventually, note

pytestmark = [pytest.mark.process, pytest.mark.redis]

WAV_HEADER = 44


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("deployed")) as running:
        yield running


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Deployment]:
    """One that a test may damage."""
    with deployed(tmp_path) as running:
        yield running


def bearer(deployment: Deployment) -> dict[str, str]:
    return {"Authorization": f"Bearer {deployment.link(role='operator')}"}


def long_wav(size: int) -> bytes:
    """Return silence as a studio records it: many bytes and little work."""
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(2)
        recording.setsampwidth(4)
        recording.setframerate(48000)
        recording.writeframes(bytes(size - WAV_HEADER))
    return file.getvalue()


async def noted(deployment: Deployment, visitor: aiohttp.ClientSession, session: str) -> None:
    """Open an interview and leave a note in it, through the proxy."""
    path = socket_path(session, deployment.link(role="operator"))
    async with visitor.ws_connect(path) as socket:
        assert (await ask(socket, note("침착하다")))["type"] == "note_saved"


async def kept_notes(deployment: Deployment, visitor: aiohttp.ClientSession, session: str) -> int:
    """Return how many notes the interview's record has."""
    path = f"{SESSION}/{session}/journal"
    async with visitor.get(path, headers=bearer(deployment)) as found:
        assert found.status == 200
        lines = (await found.text()).splitlines()
    return sum(json.loads(line)["type"] == "note_added" for line in lines)


async def test_people_come_in_by_https_and_only_with_a_link(deployment: Deployment) -> None:
    async with deployment.visitor() as visitor:
        async with visitor.get("/") as page:
            assert page.status == 200
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
            await visitor.ws_connect(socket_path("s1"))
        # The peer is the proxy, on loopback: it must not make its visitors operators.
        async with visitor.get(SESSION) as refused:
            assert refused.status == 401
        await noted(deployment, visitor, "s1")
        assert await kept_notes(deployment, visitor, "s1") == 1


async def test_plain_http_leads_to_https(deployment: Deployment) -> None:
    async with deployment.visitor() as visitor:
        plain = deployment.proxy.http_url + "/room/s1"
        async with visitor.get(plain, allow_redirects=False) as response:
            assert response.status == 308
            assert response.headers["Location"].startswith("https://")


async def test_a_page_of_the_public_address_may_ask_and_another_may_not(
    deployment: Deployment,
) -> None:
    async with deployment.visitor() as visitor:
        for origin, status in ((deployment.proxy.url, 200), ("https://other.example", 403)):
            headers = bearer(deployment) | {"Origin": origin}
            async with visitor.get(SESSION, headers=headers) as response:
                assert response.status == status


async def test_an_audio_frame_of_20_mib_passes(deployment: Deployment) -> None:
    frame = chunk(long_wav(15 * 1024**2))
    assert len(frame["audio_data"]) == 20 * 1024**2
    async with deployment.visitor() as visitor:
        path = socket_path("loud", deployment.link(role="operator"))
        async with visitor.ws_connect(path) as socket:
            said = await ask(socket, frame)
            assert said["type"] == "audio_processed"
            assert said["result"]["transcription"]["success"] is True


async def test_numbers_and_what_servers_ask_each_other_are_not_for_visitors(
    deployment: Deployment,
) -> None:
    async with deployment.visitor() as visitor:
        for path in ("/metrics", f"{SESSION}/s1/command"):
            async with visitor.post(path, headers=bearer(deployment)) as response:
                assert response.status == 404
                assert await response.read() == b""


async def test_both_doors_of_an_interview_lead_to_the_same_server(deployment: Deployment) -> None:
    async with deployment.visitor() as visitor:
        # The proxy draws by ports, too: of so many at least one goes to either server.
        sessions = [f"sticky-{number:02}" for number in range(24)]
        for session in sessions:
            await noted(deployment, visitor, session)
            async with visitor.get(
                f"{SESSION}/{session}/status", headers=bearer(deployment)
            ) as found:
                assert found.status == 200
    first, second = deployment.servers

    def counts() -> list[list[int]]:
        return [sorted((first.served(each), second.served(each))) for each in sessions]

    # A line for the status, and one for the socket, which is written after its end.
    until(lambda: all(sum(count) >= 2 for count in counts()), first.log)
    assert counts() == [[0, 2]] * len(sessions)
    assert all(server.served("sticky-") for server in deployment.servers)


def test_the_container_is_healthy_while_its_server_lives(deployment: Deployment) -> None:
    for server in deployment.servers:
        environment = {"DAEDAM_HOST": "0.0.0.0", "DAEDAM_PORT": str(server.port)}
        check = [sys.executable, str(ROOT / "deploy/healthy.py")]
        assert subprocess.run(check, env=environment, timeout=20).returncode == 0


async def test_the_proxys_log_has_no_links_and_no_addresses_of_people(
    deployment: Deployment,
) -> None:
    token = deployment.link(role="operator")
    async with deployment.visitor() as visitor:
        async with visitor.ws_connect(socket_path("logged", token)) as socket:
            await ask(socket, note())
        await (await visitor.get(SESSION, headers={"Authorization": f"Bearer {token}"})).read()
    log = deployment.proxy.log.read_text()
    assert "/ws/interview/logged" in log
    for secret in (token, token.split(".")[1], "?t=", "Bearer", f'"{HOST}"', "remote_ip"):
        assert secret not in log


async def test_without_redis_visitors_are_told_to_wait_and_come_in_again_later(
    deployment: Deployment,
) -> None:
    async with deployment.visitor() as visitor:
        await noted(deployment, visitor, "kept")
        deployment.redis.kill()
        async with asyncio.timeout(20):
            while (refused := await visitor.get("/")).status == 200:
                await refused.read()
        assert refused.status == 503
        assert refused.headers["Retry-After"] == "5"
        assert "Please try again in a moment." in await refused.text()
        await asyncio.to_thread(deployment.redis.start)

        async def is_open_again() -> bool:
            return (await visitor.get("/")).status == 200

        await eventually(is_open_again)
        assert await kept_notes(deployment, visitor, "kept") == 1


async def test_when_a_server_is_told_to_stop_the_next_request_goes_to_the_other(
    fresh: Deployment,
) -> None:
    async with fresh.visitor() as visitor:
        await noted(fresh, visitor, "moving")
        gone, left = in_order(fresh, "moving")
        gone.process.send_signal(signal.SIGTERM)
        ended = asyncio.create_task(asyncio.to_thread(gone.process.wait, 40))
        while not ended.done():
            await listed(fresh, visitor)
        assert await ended == 0
        await goes_on(fresh, visitor, left)


async def test_when_a_server_is_killed_the_next_request_goes_to_the_other(
    fresh: Deployment,
) -> None:
    async with fresh.visitor() as visitor:
        await noted(fresh, visitor, "moving")
        gone, left = in_order(fresh, "moving")
        gone.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(gone.process.wait, 10)
        await listed(fresh, visitor)
        await goes_on(fresh, visitor, left)


async def listed(deployment: Deployment, visitor: aiohttp.ClientSession) -> None:
    """Ask for the interviews as an operator's page does, and get them."""
    async with visitor.get(SESSION, headers=bearer(deployment)) as response:
        assert response.status == 200


async def goes_on(deployment: Deployment, visitor: aiohttp.ClientSession, left: Server) -> None:
    """Leave another note at the server that is left, which has the first one too."""
    await noted(deployment, visitor, "moving")
    assert await kept_notes(deployment, visitor, "moving") == 2
    await asyncio.to_thread(until, lambda: left.served("moving") > 0, left.log)


def in_order(deployment: Deployment, session: str) -> tuple[Server, Server]:
    """Return the server that has served the session, and the other one."""
    first, second = deployment.servers
    # A socket's line is written after its end.
    until(lambda: first.served(session) > 0 or second.served(session) > 0, first.log)
    return (first, second) if first.served(session) else (second, first)
