"""What processes of one deployment tell each other about a session: passing, never kept."""

from typing import TypeAlias

import msgspec

from server.messages import Interim, Lag, Loudness, Microphone, Presence, Signal


class Replaced(msgspec.Struct, frozen=True, kw_only=True, tag="replaced", tag_field="type"):
    """A person came in anew; their older connections of the same kind make room.

    Attributes:
        link: the person's.
        kind: of the new connection.
    """

    link: str
    kind: str


Notice: TypeAlias = Interim | Lag | Microphone | Loudness | Presence | Replaced

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Notice)


def encode_notice(notice: Signal | Replaced) -> str:
    return _ENCODER.encode(notice).decode()


def decode_notice(text: str) -> Notice | None:
    """Return the notice; None: a newer release sends something that is not known here."""
    try:
        notice: Notice = _DECODER.decode(text)
    except msgspec.MsgspecError:
        return None
    return notice
