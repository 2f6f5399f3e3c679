"""TLS: which files are refused and why, and what a server with a certificate does."""

import asyncio
import datetime
import os
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from server.app import make_app
from server.cli.office import Office, _remotely
from server.entrance import tls
from server.entrance.tls import Tls
from server.errors import ClientError
from server.journal.protocol import SessionInfo
from server.lockfile import RunningServer
from server.paths import SESSION
from server.settings import Settings, SettingsError
from tests.server.certificates import NOW, Pair, certificate
from tests.server.conftest import Client, ask
from tests.server.fakes import ScriptedExecutor
from tests.server.talk import connect, link, note

SECRET = "s" * 40
DAY = datetime.timedelta(days=1)


def loaded(pair: Pair) -> Tls:
    found = tls.load(Settings(tls_cert=pair.cert, tls_key=pair.key))
    assert found is not None
    return found


def refused(pair: Pair) -> str:
    with pytest.raises(SettingsError) as error:
        loaded(pair)
    assert str(error.value).endswith((".", "?"))
    return str(error.value)


# --- files --------------------------------------------------------------------------------------


def test_without_files_there_is_no_tls() -> None:
    assert tls.load(Settings()) is None


def test_a_certificate_says_whose_it_is_and_until_when(tmp_path: Path) -> None:
    found = loaded(certificate(tmp_path)).certificate
    assert found.names == ("interview.example", "127.0.0.1")
    assert abs(found.not_after - NOW - 90 * DAY) < datetime.timedelta(seconds=1)
    assert len(found.fingerprint) == 32


def test_a_certificate_without_names_is_served_too(tmp_path: Path) -> None:
    assert loaded(certificate(tmp_path, host=None)).certificate.names == ()


def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path) -> None:
    assert loaded(certificate(tmp_path)).context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_an_expired_certificate_is_refused_with_its_date(tmp_path: Path) -> None:
    pair = certificate(tmp_path, starts=-9 * DAY, lasts=-1 * DAY)
    assert f"expired on {NOW - DAY:%Y-%m-%d}" in refused(pair)


def test_a_certificate_of_tomorrow_is_refused(tmp_path: Path) -> None:
    assert "clock" in refused(certificate(tmp_path, starts=DAY))


def test_files_that_are_not_there_are_refused_by_name(tmp_path: Path) -> None:
    pair = certificate(tmp_path)
    nowhere = tmp_path / "nowhere"
    sentence = refused(Pair(nowhere, pair.key))
    assert sentence.startswith("--tls-cert (DAEDAM_TLS_CERT) is wrong")
    assert "nowhere" in sentence
    assert refused(Pair(pair.cert, nowhere)).startswith("--tls-key (DAEDAM_TLS_KEY) is wrong")
    assert "Is a directory" in refused(Pair(tmp_path, pair.key))


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 100, b"-----BEGIN CERTIFICATE-----\nAAAA\n", "인증서".encode()]
)
def test_files_that_hold_something_else_are_refused(tmp_path: Path, content: bytes) -> None:
    pair = certificate(tmp_path)
    other = tmp_path / "other"
    other.write_bytes(content)
    assert "holds no PEM certificate" in refused(Pair(other, pair.key))
    assert "holds no PEM key" in refused(Pair(pair.cert, other))
    assert "holds no PEM certificate" in refused(Pair(pair.key, pair.key))


def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    mine, other = certificate(tmp_path), certificate(tmp_path, name="other")
    assert "does not belong to" in refused(Pair(mine.cert, other.key))


def test_a_key_with_a_password_is_refused_instead_of_asked_for(tmp_path: Path) -> None:
    assert "has a password" in refused(certificate(tmp_path, password=b"secret"))


# --- a server with a certificate ----------------------------------------------------------------


@pytest.fixture
def secured(tmp_path: Path) -> Tls:
    return loaded(certificate(tmp_path))


@pytest.fixture
async def client(tmp_path: Path, secured: Tls) -> AsyncIterator[Client]:
    """Start a server with TLS; the client knows it by its certificate."""
    settings = Settings(data=tmp_path / "data", secret=SECRET)
    app = await asyncio.to_thread(make_app, settings, ScriptedExecutor())
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=secured.context)
    connector = aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(secured.certificate.fingerprint))
    client: Client = TestClient(server, connector=connector)
    yield client
    await client.close()


def announced(client: Client, secured: Tls, **changes: object) -> RunningServer:
    server = RunningServer(
        os.getpid(),
        str(client.make_url("")).rstrip("/"),
        link(client, role="operator"),
        secured.certificate.fingerprint.hex(),
    )
    return replace(server, **changes)  # type: ignore[arg-type]  # names and types of its fields


async def test_people_come_in_over_tls_and_talk(client: Client) -> None:
    socket = await connect(client, "s1", link(client, role="operator"))
    assert (await ask(socket, note()))["type"] == "note_saved"


async def test_links_lead_to_the_host_that_was_asked_over_tls(client: Client) -> None:
    root = {"Authorization": f"Bearer {link(client, role='operator')}"}
    for host, origin in (
        ("interview.example", "https://interview.example"),
        ("192.0.2.7:8443", "https://192.0.2.7:8443"),
        ("localhost:8443", None),
        ("127.0.0.1", None),
        ("evil.example/@x", None),
    ):
        response = await client.post(SESSION, headers={**root, "Host": host})
        assert response.status == 201
        made = await response.json()
        for invited in made["links"]:
            expected = f"{origin}/room/{made['session_id']}#t={invited['token']}"
            assert invited["url"] == (expected if origin else None)
            assert bool(invited["qr"]) == bool(origin)


async def test_a_plain_page_of_the_same_name_is_another_origin(client: Client) -> None:
    root = {"Authorization": f"Bearer {link(client, role='operator')}", "Host": "a.example"}
    for origin, status in (("https://a.example", 200), ("http://a.example", 403)):
        response = await client.get(SESSION, headers={**root, "Origin": origin})
        assert response.status == status


async def test_plain_http_at_the_tls_port_fails_and_disturbs_nobody(client: Client) -> None:
    address = client.make_url("/healthz").with_scheme("http")
    async with aiohttp.ClientSession() as plain:
        with pytest.raises(aiohttp.ClientError):
            await plain.get(address)
    assert (await client.get("/healthz")).status == 200


async def test_the_command_line_knows_the_server_by_its_certificate(
    client: Client, secured: Tls
) -> None:
    server = announced(client, secured)
    assert await _remotely(server, _sessions) == []


@pytest.mark.parametrize("fingerprint", ["00" * 32, None])
async def test_the_command_line_trusts_no_other_certificate(
    client: Client, secured: Tls, fingerprint: str | None
) -> None:
    with pytest.raises(ClientError, match="does not answer"):
        await _remotely(announced(client, secured, fingerprint=fingerprint), _sessions)


async def _sessions(office: Office) -> list[SessionInfo]:
    return await office.sessions()
