"""What an offer asks for, and what becomes of it."""

import asyncio
import enum
from dataclasses import dataclass, field

from server import consent
from server.access import Principal
from server.api.conversation import Conversation
from server.api.peer_line import PeerLine
from server.entrance.resumes import Resumption
from server.errors import Overloaded, SessionOver
from server.room import Room
from server.session import Life


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an offer asks for.

    Attributes:
        sdp: the client's offer.
        microphone: whose sound it carries: ``own``, ``room`` or ``none``.
        result_url: where the record can be read when it has ended.
        resume: the token of an earlier answer.
        can_resend: whether the client keeps its sound and can be asked for what got lost.
        is_whip: whether it is an encoder, which sends sound and says nothing.
    """

    sdp: str
    microphone: str
    result_url: str | None
    resume: str | None = None
    can_resend: bool = False
    is_whip: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """What an offer led to: the connection's id, the SDP answer, a token to come back with."""

    connection: str
    sdp: str
    resume: str


class VisitState(enum.Enum):
    """Where an offer is on its way.

    EXPECTED -> ENTERED -> ENDED
    EXPECTED -> ENDED (never followed, or refused when it was)
    """

    EXPECTED = "expected"
    """It is answered, the seat is reserved, and nothing else has happened."""
    ENTERED = "entered"
    """It is connected, and its person is heard over it."""
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class Visit:
    """One answered offer, until its connection has ended; a newer offer has a higher number."""

    number: int
    connection: str
    room: Room
    principal: Principal
    wanted: Wanted
    line: PeerLine
    conversation: Conversation
    resumption: Resumption | None = None
    """As what its microphone comes in; None: it carries none."""
    state: VisitState = VisitState.EXPECTED
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def speaker(self) -> str | None:
        """The seat whose own microphone it carries."""
        return self.principal.seat if self.wanted.microphone == "own" else None

    def is_of(self, principal: Principal) -> bool:
        """Return whether it is this person's; those without a link are one."""
        return self.principal.link == principal.link

    def is_rival_of(self, other: "Visit") -> bool:
        """Return whether only one of the two can go on: they are of one person, in one room."""
        is_same = self.room.id == other.room.id and self is not other
        return is_same and self.principal.link is not None and self.is_of(other.principal)

    def check(self) -> None:
        """Refuse what the session does not take now; asked at the offer and when it connects.

        Raises:
            ClientError: ``session_over``, ``consent_required``, ``overloaded``: it is ending.
        """
        check(self.room, self.principal, self.wanted.microphone)


def check(room: Room, principal: Principal, microphone: str) -> None:
    """Refuse what the session does not take now.

    Raises:
        ClientError: ``session_over``, ``consent_required``, ``overloaded``: it is ending.
    """
    if room.session.is_over:
        raise SessionOver
    if microphone == "none":
        return
    if room.life is Life.ENDING:  # Nobody would wait for what it hears.
        raise Overloaded("The interview is ending; try again in a few seconds.")
    if microphone == "own":
        consent.check_person(room.session, principal)
    else:
        consent.check(room.session, None)
