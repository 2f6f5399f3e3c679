"""The way of a track's blocks to where they are understood: straight on, or around a hole."""

import asyncio
import enum
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from pipeline.audio import samples, seconds
from server.hearing.awaited import Awaited, NotAwaited
from server.hearing.block import Block, joined
from server.hearing.patch import STEP_S, length_s, patch
from server.hearing.reel import Reel
from server.hearing.splice import COMPARED_S, Hole, Piece, fill

log = logging.getLogger(__name__)

MAX_WAITING = 6
"""Utterances without words: while there are more, what came late waits; more are dropped soon."""
MAX_QUEUED_S = 120.0
"""So much sound waits at most, a hole and what was kept aside for it; then what cannot be
understood in time is dropped, and told."""
STALLED_S = 30.0
LOOK_S = 0.05


class Flow(enum.StrEnum):
    """Where a track's sound goes.

    FLOWING: it is understood as it comes.
    FILLING: a hole is waited for; what comes after it is kept aside.
    POURING: what waited is understood step by step; what comes queues behind it.

    ::

        FLOWING -> FILLING     a hole whose page can send it again
        FILLING -> FILLING     another one: both are one now, unless that is too long by then
        FILLING -> POURING     the page answered, took too long, or is gone for good
        POURING -> FILLING     another hole
        POURING -> FLOWING     nothing waits any more

    Whether a connection carries the track at the moment makes no difference to this.
    """

    FLOWING = "flowing"
    FILLING = "filling"
    POURING = "pouring"


class Conduit:
    """Keeps a track's sound in its order, each sample once. ``run`` it."""

    def __init__(self, name: str, reel: Reel, on_gap: Callable[[Hole], None]) -> None:
        """Lead to ``reel``; ``on_gap`` is told what stays missing."""
        self._name = name
        self._reel = reel
        self._on_gap = on_gap
        self._flow = Flow.FLOWING
        self._awaited: Awaited | None = None
        self._queue: deque[Block | Awaited | None] = deque()
        """What is still to be understood; None: an utterance ends here."""
        self._queued_s = 0.0
        self._has_work = asyncio.Event()
        self._is_filled = asyncio.Event()
        """Nothing is awaited."""
        self._is_filled.set()
        self._is_paused = False
        """Whether an utterance ends behind what is awaited."""
        self._is_ended = False

    @property
    def flow(self) -> Flow:
        return self._flow

    @property
    def awaited(self) -> Hole | None:
        """What is waited for."""
        return self._awaited.hole if self._awaited is not None else None

    def take(self, block: Block) -> None:
        """Take the next sound.

        Raises:
            EngineError: voice activity could not be computed.
        """
        match self._flow:
            case Flow.FLOWING:
                self._reel.take(block)
            case Flow.FILLING:
                assert self._awaited is not None
                if self._is_paused:
                    block, self._is_paused = replace(block, is_cut=True), False
                self._awaited.keep_aside(block)
            case Flow.POURING:
                self._put(block)

    def expect(self, hole: Hole, now_s: float, *, is_new_page: bool) -> tuple[float, float]:
        """Wait for what is missing before the next block; return what to ask for.

        Args:
            hole: that begins where the sound so far ended.
            now_s: of any clock that never goes back; ``look`` is told the same.
            is_new_page: whoever was asked before answers no more.
        """
        if self._awaited is not None and not self._awaited.may_reach(hole):
            self.wait_no_longer()
        if self._awaited is None:
            self._awaited = Awaited(hole, now_s)
            self._is_filled.clear()
            self._become(Flow.FILLING)
        else:
            self._awaited.widen(hole, now_s, is_new_page=is_new_page)
        return self._awaited.asked_s

    def answer(self, piece: Piece, rest: int, session_s: float) -> float:
        """Take what a page sends; return how many seconds of the hole it fills, by its clock.

        Args:
            piece: some of what was asked for; empty: there is nothing.
            rest: how many more are on their way.
            session_s: the session's second now.

        Raises:
            ClientError: ``not_awaited``; ``bad_request``: it lies about its length.
        """
        awaited = self._awaited
        if awaited is None:
            raise NotAwaited
        is_all = awaited.take(piece, rest, session_s)
        if is_all:
            self.wait_no_longer()
        return awaited.filled_s(piece)

    def look(self, now_s: float) -> None:
        """Wait no longer for what takes too long."""
        if self._awaited is not None and self._awaited.is_over(now_s):
            log.info("track %s: what it missed was not sent in time", self._name)
            self.wait_no_longer()

    def wait_no_longer(self) -> None:
        """Go on with what has come; idempotent."""
        if self._awaited is not None:
            awaited, self._awaited = self._awaited, None
            self._is_filled.set()
            self._become(Flow.POURING)
            self._put(awaited)
            if self._is_paused:
                self._is_paused = False
                self._put(None)

    async def filled(self) -> None:
        """Wait while something is awaited."""
        await self._is_filled.wait()

    def pause(self) -> None:
        """End the open utterance; what is awaited was said before that, and still is awaited."""
        if self._awaited is None:
            self.finish()
        else:
            self._awaited.is_last = self._is_paused = True

    def finish(self) -> None:
        """End the open utterance, after what is on its way to it; nothing is awaited any more."""
        self.wait_no_longer()
        if self._flow is Flow.FLOWING:
            self._reel.finish()
        else:
            self._put(None)

    def end(self) -> None:
        """Nothing more comes: let ``run`` end after what waits."""
        self.wait_no_longer()
        self._is_ended = True
        self._has_work.set()

    async def run(self) -> None:
        """Pour what waited, until the end."""
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            await self._pour()
            if self._is_ended:
                return

    async def _pour(self) -> None:
        """Understand what waits; others are served between the steps."""
        poured_s = 0.0
        while self._queue:
            await self._keep_up()
            item = self._queue.popleft()
            try:
                if isinstance(item, Awaited):
                    await self._fill(item)
                else:
                    poured_s += self._understand(item)
            except Exception:
                log.exception("something heard on %s was lost", self._name)
            if poured_s >= STEP_S:
                poured_s = 0.0
                await asyncio.sleep(0)
        if self._flow is Flow.POURING:
            self._become(Flow.FLOWING)

    def _understand(self, block: Block | None) -> float:
        """Let the next of what waits be heard; return how long it is."""
        if block is None:
            self._reel.finish()
            return 0.0
        self._queued_s -= length_s(block)
        self._reel.take(block)
        return length_s(block)

    async def _fill(self, awaited: Awaited) -> None:
        """Put what fills a hole, and what was kept aside, before everything else that waits."""
        hole, head = awaited.hole, joined(awaited.aside, samples(COMPARED_S))
        if awaited.aside and awaited.aside[0].is_cut:
            head = np.zeros(0, np.float32)  # It was muted in between.
        # Nothing comes between: whatever arrives meanwhile queues behind.
        filling = await asyncio.to_thread(
            fill, hole, self._reel.tail, head, awaited.pieces, awaited.spare
        )
        result = patch(hole, filling, tuple(awaited.aside))
        log.info(
            "track %s: missed %.2f s, %d runs of %.2f s were sent again",
            self._name,
            hole.length_s,
            len(filling.runs),
            sum(seconds(run.samples.size) for run in filling.runs),
        )
        for gap in result.gaps:
            self._on_gap(gap)
        self._queue.extendleft(reversed(result.blocks))
        self._queued_s += sum(map(length_s, result.blocks))

    async def _keep_up(self) -> None:
        """Wait for the words of what was poured before; nobody drops what comes late in bulk."""
        looks = round(STALLED_S / LOOK_S)
        for _ in range(looks):
            if self._reel.live.waiting < MAX_WAITING or self._queued_s > MAX_QUEUED_S:
                return
            await asyncio.sleep(LOOK_S)

    def _put(self, item: Block | Awaited | None) -> None:
        self._queue.append(item)
        if isinstance(item, Block):
            self._queued_s += length_s(item)
        self._has_work.set()

    def _become(self, flow: Flow) -> None:
        log.info("track %s: %s -> %s", self._name, self._flow, flow)
        self._flow = flow
