"""What one connection brings of a track: its count, its clock, and how its microphone is."""

from collections.abc import Callable

from pipeline.audio import samples
from server.clock import SessionClock
from server.hearing.microphones import MicrophoneWatch
from server.media.clock import Placed, TrackClock
from server.media.frames import Frame, Origin
from server.messages import Missed

ASKED_S = 0.4
"""What is missing for longer is asked for again, from a page that keeps it: a syllable."""
MAX_MADE_UP = 16
"""Frames in a row; more are made up only for packets that cannot be decoded."""


class Feed:
    """One connection's share of a track; the track goes on over the next one."""

    def __init__(
        self,
        name: str,
        connection: str,
        take: Callable[["Feed", Frame], None],
        ask: Callable[[Missed], None] | None,
        now: float,
    ) -> None:
        """Begin before the first packet.

        Args:
            name: of the track.
            connection: the id of the one that it is.
            take: takes what it brings; must not block.
            ask: asks its page for sound that got lost, and must not block; None: it keeps none.
            now: ``time.monotonic()``.
        """
        self.name = name
        self.connection = connection
        self.ask = ask
        self.watch = MicrophoneWatch(name, now)
        self.is_first = True
        """Whether nothing has come yet."""
        self.end_at: int | None = None
        """Track time up to which there was sound to understand; None: none yet."""
        self._take = take
        self._clock = TrackClock()
        self._made_up: list[Frame] = []
        """What the decoder made up for lost packets, and may be sent again."""

    def hear(self, frame: Frame) -> None:
        """Take the next frame; once another connection carries the track, it is ignored."""
        is_made_up = frame.origin is Origin.CONCEALED and self.ask is not None
        if is_made_up and len(self._made_up) < MAX_MADE_UP:
            self._made_up.append(frame)  # The packet after the loss follows at once.
            return
        made_up, self._made_up = self._made_up, []
        if made_up and frame.at - made_up[0].at <= samples(ASKED_S):
            for one in made_up:
                self._take(self, one)
        self._take(self, frame)

    def place(self, frame: Frame, clock: SessionClock) -> Placed:
        """Return where the frame lies on the session's clock."""
        arrived_s = clock.at_monotonic(frame.arrived)
        return self._clock.push(frame.at, frame.samples.size, arrived_s)
