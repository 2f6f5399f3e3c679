"""What keeps sound, whichever way: per track, on the session's clock, until it is deleted."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from server.errors import ClientError, ErrorCode


class StoreUnavailable(ClientError):
    """What is kept of sound can be neither read nor deleted at the moment."""

    def __init__(self) -> None:
        super().__init__(
            ErrorCode.STORE_UNAVAILABLE,
            "The sound that is kept can be neither read nor deleted at the moment; the log says "
            "why. What is to be deleted is tried again every minute.",
            status=503,
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """One Opus packet.

    Attributes:
        start_s: session second of its first sample.
        packet: as it came.
    """

    start_s: float
    packet: bytes


class Recorder(Protocol):
    """One microphone's packets on their way into a store."""

    def keep(self, start_s: float, packet: bytes) -> None:
        """Take the next packet; never blocks, never raises.

        Args:
            start_s: session second of its first sample; never less than the one before.
            packet: Opus, as it came.
        """

    def close(self) -> None:
        """Take nothing more; what was taken is still written. Idempotent, does not wait."""


class MediaStore(Protocol):
    """Where sound is kept; every method but ``record`` raises ``StoreUnavailable``."""

    def record(self, session: str, track: str) -> Recorder:
        """Begin to keep a track, or go on with it."""

    async def tracks(self, session: str) -> list[str]:
        """Return the tracks of which something is kept, by name."""

    def packets(self, session: str, track: str) -> AsyncIterator[Kept]:
        """Yield what is kept of a track, in its order."""

    async def delete(self, session: str, track: str | None = None) -> None:
        """Delete a track, or everything of a session; what is on its way is not written any more.

        Nothing kept is no error.
        """

    async def sessions(self) -> list[str]:
        """Return the sessions of which something is kept."""

    async def written_at(self, session: str) -> float | None:
        """Return the Unix second at which something of a session was last kept; None: nothing."""

    async def close(self) -> None:
        """Write what was taken, then stop; idempotent."""
