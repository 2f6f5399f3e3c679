"""What the doctor says of a Redis, and of settings that do not go together with one."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.cli import redis_health
from server.cli.doctor import _journal as journal_findings
from server.cli.doctor import _settings as settings_findings
from server.cli.findings import Finding, Mark
from server.journal_address import Durability, RedisAddress, SqliteAddress
from server.settings import Settings
from tests.server.redis_server import RedisServer

pytestmark = pytest.mark.redis

PASSWORD = "geheim"
ALWAYS = Durability("always")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    folder = tmp_path_factory.mktemp("redis")
    with RedisServer(folder, password=PASSWORD, appendfsync="always") as server:
        yield server


@pytest.fixture
def redis(running: RedisServer) -> Iterator[RedisServer]:
    """One whose configuration is put right after the test."""
    yield running
    for name, value in (
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("maxmemory", "0"),
        ("maxmemory-policy", "noeviction"),
    ):
        running.ask("CONFIG", "SET", name, value)


def told(address: RedisAddress, durability: Durability = ALWAYS) -> dict[str, Finding]:
    found = redis_health.findings(address, durability)
    for finding in found:
        assert PASSWORD not in f"{finding}"
        assert finding.mark is Mark.OK or finding.advice
    return {finding.about: finding for finding in found}


def problem(found: dict[str, Finding]) -> Finding:
    """Return the only one that is not well."""
    [wrong] = [finding for finding in found.values() if finding.mark is not Mark.OK]
    return wrong


def test_a_redis_that_is_well_is_told_with_its_distance_and_sessions(redis: RedisServer) -> None:
    for durability in (ALWAYS, Durability("everysec")):
        found = told(redis.address, durability)
        assert {finding.mark for finding in found.values()} == {Mark.OK}
        assert f"redis://127.0.0.1:{redis.port}/0: Redis 7." in found["journal"].state
        assert "0 interviews" in found["journal"].state
        assert " ms for a round trip" in found["journal distance"].state
        assert durability.fsync in found["journal durability"].state


def test_a_far_redis_is_a_warning(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_health, "FAR_MS", 0.0)
    finding = problem(told(redis.address))
    assert (finding.about, finding.mark) == ("journal distance", Mark.WARNING)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"appendonly": "no"}, "set appendonly yes"),
        ({"appendfsync": "everysec"}, "set appendfsync always"),
        ({"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"}, "maxmemory-policy noeviction"),
    ],
)
def test_less_durability_than_promised_is_a_problem(
    redis: RedisServer, config: dict[str, str], words: str
) -> None:
    for name, value in config.items():
        redis.ask("CONFIG", "SET", name, value)
    finding = problem(told(redis.address))
    assert finding.mark is Mark.PROBLEM
    assert words in finding.advice


def test_missing_replicas_are_a_problem(redis: RedisServer) -> None:
    finding = problem(told(redis.address, Durability("everysec", 2)))
    assert (finding.about, finding.mark) == ("journal replicas", Mark.PROBLEM)
    assert "0 connected" in finding.state


def test_a_replica_takes_no_events(redis: RedisServer, tmp_path: Path) -> None:
    replica = RedisServer(
        tmp_path / "replica", replicaof=f"127.0.0.1 {redis.port}", masterauth=PASSWORD
    )
    with replica:
        assert "name the master" in told(replica.address)["journal durability"].advice


def test_memory_that_is_nearly_used_up_is_a_warning(redis: RedisServer) -> None:
    redis.ask("CONFIG", "SET", "maxmemory", "1gb")
    assert "of 1024 MiB used" in told(redis.address)["journal memory"].state
    redis.ask("CONFIG", "SET", "maxmemory", "1mb")
    finding = problem(told(redis.address))
    assert (finding.about, finding.mark) == ("journal memory", Mark.WARNING)


def test_a_wrong_password_is_told_and_never_shown(redis: RedisServer) -> None:
    url = redis.url.replace(PASSWORD, "falsch")
    finding = problem(told(RedisAddress(url)))
    assert "refuses this user or password" in finding.state
    assert "falsch" not in f"{finding}"
    assert "refuses" in problem(told(RedisAddress(url.replace(":falsch@", "")))).state


def test_nobody_there_is_told_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        found = told(RedisAddress(f"redis://:{PASSWORD}@127.0.0.1:{port}/0"))
    assert f"127.0.0.1:{port}/0 cannot be reached (Connection refused)" in problem(found).state
    assert "cannot be reached" in problem(told(RedisAddress("redis://nobody.invalid/0"))).state


def test_somebody_else_there_is_told(redis: RedisServer) -> None:
    """TLS is asked of a Redis that speaks none, and a Redis of what is none."""
    finding = problem(told(RedisAddress(redis.url.replace("redis://", "rediss://"))))
    assert finding.mark is Mark.PROBLEM


# --- settings -----------------------------------------------------------------------------------


def test_a_redis_without_a_secret_is_refused() -> None:
    [finding] = settings_findings(Settings(journal=RedisAddress("redis://:geheim@h/0")))
    assert finding.mark is Mark.PROBLEM
    assert "DAEDAM_SECRET" in finding.advice
    assert PASSWORD not in f"{finding}"


@pytest.mark.parametrize("in_another_file", [False, True])
def test_a_durability_of_redis_means_nothing_for_a_file(
    tmp_path: Path, in_another_file: bool
) -> None:
    journal = SqliteAddress(tmp_path / "j") if in_another_file else None
    settings = Settings(data=tmp_path, journal=journal, durability=ALWAYS)
    [finding] = journal_findings(settings)
    assert finding.mark is Mark.WARNING
    assert "DAEDAM_REDIS_DURABILITY does nothing" in finding.state
    assert journal_findings(settings.replaced(durability=Durability())) == []
