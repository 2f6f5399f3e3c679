"""The writer's side of a folder of sound; everything here runs in the writer's thread alone."""

import contextlib
import errno
import itertools
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from server.store.pieces import encode, piece_name, slot_of
from server.store.protocol import Kept

DELETED = "deleted-"
"""How folders are named that are on their way out."""
TRIES = 5
"""More than another process that makes or deletes the same folder ever costs."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of some packets: how many could not be written, and the last reason."""

    lost: int = 0
    error: OSError | None = None

    def __add__(self, later: "Written") -> "Written":
        return Written(self.lost + later.lost, later.error or self.error)


class TrackWriter:
    """Writes one recording into pieces.

    A folder that has vanished was deleted by another process: it is not made again.
    """

    def __init__(self, root: Path, folder: Path, head: bytes, process: str, number: int) -> None:
        """Write nothing yet.

        Args:
            root: of the store.
            folder: of the track.
            head: what every piece begins with.
            process: a name that no other process has.
            number: a number that no other recording of this process has.
        """
        self._root = root
        self._folder = folder
        self._head = head
        self._process = process
        self._number = number
        self._is_made = False
        self._is_gone = False
        self._piece: _Piece | None = None

    def write(self, packets: Sequence[Kept]) -> Written:
        """Write packets; never raises."""
        written = Written()
        for slot, group in itertools.groupby(packets, lambda kept: slot_of(kept.start_s)):
            kept = list(group)
            if self._piece is not None and self._piece.slot != slot:
                written += self.close()
            try:
                self._append(slot, kept)
            except OSError as error:
                written += Written(len(kept), error)
        return written

    def close(self) -> Written:
        """End the piece; idempotent, never raises. How much an error has cost nobody knows."""
        piece, self._piece = self._piece, None
        try:
            if piece is not None:
                piece.close()
        except OSError as error:
            return Written(0, error)
        return Written()

    def _append(self, slot: int, packets: list[Kept]) -> None:
        if self._piece is None and not self._open(slot, packets[0].start_s):
            return
        assert self._piece is not None
        try:
            self._piece.append(encode(packets))
        except OSError:
            if self._piece.is_empty:
                self.close()
            raise

    def _open(self, slot: int, start_s: float) -> bool:
        """Begin a piece; return whether it could be: what was deleted stays so."""
        if not self._is_made:
            _make(self._root, self._folder)
            self._is_made = True
        if self._is_gone:
            return False
        path = self._folder / piece_name(start_s, self._process, self._number)
        try:
            self._piece = _Piece(path, slot, self._head)
        except FileNotFoundError:
            if not self._root.is_dir():
                raise
            self._is_gone = True
            return False
        return True


class _Piece:
    """One file, which is whole after every ``append``, also after one that failed."""

    def __init__(self, path: Path, slot: int, head: bytes) -> None:
        self.slot = slot
        self._path = path
        self._head = head
        self._size = 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)

    @property
    def is_empty(self) -> bool:
        return self._size == 0

    def append(self, records: bytes) -> None:
        data = memoryview(records if self._size else self._head + records)
        size = len(data)
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:
            # A full disk takes a part; what comes later must not follow half a record.
            os.ftruncate(self._file, self._size)
            raise
        self._size += size

    def close(self) -> None:
        """Let go of the file; one without a packet is of no use."""
        try:
            os.close(self._file)
        finally:
            if self.is_empty:
                with contextlib.suppress(OSError):
                    self._path.unlink()


def delete(root: Path, folder: Path) -> None:
    """Delete the folder of a session or of a track.

    It gets another name first: whoever still writes into it finds no place for a new piece.

    Raises:
        OSError: it is still there, or on its way out.
    """
    for _ in range(TRIES):
        going = root / f"{DELETED}{os.urandom(8).hex()}"
        try:
            folder.rename(going)
        except (FileNotFoundError, NotADirectoryError):
            break
        _remove(going)
    if folder.parent != root:
        _remove_if_empty(folder.parent)


def tidy(root: Path) -> list[OSError]:
    """Delete what an earlier ``delete`` could not finish; return why something is still there.

    Raises:
        OSError: nobody can look into ``root``.
    """
    try:
        going = [path for path in root.iterdir() if path.name.startswith(DELETED)]
    except FileNotFoundError:
        return []
    errors = []
    for path in going:
        try:
            _remove(path)
        except OSError as error:
            errors.append(error)
    return errors


def _make(root: Path, folder: Path) -> None:
    for _ in range(TRIES):
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.parent.mkdir(mode=0o700, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
            return
        except FileNotFoundError:
            continue  # Somebody deleted the session's last track in between.
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def _remove(path: Path) -> None:
    for attempt in range(TRIES):
        try:
            shutil.rmtree(path)
            return
        except FileNotFoundError:
            if not path.exists():
                return  # Another process was faster.
            if attempt == TRIES - 1:
                raise
        except OSError as error:
            # A last piece was begun while the others were deleted.
            if error.errno != errno.ENOTEMPTY or attempt == TRIES - 1:
                raise


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
            raise
