"""Opus to samples, as 16 kHz mono or at the rate of browsers, straight out of libopus.

RFC 6716 lets a decoder run at any of its rates and mix two channels to one, so nothing has to be
resampled afterwards; PyAV's decoder offers neither, nor the copies of lost frames.
"""

import ctypes
from typing import Final

import numpy as np

from pipeline.audio import RATE_HZ, Samples
from server.media.opus_library import CHANNELS, OpusError, library

MAX_FRAME: Final = RATE_HZ * 120 // 1000
"""At 16 kHz no packet is longer (RFC 6716, section 3.2.5)."""
STEP: Final = RATE_HZ * 5 // 2000
"""2.5 ms at 16 kHz, Opus' shortest frame: the decoder conceals multiples of it only."""
_LOUDEST: Final = np.float32(1)


class Decoder:
    """One voice's decoder: what it has heard shapes what it says next, also for lost frames.

    All it needs lies in Python's memory, so it ends with its object.
    """

    def __init__(self, rate_hz: int = RATE_HZ) -> None:
        """Start with silence.

        Args:
            rate_hz: of all samples that come out: 16 000 or 48 000. Sizes are counted at it.

        Raises:
            OpusMissing: there is no libopus.
        """
        loaded = library()
        self._init = loaded.opus_decoder_init
        self._decode = loaded.opus_decode_float
        self._rate_hz = rate_hz
        self._max_frame = MAX_FRAME * rate_hz // RATE_HZ
        self._step = STEP * rate_hz // RATE_HZ
        self._state = ctypes.create_string_buffer(loaded.opus_decoder_get_size(CHANNELS))
        self._state_at = ctypes.addressof(self._state)
        self._buffer = np.empty(self._max_frame, np.float32)
        self._buffer_at: int = self._buffer.ctypes.data
        self.reset()

    def reset(self) -> None:
        """Forget what was heard, as before another sender's first packet.

        Raises:
            ValueError: Opus does not know the rate.
        """
        status: int = self._init(self._state_at, self._rate_hz, CHANNELS)
        if status != 0:
            raise ValueError(f"Opus has no decoder of {self._rate_hz} Hz: error {status}")

    def decode(self, packet: bytes) -> Samples:
        """Decode a packet; two channels become their mean.

        Raises:
            OpusError: it is broken.
        """
        if not packet:
            raise OpusError("an empty packet")  # libopus would take it for a lost one.
        return self._run(packet, self._max_frame, 0)

    def recover(self, packet: bytes, size: int) -> Samples:
        """Decode the copy of the ``size`` samples before ``packet`` that it carries.

        Without a copy they are concealed; ``packet`` itself is still to be decoded.

        Args:
            packet: the one after the lost one.
            size: at least 1, at most 120 ms.

        Raises:
            OpusError: the packet is broken.
        """
        if not packet:
            raise OpusError("an empty packet")
        return self._run(packet, self._whole(size), 1)[:size]

    def conceal(self, size: int) -> Samples:
        """Go on for ``size`` samples, 1 to as many as 120 ms have, as a voice would: fading."""
        return self._run(None, self._whole(size), 0)[:size]

    def _run(self, packet: bytes | None, size: int, is_copy: int) -> Samples:
        length = len(packet) if packet is not None else 0
        count: int = self._decode(self._state_at, packet, length, self._buffer_at, size, is_copy)
        if count < 0:
            raise OpusError(f"libopus cannot decode a packet of {length} bytes: error {count}")
        # Loud voices overshoot, and nobody knows what a hostile packet makes of the numbers:
        # fmin and fmax let no NaN through either, and make the copy that is needed anyway.
        decoded: Samples = np.fmin(self._buffer[:count], _LOUDEST)
        return np.fmax(decoded, -_LOUDEST, out=decoded)

    def _whole(self, size: int) -> int:
        if not 0 < size <= self._max_frame:
            raise ValueError(f"a lost frame has 1 to {self._max_frame} samples, not {size}")
        return -(-size // self._step) * self._step
