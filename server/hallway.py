"""Word to everybody who is connected to a session, whichever process they are connected to."""

from collections.abc import Callable

from server.attendance import Attendance
from server.exchange.notices import Replaced, decode_notice, encode_notice
from server.exchange.protocol import Exchange
from server.messages import Signal


class Hallway:
    """What the processes of one session's people tell each other; nothing here waits."""

    def __init__(self, session: str, attendance: Attendance, exchange: Exchange) -> None:
        self._session = session
        self._attendance = attendance
        self._exchange = exchange
        self._unlisten: Callable[[], None] = lambda: None

    def open(self) -> None:
        """Listen to the other processes; ``close`` it."""
        self._unlisten = self._exchange.listen(self._session, self._hear)

    def close(self) -> None:
        """Listen no more; idempotent."""
        self._unlisten()

    def whisper(self, signal: Signal) -> None:
        """Pass a signal on to everybody who may see it."""
        self._attendance.whisper(signal)
        self._exchange.publish(self._session, encode_notice(signal))

    def replace(self, link: str, kind: str, by: str) -> None:
        """Dismiss a person's connections of one kind but for the one they have come in by."""
        self._attendance.replace(link, kind, by=by)
        self._exchange.publish(self._session, encode_notice(Replaced(link=link, kind=kind)))

    def _hear(self, text: str) -> None:
        notice = decode_notice(text)
        if isinstance(notice, Replaced):
            self._attendance.replace(notice.link, notice.kind)
        elif notice is not None:
            self._attendance.whisper(notice)
