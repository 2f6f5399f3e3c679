"""Opens the journal that the settings name, and closes what belongs to it."""

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from server.journal.protocol import Journal
from server.journal.redis.journal import RedisJournal
from server.journal.redis.promises import Unfit, trusted
from server.journal.sqlite.journal import SqliteJournal
from server.journal_address import JournalAddress, RedisAddress, SqliteAddress
from server.lockfile import lock_file
from server.redis.connection import connect
from server.redis.errors import reason
from server.redis.pubsub import Subscriptions
from server.settings import Settings, SettingsError

log = logging.getLogger(__name__)

JOURNAL_FILE = "journal.sqlite3"
"""In the data folder, when no other journal is set."""
REACHED_S = 15.0
"""For a Redis that starts at the same time as this process, as after a restart of the machine."""
TRY_AGAIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Opened:
    """A journal and what it works with; ``close()`` it.

    ``redis`` and ``subscriptions`` are there with a journal in Redis: the exchange shares them.
    """

    journal: Journal
    redis: Redis | None = None
    subscriptions: Subscriptions | None = None
    lock: IO[str] | None = None

    async def close(self) -> None:
        """Finish what is queued and free everything; idempotent."""
        await self.journal.close()
        if self.subscriptions is not None:
            await self.subscriptions.close()
        if self.redis is not None:
            await self.redis.aclose()
        if self.lock is not None:
            self.lock.close()


def journal_address(settings: Settings) -> JournalAddress:
    """Return where events are kept."""
    return settings.journal or SqliteAddress(settings.data / JOURNAL_FILE)


async def open_journal(settings: Settings, *, patience_s: float = REACHED_S) -> Opened:
    """Open or create the journal.

    Args:
        settings: ``journal``, ``durability`` and ``data`` of them.
        patience_s: how long to wait for a Redis that is not there yet.

    Raises:
        SettingsError: Redis is not reached, or would lose what it acknowledges.
        JournalUnavailable: the file is damaged, not a journal or of a newer release.
        DataInUse: another process has the file.
    """
    address = journal_address(settings)
    if isinstance(address, SqliteAddress):
        # The lock of the data folder says nothing about a file that is elsewhere.
        is_elsewhere = settings.journal is not None
        return await asyncio.to_thread(_open_file, address.path, is_locked=is_elsewhere)
    client = connect(address)
    try:
        await _reached(client, address, settings, patience_s)
    except BaseException:
        await client.aclose()
        raise
    subscriptions = Subscriptions(client)
    journal = RedisJournal(client, subscriptions, settings.durability)
    return Opened(journal, client, subscriptions)


def _open_file(path: Path, *, is_locked: bool) -> Opened:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = lock_file(path) if is_locked else None
    try:
        return Opened(SqliteJournal(path), lock=lock)
    except BaseException:
        if lock is not None:
            lock.close()
        raise


async def _reached(
    client: Redis, address: RedisAddress, settings: Settings, patience_s: float
) -> None:
    """Return when Redis has answered and keeps what it is given."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while True:
        try:
            connection = await trusted(client, settings.durability)
        except Unfit as error:
            raise SettingsError(
                f"Redis at {address} (DAEDAM_JOURNAL) cannot be used: {error}"
            ) from None
        except AuthenticationError:
            raise SettingsError(
                f"Redis at {address} refuses the password in DAEDAM_JOURNAL, or its lack."
            ) from None
        except (RedisError, OSError) as error:
            if loop.time() > deadline:
                raise SettingsError(
                    f"Redis at {address} (DAEDAM_JOURNAL) is not reached: {reason(error)}"
                ) from None
            log.warning("waiting for Redis at %s: %s", address, reason(error))
        else:
            await connection.disconnect(nowait=True)
            return
        await asyncio.sleep(TRY_AGAIN_S)
