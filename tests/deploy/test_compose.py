"""``docker-compose.yml`` fits Compose's schema, ``.env.example`` and the server's settings."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.cli import serve
from server.environment import from_environment
from server.journal_address import RedisAddress
from tests.deploy.compose import (
    COMPOSE,
    ROOT,
    Missing,
    example,
    interpolated,
    needed,
    rendered,
    variables,
)
from tests.deploy.filled_in import FILLED_IN

SERVERS = ("server-1", "server-2")


@pytest.fixture
def compose() -> dict[str, Any]:
    return rendered(example() | FILLED_IN)


def test_it_fits_the_official_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    checked = subprocess.run(
        [*command, "vendor.compose-spec", COMPOSE], capture_output=True, text=True, timeout=60
    )
    assert checked.returncode == 0, checked.stdout


def test_the_example_explains_every_variable_and_no_other() -> None:
    assert set(example()) == variables()


def test_the_example_holds_no_secret() -> None:
    assert {name for name in FILLED_IN if example()[name]} == set()


def test_without_a_secret_compose_refuses_with_the_sentence_that_says_which() -> None:
    observing = {"DAEDAM_METRICS_TOKEN", "GRAFANA_PASSWORD"}
    assert needed() == set(FILLED_IN) - observing
    for name in needed():
        with pytest.raises(Missing, match=rf"^{name} is missing in \.env\. [A-Z].{{20,}}"):
            rendered(example() | FILLED_IN | {name: ""})


@pytest.mark.parametrize(
    ("service", "name"),
    [("prometheus", "DAEDAM_METRICS_TOKEN"), ("grafana", "GRAFANA_PASSWORD")],
)
def test_without_a_secret_what_observes_refuses_and_all_else_starts(
    service: str, name: str
) -> None:
    found = rendered(example() | FILLED_IN | {name: ""})["services"][service]
    assert found["profiles"] == ["observe"]
    said = subprocess.run(
        [*found["entrypoint"], *found["command"]],
        env={"PATH": "/usr/bin:/bin", **found["environment"]},
        capture_output=True,
        text=True,
        timeout=10,
    )
    assert said.returncode == 1
    assert said.stderr.startswith(f"{name} is missing in .env. ")


def test_servers_get_settings_that_they_know_and_accept(compose: dict[str, Any]) -> None:
    sources = "".join(path.read_text() for path in (ROOT / "server").rglob("*.py"))
    for name in SERVERS:
        environment = compose["services"][name]["environment"]
        assert [each for each in environment if f'"{each}"' not in sources] == []
        settings = from_environment(environment)
        settings.check()
        assert settings.journal == RedisAddress(f"redis://:{'r' * 48}@redis:6379/0")
        assert settings.internal_url == f"http://{name}:8000"
        assert settings.turn_urls == (
            "turn:192.0.2.7:3478?transport=udp",
            "turn:192.0.2.7:3478?transport=tcp",
        )
        (subnet,) = compose["networks"]["inside"]["ipam"]["config"]
        assert [str(each) for each in settings.trusted_proxies] == [subnet["subnet"]]


def test_the_servers_differ_only_in_what_must_be_their_own(compose: dict[str, Any]) -> None:
    one, other = (compose["services"][name] for name in SERVERS)
    own = {"environment", "volumes", "sysctls", "ports"}
    assert {name for name in one if one[name] != other[name]} == own
    assert {
        name
        for name in one["environment"]
        if one["environment"][name] not in other["environment"].values()
    } == {"DAEDAM_INTERNAL_URL"}


def test_each_server_takes_live_sound_on_ports_of_its_own(compose: dict[str, Any]) -> None:
    taken: set[int] = set()
    for name in SERVERS:
        service = compose["services"][name]
        first, last = service["sysctls"]["net.ipv4.ip_local_port_range"].split()
        assert service["ports"] == [f"0.0.0.0:{first}-{last}:{first}-{last}/udp"]
        ports = set(range(int(first), int(last) + 1))
        # Below what Linux gives to programs that ask for any port.
        assert max(ports) < 32768
        assert not ports & taken
        taken |= ports


def test_a_server_has_time_to_part_from_everybody(compose: dict[str, Any]) -> None:
    for name in SERVERS:
        service = compose["services"][name]
        settings = from_environment(service["environment"])
        needs_s = settings.drain_s + settings.end_patience_s + serve.STOP_S
        assert int(service["stop_grace_period"].removesuffix("s")) > needs_s + 5


def test_redis_writes_as_the_servers_acknowledge() -> None:
    for fsync in ("everysec", "always"):
        services = rendered(example() | FILLED_IN | {"REDIS_APPENDFSYNC": fsync})["services"]
        assert services["redis"]["environment"]["APPENDFSYNC"] == fsync
        for name in SERVERS:
            settings = from_environment(services[name]["environment"])
            assert settings.durability.fsync == fsync


def test_every_service_is_bounded_and_may_do_little(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"mem_limit", "pids_limit", "logging"} <= set(service), name
        assert "privileged" not in service, name


def test_only_the_proxy_and_live_sound_are_open_to_others(compose: dict[str, Any]) -> None:
    open_to_all = {
        name: service["ports"]
        for name, service in compose["services"].items()
        if any(not str(port).startswith("127.0.0.1:") for port in service.get("ports", ()))
    }
    assert set(open_to_all) == {"proxy", *SERVERS}
    assert open_to_all["proxy"] == ["80:80", "443:443"]


def test_every_file_and_volume_that_is_mounted_exists(compose: dict[str, Any]) -> None:
    sources = {
        volume.split(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", ())
    }
    files = {source for source in sources if source.startswith("./")}
    assert [each for each in sorted(files) if not (ROOT / each).exists()] == []
    assert sources - files == set(compose["volumes"])


def test_secrets_are_no_arguments_that_a_list_of_processes_shows(compose: dict[str, Any]) -> None:
    secrets = {value for value in FILLED_IN.values() if len(value) == 48}
    for name, service in compose["services"].items():
        words = [*service.get("command", ()), *service.get("entrypoint", ())]
        assert not [word for word in words for secret in secrets if secret in word], name


def test_the_turn_server_gets_one_file_with_its_secret(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    turn = compose["services"]["turn"]
    script = turn["command"][0].replace("/tmp/", f"{tmp_path}/")
    script = script.replace("/etc/daedam", str(ROOT / "deploy"))
    script = script.replace("exec turnserver -c", "cat")
    said = subprocess.run(
        [*turn["entrypoint"], script],
        env={"PATH": "/usr/bin:/bin", **turn["environment"], "TURN_CERT": "c", "TURN_KEY": "k"},
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    lines = said.stdout.splitlines()
    assert "use-auth-secret" in lines
    assert f"static-auth-secret={'t' * 48}" in lines
    assert "allowed-peer-ip=192.0.2.7" in lines
    assert lines[-2:] == ["cert=c", "pkey=k"]
    assert (tmp_path / "turnserver.conf").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${A}", "a"),
        ("${B:-x}/${A:-x}", "x/a"),
        ("${B:-turn:${A}:1}", "turn:a:1"),
        ("$$A", "$A"),
    ],
)
def test_variables_are_replaced_as_compose_does_it(text: str, value: str) -> None:
    assert interpolated(text, {"A": "a", "B": ""}) == value
