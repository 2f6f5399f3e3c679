"""A kept track as samples again: what was recorded, with silence where nothing is known."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import numpy as np

from pipeline.audio import RATE_HZ, Samples, samples
from server.media.opus import Decoder
from server.media.opus_library import OpusError
from server.store.protocol import Kept, MediaStore

BATCH = 250
"""Packets that are decoded at a time: about five seconds."""
SHIFT = 320
"""Samples (20 ms) by which packets may lie beside their place before it counts: clocks drift."""
LONGEST = 10 * RATE_HZ
"""Samples of silence in one block."""


class KeptSound:
    """One track; ``open`` it, read its ``blocks`` once.

    Attributes:
        start_s: session second of sample 0.
    """

    def __init__(self, first: Kept, rest: AsyncIterator[Kept]) -> None:
        self.start_s = first.start_s
        self._first = first
        self._rest = rest

    @classmethod
    async def open(cls, store: MediaStore, session: str, track: str) -> "KeptSound | None":
        """Return the track; None: nothing of it is kept.

        Raises:
            StoreUnavailable: it cannot be read.
        """
        packets = store.packets(session, track)
        async for first in packets:
            return cls(first, packets)
        return None

    async def blocks(self) -> AsyncIterator[Samples]:
        """Yield everything in its order, also what was not heard, as silence.

        Raises:
            StoreUnavailable: it cannot be read.
        """
        placing = _Placing(self.start_s)
        batch = [self._first]
        async for kept in self._rest:
            batch.append(kept)
            if len(batch) == BATCH:
                for block in await asyncio.to_thread(placing.decode, batch):
                    yield block
                batch = []
        for block in await asyncio.to_thread(placing.decode, batch):
            yield block


class _Placing:
    """Decodes packets and lays them where they were heard."""

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._end = 0
        self._decoder = Decoder()

    def decode(self, batch: list[Kept]) -> list[Samples]:
        return [block for kept in batch for block in self._place(kept)]

    def _place(self, kept: Kept) -> Iterator[Samples]:
        missing = samples(kept.start_s - self._start_s) - self._end
        if missing <= -SHIFT:
            return  # It lies over what is there already.
        if missing >= SHIFT:
            self._decoder.reset()
            for at in range(0, missing, LONGEST):
                yield self._next(np.zeros(min(LONGEST, missing - at), np.float32))
        try:
            yield self._next(self._decoder.decode(kept.packet))
        except OpusError:
            return  # Its place is silent.

    def _next(self, block: Samples) -> Samples:
        self._end += block.size
        return block
