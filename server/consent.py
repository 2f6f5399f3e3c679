"""Consent before sound: who may be heard, and how that comes to be and ends. Pure functions."""

from server.access import Principal
from server.decisions import check_live, check_seat
from server.errors import ClientError, ErrorCode
from server.events import ConsentGiven, ConsentWithdrawn, RoomConfirmed
from server.session import Session


def give(
    session: Session, principal: Principal, keep_audio_days: float = 0.0, offered_days: float = 0.0
) -> tuple[ConsentGiven, ...]:
    """Return the consent of the person's own seat, nothing if the same was given before.

    Args:
        session: as it is now.
        principal: who consents.
        keep_audio_days: they also agree to their voice being kept for so long; 0: not at all.
        offered_days: what the settings offer. Nobody is kept for longer than they saw, nor than
            was offered; what they agreed to before they can say again.

    Raises:
        ClientError: ``session_over``, ``forbidden``, ``unknown_seat``.
    """
    seat = _own_seat(session, principal)
    agreed_days = session.keeps.get(seat, 0.0)
    days = min(keep_audio_days, max(offered_days, agreed_days))
    if not may_be_kept(session, principal):
        days = 0.0
    if has_given(session, principal) and seat in session.consents and agreed_days == days:
        return ()
    return (ConsentGiven(seat=seat, keep_audio_days=days, person=principal.person),)


def may_be_kept(session: Session, principal: Principal) -> bool:
    """Return whether a person in a seat can be asked for their voice.

    Nobody is asked here where consent is seen to elsewhere, and nobody again who withdrew it:
    nothing tells what they said before from what they said after. Nor does anything tell what
    somebody else said who sat there before.
    """
    earlier = [one for one in session.agreed if one.seat == principal.seat]
    is_alone = all(one.is_given and _is_of(one.person, principal) for one in earlier)
    return session.config.consent == "required" and is_alone


def has_given(session: Session, principal: Principal) -> bool:
    """Return whether the own microphone of this person may be heard, not of who sat there before.

    As ``is_given`` of their seat, and for a person without a seat.
    """
    given = [one for one in session.agreed if one.seat == principal.seat and one.is_given]
    is_theirs = not given or _is_of(given[-1].person, principal)
    return is_given(session, principal.seat) and (is_theirs or session.config.consent == "external")


def check_person(session: Session, principal: Principal) -> None:
    """Refuse the own microphone of a person who has not consented, see ``has_given``.

    Raises:
        ClientError: ``consent_required``.
    """
    if not has_given(session, principal):
        raise _required()


def withdraw(session: Session, principal: Principal) -> tuple[ConsentWithdrawn, ...]:
    """Return the end of the consent of the person's own seat, nothing if there was none.

    Raises:
        ClientError: ``session_over``, ``forbidden``, ``unknown_seat``.
    """
    seat = _own_seat(session, principal)
    return (ConsentWithdrawn(seat=seat),) if is_given(session, seat) else ()


def confirm(session: Session) -> tuple[RoomConfirmed, ...]:
    """Return that everybody whom a room microphone hears has consented, if it is news.

    Raises:
        ClientError: ``session_over``.
    """
    check_live(session)
    return () if session.is_room_confirmed else (RoomConfirmed(),)


def is_given(session: Session, seat: str | None) -> bool:
    """Return whether the own microphone of ``seat`` (None: a room microphone) may be heard.

    Who hears whom in a room, only the operator knows: a room microphone waits for their word.
    Consent that was seen to elsewhere holds until somebody withdraws it here.
    """
    is_external = session.config.consent == "external"
    if seat is None:
        return session.is_room_confirmed or (is_external and not session.withdrawn)
    return seat in session.consents or (is_external and seat not in session.withdrawn)


def check(session: Session, seat: str | None) -> None:
    """Refuse sound without consent, see ``is_given``.

    Raises:
        ClientError: ``consent_required``.
    """
    if is_given(session, seat):
        return
    raise _room_required() if seat is None else _required()


def _required() -> ClientError:
    return ClientError(
        ErrorCode.CONSENT_REQUIRED,
        "Sound is taken only after consent to being written down and evaluated by software.",
        status=403,
    )


def _room_required() -> ClientError:
    return ClientError(
        ErrorCode.CONSENT_REQUIRED,
        "A room microphone is heard only after the operator has confirmed that everybody consents.",
        status=403,
    )


def _is_of(person: str | None, principal: Principal) -> bool:
    # Who consented in an earlier release, or came without a link, is nobody else's to doubt.
    return person is None or person == principal.person


def _own_seat(session: Session, principal: Principal) -> str:
    check_live(session)
    if principal.seat is None:
        raise ClientError(ErrorCode.FORBIDDEN, "Only a person in a seat can consent.", status=403)
    check_seat(session, principal.seat)
    return principal.seat
