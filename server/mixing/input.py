"""One microphone on its way into the mix: its frames at the mix's rate, without an offset."""

import numpy as np

from pipeline.audio import RATE_HZ, Samples
from server.hearing.microphones import power
from server.hearing.speaking import dbov
from server.media.frames import Frame, Origin
from server.media.opus import Decoder
from server.media.opus_library import OpusError
from server.mixing.offset import Offset
from server.mixing.playout import Playout


class Input:
    """Frames of one microphone in, even blocks out."""

    def __init__(self, rate_hz: int) -> None:
        """Prepare for blocks of ``rate_hz``.

        Raises:
            OpusMissing: there is no libopus.
        """
        self._scale = rate_hz // RATE_HZ
        # Frames come at 16 kHz; whoever wants more has to decode the packets again.
        self._decoder = Decoder(rate_hz) if self._scale > 1 else None
        self._offset = Offset(rate_hz)
        self._playout = Playout(rate_hz)

    @property
    def wait_s(self) -> float:
        """How long its sound waits to be played evenly."""
        return self._playout.wait_s

    def take(self, frame: Frame, now_s: float) -> None:
        """Take the next frame.

        Args:
            frame: as the media plane gives it.
            now_s: of the clock that ``pull`` is told; what waited behind a lost packet comes
                later than it arrived.
        """
        if frame.origin is Origin.SILENT or not frame.samples.size:
            return  # Silence is what is played where nothing is.
        sound = frame.samples if self._decoder is None else self._decode(self._decoder, frame)
        sound = self._offset.remove(sound)
        level = dbov(power(sound)) if frame.level is None else frame.level
        self._playout.push(sound, frame.at * self._scale, now_s, level)

    def pull(self, now_s: float) -> Samples | None:
        """Return the next 20 ms; None: nothing to be heard."""
        return self._playout.pull(now_s)

    def _decode(self, decoder: Decoder, frame: Frame) -> Samples:
        size = frame.samples.size * self._scale
        try:
            sound = decoder.decode(frame.packet) if frame.packet else decoder.conceal(size)
        except (OpusError, ValueError):  # Too long to be concealed; at 16 kHz it was no Opus.
            return np.repeat(frame.samples, self._scale)
        return sound
