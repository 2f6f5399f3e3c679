"""Tokens of microphones that come back: for their person and session, in any process."""

from itertools import pairwise

import jwt
import pytest

from server.entrance.resumes import MAX_TOKEN, Resumes, Resumption, new_token

KEY = b"k" * 32
SEAT = "지원자_1"


@pytest.fixture
def resumes() -> Resumes:
    return Resumes(KEY)


def come(resumes: Resumes, connection: str, token: str | None = None) -> Resumption:
    """Return as what a room microphone comes in."""
    return resumes.go_on("s1", "link", connection, None, token)


def test_a_room_microphone_keeps_its_name_whatever_connection_it_comes_over(
    resumes: Resumes,
) -> None:
    first = come(resumes, "c1")
    assert (first.name, first.earlier) == ("room-c1", None)
    second = come(resumes, "c2", first.token)
    assert (second.name, second.earlier) == ("room-c1", "c1")
    assert come(resumes, "c3", second.token).name == "room-c1"


def test_a_token_holds_after_a_restart_and_in_another_process_with_the_same_key(
    resumes: Resumes,
) -> None:
    token = come(resumes, "c1").token
    assert come(Resumes(KEY), "c2", token).name == "room-c1"
    assert come(Resumes(b"x" * 32), "c2", token).name == "room-c2"


def test_every_offer_has_its_own_token_and_its_place_in_the_page(resumes: Resumes) -> None:
    offers = [come(resumes, "c1")]
    for number in range(2, 5):
        offers.append(come(resumes, f"c{number}", offers[-1].token))
    assert [one.turn for one in offers] == [1, 2, 3, 4]
    assert all(after.since == before.turn for before, after in pairwise(offers))
    assert len({one.token for one in offers}) == 4
    assert len({one.page for one in offers}) == 1


@pytest.mark.parametrize(
    ("session", "link", "speaker"),
    [("s2", "link", None), ("s1", "another", None), ("s1", None, None), ("s1", "link", SEAT)],
)
def test_a_token_of_somebody_or_something_else_is_as_good_as_none(
    resumes: Resumes, session: str, link: str | None, speaker: str | None
) -> None:
    token = come(resumes, "c1").token
    found = resumes.go_on(session, link, "c2", speaker, token)
    assert (found.name, found.earlier) == (speaker or "room-c2", None)


def test_a_seats_token_does_not_name_a_room_microphone(resumes: Resumes) -> None:
    token = resumes.go_on("s1", "link", "c1", SEAT).token
    assert come(resumes, "c2", token).name == "room-c2"
    assert resumes.go_on("s1", "link", "c3", SEAT, token).earlier == "c1"


def test_strange_tokens_are_nobodys(resumes: Resumes) -> None:
    forged = jwt.encode({"aud": "daedam-resume"}, KEY, "HS256")
    unsigned = jwt.encode({"aud": "daedam-resume", "track": "room-c9"}, "", "none")
    for token in ("", "x", "x" * MAX_TOKEN * 2, new_token(), forged, unsigned, "é.é.é"):
        assert come(resumes, "c1", token).name == "room-c1"
