"""Who hears whom: nobody themselves, and nobody who sits in the same room.

Tracks are called after the seat whose own microphone they are; every other name is a room
microphone's, which several people speak into.
"""

import enum
from collections.abc import Callable

from server.access import Principal, Role
from server.events import SessionConfig


class Audience(enum.Enum):
    """Which microphones a person or a device is sent."""

    NONE = "none"
    """Silence alone: the session is not to be heard, or the room's device plays for this seat."""
    OWN_MICROPHONES = "own_microphones"
    """Those of people who sit elsewhere: what a room's device hears, its own people hear anyway."""
    EVERY_MICROPHONE = "every_microphone"


def audience_of(config: SessionConfig, principal: Principal) -> Audience:
    """Return what ``principal`` is sent, own sound aside."""
    if not config.hear_each_other:
        return Audience.NONE
    if principal.role is Role.MICROPHONE:
        return Audience.OWN_MICROPHONES
    place = next((place for place in config.seats if place.seat == principal.seat), None)
    if place is not None and place.microphone == "room":
        return Audience.NONE
    return Audience.EVERY_MICROPHONE


def listens(config: SessionConfig, principal: Principal) -> bool:
    """Return whether ``principal`` is ever sent anything but silence."""
    return audience_of(config, principal) is not Audience.NONE


def hears(config: SessionConfig, principal: Principal, own: str | None) -> Callable[[str], bool]:
    """Return which tracks are in the mix of ``principal``, as ``Stage.enter`` wants it.

    Args:
        config: the session's.
        principal: the listener.
        own: the track that the listener's own connection carries; None: none.
    """
    audience = audience_of(config, principal)
    seats = {place.seat for place in config.seats}
    # The seat's microphone may be on another connection of the same person.
    selves = {own, principal.seat}

    def is_heard(track: str) -> bool:
        if track in selves:
            return False
        match audience:
            case Audience.NONE:
                return False
            case Audience.OWN_MICROPHONES:
                return track in seats
            case Audience.EVERY_MICROPHONE:
                return True

    return is_heard
