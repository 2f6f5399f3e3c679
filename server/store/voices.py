"""What a restart needs of a session's enrolled voices: one small file beside the media.

It is never in the journal, nobody but the server's user can read it, and it goes when the final
pass has ended, at the latest ten minutes after the session.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from server.store.pieces import session_folder
from server.store.protocol import StoreUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")

FOLDER = "voices"
"""In the data folder."""
_MAGIC = b"daedam voices 1\n"
_HEAD = struct.Struct("<HI")
"""Bytes of the session's id; checksum of it and of what follows."""
_SUFFIX = ".voices"
_HALF = ".half"
"""Of a file that is being written, or whose writer was killed."""
_ABANDONED_S = 60.0
"""No file takes so long to write."""


class VoiceFiles:
    """The files of all sessions in one folder; every method raises ``StoreUnavailable``.

    Whoever saves and deletes for one session waits for one before the other.
    """

    def __init__(self, root: Path) -> None:
        """Nothing is read or written yet; ``root`` is made when something is to be kept."""
        self._root = root

    async def load(self, session: str) -> bytes | None:
        """Return what was saved last; None: nothing, or nothing whole."""
        data = await _in_thread(_read, self._path(session))
        found = None if data is None else _unpack(data)
        return found[1] if found is not None and found[0] == session else None

    async def save(self, session: str, data: bytes) -> None:
        """Keep ``data`` instead of what was saved before, all or nothing."""
        packed = _pack(session, data)
        await _in_thread(lambda path: _write(path, packed), self._path(session))

    async def delete(self, session: str) -> None:
        """Delete what was saved; nothing saved is no error."""
        await _in_thread(_delete, self._path(session))

    async def sessions(self) -> dict[str, float]:
        """Return the sessions of which something is kept → the Unix second of its writing.

        What nobody can read any more is deleted on the way.
        """
        return await _in_thread(_sessions, self._root)

    def _path(self, session: str) -> Path:
        return self._root / f"{session_folder(session)}{_SUFFIX}"


async def _in_thread(work: Callable[[Path], T], path: Path) -> T:
    try:
        return await asyncio.to_thread(work, path)
    except OSError as error:
        log.error("voices can be neither kept nor deleted: %s", error)
        raise StoreUnavailable from error


def _pack(session: str, data: bytes) -> bytes:
    name = session.encode("utf-8", "surrogatepass")
    return _MAGIC + _HEAD.pack(len(name), zlib.crc32(data, zlib.crc32(name))) + name + data


def _unpack(packed: bytes) -> tuple[str, bytes] | None:
    begin = len(_MAGIC) + _HEAD.size
    if not packed.startswith(_MAGIC) or len(packed) < begin:
        return None
    size, checksum = _HEAD.unpack_from(packed, len(_MAGIC))
    name, data = packed[begin : begin + size], packed[begin + size :]
    if len(name) < size or zlib.crc32(data, zlib.crc32(name)) != checksum:
        return None
    return name.decode("utf-8", "surrogatepass"), data


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_HALF}")
    file = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(data)
        half.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            half.unlink()
        raise


def _delete(path: Path) -> None:
    for found in (path, *path.parent.glob(f"{path.name}.*{_HALF}")):
        found.unlink(missing_ok=True)


def _sessions(root: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for path in root.glob(f"*{_SUFFIX}*"):
        try:
            written_at = path.stat().st_mtime
            unpacked = _unpack(path.read_bytes())
        except FileNotFoundError:
            continue  # Its own process was faster.
        if unpacked is not None and path.suffix == _SUFFIX:
            found[unpacked[0]] = written_at
        elif unpacked is None or path.suffix == _HALF:
            _forsake(path, written_at)
    return found


def _forsake(path: Path, written_at: float) -> None:
    """Delete what its writer left half done, unless it may still be at it."""
    if time.time() - written_at > _ABANDONED_S:
        path.unlink(missing_ok=True)
