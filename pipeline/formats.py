"""Which recorded formats are taken, told by their first bytes."""

from enum import StrEnum


class NotAudio(Exception):
    """The bytes hold no audio that can be decoded; the message is one sentence for the client."""


class Format(StrEnum):
    """A format, named as FFmpeg's demuxer is."""

    WEBM = "matroska"
    OGG = "ogg"
    MP4 = "mov"
    WAV = "wav"
    FLAC = "flac"
    MP3 = "mp3"
    AAC = "aac"


_EBML = b"\x1aE\xdf\xa3"


def container(head: bytes) -> Format | None:
    """Tell which container a chunk begins, if any."""
    # Chromium's first WebM blob is one byte long when the time slice passes before there is
    # sound (measured with Chromium 156), so the beginning of the mark is enough.
    if head[:4] == _EBML[: len(head)] and head:
        return Format.WEBM
    # The sixth byte says which page this is: bit 1 marks the first one of a stream (RFC 3533).
    if head[:4] == b"OggS" and len(head) > 5 and head[5] & 2:
        return Format.OGG
    if head[4:8] == b"ftyp":
        return Format.MP4
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE"[: max(len(head) - 8, 0)]:
        return Format.WAV
    return None


def any_format(head: bytes) -> Format | None:
    """As ``container``, and the formats of files that no browser streams."""
    if head[:4] == b"fLaC":
        return Format.FLAC
    sync, kind = head[:1] == b"\xff", head[1] if len(head) > 1 else 0
    if sync and kind & 0xF6 == 0xF0:  # ADTS: twelve ones, then layer 0.
        return Format.AAC
    if head[:3] == b"ID3" or (sync and kind & 0xE0 == 0xE0 and kind & 0x06):
        return Format.MP3
    return container(head)
