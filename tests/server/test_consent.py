"""Who may be heard: consent given, withdrawn, confirmed for the room, or seen to elsewhere."""

from dataclasses import replace

import pytest

from server import consent
from server.access import LOCAL_OPERATOR, Principal, Role
from server.errors import ClientError, ErrorCode
from server.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    RoomConfirmed,
    SeatConfig,
    SessionConfig,
    SessionCreated,
)
from server.session import Session, fold
from tests.server.stories import CLOSED, CREATED, story

SEAT, OTHER = "지원자_1", "면접관_1"
APPLICANT = Principal(roles=frozenset({Role.APPLICANT}), seat=SEAT)
REQUIRED = SessionCreated(
    config=SessionConfig(seats=(SeatConfig(seat=OTHER), SeatConfig(seat=SEAT)))
)
GIVEN, WITHDRAWN = ConsentGiven(seat=SEAT), ConsentWithdrawn(seat=SEAT)


def told(*events: Event) -> Session:
    return fold("s", story(*events))


def heard(*events: Event) -> list[str | None]:
    """Return who may be heard; None: a room microphone."""
    session = told(*events)
    return [seat for seat in (SEAT, OTHER, None) if consent.is_given(session, seat)]


def test_consent_is_given_once_for_the_persons_own_seat() -> None:
    assert consent.give(told(REQUIRED), APPLICANT) == (GIVEN,)
    assert consent.give(told(REQUIRED, GIVEN), APPLICANT) == ()
    assert consent.give(told(REQUIRED, GIVEN, WITHDRAWN), APPLICANT) == (GIVEN,)


def test_whoever_sits_there_later_is_asked_anew_and_is_not_kept() -> None:
    one, two = (replace(APPLICANT, link=link) for link in ("one", "two"))
    given = consent.give(told(REQUIRED), one, 30, 30)
    assert given == (ConsentGiven(seat=SEAT, keep_audio_days=30, person=one.person),)
    session = told(REQUIRED, *given)
    assert consent.has_given(session, one)
    assert not consent.has_given(session, two)
    consent.check_person(session, one)
    with pytest.raises(ClientError) as refused:
        consent.check_person(session, two)
    assert refused.value.code is ErrorCode.CONSENT_REQUIRED
    assert not consent.may_be_kept(session, two)  # Nothing tells the two voices apart later.
    (theirs,) = consent.give(session, two, 30, 30)
    assert theirs == ConsentGiven(seat=SEAT, person=two.person)
    session = told(REQUIRED, *given, theirs)
    assert consent.has_given(session, two)
    assert not consent.has_given(session, one)
    assert session.keeps == {}


def test_who_consented_in_an_earlier_release_is_not_asked_again() -> None:
    assert consent.has_given(told(REQUIRED, GIVEN), replace(APPLICANT, link="one"))


def test_consent_seen_to_elsewhere_holds_for_whoever_sits_there() -> None:
    one, two = (replace(APPLICANT, link=link) for link in ("one", "two"))
    given = consent.give(told(CREATED), one)
    external = told(SessionCreated(config=SessionConfig(consent="external")), *given)
    assert consent.has_given(external, two)


def test_a_person_is_known_by_a_pseudonym_that_does_not_show_their_link() -> None:
    one = replace(APPLICANT, link="one")
    assert one.person is not None
    assert "one" not in one.person
    assert one.person == replace(one, name="somebody").person
    assert APPLICANT.person is None


def test_consent_to_keeping_is_given_again_only_when_it_changes() -> None:
    kept = ConsentGiven(seat=SEAT, keep_audio_days=30)
    assert consent.give(told(REQUIRED), APPLICANT, 30, 30) == (kept,)
    assert consent.give(told(REQUIRED, kept), APPLICANT, 30, 30) == ()
    assert consent.give(told(REQUIRED, GIVEN), APPLICANT, 30, 30) == (kept,)
    assert consent.give(told(REQUIRED, kept), APPLICANT) == (GIVEN,)
    assert consent.give(told(REQUIRED, kept, WITHDRAWN), APPLICANT) == (GIVEN,)


@pytest.mark.parametrize(
    ("agreed", "shown", "offered", "days"),
    [
        (0, 30, 7, 7),
        (0, 7, 30, 7),
        (0, 30, 0, 0),
        (30, 30, 0, 30),
        (30, 60, 0, 30),
        (7, 30, 30, 30),
    ],
)
def test_nobody_is_kept_longer_than_they_saw_or_was_offered(
    agreed: float, shown: float, offered: float, days: float
) -> None:
    before = ConsentGiven(seat=SEAT, keep_audio_days=agreed)
    given = consent.give(told(REQUIRED, before), APPLICANT, shown, offered)
    after = given[0].keep_audio_days if given else agreed
    assert after == days


def test_nobody_is_kept_who_withdrew_before() -> None:
    assert consent.give(told(REQUIRED, GIVEN, WITHDRAWN), APPLICANT, 30, 30) == (GIVEN,)


def test_nobody_is_kept_where_consent_is_seen_to_elsewhere() -> None:
    external = SessionCreated(config=SessionConfig(consent="external"))
    assert consent.give(told(external), APPLICANT, 30, 30) == (GIVEN,)


def test_consent_is_withdrawn_once_and_only_where_there_was_some() -> None:
    assert consent.withdraw(told(REQUIRED), APPLICANT) == ()
    assert consent.withdraw(told(REQUIRED, GIVEN), APPLICANT) == (WITHDRAWN,)
    assert consent.withdraw(told(REQUIRED, GIVEN, WITHDRAWN), APPLICANT) == ()


def test_consent_that_was_seen_to_elsewhere_can_be_withdrawn_here() -> None:
    assert consent.withdraw(told(CREATED), APPLICANT) == (WITHDRAWN,)
    assert consent.withdraw(told(CREATED, WITHDRAWN), APPLICANT) == ()


def test_the_room_is_confirmed_once_until_somebody_withdraws() -> None:
    assert consent.confirm(told(REQUIRED)) == (RoomConfirmed(),)
    assert consent.confirm(told(REQUIRED, RoomConfirmed())) == ()
    assert consent.confirm(told(REQUIRED, RoomConfirmed(), WITHDRAWN)) == (RoomConfirmed(),)


@pytest.mark.parametrize(
    ("principal", "code"),
    [
        (LOCAL_OPERATOR, ErrorCode.FORBIDDEN),
        (Principal(roles=frozenset({Role.APPLICANT}), seat="지원자_3"), ErrorCode.UNKNOWN_SEAT),
    ],
)
def test_nobody_consents_without_a_seat_of_the_session(
    principal: Principal, code: ErrorCode
) -> None:
    for decide in (consent.give, consent.withdraw):
        with pytest.raises(ClientError) as caught:
            decide(told(REQUIRED), principal)
        assert caught.value.code is code


def test_an_ended_session_takes_no_word_about_consent() -> None:
    over = told(REQUIRED, CLOSED)
    for decide in (consent.give, consent.withdraw):
        with pytest.raises(ClientError) as caught:
            decide(over, APPLICANT)
        assert caught.value.code is ErrorCode.SESSION_OVER
    with pytest.raises(ClientError) as caught:
        consent.confirm(over)
    assert caught.value.code is ErrorCode.SESSION_OVER


def test_an_own_microphone_needs_the_consent_of_its_person() -> None:
    assert heard(REQUIRED) == []
    assert heard(REQUIRED, GIVEN) == [SEAT]
    assert heard(REQUIRED, GIVEN, WITHDRAWN) == []
    assert heard(REQUIRED, GIVEN, WITHDRAWN, GIVEN) == [SEAT]


def test_a_room_microphone_needs_the_operators_word_and_nothing_else() -> None:
    everybody = (GIVEN, ConsentGiven(seat=OTHER))
    assert heard(REQUIRED, *everybody) == [SEAT, OTHER]
    assert heard(REQUIRED, *everybody, RoomConfirmed()) == [SEAT, OTHER, None]
    assert heard(REQUIRED, RoomConfirmed()) == [None]


def test_a_withdrawal_voids_the_confirmation_of_the_room_until_the_next() -> None:
    before = (REQUIRED, GIVEN, RoomConfirmed(), WITHDRAWN)
    assert heard(*before) == []
    assert heard(*before, GIVEN) == [SEAT]
    assert heard(*before, RoomConfirmed()) == [None]


def test_consent_seen_to_by_the_operator_is_enough_until_it_is_withdrawn() -> None:
    assert heard(CREATED) == [SEAT, OTHER, None]
    assert heard(CREATED, WITHDRAWN) == [OTHER]
    assert heard(CREATED, WITHDRAWN, RoomConfirmed()) == [OTHER, None]
    assert heard(CREATED, WITHDRAWN, GIVEN) == [SEAT, OTHER, None]


def test_who_may_not_be_heard_is_told_what_is_missing() -> None:
    session = told(REQUIRED)
    with pytest.raises(ClientError, match="after consent") as caught:
        consent.check(session, SEAT)
    assert caught.value.code is ErrorCode.CONSENT_REQUIRED
    with pytest.raises(ClientError, match="operator has confirmed") as caught:
        consent.check(session, None)
    assert (caught.value.code, caught.value.status) == (ErrorCode.CONSENT_REQUIRED, 403)
