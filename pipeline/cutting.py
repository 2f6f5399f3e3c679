"""Where a stream of container bytes may be cut so that what is before can be decoded.

``MediaRecorder`` hands out bytes as its muxer writes them: a blob may end after the first byte of
an element's name. A cutter keeps the unfinished end and returns what is whole behind the stream's
header, a recording of its own. It knows the outer structure only; demuxing is FFmpeg's work.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from pipeline.boxes import box, boxes
from pipeline.formats import Format, NotAudio
from pipeline.waves import wave

MAX_UNIT = 8 << 20
"""Bytes that one unfinished element may hold: fragments of seconds have some hundred KiB."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a stream's bytes so far mean for those that follow.

    Attributes:
        init: all before the first media, with which every piece begins; empty until complete.
        resume: what else a piece must begin with (WebM: the open cluster and its timestamp).
        left: bytes of audio still to come, when the header promised a length (WAV).
        align: bytes of one sample in all channels (WAV).
        whole: a file that cannot be continued.
    """

    init: bytes = b""
    resume: bytes = b""
    left: int | None = None
    align: int = 1
    whole: bool = False


Scan: TypeAlias = Callable[[bytes, Progress], tuple[int, Progress]]
"""Bytes from the last cut on → how many of them are whole, and the progress after them."""


class Cutter:
    """Cuts one stream; bytes that cannot belong to it raise NotAudio and change nothing."""

    def __init__(self, kind: Format) -> None:
        self._scan = _SCANS[kind]
        self._progress = Progress()
        self.rest = b""

    @property
    def whole(self) -> bool:
        return self._progress.whole

    def push(self, data: bytes) -> bytes:
        """Return a recording of all that became whole with ``data``, or nothing."""
        before = self._progress
        if before.whole:
            raise NotAudio("The recording that this would continue is already complete.")
        buffer = self.rest + data
        end, after = self._scan(buffer, before)
        if not after.whole and len(buffer) - end > MAX_UNIT:
            raise NotAudio("The recording is not made of pieces that can be streamed.")
        if not before.init and end <= len(after.init):
            end, after = 0, before  # A header alone; Ogg's cannot even be opened without audio.
        self._progress, self.rest = after, buffer[end:]
        return before.init + before.resume + buffer[:end] if end else b""

    def take_rest(self) -> bytes:
        """Return what never became whole as a recording cut short, or nothing."""
        rest, self.rest = self.rest, b""
        before = self._progress
        return before.init + before.resume + rest if before.init and rest else b""


# WebM (RFC 8794, RFC 9559). Segment and Cluster are walked into and never skipped, so that their
# sizes, unknown while recording, do not matter.
_EBML, _SEGMENT, _CLUSTER, _TIMESTAMP = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xE7
_OPEN_CLUSTER = b"\x1f\x43\xb6\x75\x01\xff\xff\xff\xff\xff\xff\xff"
_WEBM_LEAVES = frozenset(
    (_EBML, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1254C367, 0x1043A770, 0x1941A469)
    + (0xEC, 0xBF, _TIMESTAMP, 0xA7, 0xAB, 0x5854, 0xA3, 0xA0)
)
_MAX_EBML_HEADER = 1024


def _webm(buffer: bytes, before: Progress) -> tuple[int, Progress]:
    end, init, resume = 0, before.init, before.resume
    while (element := _element(buffer, end)) is not None:
        name, start, size = element
        if name == _CLUSTER:
            init, resume = init or buffer[:end], _OPEN_CLUSTER
        elif name != _SEGMENT:
            if name == _EBML and (end or before.init or size > _MAX_EBML_HEADER):
                raise NotAudio("The bytes do not continue a WebM recording.")
            if start + size > len(buffer):
                break
            if name == _TIMESTAMP:
                resume = _OPEN_CLUSTER + buffer[end : start + size]
            start += size
        end = start
    if not init:
        return 0, before  # The header is scanned again with the next bytes; it is short.
    return end, replace(before, init=init, resume=resume)


def _element(buffer: bytes, at: int) -> tuple[int, int, int] | None:
    """Name, start of the content and its size; None when the element's head is unfinished."""
    if at >= len(buffer):
        return None
    name_length = 9 - buffer[at].bit_length()
    if name_length > 4:
        raise NotAudio("The bytes do not continue a WebM recording.")
    at_size = at + name_length
    if at_size >= len(buffer):
        return None
    name = int.from_bytes(buffer[at:at_size], "big")
    if name not in _WEBM_LEAVES and name not in (_SEGMENT, _CLUSTER):
        raise NotAudio("The bytes do not continue a WebM recording.")
    size_length = 9 - buffer[at_size].bit_length()
    start = at_size + size_length
    if size_length > 8:
        raise NotAudio("The bytes do not continue a WebM recording.")
    if start > len(buffer):
        return None
    return name, start, int.from_bytes(buffer[at_size:start], "big") & ((1 << 7 * size_length) - 1)


def _ogg(buffer: bytes, before: Progress) -> tuple[int, Progress]:
    """Cut behind pages that end with a packet (RFC 3533, section 6)."""
    at = end = 0
    init = before.init
    heads = 3 if buffer[28:35] == b"\x01vorbis" else 2
    while (page := _page(buffer, at)) is not None:
        at, packets, finished = page
        if not init:
            heads -= packets
            init = buffer[:at] if heads <= 0 else b""
        if finished:
            end = at
    return (end, replace(before, init=init)) if init else (0, before)


def _page(buffer: bytes, at: int) -> tuple[int, int, bool] | None:
    """End of the page, packets that end in it, and whether the last one does."""
    if not b"OggS\0".startswith(buffer[at : at + 5]):
        raise NotAudio("The bytes do not continue an Ogg recording.")
    if at + 27 > len(buffer):
        return None
    lacing = buffer[at + 27 : at + 27 + buffer[at + 26]]
    end = at + 27 + buffer[at + 26] + sum(lacing)
    if end > len(buffer):
        return None
    return end, sum(length < 255 for length in lacing), not lacing or lacing[-1] < 255


_MP4_BOXES = frozenset(
    (b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"sidx", b"ssix", b"prft", b"emsg", b"free")
    + (b"skip", b"wide", b"uuid", b"mfra", b"meta", b"pdin")
)


def _mp4(buffer: bytes, before: Progress) -> tuple[int, Progress]:
    """Cut behind fragments, each a moof and its mdat (ISO/IEC 14496-12, section 8.8)."""
    at = end = 0
    init = before.init
    while (found := box(buffer, at)) is not None:
        name, start, stop = found
        if name not in _MP4_BOXES:
            raise NotAudio("The bytes do not continue an MP4 recording.")
        if name == b"mdat" and not init:  # The index comes last, or never.
            return len(buffer), replace(before, whole=True)
        if stop > len(buffer):
            break
        if name == b"moov" and not init:
            if all(inner.name != b"mvex" for inner in boxes(buffer, start, stop)):
                return len(buffer), replace(before, whole=True)
            init = buffer[:stop]
        at = stop
        if name in (b"moov", b"mdat"):
            end = at
    return (end, replace(before, init=init)) if init else (0, before)


def _wav(buffer: bytes, before: Progress) -> tuple[int, Progress]:
    """Cut between samples; behind the header there is nothing but samples."""
    if not before.init:
        header = wave(buffer)
        if header is None:
            return 0, before
        ready = replace(before, init=header.init, left=header.size, align=header.align)
        end, after = _wav(buffer[header.start :], ready)
        return header.start + end, after
    if before.left == 0:
        raise NotAudio("The recording that this would continue is already complete.")
    end = len(buffer) if before.left is None else min(len(buffer), before.left)
    end -= end % before.align
    return end, replace(before, left=None if before.left is None else before.left - end)


_SCANS: dict[Format, Scan] = {
    Format.WEBM: _webm,
    Format.OGG: _ogg,
    Format.MP4: _mp4,
    Format.WAV: _wav,
}
