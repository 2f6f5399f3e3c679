"""Links: what opens a session, and everything that only looks as if it did."""

import base64
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access import EVERY_SESSION, Principal, Role
from server.entrance.links import KEY_FILE, Links, invitation, load_key
from server.errors import ClientError, ErrorCode
from server.events import SEATS
from server.settings import SettingsError

KEY = "k" * 48
LINKS = Links(KEY)
CLAIMS = {"aud": "daedam", "jti": "one", "session": "s", "roles": ["observer"]}


def signed(key: str = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    """Sign claims that are right but for ``changes``; ``...`` leaves a claim out."""
    claims = {**CLAIMS, "exp": int(time.time()) + 60, **changes}
    return jwt.encode({k: v for k, v in claims.items() if v is not ...}, key, algorithm)


def refusal(token: str) -> ClientError:
    with pytest.raises(ClientError) as caught:
        LINKS.read(token)
    assert caught.value.code is ErrorCode.LINK_INVALID
    assert caught.value.status == 401
    return caught.value


@pytest.mark.parametrize("seat", SEATS)
def test_a_link_comes_back_as_the_person_it_was_made_for(seat: str) -> None:
    invited = invitation("면접 1", seat=seat, role=None, name="김지원")
    read = LINKS.read(LINKS.make(invited))
    assert (read.roles, read.session, read.seat, read.name) == (
        invited.roles,
        "면접 1",
        seat,
        "김지원",
    )


def test_every_link_names_a_new_person_and_keeps_naming_the_same_one() -> None:
    invited = invitation("s", seat="지원자_1", role=None)
    first, second = LINKS.make(invited), LINKS.make(invited)
    assert LINKS.read(first).link == LINKS.read(first).link
    assert LINKS.read(first).link != LINKS.read(second).link


def test_claims_that_are_right_are_read() -> None:
    assert LINKS.read(signed()) == Principal(frozenset({Role.OBSERVER}), session="s", link="one")


def test_an_expired_link_says_so() -> None:
    assert "expired" in str(refusal(LINKS.make(invitation("s", seat="지원자_1", role=None), -1)))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(signed(key="x" * 48), id="another key"),
        pytest.param(signed(algorithm="HS512", key=KEY * 2), id="another algorithm"),
        pytest.param(signed(algorithm="HS384"), id="another algorithm with our key"),
        pytest.param(signed(aud="elsewhere"), id="another audience"),
        pytest.param(signed(exp="soon"), id="an expiry in words"),
        pytest.param(signed(nbf=int(time.time()) + 60), id="not valid yet"),
        *(
            pytest.param(signed(**dict[str, Any]({claim: ...})), id=f"no {claim}")
            for claim in ("aud", "jti", "exp", "session", "roles")
        ),
    ],
)
def test_a_token_that_is_not_one_of_ours_opens_nothing(token: str) -> None:
    refusal(token)


@pytest.mark.parametrize(
    "changes",
    [
        {"session": 5},
        {"session": None},
        {"session": ["s"]},
        {"session": ""},
        {"roles": "operator"},
        {"roles": []},
        {"roles": ["king"]},
        {"roles": [["operator"]]},
        {"roles": {"operator": True}},
        {"roles": None},
        {"roles": 1},
        {"seat": 1, "roles": ["applicant"]},
        {"seat": ["지원자_1"], "roles": ["applicant"]},
        {"seat": "지원자_9", "roles": ["applicant"]},
        {"seat": "지원자_1", "roles": ["interviewer"]},
        {"seat": "지원자_1", "roles": ["observer"]},
        {"roles": ["applicant"]},
        {"roles": ["interviewer"]},
        {"roles": ["observer", "microphone"]},
        {"seat": "지원자_1", "roles": ["applicant", "operator"]},
        {"seat": "면접관_1", "roles": ["interviewer", "applicant"]},
        {"session": EVERY_SESSION},
        {"session": EVERY_SESSION, "seat": "면접관_1", "roles": ["operator", "interviewer"]},
        {"name": {"first": "김"}},
        {"jti": 7},
    ],
)
def test_claims_of_wrong_types_or_without_sense_open_nothing(changes: dict[str, Any]) -> None:
    refusal(signed(**changes))


def test_alg_none_opens_nothing() -> None:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = part({**CLAIMS, "roles": ["operator"], "exp": int(time.time()) + 60})
    for algorithm in ("none", "None", "NONE", ""):
        head = part({"alg": algorithm, "typ": "JWT"})
        refusal(f"{head}.{claims}.")
        refusal(f"{head}.{claims}.{signed().rsplit('.', 1)[1]}")


def test_a_signature_does_not_move_to_other_claims() -> None:
    _, _, signature = signed().split(".")
    head, claims, _ = signed(roles=["operator"]).split(".")
    refusal(f"{head}.{claims}.{signature}")


@given(st.text(max_size=200))
def test_rubbish_is_refused_and_nothing_worse(token: str) -> None:
    refusal(token)


@given(st.integers(0, 200), st.characters(min_codepoint=33, max_codepoint=126))
def test_one_changed_character_is_refused(place: int, character: str) -> None:
    token = signed()
    place %= token.rindex(".")  # The last character of a signature has bits that mean nothing.
    if token[place] != character:
        refusal(token[:place] + character + token[place + 1 :])


@pytest.mark.parametrize(
    ("seat", "role", "roles"),
    [
        ("면접관_2", None, {Role.INTERVIEWER}),
        ("지원자_3", None, {Role.APPLICANT}),
        ("면접관_2", "interviewer", {Role.INTERVIEWER}),
        ("면접관_2", "operator", {Role.INTERVIEWER, Role.OPERATOR}),
        (None, "operator", {Role.OPERATOR}),
        (None, "observer", {Role.OBSERVER}),
        (None, "microphone", {Role.MICROPHONE}),
    ],
)
def test_an_invitation_is_for_a_seat_or_a_role_or_an_operator_in_a_seat(
    seat: str | None, role: str | None, roles: set[Role]
) -> None:
    invited = invitation("s", seat=seat, role=role)
    assert invited.roles == roles
    assert LINKS.read(LINKS.make(invited)).roles == roles


@pytest.mark.parametrize(
    ("session", "seat", "role", "reason"),
    [
        ("s", None, None, "name a seat or a role"),
        ("s", "지원자_4", None, "seats are"),
        ("s", None, "king", "king"),
        ("s", None, "interviewer", "needs a seat"),
        ("s", None, "applicant", "needs a seat"),
        ("s", "지원자_1", "operator", "cannot be operator"),
        ("s", "지원자_1", "interviewer", "cannot also be"),
        ("s", "면접관_1", "observer", "cannot also be"),
        ("s", "면접관_1", "microphone", "cannot also be"),
        (EVERY_SESSION, None, "observer", "only an operator"),
        (EVERY_SESSION, "면접관_1", None, "only an operator"),
    ],
)
def test_an_invitation_that_makes_no_sense_says_why(
    session: str, seat: str | None, role: str | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        invitation(session, seat=seat, role=role)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="32 characters"):
        Links("k" * 31)


def test_the_key_is_made_once_for_its_owner_only_and_used_again(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        key = load_key(None, tmp_path)
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert len(key) >= 48
    assert load_key(None, tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]
    other = tmp_path / "other"
    other.mkdir()
    assert load_key(None, other) != key


def test_with_a_secret_no_key_is_made(tmp_path: Path) -> None:
    assert load_key("s" * 32, tmp_path) == "s" * 32
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff\xfe" * 40])
def test_a_damaged_key_file_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(SettingsError, match=KEY_FILE):
        load_key(None, tmp_path)
    assert (tmp_path / KEY_FILE).read_bytes() == content
