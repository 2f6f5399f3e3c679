"""How sound lies on the disk: pieces of ten seconds, packet after packet, and their names.

A piece begins with the session's id and the track's name, so that it is understood wherever it
lies. Every record has a checksum: a piece that its writer could not finish is read up to where it
is whole.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from server.store.protocol import Kept

PIECE_S = 10
"""Session seconds in one piece, and where it is cut: at 0, 10, 20, …"""
MAX_PACKET = 0xFFFF
"""Bytes; more than any Opus packet and any datagram has."""
MAX_HEAD = 4096
"""Bytes of the names at the beginning of a piece, and what is read to know whose it is."""

_MAGIC = b"daedam sound 1\n"
_HEAD = struct.Struct("<HHI")
"""Bytes of the session's id and of the track's name; checksum of both."""
_RECORD = struct.Struct("<dHI")
"""Session second, bytes of the packet, checksum of both and of the packet."""
_TIMED = struct.Struct("<dH")
_NAME = re.compile(r"(\d+)-([0-9a-f]+)-(\d+)\.piece")
_FOLDER = re.compile(r"[0-9a-f]{32}")
_LONG = 120
"""Characters above which a track's folder is named by a hash; file systems take 255."""


@dataclass(frozen=True, slots=True)
class Place:
    """One piece's file, and the session millisecond of its first packet."""

    path: Path
    start_ms: int


def session_folder(session: str) -> str:
    """Return the name of a session's folder, whatever characters its id has."""
    return hashlib.sha256(_bytes(session)).hexdigest()[:32]


def is_session_folder(name: str) -> bool:
    return _FOLDER.fullmatch(name) is not None


def track_folder(track: str) -> str:
    """Return the name of a track's folder: no dots, no separators, never too long."""
    name = quote(track, safe="", errors="surrogatepass").replace(".", "%2E")
    if 0 < len(name) <= _LONG:
        return name
    return "%" + hashlib.sha256(_bytes(track)).hexdigest()[:32]


def piece_name(start_s: float, process: str, number: int) -> str:
    """Return a piece's name: two processes, or two connections, never share one."""
    return f"{max(0, int(start_s * 1000)):010d}-{process}-{number}.piece"


def is_piece(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def pieces_of(folder: Path) -> list[Place]:
    """Return the pieces in a track's folder in the order of the session; none: no folder."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    found = [match for match in map(_NAME.fullmatch, names) if match]
    found.sort(key=lambda match: (int(match[1]), int(match[3]), match[2]))
    return [Place(folder / match[0], int(match[1])) for match in found]


def slot_of(start_s: float) -> int:
    """Return the number of the piece that a session second belongs to."""
    return int(start_s // PIECE_S)


def encode_head(session: str, track: str) -> bytes:
    """Return how a piece begins.

    Raises:
        ValueError: no names can be so long.
    """
    names = _bytes(session), _bytes(track)
    head = _MAGIC + _HEAD.pack(len(names[0]), len(names[1]), zlib.crc32(b"".join(names)))
    if len(head) + len(names[0]) + len(names[1]) > MAX_HEAD:
        raise ValueError("The names of a session and its track are too long to be kept.")
    return head + b"".join(names)


def encode(packets: Iterable[Kept]) -> bytes:
    """Return the records of some packets."""
    return b"".join(part for kept in packets for part in _record(kept))


def read_head(data: bytes) -> tuple[str, str, int] | None:
    """Return session, track and where the records begin; None: this is no piece."""
    begin = len(_MAGIC) + _HEAD.size
    if not data.startswith(_MAGIC) or len(data) < begin:
        return None
    session, track, checksum = _HEAD.unpack_from(data, len(_MAGIC))
    names = data[begin : begin + session + track]
    if len(names) < session + track or zlib.crc32(names) != checksum:
        return None
    return _text(names[:session]), _text(names[session:]), begin + session + track


def decode(data: bytes) -> Iterator[Kept]:
    """Yield a piece's packets up to its end, or to where it is torn."""
    head = read_head(data)
    at = len(data) if head is None else head[2]
    while at + _RECORD.size <= len(data):
        start_s, size, checksum = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        packet = data[at : at + size]
        if not size or len(packet) < size or _checksum(start_s, packet) != checksum:
            return
        yield Kept(start_s, packet)
        at += size


def _record(kept: Kept) -> tuple[bytes, bytes]:
    start_s, packet = kept.start_s, kept.packet
    return _RECORD.pack(start_s, len(packet), _checksum(start_s, packet)), packet


def _checksum(start_s: float, packet: bytes) -> int:
    return zlib.crc32(packet, zlib.crc32(_TIMED.pack(start_s, len(packet))))


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogatepass")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogatepass")
