"""One table of what every role may ask for and see. What is not in it goes to nobody."""

import enum
import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from server.errors import Forbidden, OtherSession
from server.events import APPLICANTS, INTERVIEWERS, OPERATOR

EVERY_SESSION = "*"


class Role(enum.StrEnum):
    """What a person is in a session."""

    OPERATOR = "operator"
    INTERVIEWER = "interviewer"
    APPLICANT = "applicant"
    OBSERVER = "observer"
    MICROPHONE = "microphone"


class Right(enum.StrEnum):
    """The rows of the access table in docs/protocol.md."""

    CREATE = "create, invite, erase"
    DIRECT = "end, note, correct, request evaluation"
    RATE = "rate, override"
    CONSENT = "consent, enrol, object (own seat)"
    CONFIRM = "confirm everybody's consent"
    SEND_AUDIO = "send audio"
    SEE_ROOM = "see presence, words, voices, gaps"
    SEE_JUDGEMENT = "see notes, evaluations, ratings, result"
    TALK = "be told about one's own commands"


_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OPERATOR: frozenset(
        {
            Right.CREATE,
            Right.DIRECT,
            Right.CONFIRM,
            Right.SEND_AUDIO,
            Right.SEE_ROOM,
            Right.SEE_JUDGEMENT,
            Right.TALK,
        }
    ),
    Role.INTERVIEWER: frozenset(
        {
            Right.DIRECT,
            Right.RATE,
            Right.CONSENT,
            Right.SEND_AUDIO,
            Right.SEE_ROOM,
            Right.SEE_JUDGEMENT,
            Right.TALK,
        }
    ),
    Role.APPLICANT: frozenset({Right.CONSENT, Right.SEND_AUDIO, Right.SEE_ROOM, Right.TALK}),
    Role.OBSERVER: frozenset({Right.SEE_ROOM, Right.TALK}),
    Role.MICROPHONE: frozenset({Right.SEND_AUDIO, Right.TALK}),
}

COMMANDS: dict[str, Right] = {
    "speaker_note": Right.DIRECT,
    "evaluation_request": Right.DIRECT,
    "session_end": Right.DIRECT,
    "audio_chunk": Right.SEND_AUDIO,
    "consent": Right.CONSENT,
    "withdraw_consent": Right.CONSENT,
    "confirm_room": Right.CONFIRM,
    "mute": Right.SEND_AUDIO,
    "name_voice": Right.DIRECT,
    "swap_voices": Right.DIRECT,
    "merge_voices": Right.DIRECT,
    "move_segment": Right.DIRECT,
    "split_segment": Right.DIRECT,
    "edit_segment": Right.DIRECT,
    "edit_note": Right.DIRECT,
    "retract": Right.DIRECT,
    "subscribe": Right.SEE_ROOM,
}
"""The right a command needs."""

SEEN: dict[str, Right] = {
    # answers
    "note_saved": Right.SEE_JUDGEMENT,
    "evaluation_summary": Right.SEE_JUDGEMENT,
    "session_ended": Right.SEE_JUDGEMENT,
    "audio_processed": Right.TALK,
    "done": Right.TALK,
    "caught_up": Right.TALK,
    "error": Right.TALK,
    "ping": Right.TALK,
    # signals
    "interim": Right.SEE_ROOM,
    "provisional_speaker": Right.SEE_ROOM,
    "speakers": Right.SEE_ROOM,
    "lag": Right.SEE_ROOM,
    "microphone": Right.SEE_ROOM,
    "level": Right.SEE_ROOM,
    "presence": Right.SEE_ROOM,
    "missed": Right.TALK,
    # events
    "session_created": Right.SEE_ROOM,
    "consent_given": Right.SEE_ROOM,
    "consent_withdrawn": Right.SEE_ROOM,
    "room_confirmed": Right.SEE_ROOM,
    "joined": Right.SEE_ROOM,
    "left": Right.SEE_ROOM,
    "muted": Right.SEE_ROOM,
    "unmuted": Right.SEE_ROOM,
    "gap": Right.SEE_ROOM,
    "voice_assigned": Right.SEE_ROOM,
    "voice_forgotten": Right.SEE_ROOM,
    "speech": Right.SEE_ROOM,
    "segment_voiced": Right.SEE_ROOM,
    "segment_split": Right.SEE_ROOM,
    "voices_merged": Right.SEE_ROOM,
    "segment_edited": Right.SEE_ROOM,
    # Of a note too: what it says is in neither, only that something no longer counts.
    "retracted": Right.SEE_ROOM,
    "speakers_checked": Right.SEE_ROOM,
    "utterance_final": Right.SEE_ROOM,
    "utterance_dropped": Right.SEE_ROOM,
    "audio_taken": Right.SEE_ROOM,
    "session_closed": Right.SEE_ROOM,
    "erased": Right.SEE_ROOM,
    "note_added": Right.SEE_JUDGEMENT,
    "note_edited": Right.SEE_JUDGEMENT,
    "evaluation": Right.SEE_JUDGEMENT,
}
"""The right needed to be sent an answer or an event of this type."""


class HttpDoor(NamedTuple):
    """One HTTP resource and the right it needs; None: open to everybody."""

    right: Right | None


HTTP: dict[str, HttpDoor] = {
    "health": HttpDoor(None),
    "ready": HttpDoor(None),
    # Open to this machine and to DAEDAM_METRICS_TOKEN, whatever the role: see admit_scraper.
    "metrics": HttpDoor(None),
    "page": HttpDoor(None),
    "room_page": HttpDoor(None),
    "review_page": HttpDoor(None),
    "static": HttpDoor(None),
    "openapi": HttpDoor(None),
    "asyncapi": HttpDoor(None),
    "create": HttpDoor(Right.CREATE),
    "invite": HttpDoor(Right.CREATE),
    "erase": HttpDoor(Right.CREATE),
    "sessions": HttpDoor(Right.CREATE),
    "journal": HttpDoor(Right.CREATE),
    "end": HttpDoor(Right.DIRECT),
    "join": HttpDoor(Right.TALK),
    "offer": HttpDoor(Right.TALK),
    "backfill": HttpDoor(Right.SEND_AUDIO),
    # Whose voice it may be is decided by who asks: see server.enrolling.
    "enrol": HttpDoor(Right.TALK),
    "voices": HttpDoor(Right.TALK),
    "forget_voice": HttpDoor(Right.TALK),
    "whip": HttpDoor(Right.SEND_AUDIO),
    "whip_resource": HttpDoor(Right.SEND_AUDIO),
    "whip_trickle": HttpDoor(Right.SEND_AUDIO),
    # A browser asks before it shows its link (CORS), so nobody can be refused here.
    "whip_options": HttpDoor(None),
    # Between processes only: see server.api.relaying.
    "command": HttpDoor(Right.TALK),
    "status": HttpDoor(Right.SEE_JUDGEMENT),
    "result": HttpDoor(Right.SEE_JUDGEMENT),
    "export": HttpDoor(Right.SEE_JUDGEMENT),
}
"""Resources by the name the router gives them."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is at the other end of a connection or a request.

    Attributes:
        session: the session the link is for, or ``*`` for every session.
        link: the id of the link, one per person; None for a connection without a link.
    """

    roles: frozenset[Role]
    session: str = EVERY_SESSION
    seat: str | None = None
    link: str | None = None
    name: str | None = None

    def has(self, right: Right) -> bool:
        return any(right in _RIGHTS[role] for role in self.roles)

    def may(self, command: str) -> bool:
        right = COMMANDS.get(command)
        return right is not None and self.has(right)

    def sees(self, kind: str) -> bool:
        right = SEEN.get(kind)
        return right is not None and self.has(right)

    @property
    def person(self) -> str | None:
        """A pseudonym of the link, which says nothing about it; None without a link."""
        if self.link is None:
            return None
        return hashlib.sha256(f"daedam person {self.link}".encode()).hexdigest()[:16]

    @property
    def role(self) -> Role:
        """The strongest of its roles, in the order of the table."""
        return next(role for role in Role if role in self.roles)

    @property
    def author(self) -> str:
        """Who events name in ``by``: the seat, else the role."""
        return self.seat or (OPERATOR if Role.OPERATOR in self.roles else str(self.role))

    def check_session(self, session: str) -> None:
        """Refuse a link that is for another session.

        Raises:
            OtherSession: the link does not open ``session``.
        """
        if self.session not in (EVERY_SESSION, session):
            raise OtherSession

    def check_command(self, command: str) -> None:
        """Refuse what the table does not allow.

        Raises:
            Forbidden: none of the roles has the right.
        """
        if not self.may(command):
            raise Forbidden(f"Your role ({self.role}) may not send {command}.")

    def check_audio(self, speaker: str | None) -> None:
        """Refuse sound that is not this person's to send.

        Raises:
            Forbidden: a seat's link sends for another seat or as a room microphone, or a
                microphone's link names a seat.
        """
        if Role.OPERATOR in self.roles:
            return
        if self.role is Role.MICROPHONE and speaker is not None:
            raise Forbidden("A room microphone sends without speaker.")
        if self.role is not Role.MICROPHONE and speaker != self.seat:
            raise Forbidden("You can only send the sound of your own seat; name it as speaker.")


LOCAL_OPERATOR = Principal(roles=frozenset({Role.OPERATOR}))
"""A connection without a link where none is needed."""


def role_of_seat(seat: str) -> Role:
    """Return the role that sits in ``seat``.

    Raises:
        ValueError: there is no such seat.
    """
    if seat in INTERVIEWERS:
        return Role.INTERVIEWER
    if seat in APPLICANTS:
        return Role.APPLICANT
    raise ValueError(f"no seat {seat}; seats are {', '.join(INTERVIEWERS + APPLICANTS)}")
