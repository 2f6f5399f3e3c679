"""What a client may be told when something is wrong: a code for programs, a sentence for people.

Every ``ClientError`` carries a sentence that is safe to send. Any other exception is logged with
its traceback at the door and leaves as ``internal`` without detail.
"""

import enum

import msgspec


class ErrorCode(enum.StrEnum):
    """The closed set of codes on the wire; clients branch on these, never on sentences."""

    BAD_JSON = "bad_json"
    BAD_MESSAGE = "bad_message"
    UNKNOWN_TYPE = "unknown_type"
    BAD_ID = "bad_id"
    BAD_SESSION = "bad_session"
    BAD_REQUEST = "bad_request"
    BAD_OFFER = "bad_offer"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    UNKNOWN_SEAT = "unknown_seat"
    UNKNOWN_SESSION = "unknown_session"
    SESSION_EXISTS = "session_exists"
    SESSION_OVER = "session_over"
    SESSION_LIVE = "session_live"
    LINK_INVALID = "link_invalid"
    LINK_REQUIRED = "link_required"
    FORBIDDEN = "forbidden"
    OTHER_SESSION = "other_session"
    FOREIGN_ORIGIN = "foreign_origin"
    FOREIGN_HOST = "foreign_host"
    CONSENT_REQUIRED = "consent_required"
    SEAT_TAKEN = "seat_taken"
    REPLACED = "replaced"
    SLOW_CONSUMER = "slow_consumer"
    ALREADY_SUBSCRIBED = "already_subscribed"
    NOT_AWAITED = "not_awaited"
    UNKNOWN_VOICE = "unknown_voice"
    UNKNOWN_SEGMENT = "unknown_segment"
    NOT_YOURS = "not_yours"
    VOICE_TOO_SHORT = "voice_too_short"
    VOICE_CLIPPED = "voice_clipped"
    VOICE_NOISY = "voice_noisy"
    VOICE_SHARED = "voice_shared"
    VOICES_OFF = "voices_off"
    OVERLOADED = "overloaded"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    STORAGE_FULL = "storage_full"
    STORE_UNAVAILABLE = "store_unavailable"
    SHUTTING_DOWN = "shutting_down"
    INTERNAL = "internal"


class ClientError(Exception):
    """Something the client can understand; ``str(error)`` is the sentence it is told."""

    def __init__(self, code: ErrorCode, sentence: str, *, status: int = 400) -> None:
        super().__init__(sentence)
        self.code = code
        self.status = status
        """The HTTP status that says the same thing at the HTTP door."""


class Refusal(msgspec.Struct, frozen=True):
    """What was wrong, over HTTP: a sentence for people, a code for programs."""

    detail: str
    code: ErrorCode


class Forbidden(ClientError):
    """The person is known and may not do this."""

    def __init__(self, sentence: str) -> None:
        super().__init__(ErrorCode.FORBIDDEN, sentence, status=403)


class OtherSession(Forbidden):
    """The link opens one interview, and this is another."""

    def __init__(self) -> None:
        super().__init__("This link is for another interview.")
        self.code = ErrorCode.OTHER_SESSION


class SessionOver(ClientError):
    """The session has ended; its record can be read, nothing can be added."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.SESSION_OVER,
            "This interview has ended. Its record can still be read.",
            status=409,
        )


class SeatTaken(ClientError):
    """Another person's link holds the seat."""

    def __init__(self, seat: str) -> None:
        super().__init__(ErrorCode.SEAT_TAKEN, f"{seat} is taken by somebody else.", status=409)


class UnknownSession(ClientError):
    """No session of that name has ever been opened."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.UNKNOWN_SESSION,
            "There is no interview with this id; an operator has to open it first.",
            status=404,
        )


class Overloaded(ClientError):
    """A bounded queue is full; trying again later is the right answer."""

    def __init__(self, sentence: str = "The server is busy; try again in a few seconds.") -> None:
        super().__init__(ErrorCode.OVERLOADED, sentence, status=503)


class JournalUnavailable(ClientError):
    """The journal could not keep it, so it did not happen."""

    def __init__(
        self,
        sentence: str = "The record cannot be written at the moment; nothing was saved.",
        code: ErrorCode = ErrorCode.JOURNAL_UNAVAILABLE,
    ) -> None:
        super().__init__(code, sentence, status=503)


class StorageFull(JournalUnavailable):
    """There is no room left on the disk, or in Redis; nothing was saved."""

    def __init__(self) -> None:
        super().__init__(
            "The server has no room left; nothing was saved. Tell the operator.",
            ErrorCode.STORAGE_FULL,
        )


class OutcomeUnknown(JournalUnavailable):
    """The journal did not answer in time: it may have been kept, or not."""

    def __init__(self) -> None:
        super().__init__(
            "The record does not answer, and nobody knows whether this was saved; look before you "
            "send it again."
        )


class HeldElsewhere(JournalUnavailable):
    """Another process holds the session, and it cannot be reached or has just been deposed."""

    def __init__(self) -> None:
        super().__init__(
            "Another server looks after this interview and does not answer; try again in a few "
            "seconds."
        )


def id_of_another_command() -> ClientError:
    """Return the refusal of a command whose id its author has used for a different one."""
    return ClientError(ErrorCode.BAD_ID, "You used this id for another command.")
