"""What the doctor says of browsers' needs: pages, certificates, addresses, STUN and TURN."""

import asyncio
import datetime
import ipaddress
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cli.browsers import certificate as certificate_findings
from server.cli.browsers import ice_servers, secure_context, sound_address
from server.cli.findings import Finding, Mark
from server.entrance.ice_servers import IceServer
from server.media import addresses
from server.settings import Settings
from tests.server.certificates import NOW, Pair, certificate
from tests.server.coturn import HOST, coturn
from tests.server.coturn import SECRET as COTURN_SECRET
from tests.server.entrance.test_stun import answered

SECRET = "s" * 40
DAY = datetime.timedelta(days=1)


def settings(**changes: object) -> Settings:
    return Settings(secret=SECRET).replaced(**changes)


def told(findings: list[Finding]) -> Finding:
    [finding] = findings
    assert finding.state
    return finding


# --- pages --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "mark", "words"),
    [
        ({}, Mark.OK, "http://127.0.0.1"),
        ({"host": "0.0.0.0"}, Mark.WARNING, "allow none at http://0.0.0.0"),
        ({"host": "0.0.0.0", "public_url": "https://a.example"}, Mark.OK, "https://a.example"),
        ({"host": "0.0.0.0", "tls_cert": Path("c"), "tls_key": Path("k")}, Mark.OK, "https"),
    ],
)
def test_pages_without_a_microphone_are_told(
    changes: dict[str, object], mark: Mark, words: str
) -> None:
    finding = told(secure_context(settings(**changes)))
    assert finding.mark is mark
    assert words in finding.state
    assert ("--tls-cert" in finding.advice) == (mark is Mark.WARNING)


def test_without_tls_there_is_nothing_to_say_of_certificates() -> None:
    assert certificate_findings(settings()) == []


@pytest.mark.parametrize(
    ("days", "mark"), [(90, Mark.OK), (15, Mark.OK), (13, Mark.WARNING), (-1, Mark.PROBLEM)]
)
def test_a_certificate_that_ends_soon_is_told_in_time(
    tmp_path: Path, days: int, mark: Mark
) -> None:
    pair = certificate(tmp_path, issuer="An authority", starts=-30 * DAY, lasts=days * DAY)
    finding = told(certificate_findings(_with(pair), NOW))
    assert finding.mark is mark
    assert f"{NOW + days * DAY:%Y-%m-%d}" in finding.state + finding.advice
    assert mark is Mark.PROBLEM or "interview.example" in finding.state


def test_a_certificate_that_nobody_vouches_for_is_told(tmp_path: Path) -> None:
    finding = told(certificate_findings(_with(certificate(tmp_path))))
    assert finding.mark is Mark.WARNING
    assert "self-signed" in finding.state
    assert "phones refuse it" in finding.state


def test_a_certificate_that_would_be_refused_is_a_problem(tmp_path: Path) -> None:
    mine, other = certificate(tmp_path), certificate(tmp_path, name="other")
    finding = told(certificate_findings(_with(Pair(mine.cert, other.key))))
    assert finding.mark is Mark.PROBLEM
    assert "does not belong" in finding.advice


def _with(pair: Pair) -> Settings:
    return settings(tls_cert=pair.cert, tls_key=pair.key)


# --- addresses ----------------------------------------------------------------------------------

PUBLIC = {"public_url": "https://8.8.8.8"}
PRIVATE = {"public_url": "https://10.0.0.1"}


@pytest.mark.parametrize(
    ("changes", "mark", "words"),
    [
        ({}, Mark.OK, "UDP at 127.0.0.1"),
        ({"bind_address": "127.0.0.1"}, Mark.OK, "UDP at 127.0.0.1"),
        ({"bind_address": "127.0.0.1", **PRIVATE}, Mark.PROBLEM, "do not reach"),
        ({"bind_address": "127.0.0.1", "host": "0.0.0.0"}, Mark.PROBLEM, "do not reach"),
        # 192.0.2.1 is nobody's (RFC 5737).
        ({"bind_address": "192.0.2.1"}, Mark.PROBLEM, "cannot be received at 192.0.2.1"),
        ({"announced_address": "8.8.4.4", **PUBLIC}, Mark.OK, "told as 8.8.4.4"),
        ({"announced_address": "10.0.0.7", **PUBLIC}, Mark.WARNING, "outside this network"),
        ({"announced_address": "10.0.0.7", **PRIVATE}, Mark.OK, "told as 10.0.0.7"),
        ({"announced_address": "127.0.0.1", **PUBLIC}, Mark.PROBLEM, "do not reach"),
    ],
)
def test_an_address_that_sound_does_not_reach_is_told(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], mark: Mark, words: str
) -> None:
    monkeypatch.setattr(addresses, "_all_of_the_machine", lambda *_: ["127.0.0.1"])
    finding = told(sound_address(settings(**changes)))
    assert finding.mark is mark
    assert words in finding.state
    assert (finding.mark is Mark.OK) or "DAEDAM_" in finding.advice


def test_a_machine_without_network_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_all_of_the_machine", lambda *_: [])
    assert told(sound_address(settings(host="0.0.0.0"))).mark is Mark.PROBLEM


def test_a_public_name_that_nobody_here_knows_may_be_public(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    finding = told(
        sound_address(settings(public_url="https://a.example", announced_address="10.0.0.7"))
    )
    assert finding.mark is Mark.WARNING


def test_a_proxy_on_this_machine_needs_the_address_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "_all_of_the_machine", lambda *_: ["127.0.0.1"])
    proxied = settings(trusted_proxies=(ipaddress.ip_network("127.0.0.1"),), **PRIVATE)
    assert told(sound_address(proxied)).mark is Mark.PROBLEM


# --- STUN and TURN ------------------------------------------------------------------------------


@pytest.fixture
def stun_port() -> Iterator[int]:
    """A STUN server on a thread: the doctor has a loop of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                data, sender = server.recvfrom(2048)
                if data == b"stop":
                    return
                server.sendto(answered(data), sender)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.sendto(b"stop", server.getsockname())
        thread.join()


def test_without_servers_there_is_nothing_to_ask() -> None:
    assert ice_servers(settings()) == []


def test_every_address_is_asked_and_the_silent_ones_are_told(stun_port: int) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    servers = (
        IceServer(f"stun:127.0.0.1:{stun_port}"),
        IceServer(
            (f"turn:127.0.0.1:{port}?transport=tcp", "turns:127.0.0.1:1?transport=udp"),
            "me",
            "geheim",
        ),
    )
    findings = ice_servers(settings(ice_servers=servers))
    assert [finding.mark for finding in findings] == [Mark.OK, Mark.PROBLEM, Mark.WARNING]
    assert findings[0].state == "answers"
    assert f"TCP {port}" in findings[1].advice
    assert not any("geheim" in f"{finding}" for finding in findings)


@pytest.fixture
def coturn_port(tmp_path: Path) -> Iterator[int]:
    """A TURN server that may relay to this machine: the doctor has a loop of its own."""
    allowed = (f"--allowed-peer-ip={HOST}", "--allow-loopback-peers")
    with asyncio.Runner() as runner:
        running = coturn(tmp_path, *allowed)
        yield runner.run(running.__aenter__())
        runner.run(running.__aexit__(None, None, None))


@pytest.mark.process
def test_a_turn_server_relays_to_this_machine_or_the_reason_is_told(coturn_port: int) -> None:
    url = f"turn:{HOST}:{coturn_port}"
    asked = settings(turn_urls=(url, f"{url}?transport=tcp"), turn_secret=COTURN_SECRET)
    here = [finding.state for finding in ice_servers(asked.replaced(bind_address=HOST))]
    assert here == [f"relays to {HOST}"] * 2
    elsewhere = ice_servers(asked.replaced(announced_address="192.0.2.1"))
    assert all("--allowed-peer-ip" in finding.advice for finding in elsewhere)
    strangers = ice_servers(asked.replaced(bind_address=HOST, turn_secret="x" * 16))
    assert all("DAEDAM_TURN_SECRET" in finding.advice for finding in strangers)
