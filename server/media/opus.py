"""Opus to 16 kHz mono, straight out of libopus: the only module that knows the library.

RFC 6716 lets a decoder run at any of its rates and mix two channels to one, so nothing has to be
resampled afterwards; PyAV's decoder offers neither, nor the copies of lost frames.
"""

import contextlib
import ctypes
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import av
import numpy as np

from pipeline.audio import RATE_HZ, Samples

MAX_FRAME: Final = RATE_HZ * 120 // 1000
"""No packet is longer (RFC 6716, section 3.2.5)."""
STEP: Final = RATE_HZ * 5 // 2000
"""2.5 ms, Opus' shortest frame: the decoder conceals multiples of it only."""
_SYSTEM_NAMES: Final = ("libopus.so.0", "libopus.0.dylib")
_CHANNELS: Final = 1
_LOUDEST: Final = np.float32(1)


class OpusMissing(Exception):
    """Neither the system nor PyAV has a libopus that can be loaded."""


class OpusError(Exception):
    """A packet that is no Opus; the decoder can go on with the next."""


def library_paths() -> Iterator[str]:
    """Names and paths of libopus, the preferred first.

    The system's, because its distribution mends it without a new release of ours; both are
    equally fast. ``ctypes.util.find_library`` is not asked: it runs a compiler.
    """
    yield from _SYSTEM_NAMES
    package = Path(av.__file__).parent
    for folder in (package.with_name("av.libs"), package / ".dylibs"):
        yield from map(str, sorted(folder.glob("libopus[-.]*")))


def load_library(paths: Iterable[str]) -> ctypes.PyDLL:
    """Load the first library that can be loaded.

    Raises:
        OpusMissing: none can.
    """
    for path in paths:
        with contextlib.suppress(OSError, AttributeError):
            # PyDLL keeps Python's lock: a decode takes 25 µs, but after letting go of the lock
            # the event loop could wait 5 ms for it whenever another thread computes.
            library = ctypes.PyDLL(path)
            _declare(library)
            return library
    raise OpusMissing(
        "The Opus library cannot be loaded: install the package libopus0 (Debian, Ubuntu) or opus"
        " (Alpine, Fedora, Homebrew), or a PyAV wheel that brings a copy."
    )


def _declare(library: ctypes.PyDLL) -> None:
    """Tell ctypes the functions' types, from opus.h; void pointers are plain addresses here.

    Raises:
        AttributeError: it is another library.
    """
    library.opus_get_version_string.restype = ctypes.c_char_p
    library.opus_decoder_get_size.argtypes = (ctypes.c_int,)
    library.opus_decoder_init.argtypes = (ctypes.c_void_p, ctypes.c_int32, ctypes.c_int)
    library.opus_decode_float.argtypes = (
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
    )


@cache
def _library() -> ctypes.PyDLL:
    return load_library(library_paths())


def version() -> str:
    """Return how the loaded library calls itself, for instance "libopus 1.5.2".

    Raises:
        OpusMissing: there is none.
    """
    name: bytes = _library().opus_get_version_string()
    return name.decode("ascii", "replace")


class Decoder:
    """One voice's decoder: what it has heard shapes what it says next, also for lost frames.

    Sizes are samples at 16 kHz. All it needs lies in Python's memory, so it ends with its object.
    """

    def __init__(self) -> None:
        """Start with silence.

        Raises:
            OpusMissing: there is no libopus.
        """
        library = _library()
        self._init = library.opus_decoder_init
        self._decode = library.opus_decode_float
        self._state = ctypes.create_string_buffer(library.opus_decoder_get_size(_CHANNELS))
        self._state_at = ctypes.addressof(self._state)
        self._buffer = np.empty(MAX_FRAME, np.float32)
        self._buffer_at: int = self._buffer.ctypes.data
        self.reset()

    def reset(self) -> None:
        """Forget what was heard, as before another sender's first packet."""
        status: int = self._init(self._state_at, RATE_HZ, _CHANNELS)
        assert status == 0, status

    def decode(self, packet: bytes) -> Samples:
        """Decode a packet; two channels become their mean.

        Raises:
            OpusError: it is broken.
        """
        if not packet:
            raise OpusError("an empty packet")  # libopus would take it for a lost one.
        return self._run(packet, MAX_FRAME, 0)

    def recover(self, packet: bytes, size: int) -> Samples:
        """Decode the copy of the ``size`` samples before ``packet`` that it carries.

        Without a copy they are concealed; ``packet`` itself is still to be decoded.

        Args:
            packet: the one after the lost one.
            size: 1 to ``MAX_FRAME``.

        Raises:
            OpusError: the packet is broken.
        """
        if not packet:
            raise OpusError("an empty packet")
        return self._run(packet, _whole(size), 1)[:size]

    def conceal(self, size: int) -> Samples:
        """Go on for ``size`` samples, 1 to ``MAX_FRAME``, as a voice would: fading."""
        return self._run(None, _whole(size), 0)[:size]

    def _run(self, packet: bytes | None, size: int, is_copy: int) -> Samples:
        length = len(packet) if packet is not None else 0
        count: int = self._decode(self._state_at, packet, length, self._buffer_at, size, is_copy)
        if count < 0:
            raise OpusError(f"libopus cannot decode a packet of {length} bytes: error {count}")
        # Loud voices overshoot, and nobody knows what a hostile packet makes of the numbers:
        # fmin and fmax let no NaN through either, and make the copy that is needed anyway.
        decoded: Samples = np.fmin(self._buffer[:count], _LOUDEST)
        return np.fmax(decoded, -_LOUDEST, out=decoded)


def _whole(size: int) -> int:
    if not 0 < size <= MAX_FRAME:
        raise ValueError(f"a lost frame has 1 to {MAX_FRAME} samples, not {size}")
    return -(-size // STEP) * STEP


with contextlib.suppress(OpusMissing):
    _library()  # Now, because looking for files later would hold up the event loop.
