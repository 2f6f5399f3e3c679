"""A track's one uncut stream: what was heard, in order, to where it is understood and kept."""

from collections import deque
from collections.abc import Callable

import numpy as np

from pipeline.audio import Samples, samples, seconds
from pipeline.captions import LiveEvent
from pipeline.live import LiveTrack
from pipeline.runner import Utterance
from server.hearing.block import Block
from server.hearing.splice import COMPARED_S
from server.hearing.streams import Placed, Timeline
from server.media.opus_encoder import Encoder
from server.store.protocol import Recorder

ANCHOR_S = 5.0
"""How often the track's place on the session's clock is noted; clocks drift by 0.1 ms a second."""
REMEMBERED = 64
"""Anchors and late stretches; utterances are shorter than what they tell of."""
_FRAME = 320
"""20 ms: what is kept of sound that came late is in packets like the others."""


class Reel:
    """Samples in; ``publish`` is told what they were understood as."""

    def __init__(
        self,
        make_live: Callable[[Callable[[LiveEvent], None]], LiveTrack],
        publish: Callable[[LiveEvent], None],
        recorder: Recorder | None,
    ) -> None:
        """Start empty.

        Args:
            make_live: makes the understanding part, which publishes to what it is given.
            publish: must not block.
            recorder: keeps the packets; None: nothing may be kept.
        """
        self.live = make_live(publish)
        self.is_quiet = True
        """Whether no utterance can be open."""
        self._recorder = recorder
        self._timeline = Timeline((), ())
        self._next_anchor = 0
        self._tail: deque[Samples] = deque()
        self._tail_size = 0
        self._late: deque[tuple[int, int]] = deque(maxlen=REMEMBERED)
        """Stretches that came late."""
        self._encoder: Encoder | None = None
        self._unkept = np.zeros(0, np.float32)
        """Sound that fills no new packet yet."""
        self._unkept_s = 0.0
        """Session second where that begins."""
        self._kept_s = float("-inf")
        """Session second of the newest packet that was kept."""

    @property
    def tail(self) -> Samples:
        """The last of what was heard without a cut."""
        if not self._tail:
            return np.zeros(0, np.float32)
        return np.concatenate(self._tail)[-samples(COMPARED_S) :]

    def take(self, block: Block) -> None:
        """Hear the next sound.

        Raises:
            EngineError: voice activity could not be computed.
        """
        if block.is_cut:
            self.finish()
        elif block.silence:
            self._push(np.zeros(block.silence, np.float32))
        if block.is_cut or block.is_placed or self.live.position >= self._next_anchor:
            self._anchor(block.start_s)
        if block.is_late:
            self._note_late(block.samples.size)
        self._keep(block)
        self.is_quiet = False
        self._push(block.samples)

    def finish(self) -> None:
        """End the open utterance; what comes next is placed on the session's clock anew."""
        self.is_quiet = True
        self._tail.clear()
        self._tail_size = 0
        self._next_anchor = self.live.position
        self.live.finish()

    def close_recorder(self) -> None:
        """Keep nothing more; idempotent."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def session_s(self, position: int) -> float:
        """Return the session second of a sample."""
        return self._timeline.at(position)

    def placed(self, utterance: Utterance) -> Placed:
        """Return an utterance with its place on the session's clock."""
        is_late = any(start < utterance.end and utterance.start < end for start, end in self._late)
        return Placed(utterance, self._timeline, is_late=is_late)

    def _push(self, sound: Samples) -> None:
        self._tail.append(sound)
        self._tail_size += sound.size
        while self._tail_size - self._tail[0].size >= samples(COMPARED_S):
            self._tail_size -= self._tail.popleft().size
        self.live.push(sound)

    def _anchor(self, start_s: float) -> None:
        self._next_anchor = self.live.position + samples(ANCHOR_S)
        self._timeline = Timeline(
            (*self._timeline.positions[-REMEMBERED:], self.live.position),
            (*self._timeline.starts[-REMEMBERED:], start_s),
        )

    def _note_late(self, size: int) -> None:
        start = self.live.position
        if self._late and self._late[-1][1] == start:
            start = self._late.pop()[0]
        self._late.append((start, self.live.position + size))

    def _keep(self, block: Block) -> None:
        if self._recorder is None:
            return
        if not block.is_repacked or block.is_cut or block.silence:
            self._keep_rest()
        if block.is_repacked:
            self._repack(block)
        elif block.packet is not None:
            self._record(block.start_s, block.packet)

    def _repack(self, block: Block) -> None:
        if not self._unkept.size:
            self._unkept_s = block.start_s
        sound = np.concatenate((self._unkept, block.samples))
        self._encoder = self._encoder or Encoder()
        for start in range(0, sound.size - _FRAME + 1, _FRAME):
            self._record(self._unkept_s, self._encoder.encode(sound[start : start + _FRAME]))
            self._unkept_s += seconds(_FRAME)
        self._unkept = sound[sound.size // _FRAME * _FRAME :]

    def _keep_rest(self) -> None:
        """Keep the end of what is packed anew; the sound after it is in packets of its own."""
        if self._unkept.size and self._encoder is not None:
            padded = np.pad(self._unkept, (0, _FRAME - self._unkept.size))
            self._record(self._unkept_s, self._encoder.encode(padded))
        self._unkept, self._encoder = np.zeros(0, np.float32), None

    def _record(self, start_s: float, packet: bytes) -> None:
        if self._recorder is not None:
            self._kept_s = max(self._kept_s, start_s)
            self._recorder.keep(self._kept_s, packet)
