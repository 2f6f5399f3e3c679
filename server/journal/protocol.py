"""What every journal promises; the contract suite in tests/server/journal runs on each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from server.entries import Draft, Entry
from server.events import Event


class Conflict(Exception):
    """The session has moved past the ``expect``ed seq: read what is new and decide again."""


class Fenced(Exception):
    """The epoch is no longer the session's: another holder has claimed it."""


class Held(Exception):
    """The session is claimed by another holder whose lease has not run out."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"held by {holder}")
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Appended:
    """Numbers given to the appended events, or those a repeated command got the first time."""

    seqs: tuple[int, ...]
    is_repeat: bool = False


@dataclass(frozen=True, slots=True)
class SeatName:
    """A place of a session and who was meant to sit there."""

    seat: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One line of the list of sessions; walls are Unix seconds.

    Title, job and seats are those of the session's first event: an erased one has none.
    """

    session: str
    last_seq: int
    created_wall: float
    last_wall: float
    is_closed: bool
    is_erased: bool
    title: str = ""
    job: str = ""
    seats: tuple[SeatName, ...] = ()


Chapter: TypeAlias = Literal["live", "past"]
"""Past sessions are those that were closed, erased ones among them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which sessions are asked for.

    Attributes:
        session: only this one.
        state: None: both.
        search: words that all occur in the session's id, title, job, seats or names; case and
            the way Hangul is composed do not matter.
        before: created before this moment, in Unix seconds: where the last page ended.
        limit: how many; more only when the last ones were created at the same moment, so that
            ``before`` never skips one. None: all.
    """

    session: str | None = None
    state: Chapter | None = None
    search: str = ""
    before: float | None = None
    limit: int | None = None


EVERYTHING = Listing()

OnNews: TypeAlias = Callable[[int | None], None]
"""Told that a session is at this seq now; None: news may have been missed. Must not block."""

Unfollow: TypeAlias = Callable[[], None]
"""Ends what ``follow`` began; idempotent."""


class Journal(Protocol):
    """Numbered events per session; an append is acknowledged only when it is kept.

    Every method raises ``JournalUnavailable`` (``StorageFull`` on a full disk) when the store
    fails; then nothing of that call was kept, but where the error says that nobody knows
    (``OutcomeUnknown``).

    ``lease_s``: how long a claim should last, in seconds: after a holder's death nobody else can
    hold the session for so long, and holders renew it several times in between.
    """

    @property
    def lease_s(self) -> float: ...

    async def claim(self, session: str, holder: str, ttl_s: float) -> int:
        """Take or renew the lease of a session and return its epoch.

        A renewal by the same holder keeps the epoch; taking over raises it by one.

        Raises:
            Held: another holder's lease has not run out.
        """
        ...

    async def append(
        self,
        session: str,
        drafts: Sequence[Draft],
        *,
        expect: int | None = None,
        epoch: int | None = None,
    ) -> Appended:
        """Append all of ``drafts`` or none; the first draft's ``cmd`` names the command.

        Args:
            session: its id; the first append creates it.
            drafts: at least one.
            expect: the last seq the decision was based on; None: the decision does not depend.
            epoch: the holder's; None for a person's command, which any process may append.

        Raises:
            Conflict: the session has moved past ``expect``.
            Fenced: ``epoch`` is not the session's.
        """
        ...

    async def read(self, session: str, after: int = 0, limit: int = 500) -> list[Entry]:
        """Return up to ``limit`` entries with seq > ``after``, in order."""
        ...

    async def find(self, session: str, cmd: str) -> list[Entry]:
        """Return the entries that the command ``cmd`` caused; none if it was never executed."""
        ...

    async def sessions(self, wanted: Listing = EVERYTHING) -> list[SessionInfo]:
        """Return the sessions that are ``wanted``, the newest first.

        A page costs the same however many sessions there are, as long as nothing is searched.
        """
        ...

    async def redact(
        self, session: str, bodies: Mapping[int, Event | None], receipt: Draft
    ) -> Appended:
        """Replace stored bodies for good and append ``receipt``, all or nothing.

        Args:
            session: its id.
            bodies: seq → the body to keep instead, or None to blank it; a replacement must not
                be longer than what it replaces.
            receipt: the ``erased`` event.

        When this returns, no file of the journal holds the old bodies any more.
        """
        ...

    async def restore(self, session: str, entries: Sequence[Entry]) -> None:
        """Write a whole session as another journal kept it, all or nothing.

        Everything comes back as it was, blank and unknown bodies too (a lifted one as today's
        version): numbers, authors, times, and commands, whose repeats are recognised.

        Args:
            session: its id, which no session has here; a claim alone is none.
            entries: all of them, from number 1 on.

        Raises:
            Conflict: there is such a session.
            ValueError: the numbers are not 1, 2, 3, ….
        """
        ...

    def follow(self, session: str, on_news: OnNews) -> Unfollow:
        """Tell on the event loop whenever events were appended, by whichever process.

        Several may follow one session, and one process's own appends are told as well. News are
        a hint: whoever follows reads what is new.
        """
        ...

    async def close(self) -> None:
        """Finish what is queued and free everything; idempotent."""
        ...
