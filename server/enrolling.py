"""Learning a person's voice where their session is held, and forgetting it again.

Whoever reads for their own seat agrees by doing so. Somebody else's voice is learnt only through
the operator or the room's device, who say that its person has agreed.
"""

import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from pipeline.audio import Samples
from pipeline.inference import Overloaded as QueueFull
from pipeline.inference import Stale
from pipeline.jobs import EngineError
from pipeline.speakers import enrolment
from pipeline.speakers.enrolment import Learnt, Refusal
from server.access import Principal, Role
from server.decisions import check_live, check_seat
from server.errors import ClientError, ErrorCode, Forbidden, Overloaded
from server.events import VoiceAssigned, VoiceForgotten
from server.hearing.voices import SessionVoices
from server.room import Room
from server.session import Session

log = logging.getLogger(__name__)

MAX_S: Final = 20.0
"""Longer readings teach no more."""
ASKERS: Final = frozenset({Role.OPERATOR, Role.MICROPHONE})
"""Who may say that somebody else has agreed."""


class Enrolled(msgspec.Struct, frozen=True):
    """A voice was learnt from ``speech_s`` seconds of speech.

    ``alike``: seats whose voices are so much like this one that they may be taken for each other.
    """

    seat: str
    voice: str
    speech_s: float
    alike: tuple[str, ...]


class Forgotten(msgspec.Struct, frozen=True):
    """Nothing is known of this person's voice any more; ``was_known``: something was."""

    seat: str
    was_known: bool


class Voices(msgspec.Struct, frozen=True):
    """Whether voices are told apart, and the seats whose voices are learnt."""

    is_on: bool
    enrolled: tuple[str, ...]


_REFUSED: Final[Mapping[Refusal, tuple[ErrorCode, str]]] = {
    Refusal.TOO_SHORT: (
        ErrorCode.VOICE_TOO_SHORT,
        "Too little speech was heard; read the whole text aloud, for about eight seconds.",
    ),
    Refusal.CLIPPED: (
        ErrorCode.VOICE_CLIPPED,
        "The sound is distorted; move away from the microphone and read again.",
    ),
    Refusal.NOISY: (
        ErrorCode.VOICE_NOISY,
        "It is too noisy; find a quieter place or come closer, and read again.",
    ),
    Refusal.SHARED: (
        ErrorCode.VOICE_SHARED,
        "Another voice was heard; read again while nobody else speaks.",
    ),
}


def whose(
    session: Session, principal: Principal, seat: str | None, *, is_agreed: bool = False
) -> str:
    """Return the seat whose voice is to be learnt, or forgotten where ``is_agreed``.

    Args:
        session: as it is now.
        principal: who asks.
        seat: named by them; None: their own.
        is_agreed: its person has said yes, or nobody needs to.

    Raises:
        ClientError: ``session_over``, ``forbidden``, ``unknown_seat``.
    """
    check_live(session)
    wanted = principal.seat if seat is None else seat
    is_own = wanted is not None and wanted == principal.seat
    if not is_own and not principal.roles & ASKERS:
        raise Forbidden("You can only have your own voice learnt or forgotten.")
    if wanted is None:
        raise ClientError(ErrorCode.BAD_REQUEST, "Say whose voice it is: seat=…")
    check_seat(session, wanted)
    if not is_own and not is_agreed:
        raise Forbidden("Ask whose voice it is, and say that they agreed: agreed=yes.")
    return wanted


def check_agreed(session: Session, seat: str) -> None:
    """Refuse to learn the voice of a person who took their consent back.

    Raises:
        ClientError: ``consent_required``.
    """
    if seat in session.withdrawn:
        raise ClientError(
            ErrorCode.CONSENT_REQUIRED,
            "Consent was withdrawn; a voice is learnt only after it was given again.",
            status=403,
        )


def look(room: Room) -> Voices:
    """Return what is known here; nothing is told apart after the end."""
    if room.session.is_over:
        return Voices(False, ())
    voices = room.held().voices
    enrolled = tuple(seat for seat in room.session.seats if seat in voices.enrolled)
    return Voices(voices.is_on, enrolled)


async def enrol(room: Room, principal: Principal, seat: str, sound: Samples) -> Enrolled:
    """Learn the voice of the person in ``seat`` from what they read aloud.

    Raises:
        ClientError: ``voices_off``, ``voice_…``: not learnt, and what to do; ``consent_required``,
            ``session_over``; the journal fails.
    """
    check_agreed(room.session, seat)
    voices = room.held().voices
    learnt = await _heard(voices, sound)
    # The session may have ended, or moved to another process, while the models were asked.
    check_live(room.session)
    if room.held().voices is not voices:
        voices = room.held().voices
    alike = voices.alike(seat, learnt.embedding)
    voice = voices.enrol(seat, learnt.embedding)

    def decide(session: Session, at: float) -> tuple[VoiceAssigned, ...]:
        del at
        check_live(session)
        check_agreed(session, seat)
        return (VoiceAssigned(voice=voice, seat=seat, reason="enrolment"),)

    try:
        await room.ledger.commit(decide, by=principal.author, as_holder=True)
    except BaseException:
        # What nobody knows of cannot be forgotten by its person either.
        voices.forget(seat)
        raise
    return Enrolled(seat, voice, round(learnt.speech_s, 1), alike)


async def forget(room: Room, principal: Principal, seat: str) -> Forgotten:
    """Forget the voice of the person in ``seat``; what they said stays theirs.

    Raises:
        ClientError: ``session_over``; the journal fails.
    """
    voices = room.held().voices
    was_known = voices.forget(seat)  # First: whatever the journal says, it is gone.
    if was_known:
        await room.ledger.commit(
            lambda *_: (VoiceForgotten(seat=seat),), by=principal.author, as_holder=True
        )
    return Forgotten(seat, was_known)


async def _heard(voices: SessionVoices, sound: Samples) -> Learnt:
    if not voices.is_on:
        raise _off()
    try:
        result = await enrolment.check(sound, voices.models)
    except (QueueFull, Stale):
        raise Overloaded from None
    except EngineError as error:
        log.warning("a voice cannot be learnt: %s", error)
        raise _off() from error
    if isinstance(result, Learnt):
        return result
    code, sentence = _REFUSED[result.reason]
    raise ClientError(code, sentence, status=422)


def _off() -> ClientError:
    return ClientError(
        ErrorCode.VOICES_OFF,
        "Voices are not told apart at the moment, so none can be learnt.",
        status=503,
    )
