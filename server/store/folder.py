"""A ``MediaStore`` in a folder: one thread writes, the event loop never waits for the disk."""

import asyncio
import logging
import math
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from server.store import reading, writing
from server.store.pieces import encode_head, pieces_of, session_folder, track_folder
from server.store.protocol import Kept, Recorder, StoreUnavailable
from server.store.recording import Batch, Recording, size_of
from server.store.writing import TrackWriter, Written
from server.tasks import Tasks

log = logging.getLogger(__name__)
T = TypeVar("T")

FOLDER = "media"
"""In the data folder."""
WRITE_EVERY_S = 0.5
"""Half of what a killed process may lose."""
MAX_WAITING = 8 * 1024 * 1024
"""Bytes that wait for a slow disk: half a minute of twenty microphones (78 bytes and what Python
takes for them, 50 times a second); what comes then is lost."""
CLOSE_S = 10.0
"""How long ``close`` waits for the disk."""


class FolderStore:
    """Sound as pieces in ``root``; other processes may work in the same folder."""

    def __init__(self, root: Path, on_lost: Callable[[int], None] = lambda _: None) -> None:
        """Nothing is read or written yet.

        Args:
            root: made when something is to be kept.
            on_lost: told on the event loop how many packets could not be kept.
        """
        self._root = root
        self._on_lost = on_lost
        self._process = secrets.token_hex(4)
        self._numbers = 0
        self._recordings: set[Recording] = set()
        self._taken = 0
        """Bytes that wait in the recordings."""
        self._writing = 0
        """Bytes on their way to the disk."""
        self._has_some = asyncio.Event()
        self._is_losing = False
        self._is_closed = False
        self._thread = ThreadPoolExecutor(1, "sound")
        self._tasks = Tasks("sound")
        self._flushes: set[asyncio.Future[Written]] = set()
        self._clock: asyncio.Task[None] | None = None
        self._sessions: dict[str, str] = {}
        """By the names of their folders, when somebody last looked."""
        self._troubles: set[str] = set()
        """What stood in the way then, and is in the log."""

    def record(self, session: str, track: str) -> Recorder:
        """See ``MediaStore``."""
        self._numbers += 1
        folder = self._root / session_folder(session) / track_folder(track)
        head = encode_head(session, track)
        writer = TrackWriter(self._root, folder, head, self._process, self._numbers)
        recording = Recording(session, track, writer, self._take, self._has_some.set)
        if self._is_closed:
            recording.close()
            return recording
        if self._clock is None:
            self._clock = self._tasks.spawn(self._write(), "write")
        self._recordings.add(recording)
        return recording

    async def tracks(self, session: str) -> list[str]:
        """See ``MediaStore``."""
        await self._flush()
        return await self._read(reading.tracks, self._root / session_folder(session))

    async def packets(self, session: str, track: str) -> AsyncIterator[Kept]:
        """See ``MediaStore``; of pieces that overlap the one that was begun later is heard."""
        await self._flush()
        folder = self._root / session_folder(session) / track_folder(track)
        places = await self._read(pieces_of, folder)
        ends = [place.start_ms / 1000 for place in places[1:]] + [math.inf]
        for place, until_s in zip(places, ends, strict=False):
            for kept in await self._read(reading.packets, place.path):
                if kept.start_s < until_s:
                    yield kept

    async def delete(self, session: str, track: str | None = None) -> None:
        """See ``MediaStore``."""
        self._check_open()
        # What was handed over before is written first, then deleted: the thread keeps the order.
        cut = [one for one in self._recordings if one.is_of(session, track)]
        for recording in cut:
            self._recordings.discard(recording)
            self._taken -= recording.cut()
        folder = self._root / session_folder(session)
        if track is not None:
            folder /= track_folder(track)
        writers = [recording.writer for recording in cut]
        await self._in_thread(_delete, writers, self._root, folder)

    async def sessions(self) -> list[str]:
        """See ``MediaStore``."""
        await self._flush()
        errors = await self._in_thread(writing.tidy, self._root)
        known = self._sessions
        found = await self._read(lambda root: reading.sessions(root, known), self._root)
        self._sessions = found.sessions
        troubles = set(map(str, errors + found.errors))
        for trouble in troubles - self._troubles:
            log.error("sound is in the way and cannot be looked after: %s", trouble)
        self._troubles = troubles
        return list(found.sessions.values())

    async def written_at(self, session: str) -> float | None:
        """See ``MediaStore``."""
        return await self._read(reading.written_at, self._root / session_folder(session))

    async def close(self) -> None:
        """See ``MediaStore``."""
        if self._is_closed:
            return
        for recording in self._recordings:
            recording.close()
        if self._clock is not None:
            self._clock.cancel()
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._flush()
        except TimeoutError:
            log.error("the last sound is not kept in %s: the disk is too slow", self._root)
        self._is_closed = True
        for work in list(self._flushes):
            work.cancel()
        await self._tasks.close()
        self._thread.shutdown(wait=False)

    def _take(self, recording: Recording, kept: Kept) -> None:
        size = size_of(kept)
        if self._taken + self._writing + size > MAX_WAITING:
            self._lose(Written(1))
            return
        self._taken += size
        recording.packets.append(kept)
        self._has_some.set()

    async def _write(self) -> None:
        while True:
            await self._has_some.wait()
            await asyncio.sleep(WRITE_EVERY_S)
            self._has_some.clear()
            try:
                await self._flush()
            except Exception:
                log.exception("sound is not kept in %s", self._root)  # The next may be.

    async def _flush(self) -> None:
        """Write what was taken; return when it, and what was before it, is written.

        Raises:
            StoreUnavailable: the store is closed.
        """
        self._check_open()
        batch = [one.hand_over() for one in self._recordings]
        self._recordings = {one for one in self._recordings if not one.is_closed}
        size, self._taken = self._taken, 0
        self._writing += size
        # In the thread's queue before anybody else has a turn: a deletion must find it written.
        work = asyncio.wrap_future(self._thread.submit(_write_all, batch))
        self._flushes.add(work)
        count = sum(len(one.packets) for one in batch)
        work.add_done_callback(lambda done: self._written(size, count, done))
        # Shielded: what was taken out is written even if nobody waits for it any more.
        await asyncio.shield(work)

    def _written(self, size: int, count: int, done: asyncio.Future[Written]) -> None:
        self._flushes.discard(done)
        self._writing -= size
        if done.cancelled():
            return
        if done.exception() is not None:  # Whoever waits for it says which.
            self._on_lost(count)
            return
        written = done.result()
        if written.lost or written.error:
            self._lose(written)
        elif size and self._is_losing:
            self._is_losing = False
            log.info("sound is kept again in %s", self._root)

    def _lose(self, written: Written) -> None:
        if written.lost:
            self._on_lost(written.lost)
        if not self._is_losing:
            self._is_losing = True
            reason = written.error or "the disk is too slow"
            log.error("sound is not kept in %s: %s", self._root, reason)

    async def _read(self, look: Callable[[Path], T], path: Path) -> T:
        self._check_open()
        try:
            return await asyncio.to_thread(look, path)
        except OSError as error:
            log.error("sound cannot be read: %s", error)
            raise StoreUnavailable from error

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, work, *arguments)
        except OSError as error:
            log.error("sound cannot be deleted: %s", error)
            raise StoreUnavailable from error

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreUnavailable


def _write_all(batches: list[Batch]) -> Written:
    written = Written()
    for batch in batches:
        written += batch.writer.write(batch.packets)
        if batch.is_last:
            written += batch.writer.close()
    return written


def _delete(writers: list[TrackWriter], root: Path, folder: Path) -> None:
    for writer in writers:
        writer.close()
    writing.delete(root, folder)
