"""Tokens of devices that come back: for their person, once, for a while."""

from server.entrance.resumes import Resumes

HOLD_S = 30.0


def test_a_token_names_the_track_once_for_its_person() -> None:
    resumes = Resumes(HOLD_S)
    token = resumes.issue("link", "c1", "room-c1", 0.0)
    assert resumes.redeem(token, "another link", 1.0) is None
    assert resumes.redeem(token, "link", 1.0) == "room-c1"
    assert resumes.redeem(token, "link", 1.0) is None


def test_a_token_lasts_as_long_as_its_connection_and_a_while_longer() -> None:
    resumes = Resumes(HOLD_S)
    early, late = (resumes.issue("link", name, name, 0.0) for name in ("c1", "c2"))
    for connection in ("c1", "c2"):
        resumes.lose(connection, 1000.0)
    assert resumes.redeem(early, "link", 1000.0 + HOLD_S - 0.1) == "c1"
    assert resumes.redeem(late, "link", 1000.0 + HOLD_S) is None


def test_strange_tokens_are_nobodys() -> None:
    resumes = Resumes(HOLD_S)
    for token in (None, "", "x" * 10_000):
        assert resumes.redeem(token, None, 0.0) is None


def test_what_nobody_came_back_with_is_forgotten() -> None:
    resumes = Resumes(HOLD_S)
    for number in range(1000):
        resumes.issue("link", f"c{number}", "room", float(number))
        resumes.lose(f"c{number}", float(number))
    assert len(resumes) <= HOLD_S + 1
