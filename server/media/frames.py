"""What comes out of the media plane: short blocks of sound, each with its place and its origin."""

import enum
from dataclasses import dataclass

from pipeline.audio import Samples


class Origin(enum.Enum):
    """How a frame's sound came about."""

    DECODED = "decoded"
    """From its own packet."""
    RECOVERED = "recovered"
    """Its packet was lost; the next one carried a coarser copy (RFC 6716, section 2.1.7)."""
    CONCEALED = "concealed"
    """Its packet was lost; the decoder went on with what it had heard."""
    SILENT = "silent"
    """The sender sent nothing because nothing was said (DTX)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A block of sound, usually 20 ms.

    Attributes:
        samples: 16 kHz mono.
        at: track time of its first sample, counted from the track's first; never less than where
            the frame before ended, more if something is missing in between.
        arrived: ``time.monotonic()`` when the packet that completed it arrived.
        origin: how it came about.
        packet: the Opus packet as it came; only if ``origin`` is ``DECODED``.
        level: the sender's own idea of its loudness in dBov, 0 to -127 (RFC 6464); None: not told.
    """

    samples: Samples
    at: int
    arrived: float
    origin: Origin = Origin.DECODED
    packet: bytes | None = None
    level: int | None = None
