"""What a microphone has sent, on the event loop, until the writer's thread takes it over."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from server.store.pieces import MAX_PACKET
from server.store.protocol import Kept
from server.store.writing import TrackWriter

OVERHEAD = 150
"""Bytes of memory that a packet takes beside its own."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one recording took, on its way to the writer's thread."""

    writer: TrackWriter
    packets: list[Kept]
    is_last: bool


class Recording:
    """A ``Recorder``: what it takes waits here until the store hands it over."""

    __slots__ = ("_take", "_wake", "is_closed", "packets", "session", "track", "writer")

    def __init__(
        self,
        session: str,
        track: str,
        writer: TrackWriter,
        take: Callable[["Recording", Kept], None],
        wake: Callable[[], None],
    ) -> None:
        self.session = session
        self.track = track
        self.writer = writer
        self.packets: list[Kept] = []
        self.is_closed = False
        self._take = take
        self._wake = wake

    def keep(self, start_s: float, packet: bytes) -> None:
        """See ``Recorder``."""
        if not self.is_closed and 0 < len(packet) <= MAX_PACKET and math.isfinite(start_s):
            self._take(self, Kept(start_s, packet))

    def close(self) -> None:
        """See ``Recorder``."""
        self.is_closed = True
        self._wake()

    def is_of(self, session: str, track: str | None) -> bool:
        return self.session == session and track in (None, self.track)

    def hand_over(self) -> Batch:
        packets, self.packets = self.packets, []
        return Batch(self.writer, packets, self.is_closed)

    def cut(self) -> int:
        """Close, drop what waits and return its bytes."""
        self.is_closed = True
        packets, self.packets = self.packets, []
        return sum(size_of(kept) for kept in packets)


def size_of(kept: Kept) -> int:
    return len(kept.packet) + OVERHEAD
