"""Credentials for a TURN server of one's own: what they say, until when, and to whom."""

import base64
import hashlib
import hmac
import time

from server.entrance import turn
from server.entrance.turn import VALID_S, login

SECRET = "geteiltes Geheimnis"
PERSON = "interview-7 지원자_1 l1"


def test_a_login_lasts_for_an_interview_and_is_signed_as_turn_servers_check_it() -> None:
    shown = login(SECRET, PERSON, 1_700_000_000.9)
    until, _, pseudonym = shown.username.partition(":")
    assert int(until) == 1_700_000_000 + VALID_S
    assert pseudonym.isalnum()
    signature = hmac.new(SECRET.encode(), shown.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(shown.credential) == signature


def test_a_person_keeps_a_pseudonym_and_shares_it_with_nobody() -> None:
    def pseudonym(secret: str, person: str, now_s: float) -> str:
        return login(secret, person, now_s).username.partition(":")[2]

    mine = pseudonym(SECRET, PERSON, 0)
    assert mine == pseudonym(SECRET, PERSON, time.time())
    assert mine != pseudonym(SECRET, PERSON + "1", 0)
    assert mine != pseudonym(SECRET + "1", PERSON, 0)


def test_every_url_takes_the_same_login() -> None:
    urls = ("turn:a", "turns:a:443")
    (server,) = turn.servers(urls, SECRET, PERSON, 0)
    shown = login(SECRET, PERSON, 0)
    assert server.addresses == urls
    assert (server.username, server.credential) == (shown.username, shown.credential)
    assert shown.credential not in f"{shown!r} {server!r}"


def test_without_a_turn_server_there_is_nothing_to_tell() -> None:
    assert turn.servers((), None, PERSON, 0) == ()
