"""Whose voice may be learnt by whom: pure decisions."""

import pytest

from server.access import Principal, Role
from server.enrolling import check_agreed, whose
from server.entries import Entry
from server.errors import ClientError, ErrorCode
from server.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Event,
    SessionClosed,
    SessionConfig,
    SessionCreated,
)
from server.session import Session

SEAT = "지원자_1"
OTHER = "면접관_1"


def session(*happened: Event) -> Session:
    folded = Session("s")
    for seq, event in enumerate((SessionCreated(config=SessionConfig()), *happened), 1):
        folded.apply(
            Entry(
                seq=seq,
                at=float(seq),
                wall=100.0 + seq,
                by="system",
                v=event.VERSION,
                type=event.type(),
                cmd=None,
                event=event,
            )
        )
    return folded


def who(role: Role, seat: str | None = None) -> Principal:
    return Principal(frozenset({role}), session="s", seat=seat, link="l")


def refused(principal: Principal, seat: str | None, *, is_agreed: bool = False) -> ErrorCode:
    with pytest.raises(ClientError) as found:
        whose(session(), principal, seat, is_agreed=is_agreed)
    return found.value.code


def test_ones_own_voice_needs_nobody_elses_word() -> None:
    applicant = who(Role.APPLICANT, SEAT)
    assert whose(session(), applicant, None) == SEAT
    assert whose(session(), applicant, SEAT) == SEAT
    both = Principal(frozenset({Role.OPERATOR, Role.INTERVIEWER}), seat=OTHER)
    assert whose(session(), both, OTHER) == OTHER


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.MICROPHONE])
def test_somebody_elses_voice_needs_their_agreement(role: Role) -> None:
    assert refused(who(role), SEAT) is ErrorCode.FORBIDDEN
    assert whose(session(), who(role), SEAT, is_agreed=True) == SEAT
    assert refused(who(role), None, is_agreed=True) is ErrorCode.BAD_REQUEST
    assert refused(who(role), "면접관_7", is_agreed=True) is ErrorCode.UNKNOWN_SEAT


def test_nobody_else_speaks_for_others() -> None:
    for principal in (who(Role.APPLICANT, OTHER), who(Role.OBSERVER), who(Role.INTERVIEWER, OTHER)):
        assert refused(principal, SEAT, is_agreed=True) is ErrorCode.FORBIDDEN


def test_after_the_end_nobody_is_asked() -> None:
    with pytest.raises(ClientError) as found:
        whose(session(SessionClosed()), who(Role.APPLICANT, SEAT), None)
    assert found.value.code is ErrorCode.SESSION_OVER


def test_who_withdrew_their_consent_has_to_give_it_again() -> None:
    withdrawn = (ConsentGiven(seat=SEAT), ConsentWithdrawn(seat=SEAT))
    with pytest.raises(ClientError) as found:
        check_agreed(session(*withdrawn), SEAT)
    assert found.value.code is ErrorCode.CONSENT_REQUIRED
    check_agreed(session(*withdrawn), OTHER)
    check_agreed(session(*withdrawn, ConsentGiven(seat=SEAT)), SEAT)
    check_agreed(session(), SEAT)
