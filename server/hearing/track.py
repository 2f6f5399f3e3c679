"""One live microphone: sound in, captions out at once, finals and gaps into the journal."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable

import numpy as np

from pipeline.audio import Samples, samples, seconds
from pipeline.captions import Interim, Lag, LagKind, LiveEvent
from pipeline.live import LiveTrack
from pipeline.runner import Dropped, Heard, Understood
from server import messages
from server.events import Gap
from server.hearing.finals import final_events
from server.hearing.keeping import Keeper
from server.hearing.microphones import REPEAT_S, MicrophoneState, MicrophoneWatch, power
from server.hearing.speaking import Speaking, dbov
from server.hearing.streams import Placed, Timeline
from server.ledger import Ledger
from server.media.clock import TrackClock
from server.media.frames import Frame
from server.messages import Signal
from server.operations.metrics import Metrics
from server.store.protocol import Recorder

log = logging.getLogger(__name__)

MAX_FILLED_S = 1.0
"""A shorter gap in a track is heard as silence; a longer one ends the utterance, and is kept."""
QUIET_S = 1.0
"""No packet for so long ends an open utterance: the microphone is muted, or its phone asleep."""
WATCH_S = 0.25
ANCHOR_S = 5.0
"""How often the track's place on the session's clock is noted; clocks drift by 0.1 ms a second."""
LAST_WORDS_S = 120.0
"""How long the words of a microphone that has gone may take; an ended session gets them late."""


class Track:
    """One live microphone. ``hear`` must not block; ``stop``, then ``close`` it when it is gone."""

    def __init__(
        self,
        name: str,
        speaker: str | None,
        make_live: Callable[[Callable[[LiveEvent], None]], LiveTrack],
        ledger: Ledger,
        whisper: Callable[[Signal], None],
        metrics: Metrics,
        earlier_end_s: float | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        """Listen for ``speaker`` (None: a room microphone).

        Args:
            name: of the track; a microphone that comes back has the same.
            speaker: the seat whose own microphone it is.
            make_live: makes the understanding part, which publishes to what it is given.
            ledger: where finals and gaps go.
            whisper: passes signals on; must not block.
            metrics: counts how late captions are, and what is dropped.
            earlier_end_s: session second until which an earlier connection of it was heard.
            recorder: keeps the packets that are heard; None: nothing may be kept.
        """
        self.name = name
        self.speaker = speaker
        self.end_s = earlier_end_s
        """Session second until which the microphone was heard; None: not yet."""
        self.is_muted = False
        self._ledger = ledger
        self._whisper = whisper
        self._metrics = metrics
        self._keeper = Keeper(name, ledger, metrics)
        self._recorder = recorder
        self._clock = TrackClock()
        self._watch = MicrophoneWatch(name, time.monotonic())
        self._speaking = Speaking()
        self._live = make_live(self._publish)
        self._timeline = Timeline((), ())
        self._next_anchor = 0
        self._end_at: int | None = None
        """Track time up to which there was sound to understand; None: none yet."""
        self._unmuted_s = float("-inf")
        self._is_first = True
        self._is_quiet = True
        self._is_stopped = False
        self._final_lag_s = 0.0
        self._lag_told: tuple[bool, float] = (False, float("-inf"))
        """Whether it was behind, and when that was told."""

    def hear(self, frame: Frame) -> None:
        """Take the next frame; a stopped track ignores it."""
        block, at, arrived = frame.samples, frame.at, frame.arrived
        if self._is_stopped or not block.size:
            return
        placed = self._clock.push(at, block.size, self._ledger.clock.at_monotonic(arrived))
        mean_square = power(block)
        # The silence of a muted microphone is meant.
        self._watch.hear(1.0 if self.is_muted else mean_square, arrived)
        if not self.is_muted:
            level = dbov(mean_square) if frame.level is None else frame.level
            self._tell_level(self._speaking.hear(level, seconds(block.size), arrived))
            self._keep_gap(placed.start_s, placed.gap)
            if self._recorder is not None and frame.packet is not None:
                self._recorder.keep(placed.start_s, frame.packet)
            paused_s = placed.gap[1] - placed.gap[0] if placed.gap else 0.0
            self._understand(block, at, placed.start_s, paused_s)
        self._is_first = False
        self.end_s = placed.start_s + seconds(block.size)

    def mute(self, is_muted: bool) -> None:
        """Stop to listen, or begin again; an open utterance is finished."""
        if is_muted == self.is_muted:
            return
        self.is_muted = is_muted
        if is_muted:
            # The session's clock may leap meanwhile: the next block is placed anew.
            self._next_anchor = self._live.position
            self._tell_level(self._speaking.stop())
            self._finish()
        else:
            self._unmuted_s = self._ledger.now()

    async def run(self) -> None:
        """Keep finals and gaps, in their order, until the last."""
        await self._keeper.run()

    async def watch(self) -> None:
        """Tell how the microphone is; end an open utterance when nothing arrives any more."""
        while True:
            try:
                self._look(time.monotonic())
            except Exception:
                log.exception("the microphone of %s cannot be watched", self.name)
            await asyncio.sleep(WATCH_S)

    def stop(self) -> None:
        """Hear nothing any more; idempotent."""
        self._is_stopped = True
        if self._recorder is not None:
            self._recorder.close()

    def tell_off(self) -> None:
        """Tell everybody that the microphone has gone."""
        self._tell(MicrophoneState.OFF)

    async def close(self) -> None:
        """Let the last words be understood; afterwards ``run`` ends."""
        self.stop()
        try:
            await self._live.close(LAST_WORDS_S)
        finally:
            self._keeper.end()

    def _understand(self, block: Samples, at: int, start_s: float, paused_s: float) -> None:
        missing = 0 if self._end_at is None else at - self._end_at
        if missing > samples(MAX_FILLED_S) or paused_s > MAX_FILLED_S:
            self._finish()
            self._anchor(start_s)
        elif missing > 0:
            self._live.push(np.zeros(missing, np.float32))
        if self._live.position >= self._next_anchor:
            self._anchor(start_s)
        self._end_at = at + block.size
        self._is_quiet = False
        self._live.push(block)

    def _keep_gap(self, start_s: float, gap: tuple[float, float] | None) -> None:
        """Keep what was missed before a block, but for the part that was muted."""
        if self.end_s is None:
            return  # The microphone's first sound ever.
        if self._is_first:
            gap = self.end_s, start_s
        if gap is None:
            return
        begin_s, end_s = max(gap[0], self._unmuted_s), gap[1]
        if end_s - begin_s <= MAX_FILLED_S:
            return
        event = Gap(
            track=self.name,
            start=round(begin_s, 3),
            end=round(end_s, 3),
            reason="reconnected" if self._is_first else "no_packets",
        )
        self._keeper.put(
            lambda session, _: () if session.is_over or event in session.gaps else (event,)
        )

    def _look(self, now: float) -> None:
        if not self._is_quiet and now - self._watch.heard_s > QUIET_S:
            self._finish()
        if (state := self._watch.look(now)) is not None:
            self._tell(state)
        self._tell_level(self._speaking.look(now))
        was_behind, told = self._lag_told
        is_behind = self._live.is_behind
        if is_behind != was_behind or (is_behind and now - told >= REPEAT_S):
            self._tell_lag()

    def _finish(self) -> None:
        self._is_quiet = True
        self._live.finish()

    def _anchor(self, start_s: float) -> None:
        self._next_anchor = self._live.position + samples(ANCHOR_S)
        self._timeline = Timeline(
            (*self._timeline.positions[-64:], self._live.position),
            (*self._timeline.starts[-64:], start_s),
        )

    def _publish(self, event: LiveEvent) -> None:
        if isinstance(event, Lag):
            self._metrics.observe_lag(event.kind, event.lag_s)
        elif isinstance(event, Dropped):
            self._metrics.count_drop(event.reason)
        match event:
            case Interim():
                self._whisper(
                    messages.Interim(
                        track=self.name,
                        speaker=self.speaker,
                        start=round(self._timeline.at(event.start), 3),
                        committed=event.committed,
                        tentative=event.tentative,
                    )
                )
            case Understood() | Dropped():
                self._keep_final(Placed(event.utterance, self._timeline), event)
            case Lag(kind=LagKind.FINAL):
                self._final_lag_s = event.lag_s
                self._tell_lag()
            case Lag():
                pass  # People see the lag of finals.

    def _keep_final(self, placed: Placed, heard: Heard) -> None:
        name = f"u{secrets.token_hex(6)}"
        self._keeper.put(
            lambda session, _: final_events(session, name, self.name, self.speaker, placed, heard)
        )

    def _tell(self, state: MicrophoneState) -> None:
        self._whisper(messages.Microphone(track=self.name, speaker=self.speaker, state=state.value))

    def _tell_level(self, level: int | None) -> None:
        if level is not None:
            self._whisper(messages.Loudness(track=self.name, speaker=self.speaker, level=level))

    def _tell_lag(self) -> None:
        is_behind, final_s = self._live.is_behind, self._final_lag_s
        oldest = self._live.oldest
        if is_behind and oldest is not None:
            final_s = max(final_s, self._ledger.now() - self._timeline.at(oldest.end))
        self._lag_told = is_behind, time.monotonic()
        self._whisper(messages.Lag(track=self.name, final_s=round(final_s, 2), is_behind=is_behind))
