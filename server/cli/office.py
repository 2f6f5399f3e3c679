"""Where an operator's commands are carried out: the journal here, or the server that holds it."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from server import desk
from server.access import EVERY_SESSION
from server.api.http import SESSION
from server.api.sessions import Invitation
from server.app import JOURNAL_FILE
from server.decisions import check_seat
from server.entrance.links import DEFAULT_EXPIRY_S, Links, invitation, load_key
from server.entries import Entry, decode_body
from server.errors import ClientError, ErrorCode, UnknownSession
from server.journal.protocol import SessionInfo
from server.journal.sqlite import SqliteJournal
from server.lockfile import DataLock, RunningServer, running_server
from server.session import Session, fold
from server.settings import Settings

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
    """No server runs: the journal is opened here, under the folder's lock."""

    def __init__(self, journal: SqliteJournal, settings: Settings) -> None:
        self._journal = journal
        self._settings = settings

    async def sessions(self) -> list[SessionInfo]:
        return await self._journal.sessions()

    async def read(self, session: str) -> tuple[Session, list[Entry]]:
        return await desk.read(self._journal, session)

    async def end(self, session: str) -> None:
        await desk.end(self._journal, session)

    async def erase(self, session: str, seat: str | None) -> int:
        return len((await desk.erase(self._journal, session, seat)).events)

    async def invite(self, session: str, wanted: Invitation) -> str:
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
        entries = [_entry(line) for line in lines]
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
    """Carry out ``work`` where the data folder can be worked with now.

    Raises:
        ClientError: what went wrong, in one sentence.
        DataInUse: another command holds the folder.
    """
    server = running_server(settings.data)
    if server is not None:
        return asyncio.run(_remotely(server, work))
    if not (settings.data / JOURNAL_FILE).exists():
        raise _no_data(settings.data)
    lock = DataLock.take(settings.data)
    try:
        return asyncio.run(_locally(settings, work))
    finally:
        lock.close()


def _no_data(data: Path) -> ClientError:
    return ClientError(
        ErrorCode.BAD_REQUEST, f"There are no records in {data}; name the folder with --data DIR."
    )


async def _locally(settings: Settings, work: Callable[[Office], Awaitable[T]]) -> T:
    journal = await asyncio.to_thread(SqliteJournal, settings.data / JOURNAL_FILE)
    try:
        return await work(LocalOffice(journal, settings))
    finally:
        await journal.close()


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


def _entry(line: bytes) -> Entry:
    """Return the entry of one line of a journal as the server sends it."""
    values = json.loads(line)
    head = {name: values.pop(name) for name in ("seq", "at", "wall", "by", "v", "type", "cmd")}
    body = decode_body(head["type"], head["v"], msgspec.json.encode(values))
    return Entry(**head, event=body)
