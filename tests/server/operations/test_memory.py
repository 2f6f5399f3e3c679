"""Freed memory goes back to the system."""

import ctypes
import os
import sys
from pathlib import Path

import pytest

from server.operations import memory


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_memory_that_was_freed_in_the_middle_of_the_heap_is_given_back() -> None:
    libc = ctypes.CDLL("libc.so.6")
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, (ctypes.c_void_p,)
    blocks = [libc.malloc(8192) for _ in range(8000)]
    for block in blocks:
        ctypes.memset(block, 1, 8192)
    last = libc.malloc(64)  # What is still used above them.
    for block in blocks:
        libc.free(block)
    before = resident_mb()
    memory.give_back()
    libc.free(last)
    assert resident_mb() < before - 40


def test_where_there_is_no_such_library_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_LIBRARY", "libnothing.so")
    memory._trim.cache_clear()
    memory.give_back()
    memory._trim.cache_clear()
