"""What processes of one deployment tell each other; nothing of it is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

OnMessage: TypeAlias = Callable[[str], None]
"""Takes a message of another process; must not block."""

Unlisten: TypeAlias = Callable[[], None]
"""Ends what ``listen`` began; idempotent."""


@dataclass(frozen=True, slots=True)
class Process:
    """One server process of the deployment.

    Attributes:
        name: as connections, leases and logs name it.
        url: where the others reach it: scheme, host, port.
        fingerprint: SHA-256 of its certificate in hexadecimal; None: plain HTTP.
        direct_url: where clients reach this very process, past a load balancer; None: nowhere.
    """

    name: str
    url: str
    fingerprint: str | None = None
    direct_url: str | None = None


class Exchange(Protocol):
    """How this process meets the others. Messages are passing: they may be lost.

    ``name``: of this process.
    """

    @property
    def name(self) -> str: ...

    async def announce(
        self, url: str, fingerprint: str | None = None, direct_url: str | None = None
    ) -> None:
        """Tell the others where this process is, until ``close``; see ``Process``."""
        ...

    async def agree(self, mark: str) -> bool:
        """Leave the mark of this process's secret; return False if living others have another.

        Raises:
            JournalUnavailable: nobody can know at the moment.
        """
        ...

    async def find(self, process: str) -> Process | None:
        """Return a living process by its name; None: it is gone, or has not announced itself.

        Raises:
            JournalUnavailable: nobody can know at the moment.
        """
        ...

    async def alive(self, processes: frozenset[str]) -> frozenset[str]:
        """Return those of ``processes`` that live; this one always does.

        Raises:
            JournalUnavailable: nobody can know at the moment.
        """
        ...

    def publish(self, session: str, message: str) -> None:
        """Pass a message on to the other processes that listen to ``session``; never blocks."""
        ...

    def listen(self, session: str, on_message: OnMessage) -> Unlisten:
        """Take what other processes publish about ``session``."""
        ...

    async def take_seat(self, session: str, seat: str, link: str, hold_s: float) -> bool:
        """Take or keep a seat for the person of ``link``; return False if somebody else has it.

        The seat stays theirs while this process lives and ``leave_seat`` was not called, and
        then for ``hold_s`` seconds.

        Raises:
            JournalUnavailable: nobody can know at the moment.
        """
        ...

    async def leave_seat(self, session: str, seat: str, link: str, hold_s: float) -> None:
        """Nobody of ``link`` sits there in this process any more; never raises."""
        ...

    async def close(self) -> None:
        """Leave the deployment: this process is gone for the others at once; idempotent."""
        ...
