"""The boxes of an MP4 file (ISO/IEC 14496-12), as far as one must look before FFmpeg does."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipeline.formats import NotAudio

MAX_COUNT = 4_000_000
"""Entries that the sample tables may declare together: four hours of AAC have 0.7 million.

FFmpeg reserves some 24 bytes for each, and several tables need no bytes of their own for it.
"""
MAX_DEPTH = 8
_PARENTS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf"))


class Box(NamedTuple):
    """One box: its name and where its content starts and where it ends (maybe past the bytes)."""

    name: bytes
    start: int
    end: int


def box(buffer: bytes, at: int) -> Box | None:
    """Read the box at a place; None when its head is unfinished."""
    start = at + 8
    if start > len(buffer):
        return None
    size, name = int.from_bytes(buffer[at : at + 4], "big"), buffer[at + 4 : start]
    if size == 1:
        start = at + 16
        if start > len(buffer):
            return None
        size = int.from_bytes(buffer[at + 8 : start], "big")
    elif size == 0:  # To the end of the file, wherever that will be.
        size = 1 << 62
    if at + size < start:
        raise NotAudio("The MP4 recording is malformed.")
    return Box(name, start, at + size)


def boxes(buffer: bytes, at: int, end: int) -> Iterator[Box]:
    """Every box of one level, the last one perhaps unfinished."""
    while at < end and (found := box(buffer, at)) is not None:
        yield found
        at = found.end


def check_counts(buffer: bytes) -> None:
    """Refuse tables that declare more samples than any recording has that is taken."""
    if _count(buffer, 0, len(buffer), 0) > MAX_COUNT:
        raise NotAudio("The MP4 recording declares more samples than a recording can have.")


def _count(buffer: bytes, at: int, end: int, depth: int) -> int:
    if depth > MAX_DEPTH:
        raise NotAudio("The MP4 recording is malformed.")
    total = 0
    for name, start, stop in boxes(buffer, at, end):
        if name in _PARENTS:
            total += _count(buffer, start, min(stop, end), depth + 1)
        elif name in (b"stsz", b"stz2"):
            total += int.from_bytes(buffer[start + 8 : start + 12], "big")
        elif name == b"trun":
            total += int.from_bytes(buffer[start + 4 : start + 8], "big")
        elif name in (b"stts", b"ctts"):  # Run lengths: a count every eight bytes.
            table = buffer[start + 8 : min(stop, end)]
            counts = np.frombuffer(table, ">u4", len(table) // 8 * 2)[::2]
            total += int(counts.sum(dtype=np.uint64))
    return total
