"""The readers' side of a folder of sound; what vanishes meanwhile was deleted, and is not there."""

from collections.abc import Iterator
from pathlib import Path

from server.store.pieces import (
    MAX_HEAD,
    decode,
    is_session_folder,
    pieces_of,
    read_head,
    session_folder,
    track_folder,
)
from server.store.protocol import Kept


def sessions(root: Path) -> list[str]:
    """Return the sessions that have a piece in the store at ``root``."""
    found = []
    for folder in _folders(root):
        if is_session_folder(folder.name):
            heads = filter(None, map(_head, _folders(folder)))
            session = next((session for session, _ in heads), None)
            if session is not None and session_folder(session) == folder.name:
                found.append(session)
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
    places = [place.path for track in _folders(folder) for place in pieces_of(track)]
    return max(filter(None, map(_changed_at, places)), default=None)


def _head(folder: Path) -> tuple[str, str] | None:
    """Return the session and the track whose folder this is, by the first piece that says so."""
    for place in pieces_of(folder):
        try:
            with place.path.open("rb") as file:
                head = read_head(file.read(MAX_HEAD))
        except FileNotFoundError:
            continue
        if head is not None:
            return head[0], head[1]
    return None


def _folders(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (path for path in found if path.is_dir() and not path.is_symlink())


def _changed_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
