"""Consent before sound: who may be heard, and how that comes to be and ends. Pure functions."""

from server.access import Principal
from server.decisions import check_live, check_seat
from server.errors import ClientError, ErrorCode
from server.events import ConsentGiven, ConsentWithdrawn, RoomConfirmed
from server.session import Session


def give(
    session: Session, principal: Principal, *, keep_audio_days: float = 0.0
) -> tuple[ConsentGiven, ...]:
    """Return the consent of the person's own seat, nothing if the same was given before.

    ``keep_audio_days``: they also agree to their voice being kept for so long, or (0) no more.

    Raises:
        ClientError: ``session_over``, ``forbidden``, ``unknown_seat``.
    """
    seat = _own_seat(session, principal)
    if session.config.consent == "external":
        keep_audio_days = 0.0  # Where consent is seen to elsewhere nobody is asked here.
    if seat in session.consents and session.keeps.get(seat, 0) == keep_audio_days:
        return ()
    return (ConsentGiven(seat=seat, keep_audio_days=keep_audio_days),)


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
    raise ClientError(
        ErrorCode.CONSENT_REQUIRED,
        "A room microphone is heard only after the operator has confirmed that everybody consents."
        if seat is None
        else "Sound is taken only after consent to being written down and evaluated by software.",
        status=403,
    )


def _own_seat(session: Session, principal: Principal) -> str:
    check_live(session)
    if principal.seat is None:
        raise ClientError(ErrorCode.FORBIDDEN, "Only a person in a seat can consent.", status=403)
    check_seat(session, principal.seat)
    return principal.seat
