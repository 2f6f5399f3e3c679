"""Where people come in: who says so, and the code that a phone reads."""

import re
from urllib.parse import unquote

import pytest
import segno

from server.access import EVERY_SESSION
from server.entrance.publicity import door, public_origin, qr_code
from server.settings import Settings

PLAIN = Settings()
PUBLIC = Settings(secret="s" * 40, public_url="https://interview.example")


@pytest.mark.parametrize("is_tls", [True, False])
@pytest.mark.parametrize("host", ["", "127.0.0.1:8000", "other.example", "\x00", "a b"])
def test_the_operators_word_comes_before_every_header(is_tls: bool, host: str) -> None:
    assert public_origin(PUBLIC, is_tls, host) == "https://interview.example"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("interview.example", "https://interview.example"),
        ("Interview.Example:8443", "https://interview.example:8443"),
        ("192.0.2.7", "https://192.0.2.7"),
        ("[2001:db8::1]:8000", "https://[2001:db8::1]:8000"),
        ("localhost", None),
        ("app.localhost:8000", None),
        ("127.0.0.1:8000", None),
        ("[::1]", None),
        ("0.0.0.0:8000", None),
        ("[::]", None),
        ("", None),
        ("a b", None),
        ("a/b", None),
        ("a#b", None),
        ("user@a", None),
        ("a:b", None),
        ("면접", None),
        ("[::1", None),
    ],
)
def test_a_host_that_was_reached_over_tls_is_public_unless_it_is_this_machine(
    host: str, origin: str | None
) -> None:
    assert public_origin(PLAIN, True, host) == origin
    assert public_origin(PLAIN, False, host) is None


def test_a_link_stays_in_the_fragment_and_any_session_in_the_path() -> None:
    assert door("https://a", "s1", "t") == "https://a/room/s1#t=t"
    url = door("https://a", "면접 100%?#1", "t")
    path, fragment = url.removeprefix("https://a").split("#")
    assert (unquote(path), fragment) == ("/room/면접 100%?#1", "t=t")
    assert re.fullmatch(r"/room/[A-Za-z0-9%._~-]+", path)


def test_an_operator_of_every_session_begins_at_the_start_page() -> None:
    assert door("https://a", EVERY_SESSION, "t") == "https://a/#t=t"


def test_a_code_is_an_image_of_the_address() -> None:
    url = door("https://interview.example", "s1", "t" * 300)
    code = qr_code(url)
    assert code is not None
    assert code.startswith("data:image/svg+xml;charset=utf-8,%3Csvg")
    # Its squares are those of the address: as many to a side, between margins of 4.
    side = segno.make_qr(url, error="l").symbol_size(border=4)[0]
    assert f"viewBox='0 0 {side} {side}'" in unquote(code)
    assert "#fff" in unquote(code), "readable on a dark page"


def test_an_address_too_long_for_a_code_has_none() -> None:
    assert qr_code("https://interview.example/room/" + "a" * 3000) is None
