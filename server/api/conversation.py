"""One person's connection: commands answered in order, events sent when subscribed.

Knows no transport: a ``Line`` carries the text, and whoever reads the line hands frames in.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Protocol

import msgspec

from server.access import Principal
from server.attendance import Connection
from server.budget import MemoryBudget
from server.commands import execute
from server.errors import ClientError, ErrorCode
from server.messages import (
    MAX_FRAME,
    Answer,
    AnyCommand,
    CaughtUp,
    ErrorAnswer,
    SessionEnded,
    Signal,
    Subscribe,
    decode_command,
    encode_answer,
    type_of,
)
from server.operations.metrics import SLOW_READER
from server.room import Room
from server.tasks import Tasks

log = logging.getLogger(__name__)

MAX_OWED = 32
"""Commands of one connection in work at once; then it is not read from."""
SEND_S = 60.0
"""How long a client may take to make room for one message."""
FAREWELL_S = 10.0
"""How long a last message may take."""
NORMAL_CLOSE = 1000
REFUSED_CLOSE = 1008
BROKEN_CLOSE = 1011
SLOW_CONSUMER_CLOSE = 4008

SENTENCES = {
    ErrorCode.REPLACED: "You opened this interview somewhere else; this connection is closed.",
    ErrorCode.SLOW_CONSUMER: "This connection reads too slowly; reconnect and subscribe again.",
    ErrorCode.SHUTTING_DOWN: "The server is restarting; reconnect in a few seconds.",
}
_BROKEN = "The server cannot go on with this connection; reconnect and subscribe again."


class Line(Protocol):
    """The way to one client.

    ``kind``: a newer connection of a person replaces their older one of the same kind.
    ``result_url``: where the record is to be read instead, where a message must stay small.
    """

    kind: str
    result_url: str | None

    @property
    def heard_at(self) -> float | None:
        """See ``server.attendance.Door``."""
        ...

    @property
    def is_lost(self) -> bool:
        """See ``server.attendance.Door``."""
        ...

    def silence(self) -> None:
        """Take no more sound: its person has come in over another line, and is heard there."""
        ...

    async def send(self, text: str) -> None:
        """Send one message; returns when there is room for the next.

        Raises:
            ConnectionError, RuntimeError: the client is gone.
        """
        ...

    async def whisper(self, text: str) -> None:
        """Send a signal, or drop it where there is no room; raises as ``send``."""
        ...

    async def close(self, code: int) -> None:
        """Close after what was sent."""
        ...


class Conversation:
    """What is said over one line. Also the room's ``Door`` to it."""

    def __init__(self, line: Line, room: Room, principal: Principal, budget: MemoryBudget) -> None:
        self._line = line
        self._room = room
        self._principal = principal
        self._budget = budget
        self._tasks = Tasks("conversation")
        self._commands = Tasks("commands")
        self._news = asyncio.Event()
        self._dismissed: asyncio.Future[tuple[ErrorCode | None, int]] = (
            asyncio.get_running_loop().create_future()
        )
        self._owed: asyncio.Queue[asyncio.Task[Answer]] = asyncio.Queue(MAX_OWED)
        self._in_work = asyncio.Semaphore(MAX_OWED)
        self._is_hearing = False
        self._signals: dict[tuple[type[Signal], str], Signal] = {}
        self._connection: Connection | None = None
        self._feeding: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def is_owing(self) -> bool:
        """Whether the client waits for an answer."""
        return self._is_hearing or self._in_work.locked() or len(self._commands) > 0

    @property
    def heard_at(self) -> float | None:
        """See ``server.attendance.Door``."""
        return self._line.heard_at

    @property
    def is_lost(self) -> bool:
        """See ``server.attendance.Door``; whom the server has to send away says no goodbye."""
        if self._dismissed.done() and self._dismissed.result()[0] not in (None, ErrorCode.REPLACED):
            return True
        return self._line.is_lost

    @property
    def connection(self) -> Connection | None:
        """As the room knows it; None: it has not entered."""
        return self._connection

    def wake(self) -> None:
        """See ``server.attendance.Door``."""
        self._news.set()

    def whisper(self, signal: Signal) -> None:
        """See ``server.attendance.Door``."""
        self._signals[(type(signal), signal.track)] = signal
        self._news.set()

    def dismiss(self, code: ErrorCode | None, close_code: int) -> None:
        """See ``server.attendance.Door``."""
        if code is ErrorCode.REPLACED:
            self._line.silence()  # At once: whatever it still says is said over the newer one too.
        if not self._dismissed.done():
            self._dismissed.set_result((code, close_code))
            if code is ErrorCode.SLOW_CONSUMER:
                self._room.services.metrics.count_drop(SLOW_READER)

    async def enter(self) -> Connection:
        """Join the room.

        Raises:
            ClientError: the person may not come in now.
        """
        self._connection = await self._room.join(self._principal, self, self._line.kind)
        return self._connection

    async def enter_as(self, connection: str) -> Connection:
        """Join the room, which expects us, beside older lines of the same person.

        Args:
            connection: the id that was promised.

        Raises:
            ClientError: the person may not come in now, and is still expected.
        """
        self._connection = self._room.admit(connection, self._principal, self, self._line.kind)
        await self._room.announce(self._connection)
        return self._connection

    async def refuse(self, error: ClientError) -> None:
        """Say why the person may not come in, and close."""
        await self.say(ErrorAnswer(code=error.code, error=str(error)))
        await self._close(REFUSED_CLOSE)

    async def hold(self, reading: Coroutine[None, None, None]) -> None:
        """Converse until ``reading`` ends or the room dismisses us; ``enter`` comes first.

        Args:
            reading: reads the line and awaits ``hear`` for every frame.
        """
        assert self._connection is not None
        try:
            self._tasks.start(self._answer_in_order(), "answer")
            self._reading = self._tasks.spawn(reading, "read")
            either: set[asyncio.Future[object]] = {
                asyncio.ensure_future(self._reading),
                asyncio.ensure_future(self._dismissed),
            }
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._dismissed.done():
                await self._part(*self._dismissed.result())
        finally:
            try:
                await self._commands.close()
                await self._tasks.close()
            finally:  # Even when this handler is cancelled while it waits for its own.
                await self._room.leave(self._connection)

    async def hear(self, frame: str | bytes) -> None:
        """Take one frame from the client; waits while too much is in work."""
        self._is_hearing = True
        taken = await self._budget.take(len(frame))
        self._is_hearing = False
        try:
            command = _command(frame)
        except ClientError as error:
            self._budget.give(taken)
            await self._owe(_refusal(error), getattr(error, "reply_to", None), 0)
            return
        del frame
        if isinstance(command, Subscribe) and not self._room.session.is_over:
            self._budget.give(taken)
            await self._subscribe(command)
        else:
            await self._owe(self._execute(command), command.id, taken)

    async def say(self, answer: Answer) -> None:
        """Send an answer, if this person may see it."""
        if not self._principal.sees(type_of(answer)):
            return
        if isinstance(answer, SessionEnded) and self._line.result_url is not None:
            answer = msgspec.structs.replace(
                answer, final_result=None, result_url=self._line.result_url
            )
        await self._send(encode_answer(answer))
        if isinstance(answer, SessionEnded):
            self.dismiss(None, NORMAL_CLOSE)

    async def _owe(self, work: Coroutine[None, None, Answer], cmd: str | None, taken: int) -> None:
        """Start ``work``; its answer goes out in order, or at once if it says what it answers."""
        await self._in_work.acquire()
        task = self._commands.spawn(self._work(work, cmd, taken), "command")
        if cmd is None:
            self._owed.put_nowait(task)

    async def _work(
        self, work: Coroutine[None, None, Answer], cmd: str | None, taken: int
    ) -> Answer:
        try:
            answer = await work
            if cmd is not None:
                await self.say(answer)
            return answer
        finally:
            self._budget.give(taken)
            if cmd is not None:
                self._in_work.release()

    async def _answer_in_order(self) -> None:
        while True:
            task = await self._owed.get()
            try:
                await self.say(await task)
            finally:
                self._owed.task_done()
                self._in_work.release()

    async def _execute(self, command: AnyCommand) -> Answer:
        assert self._connection is not None
        try:
            return await execute(self._room, self._connection, command)
        except ClientError as error:
            return ErrorAnswer(code=error.code, error=str(error), reply_to=command.id)
        except Exception:
            log.exception("%s failed in %s", type(command).__name__, self._room.id)
            return ErrorAnswer(
                code=ErrorCode.INTERNAL,
                error="Something went wrong on the server; try again.",
                reply_to=command.id,
            )

    async def _subscribe(self, command: Subscribe) -> None:
        assert self._connection is not None
        try:
            self._principal.check_command("subscribe")
            if self._feeding is not None:
                raise ClientError(
                    ErrorCode.ALREADY_SUBSCRIBED, "This connection is subscribed already."
                )
        except ClientError as error:
            await self._owe(_refusal(error, command.id), command.id, 0)
            return
        self._connection.cursor = min(command.after_seq, self._room.session.seq)
        self._feeding = self._tasks.spawn(self._feed(self._connection, command.id), "feed")

    async def _feed(self, connection: Connection, cmd: str | None) -> None:
        """Send what this person may see from the cursor on; the line's drain sets the pace."""
        try:
            while True:
                self._news.clear()
                if await self._send_page(connection):
                    continue
                await self._send_signals()
                if not connection.is_caught_up:
                    connection.is_caught_up = True
                    await self.say(CaughtUp(seq=self._room.session.seq, reply_to=cmd))
                elif self._room.ledger.closed.is_set():
                    return
                else:
                    await self._news.wait()
        except ClientError as error:  # The journal cannot be read: the client must not wait.
            self.dismiss(error.code, BROKEN_CLOSE)

    async def _send_page(self, connection: Connection) -> bool:
        """Send some entries after the cursor; return whether there were any."""
        assert connection.cursor is not None
        page = await self._room.ledger.entries_after(connection.cursor)
        for entry, wire in page:
            if self._principal.sees(entry.type):
                await self._send(wire)
            connection.cursor = entry.seq
        return bool(page)

    async def _send_signals(self) -> None:
        """Send what is newest of each track; events go before, so a final ends its interims."""
        signals, self._signals = list(self._signals.values()), {}
        for signal in signals:
            await self._send(encode_answer(signal), self._line.whisper)

    async def _send(self, text: str, way: Callable[[str], Awaitable[None]] | None = None) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await (way or self._line.send)(text)
        except (ConnectionError, RuntimeError):
            # The client is gone; the reader notices and everything here ends.
            log.debug("send to a closed line")
        except TimeoutError:
            self.dismiss(ErrorCode.SLOW_CONSUMER, SLOW_CONSUMER_CLOSE)

    async def _part(self, code: ErrorCode | None, close_code: int) -> None:
        """Say why, or (session over) let everything owed go out first; then close."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                if code is not None:
                    sentence = SENTENCES.get(code, _BROKEN)
                    await self._line.send(encode_answer(ErrorAnswer(code=code, error=sentence)))
                else:
                    await self._commands.wait(FAREWELL_S)
                    await self._owed.join()
                    if self._feeding is not None:
                        self._news.set()
                        await self._feeding
        except (TimeoutError, ConnectionError, RuntimeError):
            log.debug("the client did not read the farewell")
        if self._reading is not None:
            # aiohttp hangs up without the client's own close while somebody reads.
            self._reading.cancel()
            await asyncio.wait({self._reading})
        await self._close(close_code)

    async def _close(self, code: int) -> None:
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._line.close(code)
        except TimeoutError:
            log.debug("the client did not close")


def _command(frame: str | bytes) -> AnyCommand:
    if isinstance(frame, bytes):
        raise ClientError(ErrorCode.BAD_MESSAGE, "Send JSON in text frames.")
    # A character is a byte at least, and a message this long is ASCII (base64).
    if len(frame) > MAX_FRAME:
        raise ClientError(ErrorCode.TOO_LARGE, "A message can have 64 MiB at most.")
    return decode_command(frame)


async def _refusal(error: ClientError, cmd: str | None = None) -> Answer:
    reply_to = getattr(error, "reply_to", cmd)
    return ErrorAnswer(code=error.code, error=str(error), reply_to=reply_to)
