"""The header of a WAV file (RIFF), read before FFmpeg does, which believes the sizes in it."""

from typing import NamedTuple

from pipeline.formats import NotAudio

MAX_HEADER = 1 << 20
"""Bytes before the samples; recorders write some dozen, editors put notes and a picture there."""
MAX_FORMAT = 64
"""Bytes of the longest fmt chunk that is taken; WAVE_FORMAT_EXTENSIBLE has 40."""
UNKNOWN = b"\xff\xff\xff\xff"


class Wave(NamedTuple):
    """What the header says.

    Attributes:
        init: a header of the same format alone, for samples without end.
        start: where the samples start.
        size: bytes of samples, None when the recorder did not know.
        align: bytes of one sample in all channels.
    """

    init: bytes
    start: int
    size: int | None
    align: int


def wave(buffer: bytes) -> Wave | None:
    """Read the header; None while it is unfinished."""
    at, format_chunk = 12, b""
    while at + 8 <= len(buffer):
        name, size = buffer[at : at + 4], int.from_bytes(buffer[at + 4 : at + 8], "little")
        start = at + 8
        if name == b"data" and format_chunk:
            init = b"RIFF" + UNKNOWN + b"WAVE" + format_chunk + b"data" + UNKNOWN
            promised = None if size in (0, 0xFFFFFFFF) else size
            align = int.from_bytes(format_chunk[20:22], "little")
            return Wave(init, start, promised, max(1, align))
        if name == b"fmt ":
            if not 16 <= size <= MAX_FORMAT:
                raise NotAudio("The header of the WAV recording is malformed.")
            format_chunk = buffer[at : start + size + size % 2]
        at = start + size + size % 2  # Chunks are padded to even lengths.
        if at > MAX_HEADER:
            raise NotAudio("The WAV recording holds no samples.")
    return None


def plain(buffer: bytes) -> bytes:
    """The same samples behind nothing but the format."""
    header = wave(buffer)
    if header is None:
        raise NotAudio("The WAV recording holds no samples.")
    end = len(buffer) if header.size is None else header.start + header.size
    return header.init + buffer[header.start : end]
