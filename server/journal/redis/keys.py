"""The names of everything the journal keeps in Redis."""

from dataclasses import dataclass

PREFIX = "daedam:"
ALL = PREFIX + "sessions"
LIVE = PREFIX + "live"
PAST = PREFIX + "past"
SESSIONS = PREFIX + "session:"
EVENTS = PREFIX + "events:"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one session."""

    id: str

    @property
    def session(self) -> str:
        """Hash: last seq, walls, closed, erased, epoch and holder."""
        return SESSIONS + self.id

    @property
    def events(self) -> str:
        """Stream of ``<seq>-0``: head and body of each event."""
        return EVENTS + self.id

    @property
    def commands(self) -> str:
        """Hash: command → first and last seq and the token of the append that it caused."""
        return f"{PREFIX}commands:{self.id}"

    @property
    def lease(self) -> str:
        """The holder, for as long as the lease lasts."""
        return f"{PREFIX}lease:{self.id}"

    @property
    def news(self) -> str:
        """Channel: the last seq after every append."""
        return f"{PREFIX}news:{self.id}"

    def changed(self, token: str) -> list[str]:
        """Return what an append may change, in the scripts' order."""
        return [
            self.session,
            self.events,
            self.commands,
            ALL,
            LIVE,
            PAST,
            f"{PREFIX}append:{token}",
        ]

    @property
    def builds(self) -> str:
        """Set: streams that somebody is building, or was when it died."""
        return f"{PREFIX}builds:{self.id}"

    def built_events(self, token: str) -> str:
        """Stream that nobody reads yet."""
        return f"{PREFIX}built:events:{self.id}:{token}"

    def built_commands(self, token: str) -> str:
        """Commands of a session that nobody reads yet."""
        return f"{PREFIX}built:commands:{self.id}:{token}"


def chapter(state: str | None) -> str:
    """Return the sorted set that lists the sessions of ``state``; None: all of them."""
    return ALL if state is None else PREFIX + state
