"""Memory that nothing uses any more, given back to the system."""

import ctypes
from functools import cache
from typing import Final

_LIBRARY: Final = "libc.so.6"


def give_back() -> None:
    """Let the C library return free pages from the middle of its heap; takes milliseconds.

    glibc gives back only what lies at the end of the heap, and there lies what sessions keep: after
    many connections at once it would hold their memory for ever. Elsewhere nothing happens.
    """
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> "ctypes._NamedFuncPointer | None":
    try:
        return ctypes.CDLL(_LIBRARY).malloc_trim
    except (OSError, AttributeError):
        return None
