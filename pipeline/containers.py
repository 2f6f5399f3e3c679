"""Chunks of recorded audio as they arrive: a whole recording, or a recording in pieces.

All of this blocks and belongs on a thread of an executor.
"""

import contextlib
from collections.abc import Iterator

from pipeline.audio import Samples
from pipeline.cutting import Cutter
from pipeline.formats import Format, NotAudio, container
from pipeline.recordings import Decoder, Recording, bare, bounded, decode, duration_s, in_blocks

__all__ = ["ContainerStream", "NotAudio", "begins_stream", "decode", "duration_s"]


def begins_stream(data: bytes) -> bool:
    """Tell whether a chunk starts with a container's header."""
    return container(data[:16]) is not None


class ContainerStream:
    """One recording of one speaker, whose later bytes may be cut anywhere.

    Every continuation is decoded as a small recording of its own, made of the stream's header and
    the elements that became whole, while the codec's state lives on. So a chunk costs the same
    however long the stream is, nothing waits for bytes to come, and a chunk that does not belong
    to the stream is refused without a trace.
    """

    def __init__(self, first: bytes) -> None:
        """Look at the chunk that begins the stream.

        Raises:
            NotAudio: it is no recording, or one that cannot be opened.
        """
        kind = container(first[:16])
        if kind is None:
            raise NotAudio("The bytes are no WebM, Ogg, MP4 or WAV recording.")
        self._kind: Format = kind
        self._decoder: Decoder | None = None
        self._cutter: Cutter | None = Cutter(kind)
        self._first: Recording | None = None
        try:
            piece = self._cutter.push(first)
        except NotAudio:  # What FFmpeg makes of it is heard, but bytes after it have no place.
            self._cutter, piece = None, first
        if piece:
            self._first = Recording(piece, kind)

    def first(self) -> Iterator[Samples]:
        """All audio of the chunk that began the stream, in blocks of up to one second."""
        recording, self._first = self._first, None
        if recording is None:
            return iter(())
        # Its end is heard now; afterwards the resampler starts anew, once.
        return in_blocks(bounded(self._decoded(recording, drain=True)))

    def more(self, data: bytes) -> Iterator[Samples]:
        """The audio that became whole with a continuation, in blocks of up to one second.

        Raises:
            NotAudio: the bytes cannot follow those before; the stream is as it was.
        """
        if self._cutter is None:
            raise NotAudio("There is no recording that these bytes could continue.")
        piece = self._cutter.push(data)
        if not piece:
            return iter(())
        return in_blocks(bounded(self._decoded(Recording(piece, self._kind))))

    def close(self) -> Iterator[Samples]:
        """The audio of an element that was never finished; the stream is over at once."""
        cutter, decoder = self._cutter, self._decoder
        if self._first is not None:
            self._first.close()
        self._cutter = self._decoder = self._first = None
        if decoder is None:
            return iter(())
        rest = cutter.take_rest() if cutter is not None else b""
        return in_blocks(bounded(_ending(rest, self._kind, decoder)))

    def _decoded(self, recording: Recording, drain: bool = False) -> Iterator[Samples]:
        opening = self._decoder is None
        decoder = self._decoder = self._decoder or Decoder(recording.stream)
        heard, damaged = decoder.decoded, decoder.damaged
        try:
            for packet in recording.packets():
                # What a later piece says about the stream's start is long past.
                yield from decoder.push(packet if opening else bare(packet))
            if drain:
                yield from decoder.drain()
        finally:
            recording.close()
        if decoder.damaged > damaged and decoder.decoded == heard:
            raise NotAudio("The audio of the recording is damaged.")


def _ending(rest: bytes, kind: Format, decoder: Decoder) -> Iterator[Samples]:
    if rest:
        with contextlib.suppress(NotAudio), contextlib.closing(Recording(rest, kind)) as recording:
            for packet in recording.packets():
                yield from decoder.push(bare(packet))
    yield from decoder.push(None)
    yield from decoder.drain()
