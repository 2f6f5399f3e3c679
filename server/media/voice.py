"""One microphone's packets to frames on its track: what to play, the decoder, the track's time."""

from collections.abc import Iterable
from typing import Final, assert_never

import numpy as np

from pipeline.audio import RATE_HZ, samples
from server.media.frames import Frame, Origin
from server.media.jitter import JitterBuffer
from server.media.opus import Decoder
from server.media.opus_library import OpusError
from server.media.opus_packet import OPUS_HZ, duration_of
from server.media.rtp import VoicePacket
from server.media.steps import Conceal, Counts, Lost, Pause, Play, Recover, Restart, Step

MAX_SILENCE_S: Final = 1.0
"""Of a longer pause only so much is emitted; the rest is a step of the track's time."""
_SCALE: Final = OPUS_HZ // RATE_HZ
"""RTP counts Opus at 48 kHz always (RFC 7587, section 4.1)."""
_SHORTEST: Final = 120
"""2.5 ms at 48 kHz: there is no shorter frame."""


class Voice:
    """Packets of one microphone in, frames in the order of speaking out; no clock inside."""

    def __init__(self) -> None:
        """Start before the first packet, whose sound will be at 0.

        Raises:
            OpusMissing: there is no libopus.
        """
        self.undecodable = 0
        """Packets that libopus refused although they looked well-formed."""
        self._jitter = JitterBuffer()
        self._decoder = Decoder()
        self._base = 0
        """Track time at which the source's own count is 0."""
        self._end = 0
        """Track time up to which there is sound, or is known to be none."""
        self._arrived: float | None = None
        """Of the newest frame; None: there is none yet."""
        self._is_restarted = False

    @property
    def deadline(self) -> float | None:
        """When ``advance`` has something to do; None: not before the next packet."""
        return self._jitter.deadline_s

    @property
    def counts(self) -> Counts:
        """What became of the packets so far."""
        return self._jitter.counts

    def push(self, packet: VoicePacket, now: float) -> list[Frame]:
        """Take a packet that arrived just now; most often its own frame comes back."""
        return self._run(self._jitter.push(packet, now))

    def advance(self, now: float) -> list[Frame]:
        """Return what need not be waited for any longer."""
        return self._run(self._jitter.advance(now))

    def restart(self) -> list[Frame]:
        """Return what was held back; the next packet comes from another source."""
        return self._run(self._jitter.restart())

    def _run(self, steps: Iterable[Step]) -> list[Frame]:
        frames = []
        for step in steps:
            match step:
                case Play():
                    frame = self._play(step)
                case Recover():
                    frame = self._recover(step)
                case Conceal():
                    frame = self._conceal(step.at, step.size, step.arrived)
                case Pause():
                    frame = self._pause(step)
                case Lost():
                    self._lose(step)
                    continue
                case Restart():
                    # Another encoder knows nothing of what this decoder remembers.
                    self._decoder.reset()
                    self._is_restarted = True
                    continue
                case _:
                    assert_never(step)
            if frame is not None:
                frames.append(frame)
        return frames

    def _play(self, step: Play) -> Frame | None:
        packet, at, arrived = step
        try:
            sound = self._decoder.decode(packet.payload)
        except OpusError:
            # Not seen yet: libopus decoded all that ``duration_of`` takes for well-formed.
            self.undecodable += 1
            return self._conceal(at, duration_of(packet.payload), arrived)
        size = sound.size
        start = self._place(at, size, arrived)
        self._end = start + size
        return Frame(sound, start, arrived, Origin.DECODED, packet.payload, packet.level)

    def _recover(self, step: Recover) -> Frame | None:
        start, size = self._span(step.at, step.size, step.arrived)
        if size == 0:
            return None
        try:
            sound = self._decoder.recover(step.packet.payload, size)
        except OpusError:
            sound, origin = self._decoder.conceal(size), Origin.CONCEALED
        else:
            origin = Origin.RECOVERED
        return Frame(sound, start, step.arrived, origin)

    def _conceal(self, at: int, size: int, arrived: float) -> Frame | None:
        start, size = self._span(at, size, arrived)
        if size == 0:
            return None
        return Frame(self._decoder.conceal(size), start, arrived, Origin.CONCEALED)

    def _pause(self, step: Pause) -> Frame | None:
        start, size = self._span(step.at, step.size, step.arrived)
        size = min(size, samples(MAX_SILENCE_S))
        if size == 0:
            return None
        return Frame(np.zeros(size, np.float32), start, step.arrived, Origin.SILENT)

    def _lose(self, step: Lost) -> None:
        # What was heard more than 100 ms ago misleads the decoder: measured on speech, the frames
        # after a gap are 1 to 3 dB nearer to those without loss when it begins anew. After 60 ms
        # there is no difference, after less it had better remember; such gaps are concealed, but
        # for a rest that no decoder can conceal.
        if step.size >= _SHORTEST:
            self._decoder.reset()

    def _span(self, at: int, size: int, arrived: float) -> tuple[int, int]:
        """Return start and size on the track of ``size`` at 48 kHz; frames after it fit on."""
        count = (at + size) // _SCALE - at // _SCALE
        start = self._place(at, count, arrived)
        self._end = start + count
        return start, count

    def _place(self, at: int, size: int, arrived: float) -> int:
        """Return the track time of ``at``, a time of the source's own count."""
        if self._is_restarted:
            self._is_restarted = False
            if self._arrived is not None:
                # Only the clock on the wall knows how long the sender was away.
                away = samples(arrived - self._arrived) - size
                self._base = self._end + max(0, away) - at // _SCALE
        self._arrived = arrived
        return self._base + at // _SCALE
