"""The room's stage: microphones in, one mix for each listener out, every 20 ms."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from pipeline.audio import RATE_HZ, Samples
from server.media.frames import Frame
from server.media.opus_packet import OPUS_HZ
from server.mixing.input import Input
from server.mixing.mix import Listener, Mix, Output

log = logging.getLogger(__name__)

TICK_S: Final = 0.02
MAX_CAUGHT_UP: Final = 5
"""Ticks made up for at once, 100 ms, after the event loop was held up; others never were."""
_TICK: Final = OPUS_HZ // 50


class Stage:
    """What is said in a room and who hears it; runs only while somebody listens.

    Ticks have a schedule that nothing shifts. One number counts them for everybody, also those
    that were left out or that nobody listened to, so that a listener's time goes on as time does
    and never falls, however often one leaves and comes again::

        loop      |  |  |  |  held up.............|  |  |
        ticks     0  1  2  3                 89abc|d |e |      4 to 7 are left out
    """

    def __init__(self, rate_hz: int = RATE_HZ) -> None:
        """Start without anybody.

        Args:
            rate_hz: 16 000 or 48 000, which costs about twice as much.
        """
        self._rate_hz = rate_hz
        self._mix = Mix(rate_hz)
        self._inputs: dict[str, Input | None] = {}
        """By track; None: it failed."""
        self._listeners: dict[str, Listener] = {}
        """By connection."""
        self._begun_s = time.monotonic()
        self._next = 0
        """The number of the next tick."""
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    def enter(self, connection: str, output: Output, hears: Callable[[str], bool]) -> None:
        """Send ``output`` the mix of the tracks it ``hears``, from now on.

        Args:
            connection: who listens; the same one may enter again and is then replaced.
            output: where the mix goes: the ``Peer``.
            hears: whether a track is in this mix, as ``audience.hears`` makes it; asked once for
                each track.
        """
        if self._is_closed:
            return
        if self._timer is None:
            self._next = max(self._next, self._due())
            self._wait()
        self._listeners[connection] = Listener(output, hears)

    def leave(self, connection: str) -> None:
        """Send no more; unknown ones are ignored."""
        self._listeners.pop(connection, None)
        if not self._listeners:
            self._rest()

    def take(self, track: str, frame: Frame) -> None:
        """Let a block of a microphone be heard; never raises, never blocks."""
        if not any(listener.is_hearing(track) for listener in self._listeners.values()):
            return
        try:
            if track not in self._inputs:
                self._inputs[track] = Input(self._rate_hz)
            if (source := self._inputs[track]) is not None:
                source.take(frame, time.monotonic())
        except Exception:
            self._fail(track)

    def forget(self, track: str) -> None:
        """Let nothing of a microphone be heard any more, nor what still waits; idempotent."""
        self._inputs.pop(track, None)
        for listener in self._listeners.values():
            listener.forget(track)

    def close(self) -> None:
        """Stop; idempotent."""
        self._is_closed = True
        self._listeners.clear()
        self._rest()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        # What was said while nobody listened is nobody's to hear.
        self._inputs.clear()

    def _due(self) -> int:
        """Return the number of the first tick that is not due yet."""
        return int((time.monotonic() - self._begun_s) / TICK_S) + 1

    def _wait(self) -> None:
        rest_s = self._begun_s + self._next * TICK_S - time.monotonic()
        self._timer = asyncio.get_running_loop().call_later(max(0.0, rest_s), self._run)

    def _run(self) -> None:
        due = self._due()
        self._next = max(self._next, due - MAX_CAUGHT_UP)
        try:
            while self._next < due and self._listeners:
                self._tick()
        except Exception:
            log.exception("a tick of a room's sound failed")
        if self._listeners:
            self._wait()

    def _tick(self) -> None:
        number, self._next = self._next, self._next + 1
        sounding = self._pull(self._begun_s + number * TICK_S)
        for listener, packet in self._mix.tick(sounding, self._listeners.values()):
            try:
                listener.output.play(packet, number * _TICK)
            except Exception:
                log.exception("a listener cannot be sent anything any more")
                self._drop(listener)

    def _pull(self, now_s: float) -> dict[str, Samples]:
        sounding = {}
        for track, source in self._inputs.items():
            try:
                block = source.pull(now_s) if source is not None else None
            except Exception:
                self._fail(track)
                continue
            if block is not None:
                sounding[track] = block
        return sounding

    def _fail(self, track: str) -> None:
        log.exception("track %s cannot be heard by the others any more", track)
        self._inputs[track] = None

    def _drop(self, dropped: Listener) -> None:
        for connection, listener in list(self._listeners.items()):
            if listener is dropped:
                self.leave(connection)
