"""Where the sound of a room's microphones goes besides into words."""

from collections.abc import Callable
from dataclasses import dataclass

from server.media.frames import Frame
from server.store.protocol import Recorder


def _keep_nothing(_: str) -> Recorder | None:
    return None


def mix_nothing(_: str, __: Frame) -> None:
    """Let nobody hear anything."""


def _forget_nothing(_: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """What a track's sound is for; nothing here blocks or raises.

    Attributes:
        record: begins to keep the packets of a track; None: they may not be kept.
        mix: lets people hear a block of a track at once.
        forget: lets nobody hear any more of a track, nor what still waits.
    """

    record: Callable[[str], Recorder | None] = _keep_nothing
    mix: Callable[[str, Frame], None] = mix_nothing
    forget: Callable[[str], None] = _forget_nothing
