"""STUN and TURN servers: what browsers would take, and what they would refuse silently."""

import json
from typing import Any

import msgspec
import pytest

from server.entrance.ice_servers import IceAddress, IceServer, read_ice_address, read_ice_servers

TURN = {"urls": ["turn:turn.example", "turns:turn.example:443?transport=tcp"]}
KNOWN = {"username": "me", "credential": "geheim"}


@pytest.mark.parametrize(
    "servers",
    [
        [],
        [{"urls": "stun:stun.example"}],
        [{"urls": ["stun:stun.example:3478", "stuns:stun.example"]}],
        [{**TURN, **KNOWN}, {"urls": "stun:[2001:db8::1]:3478"}],
    ],
)
def test_browsers_are_told_what_was_written(servers: list[Any]) -> None:
    read = read_ice_servers(json.dumps(servers))
    assert json.loads(msgspec.json.encode(read)) == servers


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stun:stun.example", "JSON list"),
        ('{"urls":"stun:a"}', "JSON list"),
        ('["stun:a"]', "JSON list"),
        ('[{"url":"stun:a"}]', "JSON list"),
        ('[{"urls":5}]', "JSON list"),
        ('[{"urls":"stun:a","username":5}]', "JSON list"),
        ("[", "JSON list"),
        ("null", "JSON list"),
        ('[{"urls":[]}]', "urls"),
        ('[{"urls":"http://a"}]', "no address"),
        ('[{"urls":""}]', "no address"),
        ('[{"urls":"stun:"}]', "no address"),
        ('[{"urls":"stun://a"}]', "no address"),
        ('[{"urls":"stun:a:70000"}]', "port"),
        ('[{"urls":"stun:a:0"}]', "port"),
        ('[{"urls":"stun:a?transport=udp"}]', "transport"),
        ('[{"urls":"turn:a?transport=sctp","username":"a","credential":"b"}]', "no address"),
        ('[{"urls":"turn:a"}]', "username and credential"),
        ('[{"urls":"turn:a","username":"a"}]', "username and credential"),
        ('[{"urls":["stun:a","turns:a"],"credential":"geheim"}]', "username and credential"),
    ],
)
def test_what_a_browser_would_refuse_is_refused_here(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as error:
        read_ice_servers(text)
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("stun:a.example", IceAddress("stun", "a.example", 3478, "udp")),
        ("stuns:a.example", IceAddress("stuns", "a.example", 5349, "tcp")),
        ("turn:192.0.2.1:80", IceAddress("turn", "192.0.2.1", 80, "udp")),
        ("turn:a?transport=tcp", IceAddress("turn", "a", 3478, "tcp")),
        ("turns:[::1]:443?transport=udp", IceAddress("turns", "::1", 443, "udp")),
    ],
)
def test_an_address_leads_somewhere(text: str, address: IceAddress) -> None:
    assert read_ice_address(text) == address
    assert address.is_tls == text.startswith(("stuns", "turns"))


def test_a_credential_is_not_shown_where_settings_are() -> None:
    assert "geheim" not in repr(IceServer("turn:a", **KNOWN))
