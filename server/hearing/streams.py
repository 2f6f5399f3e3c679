"""The sound of one (connection, speaker): containers in, utterances on session time out.

Blocking; a room runs these generators in its sound threads, one step a block.
"""

import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np

from pipeline.audio import RATE_HZ, Samples, seconds
from pipeline.containers import ContainerStream, NotAudio, begins_stream, duration_s
from pipeline.runner import Segmenter, Utterance

LOOK_BACK_S = 600.0
"""A continuation longer than this is taken to begin where the stream ended before."""
_BASE64_STEP = 1024 * 1024
"""A multiple of four characters."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Which session second each anchored sample of a track is; grows by one anchor a chunk."""

    positions: tuple[int, ...]
    starts: tuple[float, ...]

    def at(self, position: int) -> float:
        """Return the session time of a sample at or after the first anchor."""
        return self._from(max(0, bisect_right(self.positions, position) - 1), position)

    def until(self, position: int) -> float:
        """Return the session time at which what lies before a sample ends.

        Where a gap begins that is before the gap, while the sample itself comes after it.
        """
        return self._from(max(0, bisect_left(self.positions, position) - 1), position)

    def _from(self, index: int, position: int) -> float:
        return self.starts[index] + seconds(position - self.positions[index])


@dataclass(frozen=True, slots=True)
class Placed:
    """An utterance and where its samples lie on the session's clock.

    Attributes:
        is_earlier: the end of the recording before this one, which this one's beginning ended.
        is_late: some of it was lost on its way first, and sent again.
        offset: samples of the stream before the recording that it is in.
    """

    utterance: Utterance
    timeline: Timeline
    is_earlier: bool = False
    is_late: bool = False
    offset: int = 0

    @property
    def start(self) -> float:
        return self.timeline.at(self.utterance.start)

    @property
    def end(self) -> float:
        return self.timeline.until(self.utterance.end)

    def word(self, start_s: float, end_s: float) -> tuple[float, float]:
        """Return the session times of a word; its own count from the utterance's start."""
        start, end = (self.utterance.start + round(each * RATE_HZ) for each in (start_s, end_s))
        return self.timeline.at(start), self.timeline.until(end)


class Stream:
    """One track made of chunks: each a whole recording or the next piece of one."""

    def __init__(
        self, track: str, segmenter: Callable[[], Segmenter], *, is_taped: bool = False
    ) -> None:
        """Start empty.

        Args:
            track: its name in the journal.
            segmenter: makes the listening part anew for each recording.
            is_taped: whether somebody takes the tape.
        """
        self.track = track
        self.end_s = 0.0
        """Session time at which the stream's sound ends so far."""
        self._make_segmenter = segmenter
        self._segmenter: Segmenter | None = None
        self._container: ContainerStream | None = None
        self._timeline = Timeline((), ())
        self._is_taped = is_taped
        self._tape: list[Samples | None] = []
        self._offset = 0
        """Samples of the recordings before this one."""

    def take_tape(self) -> list[Samples | None]:
        """Return what was heard since last, block by block; None: another recording began."""
        tape, self._tape = self._tape, []
        return tape

    def take(self, data: bytes, received_s: float) -> Iterator[list[Placed]]:
        """Yield, block by block, the utterances that end with this chunk.

        Args:
            data: the chunk's bytes.
            received_s: session time of its receipt: its sound ends there, but starts neither
                before 0 nor before the stream's earlier end.

        Raises:
            NotAudio: the bytes cannot be heard; the stream is as it was.
        """
        if begins_stream(data):
            yield from self._begin(data, received_s)
        elif self._container is None:
            raise NotAudio(
                "These bytes begin no WebM, Ogg, MP4 or WAV recording, and there is none that "
                "they could continue."
            )
        else:
            yield from self._go_on(data, received_s)

    def finish(self) -> Iterator[list[Placed]]:
        """Yield what is still open, and forget the recording; idempotent."""
        container, segmenter = self._container, self._segmenter
        self._container = self._segmenter = None
        if container is not None and segmenter is not None:
            for block in container.close():
                yield self._hear(segmenter, block)
            yield self._flush(segmenter)
            self._offset += segmenter.position

    def _begin(self, data: bytes, received_s: float) -> Iterator[list[Placed]]:
        container = ContainerStream(data)
        blocks = container.first()
        # Hearing the first block before anything is changed: rubbish leaves the stream alone.
        first = next(blocks, None)
        for found in self.finish():
            yield [replace(placed, is_earlier=True) for placed in found]
        segmenter = self._make_segmenter()
        self._record(None)
        self._container, self._segmenter = container, segmenter
        self._timeline = Timeline((0,), (self.end_s,))
        if first is None:
            return  # A header alone; what it begins will be continued.
        self._anchor(segmenter, max(0.0, self.end_s, received_s - duration_s(data)))
        for block in chain((first,), blocks):
            yield self._hear(segmenter, block)
        yield self._flush(segmenter)

    def _go_on(self, data: bytes, received_s: float) -> Iterator[list[Placed]]:
        assert self._container is not None
        assert self._segmenter is not None
        segmenter = self._segmenter
        waiting: list[Samples] = []
        heard_s = 0.0
        limit_s = min(LOOK_BACK_S, received_s - self.end_s)
        blocks = self._container.more(data)
        for block in blocks:
            waiting.append(block)
            heard_s += seconds(block.size)
            if heard_s >= limit_s:
                break
        if not waiting:
            return  # Nothing became whole; its sound will end with a later chunk.
        start_s = self.end_s if heard_s >= limit_s else received_s - heard_s
        self._anchor(segmenter, max(0.0, self.end_s, start_s))
        for block in chain(waiting, blocks):
            yield self._hear(segmenter, block)

    def _anchor(self, segmenter: Segmenter, start_s: float) -> None:
        # Utterances are shorter than 30 s, so older anchors are never asked again.
        self._timeline = Timeline(
            (*self._timeline.positions[-64:], segmenter.position),
            (*self._timeline.starts[-64:], start_s),
        )
        self.end_s = start_s

    def _hear(self, segmenter: Segmenter, block: Samples) -> list[Placed]:
        self.end_s += seconds(block.size)
        self._record(block)
        return self._place(segmenter.push(block))

    def _flush(self, segmenter: Segmenter) -> list[Placed]:
        position = segmenter.position
        placed = self._place(segmenter.flush())
        # Its last window was filled up with silence, which the tape must have as well.
        self._record(np.zeros(segmenter.position - position, np.float32))
        return placed

    def _record(self, sound: Samples | None) -> None:
        if self._is_taped:
            self._tape.append(sound)

    def _place(self, utterances: list[Utterance]) -> list[Placed]:
        offset = self._offset
        return [Placed(utterance, self._timeline, offset=offset) for utterance in utterances]


def decode_base64(text: str) -> bytes:
    """Return the bytes; in steps, because the decoder holds every other thread back.

    Raises:
        NotAudio: it is not base64.
    """
    if text.startswith("data:"):
        text = text[text.find(",") + 1 :]
    try:
        raw = text.encode("ascii")
        return b"".join(
            binascii.a2b_base64(raw[start : start + _BASE64_STEP], strict_mode=True)
            for start in range(0, len(raw), _BASE64_STEP)
        )
    except (UnicodeEncodeError, binascii.Error):
        raise NotAudio("audio_data is not valid base64.") from None
