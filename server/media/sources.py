"""Who may speak on a connection: one source at a time, a handful in its whole life."""

SILENT_S = 1.0
"""A source that said nothing for so long may be followed by another; DTX says something sooner."""
MAX_SOURCES = 16
"""Sources that one connection may ever have: libsrtp keeps all, and looks through them."""


class Sources:
    """Knows the synchronization sources (SSRC) of one connection; has no clock of its own."""

    def __init__(self) -> None:
        """Start before the first."""
        self.current: int | None = None
        """The one that is heard."""
        self._heard_at = float("-inf")
        self._has_left = False
        self._ever: set[int] = set()

    def is_free(self, now: float) -> bool:
        """Return whether another source may be heard: nobody speaks, as far as is known."""
        return self.current is None or self._has_left or now - self._heard_at >= SILENT_S

    def admit(self, ssrc: int) -> bool:
        """Note a source that has shown it knows the keys; False: it is one too many."""
        self._ever.add(ssrc)
        return len(self._ever) <= MAX_SOURCES

    def follow(self, ssrc: int) -> bool:
        """Hear another source from now on; return whether somebody was heard before."""
        is_other = self.current is not None
        self.current = ssrc
        return is_other

    def heard(self, now: float) -> None:
        """Note that the current one speaks, also if it had said goodbye."""
        self._heard_at, self._has_left = now, False

    def say_goodbye(self, sources: tuple[int, ...]) -> None:
        """Some sources have said that they stop; the one that is heard may begin again."""
        if self.current in sources:
            self._has_left = True
