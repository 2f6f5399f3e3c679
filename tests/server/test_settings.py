"""Settings: every variable, and a sentence that names the one that is wrong."""

import ipaddress
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from server.entrance.ice_servers import IceServer
from server.environment import from_environment
from server.journal_address import Durability, SqliteAddress
from server.settings import Settings, SettingsError, is_loopback

SECRET = "s" * 32
VARIABLES: dict[str, tuple[str, str, Any]] = {
    "DAEDAM_HOST": ("host", "::1", "::1"),
    "DAEDAM_PORT": ("port", "9000", 9000),
    "DAEDAM_DATA": ("data", "/srv/대담", Path("/srv/대담")),
    "DAEDAM_MODELS": ("models", "/srv/models", Path("/srv/models")),
    "DAEDAM_SECRET": ("secret", SECRET, SECRET),
    "DAEDAM_ORIGINS": (
        "origins",
        "https://a.example/, http://b.example:3000,,",
        frozenset({"https://a.example", "http://b.example:3000"}),
    ),
    "DAEDAM_LEGACY_NETWORKS": (
        "legacy_networks",
        "10.0.0.0/8, fd00::/8",
        (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8")),
    ),
    "DAEDAM_TRUSTED_PROXIES": (
        "trusted_proxies",
        "192.168.0.1",
        (ipaddress.ip_network("192.168.0.1/32"),),
    ),
    "DAEDAM_WORKERS": ("workers", "3", 3),
    "DAEDAM_ABANDON_AFTER_S": ("abandon_after_s", "0.5", 0.5),
    "DAEDAM_IDLE_AFTER_S": ("idle_after_s", "60", 60.0),
    "DAEDAM_END_PATIENCE_S": ("end_patience_s", "1e1", 10.0),
    "DAEDAM_HOLD_SEAT_S": ("hold_seat_s", "0", 0.0),
    "DAEDAM_MEMORY_BUDGET": ("memory_budget", "134217728", 134217728),
    "DAEDAM_MAX_CONNECTIONS": ("max_connections", "5", 5),
    "DAEDAM_BIND_ADDRESS": ("bind_address", "127.0.0.1", "127.0.0.1"),
    "DAEDAM_ANNOUNCED_ADDRESS": ("announced_address", "192.0.2.1", "192.0.2.1"),
    "DAEDAM_PUBLIC_URL": ("public_url", "https://Me.Example/", "https://me.example"),
    "DAEDAM_TLS_CERT": ("tls_cert", "/srv/대담.pem", Path("/srv/대담.pem")),
    "DAEDAM_TLS_KEY": ("tls_key", "~/key.pem", Path.home() / "key.pem"),
    "DAEDAM_ICE_SERVERS": (
        "ice_servers",
        '[{"urls":["stun:stun.example"]}]',
        (IceServer(("stun:stun.example",)),),
    ),
    "DAEDAM_TURN_URLS": (
        "turn_urls",
        "turn:turn.example, turns:turn.example:443?transport=tcp,",
        ("turn:turn.example", "turns:turn.example:443?transport=tcp"),
    ),
    "DAEDAM_TURN_SECRET": ("turn_secret", SECRET, SECRET),
    "DAEDAM_KEEP_AUDIO_DAYS": ("keep_audio_days", "0.5", 0.5),
    "DAEDAM_SPEAKERS": ("speakers", "off", False),
    "DAEDAM_FINAL_PASS": ("final_pass", "off", False),
    "DAEDAM_JOURNAL": ("journal", "sqlite:////srv/j.db", SqliteAddress(Path("/srv/j.db"))),
    "DAEDAM_REDIS_DURABILITY": ("durability", "wait:2", Durability("everysec", 2)),
    "DAEDAM_INTERNAL_URL": ("internal_url", "http://10.0.0.5:8000/", "http://10.0.0.5:8000"),
    "DAEDAM_DIRECT_URL": ("direct_url", "https://one.example/", "https://one.example"),
    "DAEDAM_MIX": ("mix", "fullband", "fullband"),
    "DAEDAM_DRAIN_S": ("drain_s", "5", 5.0),
    "DAEDAM_METRICS_TOKEN": ("metrics_token", SECRET, SECRET),
}
TOGETHER = {
    "DAEDAM_PUBLIC_URL": {"DAEDAM_SECRET": SECRET},
    "DAEDAM_TLS_CERT": {"DAEDAM_TLS_KEY": "k"},
    "DAEDAM_TLS_KEY": {"DAEDAM_TLS_CERT": "c"},
    "DAEDAM_TURN_URLS": {"DAEDAM_TURN_SECRET": SECRET},
    "DAEDAM_TURN_SECRET": {"DAEDAM_TURN_URLS": "turn:turn.example"},
}
"""Variables that are refused without others."""


@pytest.mark.parametrize("variable", list(VARIABLES))
def test_a_variable_sets_its_setting_and_no_other(variable: str) -> None:
    name, text, value = VARIABLES[variable]
    assert from_environment({variable: text}) == Settings().replaced(**{name: value})
    from_environment({variable: text, **TOGETHER.get(variable, {})}).check()


@pytest.mark.parametrize("variable", list(TOGETHER))
def test_a_variable_that_means_nothing_alone_is_refused_alone(variable: str) -> None:
    with pytest.raises(SettingsError, match=next(iter(TOGETHER[variable]))):
        from_environment({variable: VARIABLES[variable][1]}).check()


def test_every_setting_has_a_variable() -> None:
    assert {name for name, _, _ in VARIABLES.values()} == {field.name for field in fields(Settings)}


def test_nothing_set_or_set_to_nothing_is_the_default() -> None:
    assert from_environment({}) == Settings()
    assert from_environment(dict.fromkeys(VARIABLES, "")) == Settings()
    assert from_environment({"DAEDAM_UNKNOWN": "1", "HOME": "/"}) == Settings()


def test_the_defaults_are_those_of_a_server_for_this_machine_only() -> None:
    settings = Settings()
    settings.check()
    assert (settings.host, settings.port, settings.data) == ("127.0.0.1", 8000, Path("data"))
    assert settings.secret is None
    assert not settings.legacy_networks
    assert not settings.origins
    assert settings.abandon_after_s == 12 * 3600


def test_a_home_folder_may_be_written_short() -> None:
    home = Path.home()
    settings = from_environment({"DAEDAM_DATA": "~/daedam", "DAEDAM_MODELS": "~/models"})
    assert (settings.data, settings.models) == (home / "daedam", home / "models")


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DAEDAM_PORT", "eighty"),
        ("DAEDAM_PORT", "80.5"),
        ("DAEDAM_PORT", "-1"),
        ("DAEDAM_PORT", "65536"),
        ("DAEDAM_WORKERS", "two"),
        ("DAEDAM_WORKERS", "0"),
        ("DAEDAM_WORKERS", "-1"),
        ("DAEDAM_LEGACY_NETWORKS", "office"),
        ("DAEDAM_LEGACY_NETWORKS", "10.0.0.1/8"),
        ("DAEDAM_LEGACY_NETWORKS", "10.0.0.0/33"),
        ("DAEDAM_LEGACY_NETWORKS", "::ffff:10.0.0.0/104"),
        ("DAEDAM_TRUSTED_PROXIES", "proxy.example"),
        ("DAEDAM_TRUSTED_PROXIES", "::ffff:10.0.0.1"),
        ("DAEDAM_ABANDON_AFTER_S", "12h"),
        ("DAEDAM_ABANDON_AFTER_S", "-1"),
        ("DAEDAM_ABANDON_AFTER_S", "nan"),
        ("DAEDAM_IDLE_AFTER_S", "x"),
        ("DAEDAM_IDLE_AFTER_S", "-1"),
        ("DAEDAM_END_PATIENCE_S", "-0.1"),
        ("DAEDAM_HOLD_SEAT_S", "nan"),
        ("DAEDAM_MEMORY_BUDGET", "1G"),
        ("DAEDAM_MEMORY_BUDGET", "0"),
        ("DAEDAM_MAX_CONNECTIONS", "many"),
        ("DAEDAM_MAX_CONNECTIONS", "0"),
        ("DAEDAM_BIND_ADDRESS", "here"),
        ("DAEDAM_ANNOUNCED_ADDRESS", "1.2.3"),
        ("DAEDAM_PUBLIC_URL", "http://interview.example"),
        ("DAEDAM_PUBLIC_URL", "interview.example"),
        ("DAEDAM_PUBLIC_URL", "https://"),
        ("DAEDAM_PUBLIC_URL", "https://interview.example/daedam"),
        ("DAEDAM_PUBLIC_URL", "https://interview.example?x=1"),
        ("DAEDAM_PUBLIC_URL", "https://interview.example/#"),
        ("DAEDAM_PUBLIC_URL", "https://me:secret@interview.example"),
        ("DAEDAM_PUBLIC_URL", "https://interview.example:70000"),
        ("DAEDAM_PUBLIC_URL", "https://inter view.example"),
        ("DAEDAM_PUBLIC_URL", "https://[::1"),
        ("DAEDAM_ICE_SERVERS", "stun:stun.example"),
        ("DAEDAM_ICE_SERVERS", '[{"urls":"https://turn.example"}]'),
        ("DAEDAM_TURN_URLS", "turn.example"),
        ("DAEDAM_TURN_URLS", "turn:turn.example,stun:stun.example"),
        ("DAEDAM_TURN_SECRET", "short"),
    ],
)
def test_a_wrong_value_is_refused_with_the_name_of_its_variable(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{variable} "):
        from_environment({variable: text}).check()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "interview.example", ""])
def test_without_a_secret_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(SettingsError, match="DAEDAM_SECRET"):
        Settings(host=host).check()
    Settings(host=host, secret=SECRET).check()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
def test_loopback_needs_no_secret(host: str) -> None:
    Settings(host=host).check()


@pytest.mark.parametrize("secret", ["", "s", "s" * 31])
def test_a_short_secret_is_refused_and_told_how_to_make_one(secret: str) -> None:
    with pytest.raises(SettingsError, match="DAEDAM_SECRET needs at least 32.*token_urlsafe"):
        Settings(secret=secret).check()


@pytest.mark.parametrize(
    ("legacy", "proxies"),
    [
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.3"),
        ("192.168.0.0/24,10.0.0.0/8", "172.16.0.1,10.1.2.3"),
        ("0.0.0.0/0", "127.0.0.1"),
        ("fd00::/8", "fd00::1"),
    ],
)
def test_a_legacy_network_that_contains_a_trusted_proxy_is_refused(
    legacy: str, proxies: str
) -> None:
    settings = from_environment(
        {"DAEDAM_LEGACY_NETWORKS": legacy, "DAEDAM_TRUSTED_PROXIES": proxies}
    )
    with pytest.raises(SettingsError, match="DAEDAM_LEGACY_NETWORKS.*would be operator"):
        settings.check()


def test_a_legacy_network_beside_a_trusted_proxy_is_fine() -> None:
    from_environment(
        {"DAEDAM_LEGACY_NETWORKS": "10.1.0.0/16,fd00::/8", "DAEDAM_TRUSTED_PROXIES": "10.2.0.1,::2"}
    ).check()


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "localhost.example", "128.0.0.1", "::2"])
def test_what_is_not_this_machine_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://a.example:443", "https://a.example"),
        ("https://a.example:8443/", "https://a.example:8443"),
        ("https://면접.example", "https://xn--e42b02w.example"),
        ("https://[2001:DB8:0::1]", "https://[2001:db8::1]"),
        (" https://192.0.2.7 ", "https://192.0.2.7"),
    ],
)
def test_the_public_address_is_kept_as_browsers_write_it(text: str, origin: str) -> None:
    settings = from_environment({"DAEDAM_PUBLIC_URL": text, "DAEDAM_SECRET": SECRET})
    assert settings.public_url == origin
    assert origin in settings.allowed_origins
