"""Everything that crosses the wire: commands in, answers out. Events are in ``events``.

Flat JSON; ``type`` tags the class. A command may carry ``id``; then its answer carries
``reply_to`` and the ``seq`` of the event it caused.
"""

import re
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from server.access import EVERY_SESSION
from server.errors import ClientError, ErrorCode
from server.events import Timestamp
from server.reports import ChunkResult, SessionRecord, Summary

MAX_FRAME = 64 * 1024 * 1024
"""Bytes of a frame that is served."""
MAX_ANSWERED_FRAME = 128 * 1024 * 1024
"""Bytes of a frame that is still answered, with ``too_large``; beyond, the socket closes: 1009."""
MAX_NOTE_BYTES = 40 * 1024
"""Of a note as JSON: keeps its event under one 48 KiB message of the data channel. Korean: about
13,000 characters."""

_ID = re.compile(r"[A-Za-z0-9_-]{22,128}")
_RESERVED = (EVERY_SESSION, ".", "..")
"""Every session, and what addresses resolve as folders."""
_SESSION = re.compile(r"[^/\x00-\x1f\x7f]{1,128}")


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What a client asks for."""

    id: str | None = None


class SpeakerNote(Command, frozen=True, tag="speaker_note"):
    """A note about the seat ``speaker``; its author is the connection.

    ``media_at``: session seconds of the moment it is about; without it the receipt.
    """

    speaker: str
    note: str
    timestamp: Timestamp | None = None
    media_at: float | None = None


class EvaluationRequest(Command, frozen=True, tag="evaluation_request"):
    """Evaluate what is new and answer the summary."""


class AudioChunk(Command, frozen=True, tag="audio_chunk"):
    """A recording or the next piece of one, base64; ``speaker``: whose own microphone it is."""

    audio_data: str
    timestamp: Timestamp | None = None
    speaker: str | None = None


class SessionEnd(Command, frozen=True, tag="session_end"):
    """End the interview and answer its record."""


class Consent(Command, frozen=True, tag="consent"):
    """The person of this connection's seat agrees to recording and software evaluation.

    ``keep_audio_days``: and to their voice being kept for so long after the interview, as ``join``
    offered it; 0: not at all, or (said again) no more.
    """

    keep_audio_days: Annotated[float, msgspec.Meta(ge=0)] = 0.0


class WithdrawConsent(Command, frozen=True, tag="withdraw_consent"):
    """The person of this connection's seat agrees no more; nobody listens from now on."""


class ConfirmRoom(Command, frozen=True, tag="confirm_room"):
    """Everybody whom a room microphone hears has consented, the operator says."""


class Mute(Command, frozen=True, tag="mute"):
    """Do not listen to this connection's microphone, or listen again."""

    is_muted: bool


class NameVoice(Command, frozen=True, tag="name_voice"):
    """Everything that ``voice`` said, and will say, belongs to ``seat`` (None: to nobody known)."""

    voice: str
    seat: str | None


class SwapVoices(Command, frozen=True, tag="swap_voices"):
    """Two voices were taken for each other: each gets the other's seat."""

    voice: str
    other: str


class MergeVoices(Command, frozen=True, tag="merge_voices"):
    """``voice`` and ``into`` are one person; the words of both are ``into``'s."""

    voice: str
    into: str


class MoveSegment(Command, frozen=True, tag="move_segment"):
    """One line alone belongs to ``seat`` (None: to nobody known)."""

    segment: str
    seat: str | None


class SplitSegment(Command, frozen=True, tag="split_segment"):
    """Cut one line in two before word ``word``, counted from 0; both stay with the same voice."""

    segment: str
    word: Annotated[int, msgspec.Meta(ge=1)]


class EditSegment(Command, frozen=True, tag="edit_segment"):
    """What was said in one line is ``text``."""

    segment: str
    text: str


class EditNote(Command, frozen=True, tag="edit_note"):
    """The own note that is event ``of`` says ``note``."""

    of: int
    note: str


class Retract(Command, frozen=True, tag="retract"):
    """Undo: events ``of`` never were. Corrections of anybody, notes of one's own."""

    of: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=16)]


class Subscribe(Command, frozen=True, tag="subscribe"):
    """Send every visible event after ``after_seq``, then what happens from now on."""

    after_seq: Annotated[int, msgspec.Meta(ge=0)] = 0


AnyCommand: TypeAlias = (
    SpeakerNote
    | EvaluationRequest
    | AudioChunk
    | SessionEnd
    | Consent
    | WithdrawConsent
    | ConfirmRoom
    | Mute
    | NameVoice
    | SwapVoices
    | MergeVoices
    | MoveSegment
    | SplitSegment
    | EditSegment
    | EditNote
    | Retract
    | Subscribe
)
COMMANDS: tuple[type[Command], ...] = AnyCommand.__args__


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    """What the server answers; ``reply_to`` and ``seq`` only when the command carried an id."""

    reply_to: str | None = None
    seq: int | None = None


class NoteSaved(Answer, frozen=True, tag="note_saved"):
    """The note is durable."""

    speaker: str
    note: str
    timestamp: Timestamp | None


class EvaluationSummary(Answer, frozen=True, tag="evaluation_summary"):
    """Counts and averages of the session so far."""

    summary: Summary


class AudioProcessed(Answer, frozen=True, tag="audio_processed"):
    """What was heard in the utterances that ended with this chunk."""

    result: ChunkResult


class SessionEnded(Answer, frozen=True, tag="session_ended"):
    """The whole record, or (over a data channel) where it can be read."""

    final_result: SessionRecord | None = None
    result_url: str | None = None


class Done(Answer, frozen=True, tag="done"):
    """A command without an answer of its own was executed."""


class CaughtUp(Answer, frozen=True, tag="caught_up"):
    """The replay is complete; what follows is live."""


class ErrorAnswer(Answer, frozen=True, tag="error"):
    """Something was wrong; the connection stays open."""

    code: ErrorCode
    error: str


class Ping(Answer, frozen=True, tag="ping"):
    """Sent after 30 s without a message from the client; needs no answer."""

    timestamp: float


ANSWERS: tuple[type[Answer], ...] = (
    NoteSaved,
    EvaluationSummary,
    AudioProcessed,
    SessionEnded,
    Done,
    CaughtUp,
    ErrorAnswer,
    Ping,
)


class Signal(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Passing state: never journaled, the newest of a track replaces the one before."""

    track: str


class Interim(Signal, frozen=True, tag="interim"):
    """Words of an utterance that still goes on; ``committed`` will hardly change any more.

    Empty in both: the utterance ended without words.
    """

    speaker: str | None
    start: float
    committed: str
    tentative: str


class ProvisionalSpeaker(Signal, frozen=True, tag="provisional_speaker"):
    """Who seems to speak into a room microphone now; the record may come to another result.

    ``voice``: None: nobody known. ``start``: session second since when. ``confidence``: 0 to 1.
    """

    voice: str | None
    start: float
    confidence: float


class Speakers(Signal, frozen=True, tag="speakers"):
    """Whether voices of a room microphone are told apart; repeated, as ``microphone``.

    ``off``: they are not, and everybody is unknown until somebody says who it was: the models are
    missing (``missing``), damaged or broken (``failed``), or it was switched off (``disabled``).
    ``behind``: labels come late, the machine does not keep up.
    """

    state: Literal["on", "behind", "off"]
    reason: Literal["", "missing", "failed", "disabled"] = ""


class Lag(Signal, frozen=True, tag="lag"):
    """How far behind speech a track's final words are, and whether interims were thinned out.

    While behind, ``final_s`` is at least the age of the oldest utterance without words.
    """

    final_s: float
    is_behind: bool


class Microphone(Signal, frozen=True, tag="microphone"):
    """How a track's microphone is; repeated, so that nobody needs what was said before.

    ``silent``: packets come and hold digital silence; ``lost``: none come; ``off``: it has gone.
    """

    speaker: str | None
    state: Literal["open", "silent", "lost", "off"]


class Loudness(Signal, frozen=True, tag="level"):
    """Somebody speaks into a track's microphone; -127, once: nobody does any more.

    ``level``: the loudest of late in dBov, 0 to -127 (RFC 6464).
    """

    speaker: str | None
    level: int


class Presence(Signal, frozen=True, tag="presence"):
    """How the person of the seat ``track`` is connected; repeated while it is not ``here``.

    ``suspect``: nothing has come from them for some seconds; ``held``: their connection is gone and
    their seat is kept for ``left_s`` seconds more; ``gone``, once: it is free.
    """

    state: Literal["here", "suspect", "held", "gone"]
    left_s: float = 0.0


class Missed(Signal, frozen=True, tag="missed"):
    """To one microphone's page alone: what was lost of its track, and is awaited anew.

    ``start``, ``end``: session seconds. ``now``: the session's second at sending, by which a page
    knows which of the sound it kept that is.
    """

    start: float
    end: float
    now: float


SIGNALS: tuple[type[Signal], ...] = (
    Interim,
    ProvisionalSpeaker,
    Speakers,
    Lag,
    Microphone,
    Loudness,
    Presence,
    Missed,
)

_DECODER = msgspec.json.Decoder(AnyCommand)
_ENCODER = msgspec.json.Encoder()


def type_of(
    message: Command | Answer | Signal | type[Command] | type[Answer] | type[Signal],
) -> str:
    return str(message.__struct_config__.tag)


def decode_command(frame: str | bytes) -> AnyCommand:
    """Return the command in a text frame.

    Raises:
        ClientError: ``bad_json``, ``unknown_type``, ``bad_message`` or ``bad_id``.
    """
    try:
        command: AnyCommand = _DECODER.decode(frame)
    except msgspec.ValidationError as error:
        raise _refusal(frame, error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ClientError(ErrorCode.BAD_JSON, "The message is not valid JSON.") from None
    if command.id is not None and not _ID.fullmatch(command.id):
        raise ClientError(
            ErrorCode.BAD_ID, "An id needs 22 to 128 characters of A-Z, a-z, 0-9, - and _."
        )
    return command


def encode_answer(answer: Answer | Signal) -> str:
    return _ENCODER.encode(answer).decode()


def check_session_id(session: str) -> str:
    """Return ``session``.

    Raises:
        ClientError: ``bad_session``.
    """
    if session in _RESERVED or not _SESSION.fullmatch(session):
        raise ClientError(
            ErrorCode.BAD_SESSION,
            "A session id needs 1 to 128 characters, without / and control characters; "
            f"{', '.join(_RESERVED)} alone have meanings of their own.",
        )
    return session


class _Head(msgspec.Struct):
    """The part of a refused message that says what it wanted to be and whom to answer."""

    type: Any = None
    id: Any = None


class RefusedMessage(ClientError):
    """A message that names its ``id`` and is wrong otherwise."""

    reply_to: str | None = None


def _refusal(frame: str | bytes, error: msgspec.ValidationError) -> ClientError:
    try:
        head = msgspec.json.decode(frame, type=_Head)
    except (msgspec.DecodeError, RecursionError):
        return ClientError(ErrorCode.BAD_MESSAGE, "A message is a JSON object with a type.")
    known = {type_of(command) for command in COMMANDS}
    if head.type is None:
        refused = RefusedMessage(ErrorCode.BAD_MESSAGE, "The message has no type.")
    elif not isinstance(head.type, str) or head.type not in known:
        refused = RefusedMessage(
            ErrorCode.UNKNOWN_TYPE, f"Unknown type; known are {', '.join(sorted(known))}."
        )
    else:
        # msgspec names the field and the expected type, never the value that was sent.
        refused = RefusedMessage(ErrorCode.BAD_MESSAGE, f"{head.type}: {error}.")
    if isinstance(head.id, str) and _ID.fullmatch(head.id):
        refused.reply_to = head.id
    return refused
