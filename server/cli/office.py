"""Where an operator's commands are carried out: the journal here, or the server that holds it."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from server import desk
from server.access import EVERY_SESSION
from server.api.sessions import Invitation
from server.decisions import check_seat
from server.entrance.links import DEFAULT_EXPIRY_S, Links, invitation, load_key
from server.entries import Entry
from server.errors import ClientError, ErrorCode, JournalUnavailable, UnknownSession
from server.journal.opening import journal_address, open_journal
from server.journal.protocol import Conflict, Journal, SessionInfo
from server.journal_address import JournalAddress, RedisAddress, SqliteAddress
from server.lockfile import DataInUse, DataLock, RunningServer, running_server
from server.paths import SESSION
from server.session import Session, fold
from server.settings import Settings
from server.store import voices
from server.store.folder import FOLDER, FolderStore
from server.store.protocol import MediaStore
from server.store.voices import VoiceFiles

TIMEOUT_S = 60.0
TLS_GOODBYE_S = 0.25
T = TypeVar("T")


class Office(Protocol):
    """What an operator can do with the records."""

    async def sessions(self) -> list[SessionInfo]:
        """List every session."""
        ...

    async def read(self, session: str) -> tuple[Session, list[Entry]]:
        """Return the fold and the journal of a session."""
        ...

    async def end(self, session: str) -> None:
        """End a live session."""
        ...

    async def erase(self, session: str, seat: str | None) -> int:
        """Erase; return how many events were blanked."""
        ...

    async def invite(self, session: str, wanted: Invitation) -> str:
        """Return a token for one person."""
        ...


class LocalOffice:
    """No server runs here: the journal is opened by the command itself."""

    def __init__(self, journal: Journal, store: MediaStore, settings: Settings) -> None:
        self._journal = journal
        self._store = store
        self._settings = settings
        self._voices = VoiceFiles(settings.data / voices.FOLDER)

    async def sessions(self) -> list[SessionInfo]:
        return await self._journal.sessions()

    async def read(self, session: str) -> tuple[Session, list[Entry]]:
        return await desk.read(self._journal, session)

    async def end(self, session: str) -> None:
        await desk.end(self._journal, session, f"command line {secrets.token_hex(4)}")
        await desk.settle_sound(self._journal, self._store, session)
        await self._voices.delete(session)

    async def erase(self, session: str, seat: str | None) -> int:
        count = len((await desk.erase(self._journal, self._store, session, seat)).events)
        await self._voices.delete(session)
        return count

    async def invite(self, session: str, wanted: Invitation) -> str:
        if isinstance(self._settings.journal, RedisAddress):
            # A key of this folder alone would sign links that no server of that Redis opens.
            self._settings.check()
        if session != EVERY_SESSION and wanted.seat is not None:
            try:
                check_seat((await desk.read(self._journal, session))[0], wanted.seat)
            except UnknownSession:
                if not wanted.is_ahead:
                    raise
        key = await asyncio.to_thread(load_key, self._settings.secret, self._settings.data)
        principal = invitation(session, seat=wanted.seat, role=wanted.role, name=wanted.name)
        return Links(key).make(principal, wanted.expires_s or DEFAULT_EXPIRY_S)


class RemoteOffice:
    """A server holds the data folder: it is asked over loopback."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self._client = client

    async def sessions(self) -> list[SessionInfo]:
        return msgspec.convert(await self._json("GET", SESSION), list[SessionInfo])

    async def read(self, session: str) -> tuple[Session, list[Entry]]:
        lines = (await self._ask("GET", f"{_path(session)}/journal")).splitlines()
        entries = [Entry.from_wire(line) for line in lines]
        return fold(session, entries), entries

    async def end(self, session: str) -> None:
        await self._ask("POST", f"{_path(session)}/end")

    async def erase(self, session: str, seat: str | None) -> int:
        query = f"?seat={quote(seat)}" if seat else ""
        return len((await self._json("DELETE", _path(session) + query))["events"])

    async def invite(self, session: str, wanted: Invitation) -> str:
        found = await self._json(
            "POST", f"{_path(session)}/invite", data=msgspec.json.encode(wanted)
        )
        return str(found["token"])

    async def _json(self, method: str, path: str, data: bytes | None = None) -> Any:
        return json.loads(await self._ask(method, path, data))

    async def _ask(self, method: str, path: str, data: bytes | None = None) -> bytes:
        async with self._client.request(method, path, data=data) as response:
            body = await response.read()
            if response.status >= 400:
                said = json.loads(body)
                raise ClientError(ErrorCode.BAD_REQUEST, said["detail"])
            return body


def in_office(settings: Settings, work: Callable[[Office], Awaitable[T]]) -> T:
    """Carry out ``work`` where the records can be worked with now.

    Raises:
        ClientError: what went wrong, in one sentence.
        DataInUse: another command holds the folder.
    """
    server = running_server(settings.data)
    if server is not None:
        return _result(_remotely(server, work))
    address = journal_address(settings)
    if isinstance(address, SqliteAddress) and not address.path.exists():
        raise _no_data(settings)
    with _locked(settings):
        return _result(_locally(settings, work))


def _result(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` and return its result.

    Not as the result of ``asyncio.run``: CPython 3.11 and 3.12 write their handler of Ctrl-C out
    as text, twice, with the task and all it returned: ten seconds for a long record. Needed until
    3.13 is the oldest.
    """
    found: list[T] = []

    async def keep() -> None:
        found.append(await work)

    asyncio.run(keep())
    return found[0]


def into_journal(settings: Settings, session: str, entries: Sequence[Entry]) -> JournalAddress:
    """Write a whole session into the journal itself and return where that is.

    Raises:
        ClientError: the session exists; a server or a command holds the data folder.
    """

    async def work() -> None:
        async with opened(settings) as journal:
            await journal.restore(session, entries)

    try:
        with _locked(settings):
            asyncio.run(work())
    except DataInUse as error:
        raise ClientError(
            ErrorCode.BAD_REQUEST, f"{error} Stop it, import, and start it again."
        ) from error
    except Conflict:
        raise ClientError(
            ErrorCode.SESSION_EXISTS,
            f"There is an interview {session} already; give the imported one another id with "
            "--session ID.",
        ) from None
    return journal_address(settings)


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Journal]:
    """Open the journal for one command."""
    found = await open_journal(settings, patience_s=0)
    try:
        yield found.journal
    except JournalUnavailable as error:
        if isinstance(settings.journal, RedisAddress):
            sentence = f"{settings.journal}: {error} What is wrong with it says: daedam doctor"
            raise ClientError(error.code, sentence, status=error.status) from error
        raise
    finally:
        await found.close()


@contextlib.contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """Keep servers and other commands out of a file; a Redis has room for all of them."""
    if isinstance(settings.journal, RedisAddress):
        yield
        return
    lock = DataLock.take(settings.data)
    try:
        yield
    finally:
        lock.close()


def _no_data(settings: Settings) -> ClientError:
    if settings.journal is not None:
        sentence = f"There are no records in {settings.journal}; look at DAEDAM_JOURNAL."
    else:
        sentence = f"There are no records in {settings.data}; name the folder with --data DIR."
    return ClientError(ErrorCode.BAD_REQUEST, sentence)


async def _locally(settings: Settings, work: Callable[[Office], Awaitable[T]]) -> T:
    store = FolderStore(settings.data / FOLDER)
    try:
        async with opened(settings) as journal:
            return await work(LocalOffice(journal, store, settings))
    finally:
        await store.close()


async def _remotely(server: RunningServer, work: Callable[[Office], Awaitable[T]]) -> T:
    headers = {"Authorization": f"Bearer {server.token}"}
    timeout = aiohttp.ClientTimeout(TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(
            server.url, headers=headers, timeout=timeout, connector=_connector(server)
        ) as client:
            found = await work(RemoteOffice(client))
        if server.fingerprint is not None:
            # aiohttp closes TLS connections in the background; the loop must not end before.
            await asyncio.sleep(TLS_GOODBYE_S)
        return found
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ClientError(
            ErrorCode.BAD_REQUEST,
            f"The server at {server.url} (pid {server.pid}) holds the data and does not answer.",
        ) from error


def _connector(server: RunningServer) -> aiohttp.TCPConnector:
    """Return a connector that knows the server by its certificate.

    Nobody vouches for a certificate at 127.0.0.1, and the lock is this user's alone: what stands
    in it is a better proof than a name.
    """
    if server.fingerprint is None:
        return aiohttp.TCPConnector()
    return aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(bytes.fromhex(server.fingerprint)))


def _path(session: str) -> str:
    return f"{SESSION}/{quote(session, safe='')}"
