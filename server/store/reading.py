"""The readers' side of a folder of sound; what vanishes meanwhile was deleted, and is not there."""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from server.store.pieces import (
    MAX_HEAD,
    decode,
    is_piece,
    is_session_folder,
    read_head,
    session_folder,
    track_folder,
)
from server.store.protocol import Kept


@dataclass(frozen=True, slots=True)
class Found:
    """What a look through a store's root has found.

    Attributes:
        sessions: the sessions that have a piece in it, by the names of their folders.
        errors: why nobody knows what else there is.
    """

    sessions: dict[str, str]
    errors: list[OSError]


def sessions(root: Path, known: Mapping[str, str]) -> Found:
    """Look for sessions; ``known``, found earlier, are not read again: names are hashes of ids.

    Raises:
        OSError: nobody can look into ``root``.
    """
    found = Found({}, [])
    for folder in _folders(root):
        if is_session_folder(folder.name):
            session = known.get(folder.name) or _session_of(folder, found.errors)
            if session is not None:
                found.sessions[folder.name] = session
    return found


def tracks(folder: Path) -> list[str]:
    """Return the tracks that have a piece in a session's folder."""
    heads = [(head, path.name) for path in _folders(folder) if (head := _head(path)) is not None]
    return sorted(track for (_, track), name in heads if track_folder(track) == name)


def packets(path: Path) -> list[Kept]:
    """Return what a piece holds, as far as it is whole."""
    try:
        return list(decode(path.read_bytes()))
    except FileNotFoundError:
        return []


def written_at(folder: Path) -> float | None:
    """Return the Unix second at which something was last written in a session's folder."""
    found = (_changed_at(track, place) for track in _folders(folder) for place in _names(track))
    return max(filter(None, found), default=None)


def _session_of(folder: Path, errors: list[OSError]) -> str | None:
    """Return whose folder this is by the first track that says so; take down which cannot."""
    try:
        for track in _folders(folder):
            try:
                head = _head(track)
            except OSError as error:
                errors.append(error)
                continue
            if head is not None and session_folder(head[0]) == folder.name:
                return head[0]
    except OSError as error:
        errors.append(error)
    return None


def _head(folder: Path) -> tuple[str, str] | None:
    """Return the session and the track whose folder this is, by the first piece that says so."""
    for name in _names(folder):
        try:
            with (folder / name).open("rb") as file:
                head = read_head(file.read(MAX_HEAD))
        except FileNotFoundError:
            continue
        if head is not None:
            return head[0], head[1]
    return None


def _names(folder: Path) -> Iterator[str]:
    """Yield the names of pieces as the disk has them: the first one costs no look at the rest."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from (entry.name for entry in entries if is_piece(entry.name))


def _folders(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        with os.scandir(folder) as entries:
            found = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        yield from (folder / entry.name for entry in found)


def _changed_at(folder: Path, name: str) -> float | None:
    try:
        return (folder / name).stat().st_mtime
    except FileNotFoundError:
        return None
