"""libopus, found and declared: the only module that knows where it is and what it is called with.

PyAV brings a copy, and wraps too little of it: no other rates, no copies of lost frames, no word on
how much is lost.
"""

import contextlib
import ctypes
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

import av

CHANNELS: Final = 1
"""Voices have one; a decoder makes one of two."""
_SYSTEM_NAMES: Final = ("libopus.so.0", "libopus.0.dylib")


class OpusMissing(Exception):
    """Neither the system nor PyAV has a libopus that can be loaded."""


class OpusError(Exception):
    """A packet that is no Opus, or sound that cannot be encoded; the next one can."""


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
            # PyDLL keeps Python's lock: a frame takes well under a millisecond, but after letting
            # go of the lock the event loop could wait 5 ms for it whenever another thread computes.
            loaded = ctypes.PyDLL(path)
            _declare(loaded)
            return loaded
    raise OpusMissing(
        "The Opus library cannot be loaded: install the package libopus0 (Debian, Ubuntu) or opus"
        " (Alpine, Fedora, Homebrew), or a PyAV wheel that brings a copy."
    )


def _declare(loaded: ctypes.PyDLL) -> None:
    """Tell ctypes the functions' types, from opus.h; void pointers are plain addresses here.

    Raises:
        AttributeError: it is another library.
    """
    state, integer = ctypes.c_void_p, ctypes.c_int
    loaded.opus_get_version_string.restype = ctypes.c_char_p
    loaded.opus_decoder_get_size.argtypes = (integer,)
    loaded.opus_decoder_init.argtypes = (state, ctypes.c_int32, integer)
    loaded.opus_decode_float.argtypes = (
        state,
        ctypes.c_char_p,
        ctypes.c_int32,
        ctypes.c_void_p,
        integer,
        integer,
    )
    loaded.opus_encoder_get_size.argtypes = (integer,)
    loaded.opus_encoder_init.argtypes = (state, ctypes.c_int32, integer, integer)
    loaded.opus_encode_float.argtypes = (
        state,
        ctypes.c_void_p,
        integer,
        ctypes.c_void_p,
        ctypes.c_int32,
    )
    # It takes any number of values. Only the fixed ones are declared, as ctypes wants it where
    # others are passed in another way (ARM64 of Apple); the value is an explicit ``c_int32``.
    loaded.opus_encoder_ctl.argtypes = (state, integer)


@cache
def library() -> ctypes.PyDLL:
    """Return the library.

    Raises:
        OpusMissing: there is none.
    """
    return load_library(library_paths())


def version() -> str:
    """Return how the loaded library calls itself, for instance "libopus 1.5.2".

    Raises:
        OpusMissing: there is none.
    """
    name: bytes = library().opus_get_version_string()
    return name.decode("ascii", "replace")


with contextlib.suppress(OpusMissing):
    library()  # Now, because looking for files later would hold up the event loop.
