"""From a remote track to 16 kHz blocks on track time: the seam behind which the receiver lies.

aiortc's own receiver decodes for now; what replaces it has to offer ``hear`` only.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from aiortc import RTCRtpReceiver
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler

from pipeline.audio import RATE_HZ, Samples

OnSound: TypeAlias = Callable[[Samples, int, float], None]
"""A block, the track time of its first sample, the monotonic instant at which it was complete."""

STOP_DECODER: Final = "_RTCRtpReceiver__stop_decoder"
MAX_GAP_S = 60.0
"""A larger step of the RTP timestamp, or one backwards, is a restarted sender and no gap."""


class TrackTime:
    """Counts decoded frames in track time: what is missing counts, a restarted sender does not."""

    def __init__(self) -> None:
        """Start before the first frame, which will be at 0."""
        self._expected: int | None = None
        self._offset = 0
        self._ended_at = 0.0

    def place(self, timestamp: int, size: int, arrived: float) -> int:
        """Return where a frame lies on the track.

        Args:
            timestamp: the frame's, at 16 kHz, from any origin.
            size: its length at 16 kHz.
            arrived: ``time.monotonic()`` when it was complete.
        """
        if self._expected is None:
            self._offset = -timestamp
        else:
            step = timestamp - self._expected
            if not 0 <= step <= MAX_GAP_S * RATE_HZ:
                # The timestamps began anew: only the clock on the wall knows how long it took.
                waited_s = arrived - self._ended_at - size / RATE_HZ
                self._offset += round(max(0.0, waited_s) * RATE_HZ) - step
        self._expected = timestamp + size
        self._ended_at = arrived
        return timestamp + self._offset


class Downsampler:
    """Decoded frames in, 16 kHz mono out, each block with its place on the track."""

    def __init__(self) -> None:
        """Start at the track's beginning."""
        self._time = TrackTime()
        self._resampler = _resampler()
        self._position = 0
        """Track time at which the next sample out of the resampler lies."""
        self._frame_end = 0

    def push(self, frame: AudioFrame, arrived: float) -> list[tuple[Samples, int]]:
        """Return the blocks that are complete with ``frame``, in order; most often one."""
        scale = RATE_HZ / frame.sample_rate
        size = round(frame.samples * scale)
        start = self._time.place(round((frame.pts or 0) * scale), size, arrived)
        blocks = []
        if start != self._frame_end:
            blocks += self._collect(self._resampler.resample(None))
            self._resampler = _resampler()
            self._position = start
        self._frame_end = start + size
        frame.pts = None  # Places are counted here; the resampler would fill gaps on its own.
        return blocks + self._collect(self._resampler.resample(frame))

    def _collect(self, frames: list[AudioFrame]) -> list[tuple[Samples, int]]:
        blocks = []
        for frame in frames:
            samples: Samples = frame.to_ndarray().reshape(-1).astype(np.float32)
            samples /= 32768
            if samples.size:
                blocks.append((samples, self._position))
                self._position += samples.size
        return blocks


def _resampler() -> AudioResampler:
    # Whole numbers, because only then FFmpeg halves the sum of two channels; a microphone that
    # was decoded to two equal ones would come out 3 dB too loud, and clipped.
    return AudioResampler(format="s16", layout="mono", rate=RATE_HZ)


async def hear(track: MediaStreamTrack, on_sound: OnSound) -> None:
    """Pass on what a track says until it ends."""
    downsampler = Downsampler()
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        assert isinstance(frame, AudioFrame)
        arrived = time.monotonic()
        for block, at in downsampler.push(frame, arrived):
            on_sound(block, at, arrived)


def tame(receiver: RTCRtpReceiver) -> None:
    """Leave the end of a receiver's decoding to ``release`` alone.

    aiortc ends it at an RTCP BYE, which browsers say when a microphone is exchanged, and would be
    deaf for good; at the end of the transport it waits for the decoder on the event loop, and
    fails when somebody else waits too. Delete both with aiortc's receiver.
    """
    setattr(receiver, STOP_DECODER, lambda: None)


async def release(receiver: RTCRtpReceiver) -> None:
    """End a receiver's decoder thread, waiting for it elsewhere than on the event loop."""
    stop_decoder: Callable[[RTCRtpReceiver], None] = getattr(RTCRtpReceiver, STOP_DECODER)
    await asyncio.to_thread(stop_decoder, receiver)
