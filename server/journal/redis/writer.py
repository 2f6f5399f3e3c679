"""One connection writes, in the order asked; a lost answer is asked for again, never guessed.

Whatever waits is sent at once, so that one fsync of Redis serves all of it. Every operation is a
script that recognises its own repetition by a token: when the connection breaks, what was not
answered is sent again over the next one until it is, or until the patience of its caller ends.
"""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeAlias

from redis.asyncio import Connection, Redis
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from server.errors import JournalUnavailable, OutcomeUnknown, Overloaded
from server.journal.redis.promises import Unfit, ask, trusted
from server.journal.redis.scripts import APPEND, CLAIM, RESTORE, SWAP, Script
from server.journal_address import Durability
from server.redis.errors import LOST, reason, told
from server.tasks import Tasks

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""For an answer. A Redis that is restarted or fails over within it is not even noticed; people who
wait for a note longer than this press the button again."""
BATCH = 256
"""Operations sent at once: bounds what has to be sent again."""
QUEUE = 1024
FIRST_BACKOFF_S = 0.02
LAST_BACKOFF_S = 0.5
REPLICATION_S = 1.0
"""How long one WAIT waits; shorter than the connection's timeout."""

_SCRIPTS = (APPEND, SWAP, RESTORE, CLAIM)
Argument: TypeAlias = str | bytes | int


class _Operation:
    """A script to run once, and who waits for its answer."""

    def __init__(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> None:
        words = ("EVALSHA", script.sha, len(keys), *keys, *arguments)
        # Here, where what cannot be encoded is the caller's mistake and nobody else's.
        self.words = tuple(w if isinstance(w, bytes) else str(w).encode() for w in words)
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        # Its caller may have gone away, and then nobody looks at a failure.
        self.done.add_done_callback(lambda done: done.cancelled() or done.exception())
        self.is_under_way = False
        self.is_open = False
        """An earlier attempt was not answered: it may have been executed."""

    def answer(self, answer: Any) -> None:
        if not self.done.done():
            self.done.set_result(answer)

    def refuse(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def lose(self) -> None:
        """No answer came to what was sent."""
        self.is_open = self.is_open or self.is_under_way
        self.is_under_way = False

    def give_up(self) -> None:
        is_unknown = self.is_open or self.is_under_way
        self.refuse(OutcomeUnknown() if is_unknown else JournalUnavailable())


class NotReplicated(RedisError):
    """Fewer replicas than promised have it."""


class RedisWriter:
    """Owns the writing connection; ``close()`` it to finish what is queued."""

    def __init__(self, client: Redis, durability: Durability, queue_size: int = QUEUE) -> None:
        self._client = client
        self._durability = durability
        self._queue_size = queue_size
        self._waiting: deque[_Operation] = deque()
        self._connection: Connection | None = None
        self._changed = asyncio.Event()
        self._is_closing = False
        self._away_because = ""
        self._tasks = Tasks("redis writer")

    def write(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> asyncio.Future[Any]:
        """Queue a script behind all that were asked for before; return its answer to come.

        The answer may be ``JournalUnavailable`` (nothing was kept) or ``OutcomeUnknown``. Shield
        it: a caller that goes away does not undo what it asked for.

        Raises:
            Overloaded: too much waits already.
        """
        if len(self._waiting) >= self._queue_size:
            raise Overloaded
        operation = _Operation(script, keys, arguments)
        timer = asyncio.get_running_loop().call_later(PATIENCE_S, operation.give_up)
        operation.done.add_done_callback(lambda _: timer.cancel())
        self._waiting.append(operation)
        self._changed.set()
        if not len(self._tasks):
            self._tasks.start(self._run(), "write")
        return operation.done

    async def close(self) -> None:
        self._is_closing = True
        self._changed.set()
        # Nothing waits longer than that, answered or not.
        await self._tasks.wait(2 * PATIENCE_S)
        await self._tasks.close()
        await self._drop()

    async def _run(self) -> None:
        backoff_s = FIRST_BACKOFF_S
        while await self._has_work():
            try:
                await self._send(await self._connected())
                backoff_s = FIRST_BACKOFF_S
                self._note_success()
                continue
            except (*LOST, RedisError, Unfit) as error:
                self._note_loss(error)
                if not isinstance(error, NotReplicated):
                    await self._drop()
            for operation in self._waiting:
                operation.lose()
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, LAST_BACKOFF_S)

    async def _has_work(self) -> bool:
        """Wait for something to do; return False when nothing will come any more."""
        while True:
            while self._waiting and self._waiting[0].done.done():
                self._waiting.popleft()
            if self._waiting:
                return True
            if self._is_closing:
                return False
            self._changed.clear()
            await self._changed.wait()

    async def _connected(self) -> Connection:
        connection: Connection | None = self._connection
        # A connection that was closed meanwhile says so: nothing is sent into it.
        if connection is not None and not await connection.can_read():
            return connection
        await self._drop()
        self._connection = connection = await trusted(self._client, self._durability)
        for script in _SCRIPTS:
            await ask(connection, "SCRIPT", "LOAD", script.text)
        return connection

    async def _send(self, connection: Connection) -> None:
        """Send whoever waits, take their answers in order, tell them."""
        batch = [one for one in itertools.islice(self._waiting, BATCH) if not one.done.done()]
        for operation in batch:
            operation.is_under_way = True
        packed = connection.pack_commands([operation.words for operation in batch])
        await connection.send_packed_command(packed)
        answers: list[tuple[_Operation, Any]] = []
        is_deposed = False
        for operation in batch:
            try:
                answer = await connection.read_response(disable_decoding=True)
            except NoScriptError:  # Not executed: SCRIPT FLUSH, or another server behind the name.
                operation.is_under_way = False
                is_deposed = True
            except ResponseError as error:
                is_deposed = is_deposed or isinstance(error, ReadOnlyError)
                self._refuse(operation, error)
            else:
                answers.append((operation, answer))
        if self._durability.replicas and answers:
            await self._replicate(connection)
        for operation, answer in answers:
            operation.is_under_way = False
            operation.answer(answer)
        while self._waiting and self._waiting[0].done.done():
            self._waiting.popleft()
        if is_deposed:
            await self._drop()

    def _refuse(self, operation: _Operation, error: ResponseError) -> None:
        """Tell that Redis did not do it: surely so, if no other attempt is open."""
        log.error("journal: %s", reason(error))
        operation.is_under_way = False
        operation.refuse(OutcomeUnknown() if operation.is_open else told(error))

    async def _replicate(self, connection: Connection) -> None:
        """Return when the replicas have what was written over this connection."""
        wanted = self._durability.replicas
        count = await ask(connection, "WAIT", wanted, int(1000 * REPLICATION_S))
        if count < wanted:
            raise NotReplicated(f"{count} of {wanted} replicas have it")

    def _note_loss(self, error: Exception) -> None:
        words = str(error) if isinstance(error, Unfit) else reason(error)
        if words != self._away_because:
            log.error("the journal is not reached: %s", words)
        self._away_because = words

    def _note_success(self) -> None:
        if self._away_because:
            self._away_because = ""
            log.info("the journal is reached again")

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
