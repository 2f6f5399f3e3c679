"""The WebSocket: strict request and answer for existing clients, live events after subscribe."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from server.access import Principal, Role
from server.api import context
from server.attendance import Connection
from server.budget import MemoryBudget
from server.commands import execute
from server.errors import ClientError, ErrorCode, Overloaded
from server.messages import (
    MAX_ANSWERED_FRAME,
    MAX_FRAME,
    Answer,
    AnyCommand,
    CaughtUp,
    ErrorAnswer,
    Ping,
    SessionEnded,
    Subscribe,
    check_session_id,
    decode_command,
    encode_answer,
    type_of,
)
from server.room import Room
from server.tasks import Tasks

log = logging.getLogger(__name__)

SILENCE_S = 30.0
"""Without a message from the client for so long, it gets a JSON ping."""
OWED_PING_S = 20.0
"""While an answer is owed, pings go out below JSON, where a waiting client does not see them."""
MAX_OWED = 32
"""Commands of one connection in work at once; then it is not read from."""
SEND_S = 60.0
"""How long a client may take to make room for one message."""
FAREWELL_S = 10.0
"""How long a last message may take."""
SLOW_CONSUMER_CLOSE = 4008

SENTENCES = {
    ErrorCode.REPLACED: "You opened this interview somewhere else; this connection is closed.",
    ErrorCode.SLOW_CONSUMER: "This connection reads too slowly; reconnect and subscribe again.",
    ErrorCode.SHUTTING_DOWN: "The server is restarting; reconnect in a few seconds.",
}


async def interview(request: web.Request) -> web.StreamResponse:
    """Serve ``/ws/interview/{session_id}``."""
    session = check_session_id(request.match_info["session"])
    principal = request[context.PRINCIPAL]
    principal.check_session(session)
    rooms = request.app[context.ROOMS]
    if rooms.connections >= rooms.services.settings.max_connections:
        raise Overloaded
    room = await (
        rooms.find_or_create(session) if Role.OPERATOR in principal.roles else rooms.find(session)
    )
    socket = web.WebSocketResponse(max_msg_size=MAX_ANSWERED_FRAME, compress=False)
    await socket.prepare(request)
    await WebSocketDoor(socket, room, principal, request.app[context.BUDGET]).serve()
    return socket


class WebSocketDoor:
    """One WebSocket: reads commands, answers in order, sends events when subscribed."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        room: Room,
        principal: Principal,
        budget: MemoryBudget,
    ) -> None:
        self._socket = socket
        self._room = room
        self._principal = principal
        self._budget = budget
        self._tasks = Tasks("websocket")
        self._commands = Tasks("websocket commands")
        self._news = asyncio.Event()
        self._dismissed: asyncio.Future[tuple[ErrorCode | None, int]] = (
            asyncio.get_running_loop().create_future()
        )
        self._owed: asyncio.Queue[asyncio.Task[Answer]] = asyncio.Queue(MAX_OWED)
        self._in_work = asyncio.Semaphore(MAX_OWED)
        self._is_waiting_for_memory = False
        self._heard_at = time.monotonic()
        self._feeding: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """See ``server.room.Door``."""
        self._news.set()

    def dismiss(self, code: ErrorCode | None, close_code: int) -> None:
        """See ``server.room.Door``."""
        if not self._dismissed.done():
            self._dismissed.set_result((code, close_code))

    async def serve(self) -> None:
        """Run until either side closes."""
        try:
            connection = await self._room.join(self._principal, self)
        except ClientError as error:
            await self._say(ErrorAnswer(code=error.code, error=str(error)))
            await self._close(WSCloseCode.POLICY_VIOLATION)
            return
        try:
            reading = self._tasks.spawn(self._read(connection), "read")
            self._tasks.start(self._answer_in_order(), "answer")
            self._tasks.start(self._keep_alive(), "keep alive")
            either: set[asyncio.Future[Any]] = {reading, self._dismissed}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if self._dismissed.done():
                await self._part(*self._dismissed.result())
        finally:
            try:
                await self._commands.close()
                await self._tasks.close()
            finally:  # Even when this handler is cancelled while it waits for its own.
                await self._room.leave(connection)

    async def _read(self, connection: Connection) -> None:
        while True:
            message = await self._socket.receive()
            self._heard_at = time.monotonic()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            size = len(message.data)
            self._is_waiting_for_memory = True
            taken = await self._budget.take(size)
            self._is_waiting_for_memory = False
            try:
                command = _command(message)
            except ClientError as error:
                self._budget.give(taken)
                await self._owe(_refusal(error), getattr(error, "reply_to", None), 0)
                continue
            del message
            if isinstance(command, Subscribe) and not self._room.session.is_over:
                self._budget.give(taken)
                await self._subscribe(connection, command)
            else:
                await self._owe(self._execute(connection, command), command.id, taken)

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
                await self._say(answer)
            return answer
        finally:
            self._budget.give(taken)
            if cmd is not None:
                self._in_work.release()

    async def _answer_in_order(self) -> None:
        while True:
            task = await self._owed.get()
            try:
                await self._say(await task)
            finally:
                self._owed.task_done()
                self._in_work.release()

    async def _execute(self, connection: Connection, command: AnyCommand) -> Answer:
        try:
            return await execute(self._room, connection, command)
        except ClientError as error:
            return ErrorAnswer(code=error.code, error=str(error), reply_to=command.id)
        except Exception:
            log.exception("%s failed in %s", type(command).__name__, self._room.id)
            return ErrorAnswer(
                code=ErrorCode.INTERNAL,
                error="Something went wrong on the server; try again.",
                reply_to=command.id,
            )

    async def _subscribe(self, connection: Connection, command: Subscribe) -> None:
        try:
            self._principal.check_command("subscribe")
            if self._feeding is not None:
                raise ClientError(
                    ErrorCode.ALREADY_SUBSCRIBED, "This connection is subscribed already."
                )
        except ClientError as error:
            await self._owe(_refusal(error, command.id), command.id, 0)
            return
        connection.cursor = min(command.after_seq, self._room.session.seq)
        self._feeding = self._tasks.spawn(self._feed(connection, command.id), "feed")

    async def _feed(self, connection: Connection, cmd: str | None) -> None:
        """Send what this person may see from the cursor on; the socket's drain sets the pace."""
        room = self._room
        while True:
            self._news.clear()
            assert connection.cursor is not None
            page = await room.ledger.entries_after(connection.cursor)
            for entry, wire in page:
                if self._principal.sees(entry.type):
                    await self._send(wire)
                connection.cursor = entry.seq
            if page:
                continue
            if not connection.is_caught_up:
                connection.is_caught_up = True
                await self._say(CaughtUp(seq=room.session.seq, reply_to=cmd))
            elif room.ledger.closed.is_set():
                return
            else:
                await self._news.wait()

    async def _keep_alive(self) -> None:
        """Ping in JSON who says nothing, and below JSON who waits for an answer."""
        pinged_at = time.monotonic()
        while True:
            now = time.monotonic()
            is_owing = (
                self._is_waiting_for_memory or self._in_work.locked() or len(self._commands) > 0
            )
            due = (
                pinged_at + OWED_PING_S if is_owing else max(self._heard_at, pinged_at) + SILENCE_S
            )
            if now < due:
                await asyncio.sleep(min(due - now, 1.0))
                continue
            pinged_at = now
            if is_owing:
                await self._ping()
            else:
                await self._say(Ping(timestamp=time.time()))

    async def _ping(self) -> None:
        try:
            await self._socket.ping()
        except (ConnectionError, RuntimeError):
            log.debug("ping to a closed socket")

    async def _say(self, answer: Answer) -> None:
        """Send an answer, if this person may see it."""
        if not self._principal.sees(type_of(answer)):
            return
        await self._send(encode_answer(answer))
        if isinstance(answer, SessionEnded):
            self.dismiss(None, WSCloseCode.OK)

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await self._socket.send_str(text)
        except (ConnectionError, RuntimeError):
            # The client is gone; the reader notices and everything here ends.
            log.debug("send to a closed socket")
        except TimeoutError:
            self.dismiss(ErrorCode.SLOW_CONSUMER, SLOW_CONSUMER_CLOSE)

    async def _part(self, code: ErrorCode | None, close_code: int) -> None:
        """Say why, or (session over) let everything owed go out first; then close."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                if code is not None:
                    text = encode_answer(ErrorAnswer(code=code, error=SENTENCES[code]))
                    await self._socket.send_str(text)
                else:
                    await self._commands.wait(FAREWELL_S)
                    await self._owed.join()
                    if self._feeding is not None:
                        self._news.set()
                        await self._feeding
        except (TimeoutError, ConnectionError, RuntimeError):
            log.debug("the client did not read the farewell")
        await self._close(close_code)

    async def _close(self, code: int) -> None:
        try:
            async with asyncio.timeout(FAREWELL_S):
                await self._socket.close(code=code)
        except TimeoutError:
            log.debug("the client did not close")


def _command(message: WSMessage) -> AnyCommand:
    if message.type is not WSMsgType.TEXT:
        raise ClientError(ErrorCode.BAD_MESSAGE, "Send JSON in text frames.")
    # A character is a byte at least, and a message this long is ASCII (base64).
    if len(message.data) > MAX_FRAME:
        raise ClientError(ErrorCode.TOO_LARGE, "A message can have 64 MiB at most.")
    return decode_command(message.data)


async def _refusal(error: ClientError, cmd: str | None = None) -> Answer:
    reply_to = getattr(error, "reply_to", cmd)
    return ErrorAnswer(code=error.code, error=str(error), reply_to=reply_to)
