"""Who comes in: tables of sockets and headers, and what no header may ever change."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access import LOCAL_OPERATOR, Role
from server.entrance.gate import Caller, admit, is_direct
from server.entrance.links import Links, invitation
from server.environment import from_environment
from server.errors import ClientError, ErrorCode
from server.settings import Settings

SECRET = "s" * 40
LINKS = Links(SECRET)
TOKEN = LINKS.make(invitation("s", seat="지원자_1", role=None))


def caller(
    peer: str | None = "127.0.0.1",
    host: str = "127.0.0.1:8000",
    origin: str | None = None,
    token: str | None = None,
    is_forwarded: bool = False,
) -> Caller:
    return Caller(peer, host, origin, token, is_forwarded)


def settings(**variables: str) -> Settings:
    return from_environment({f"DAEDAM_{name}": value for name, value in variables.items()})


OPEN = settings()
LOCKED = settings(SECRET=SECRET, HOST="0.0.0.0")
LEGACY = settings(SECRET=SECRET, HOST="0.0.0.0", LEGACY_NETWORKS="10.1.0.0/16,fd00::/8")
PROXIED = settings(
    SECRET=SECRET, LEGACY_NETWORKS="10.1.0.0/16", TRUSTED_PROXIES="10.2.0.1,127.0.0.1"
)


def refused(who: Caller, under: Settings) -> ErrorCode:
    with pytest.raises(ClientError) as error:
        admit(who, under, LINKS)
    return error.value.code


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_is_operator_without_a_link_and_without_a_secret(peer: str) -> None:
    assert admit(caller(peer), OPEN, LINKS) is LOCAL_OPERATOR


def test_who_brings_a_link_has_only_the_links_role_even_on_this_machine() -> None:
    assert admit(caller(token=TOKEN), OPEN, LINKS).roles == {Role.APPLICANT}


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-4]])
@pytest.mark.parametrize("under", [OPEN, LOCKED, LEGACY])
def test_a_bad_link_is_never_as_good_as_none(token: str, under: Settings) -> None:
    who = caller("10.1.2.3" if under is LEGACY else "127.0.0.1", token=token)
    assert refused(who, under) is ErrorCode.LINK_INVALID


@pytest.mark.parametrize("peer", ["192.168.0.7", "10.0.0.1", "::2", "2001:db8::1", "", None, "x"])
def test_another_machine_needs_a_link(peer: str | None) -> None:
    assert refused(caller(peer), OPEN) is ErrorCode.LINK_REQUIRED


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "LOCALHOST:8000",
        "app.localhost:8000",
        "127.0.0.1",
        "127.0.0.1:8000",
        "127.1.2.3:1",
        "[::1]",
        "[::1]:8000",
    ],
)
def test_names_of_this_machine_are_answered(host: str) -> None:
    assert admit(caller(host=host), OPEN, LINKS) is LOCAL_OPERATOR


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "notlocalhost",
        "localhost:8000@evil.example",
        "evil.example#localhost",
        "192.168.0.7:8000",
        "0.0.0.0:8000",
        "[::2]:8000",
        "[::1",
        "[evil]:80",
        "::1]",
    ],
)
@pytest.mark.parametrize("token", [None, TOKEN])
def test_a_name_that_was_pointed_at_this_machine_is_refused(host: str, token: str | None) -> None:
    assert refused(caller(host=host, token=token), OPEN) is ErrorCode.FOREIGN_HOST


def test_with_a_secret_any_host_name_is_fine_because_links_protect() -> None:
    assert admit(caller(host="interview.example", token=TOKEN), LOCKED, LINKS).seat == "지원자_1"


@pytest.mark.parametrize(
    ("origin", "host", "is_welcome"),
    [
        (None, "interview.example", True),
        ("https://interview.example", "interview.example", True),
        ("https://INTERVIEW.example", "interview.EXAMPLE", True),
        ("http://interview.example:8000", "interview.example:8000", True),
        ("http://interview.example:9000", "interview.example:8000", False),
        ("http://localhost:3000", "interview.example", True),
        ("http://[::1]:3000", "interview.example", True),
        ("http://127.0.0.1", "interview.example", True),
        ("https://panel.example", "interview.example", True),
        ("https://panel.example/", "interview.example", True),
        ("https://panel.example:444", "interview.example", False),
        ("http://panel.example", "interview.example", False),
        ("https://sub.panel.example", "interview.example", False),
        ("https://panel.example.evil.example", "interview.example", False),
        ("https://evil.example", "interview.example", False),
        ("https://localhost.evil.example", "interview.example", False),
        ("null", "interview.example", False),
        ("", "interview.example", False),
        ("", "", False),
        ("null", "null", False),
        ("file://", "interview.example", False),
        ("//interview.example", "interview.example", False),
        ("interview.example", "interview.example", False),
        ("http://[::1", "interview.example", False),
        ("http://[evil]:80", "interview.example", False),
    ],
)
def test_pages_of_other_origins_are_refused(
    origin: str | None, host: str, is_welcome: bool
) -> None:
    under = settings(SECRET=SECRET, ORIGINS="https://panel.example/, https://other.example")
    who = caller(host=host, origin=origin, token=TOKEN)
    if is_welcome:
        assert admit(who, under, LINKS).seat == "지원자_1"
    else:
        assert refused(who, under) is ErrorCode.FOREIGN_ORIGIN


def test_a_foreign_page_is_refused_on_this_machine_too() -> None:
    assert refused(caller(origin="https://evil.example"), OPEN) is ErrorCode.FOREIGN_ORIGIN


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "10.0.0.1", "192.168.0.1", "", None])
def test_with_a_secret_everybody_needs_a_link_this_machine_too(peer: str | None) -> None:
    assert refused(caller(peer), LOCKED) is ErrorCode.LINK_REQUIRED
    assert admit(caller(peer, token=TOKEN), LOCKED, LINKS).seat == "지원자_1"


@pytest.mark.parametrize(
    ("peer", "is_operator"),
    [
        ("10.1.0.1", True),
        ("10.1.255.255", True),
        ("::ffff:10.1.2.3", True),
        ("fd00::1", True),
        ("10.2.0.1", False),
        ("::ffff:10.2.0.1", False),
        ("::10.1.2.3", False),
        ("fc00::1", False),
        ("127.0.0.1", False),
        ("not an address", False),
        (None, False),
    ],
)
def test_a_legacy_network_is_operator_by_the_sockets_peer(
    peer: str | None, is_operator: bool
) -> None:
    if is_operator:
        assert admit(caller(peer), LEGACY, LINKS) is LOCAL_OPERATOR
    else:
        assert refused(caller(peer), LEGACY) is ErrorCode.LINK_REQUIRED


@pytest.mark.parametrize("peer", ["10.2.0.1", "::ffff:10.2.0.1", "127.0.0.1"])
def test_what_comes_from_a_trusted_proxy_is_somebody_elses(peer: str) -> None:
    assert not is_direct(caller(peer), PROXIED)
    assert refused(caller(peer), PROXIED) is ErrorCode.LINK_REQUIRED
    assert admit(caller(peer, token=TOKEN), PROXIED, LINKS).seat == "지원자_1"


def test_a_proxy_on_this_machine_makes_nobody_operator_without_a_secret_either() -> None:
    under = settings(TRUSTED_PROXIES="127.0.0.1")
    assert refused(caller("127.0.0.1"), under) is ErrorCode.LINK_REQUIRED
    assert admit(caller("::1"), under, LINKS) is LOCAL_OPERATOR


PEERS = ["127.0.0.1", "::1", "10.1.2.3", "::ffff:10.1.2.3", "10.2.0.1", "8.8.8.8", None]
HOSTS = ["localhost", "127.0.0.1:8000", "evil.example", "[::1]:1", ""]
ORIGINS = [None, "http://localhost", "https://evil.example", "null"]


@pytest.mark.parametrize("under", [OPEN, LOCKED, LEGACY, PROXIED])
def test_a_forwarded_header_never_gives_what_the_peer_would_get(under: Settings) -> None:
    for peer, host, origin in itertools.product(PEERS, HOSTS, ORIGINS):
        refused(caller(peer, host, origin, is_forwarded=True), under)


address = st.one_of(st.ip_addresses().map(str), st.text(max_size=20), st.none())
header = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["localhost", "127.0.0.1", "[::1]:80", "http://localhost", "http://[", "//["]),
)


@given(
    address, header, st.none() | header, st.none() | st.text(max_size=20), st.booleans(),
    st.sampled_from([OPEN, LOCKED, LEGACY, PROXIED]),
)  # fmt: skip
def test_no_combination_of_headers_makes_an_operator_of_a_stranger(
    peer: str | None,
    host: str,
    origin: str | None,
    token: str | None,
    is_forwarded: bool,
    under: Settings,
) -> None:
    who = caller(peer, host, origin, token, is_forwarded)
    try:
        found = admit(who, under, LINKS)
    except ClientError:
        return
    assert found is LOCAL_OPERATOR
    assert token is None
    assert not is_forwarded
    assert under is OPEN or under is LEGACY or under is PROXIED
    if under is OPEN:
        assert peer is not None
        assert peer.startswith("127.") or peer == "::1" or peer.startswith("::ffff:127.")


PUBLIC = settings(SECRET=SECRET, PUBLIC_URL="https://interview.example")


@pytest.mark.parametrize(
    ("origin", "host", "is_tls", "is_welcome"),
    [
        ("https://a.example", "a.example", True, True),
        ("https://a.example", "a.example", False, True),  # A proxy's TLS ended before us.
        ("http://a.example", "a.example", False, True),
        ("http://a.example", "a.example", True, False),
        ("https://a.example:8443", "a.example:8443", True, True),
        ("https://a.example", "a.example:443", True, True),
        ("https://a.example", "a.example:443", False, True),
        ("http://a.example", "a.example:80", False, True),
        ("http://a.example", "a.example:443", False, False),
        ("https://a.example", "a.example:80", False, False),
        ("https://a.example:8443", "a.example", True, False),
        ("https://a.example", "b.example", True, False),
        ("ftp://a.example", "a.example", True, False),
        ("https://localhost:8000", "localhost:8000", True, True),
    ],
)
def test_a_page_is_ours_by_host_and_over_our_own_tls_by_scheme(
    origin: str, host: str, is_tls: bool, is_welcome: bool
) -> None:
    who = replace(caller(host=host, origin=origin, token=TOKEN), is_tls=is_tls)
    if is_welcome:
        assert admit(who, LOCKED, LINKS).seat == "지원자_1"
    else:
        assert refused(who, LOCKED) is ErrorCode.FOREIGN_ORIGIN


@pytest.mark.parametrize("host", ["interview.example", "127.0.0.1:8000", "backend:8000"])
def test_the_public_page_is_ours_whatever_host_its_proxy_asks_for(host: str) -> None:
    who = caller(host=host, origin="https://interview.example", token=TOKEN)
    assert admit(who, PUBLIC, LINKS).seat == "지원자_1"
    assert refused(replace(who, origin="http://interview.example:81"), PUBLIC) is (
        ErrorCode.FOREIGN_ORIGIN
    )
