"""Caddy accepts ``deploy/Caddyfile``, whichever way to a certificate is chosen."""

import json
import os
import subprocess
from typing import Any

import pytest

from tests.deploy.proxy import CADDYFILE


def caddy(*arguments: str, **variables: str) -> str:
    said = subprocess.run(
        ["caddy", *arguments],
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


def adapted(tls: str) -> dict[str, Any]:
    """Return what Caddy makes of the file; it refuses what it does not know."""
    found: dict[str, Any] = json.loads(
        caddy(
            *("adapt", "--adapter", "caddyfile", "--config", str(CADDYFILE)),
            DAEDAM_PUBLIC_URL="https://interview.example",
            PROXY_TLS=tls,
            PROXY_SERVERS="server-1:8000 server-2:8000",
        )
    )["apps"]
    return found


def test_it_is_formatted_as_caddy_does_it() -> None:
    assert caddy("fmt", str(CADDYFILE)) == CADDYFILE.read_text()


@pytest.mark.parametrize(
    ("tls", "modules"), [("me@interview.example", ["acme", "zerossl"]), ("internal", ["internal"])]
)
def test_a_word_chooses_where_certificates_come_from(tls: str, modules: list[str]) -> None:
    (policy,) = adapted(tls)["tls"]["automation"]["policies"]
    assert policy["subjects"] == ["interview.example"]
    # Other releases ask other authorities beside the first.
    assert [issuer["module"] for issuer in policy["issuers"]][0] == modules[0]


def test_two_files_are_a_certificate_and_its_key() -> None:
    tls = adapted("/certificates/chain.pem /certificates/key.pem")["tls"]
    (pair,) = tls["certificates"]["load_files"]
    assert (pair["certificate"], pair["key"]) == (
        "/certificates/chain.pem",
        "/certificates/key.pem",
    )


def test_both_servers_are_asked_whether_they_are_ready() -> None:
    server = json.dumps(adapted("internal")["http"])
    assert '"upstreams": [{"dial": "server-1:8000"}, {"dial": "server-2:8000"}]' in server
    assert '"uri": "/readyz"' in server
