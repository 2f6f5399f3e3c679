"""The exchange of a process that is alone."""

from server.exchange.protocol import OnMessage, Process, Unlisten


class LocalExchange:
    """Nobody else is there: nothing is passed on, and every seat is this process's to give."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    async def announce(
        self, url: str, fingerprint: str | None = None, direct_url: str | None = None
    ) -> None:
        """See ``Exchange``."""

    async def agree(self, mark: str) -> bool:
        """See ``Exchange``."""
        del mark
        return True

    async def find(self, process: str) -> Process | None:
        """See ``Exchange``."""
        del process
        return None

    async def alive(self, processes: frozenset[str]) -> frozenset[str]:
        """See ``Exchange``."""
        return processes & {self._name}

    def publish(self, session: str, message: str) -> None:
        """See ``Exchange``."""

    def listen(self, session: str, on_message: OnMessage) -> Unlisten:
        """See ``Exchange``."""
        del session, on_message
        return lambda: None

    async def take_seat(self, session: str, seat: str, link: str, hold_s: float) -> bool:
        """See ``Exchange``."""
        del session, seat, link, hold_s
        return True

    async def leave_seat(self, session: str, seat: str, link: str, hold_s: float) -> None:
        """See ``Exchange``."""

    async def close(self) -> None:
        """See ``Exchange``."""
