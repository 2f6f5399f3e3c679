"""What is to be done with a source's sound, step by step, in the order of speaking.

Places and sizes are in samples at 48 kHz, the count of RTP (RFC 7587, section 4.1). Each step
begins where the one before ended.
"""

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from server.media.rtp import VoicePacket


class Play(NamedTuple):
    """Decode a packet.

    Attributes:
        packet: what came.
        at: of its first sample, counted from the source's first packet or the last restart.
        arrived: ``time.monotonic()`` when it came.
    """

    packet: VoicePacket
    at: int
    arrived: float


@dataclass(frozen=True, slots=True)
class Recover:
    """Decode the copy of the frame before it that a packet carries; its own ``Play`` follows.

    Attributes:
        packet: what came.
        at: of the copy's first sample.
        size: how long the copy sounds, which is as long as each frame of the packet does.
        arrived: ``time.monotonic()`` when the packet came.
    """

    packet: VoicePacket
    at: int
    size: int
    arrived: float


@dataclass(frozen=True, slots=True)
class Conceal:
    """Let the decoder go on by itself.

    Attributes:
        at: where.
        size: a multiple of 2.5 ms, which is what a decoder can do; at most 100 ms.
        arrived: ``time.monotonic()`` when the packet after it came.
    """

    at: int
    size: int
    arrived: float


@dataclass(frozen=True, slots=True)
class Lost:
    """Nothing is known of this time."""

    at: int
    size: int


@dataclass(frozen=True, slots=True)
class Pause:
    """The sender counted on without sending (DTX): silence, and known to be.

    Attributes:
        at: where.
        size: up to a minute.
        arrived: ``time.monotonic()`` when the packet after it came.
    """

    at: int
    size: int
    arrived: float


@dataclass(frozen=True, slots=True)
class Restart:
    """The sender's count jumped, or another source took over; the next step is at 0."""


Step: TypeAlias = Play | Recover | Conceal | Lost | Pause | Restart


@dataclass(slots=True)
class Counts:
    """What became of the packets since the beginning.

    Every packet that came is played, duplicate, late, stray, or still held.
    """

    received: int = 0
    played: int = 0
    duplicate: int = 0
    late: int = 0
    """Came after they had been given up, or after a restart from the count before it."""
    stray: int = 0
    """From far off the sender's count, with none of their kind after them."""
    lost: int = 0
    """Were given up, those included that were recovered or came late."""
    recovered: int = 0
    """Of these a copy was found in the next packet."""
    concealed_samples: int = 0
    lost_samples: int = 0
    restarts: int = 0
