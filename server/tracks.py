"""The live microphones of a room: sound in, captions out at once, finals into the journal."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable

import numpy as np

from pipeline.assembly import Ears
from pipeline.audio import Samples, samples
from pipeline.captions import Interim, Lag, LagKind, LiveEvent
from pipeline.inference import Executor
from pipeline.live import LiveTrack
from pipeline.runner import Dropped, Heard, Understood
from server import messages
from server.errors import ClientError, JournalUnavailable
from server.events import SYSTEM, is_applicant
from server.finals import final_events
from server.ledger import Ledger
from server.media.clock import TrackClock
from server.messages import Signal
from server.streams import Placed, Timeline
from server.tasks import Tasks

log = logging.getLogger(__name__)

MAX_FILLED_S = 1.0
"""A shorter gap in a track is heard as silence; a longer one ends the utterance."""
QUIET_S = 1.0
"""No packet for so long ends an open utterance: the microphone is muted, or its phone asleep."""
WATCH_S = 0.25
ANCHOR_S = 5.0
"""How often the track's place on the session's clock is noted; clocks drift by 0.1 ms a second."""
LAST_WORDS_S = 120.0
"""How long the words of a microphone that has gone may take; an ended session gets them late."""
KEEP_TRIES = 30
KEEP_PAUSE_S = 1.0
"""A journal that fails for less than KEEP_TRIES × KEEP_PAUSE_S seconds loses nothing."""


class Track:
    """One live microphone. ``hear`` must not block; ``finish`` it when it is gone."""

    def __init__(
        self,
        name: str,
        speaker: str | None,
        make_live: Callable[[Callable[[LiveEvent], None]], LiveTrack],
        ledger: Ledger,
        whisper: Callable[[Signal], None],
    ) -> None:
        """Listen for ``speaker`` (None: a room microphone)."""
        self.name = name
        self.speaker = speaker
        self._ledger = ledger
        self._whisper = whisper
        self._clock = TrackClock()
        self._live = make_live(self._publish)
        self._timeline = Timeline((), ())
        self._next_anchor = 0
        self._end_at: int | None = None
        self._heard_at = 0.0
        self._is_quiet = True
        self._finals: asyncio.Queue[tuple[Placed, Heard] | None] = asyncio.Queue()

    def hear(self, block: Samples, at: int, arrived: float) -> None:
        """Take the next block.

        Args:
            block: 16 kHz mono.
            at: track time of its first sample.
            arrived: ``time.monotonic()`` when it was complete.
        """
        placed = self._clock.push(at, block.size, self._ledger.clock.at_monotonic(arrived))
        missing = 0 if self._end_at is None else at - self._end_at
        paused_s = placed.gap[1] - placed.gap[0] if placed.gap else 0.0
        if missing > samples(MAX_FILLED_S) or paused_s > MAX_FILLED_S:
            self._live.finish()
            self._anchor(placed.start_s)
        elif missing > 0:
            self._live.push(np.zeros(missing, np.float32))
        if self._live.position >= self._next_anchor:
            self._anchor(placed.start_s)
        self._end_at = at + block.size
        self._heard_at, self._is_quiet = arrived, False
        self._live.push(block)

    async def run(self) -> None:
        """Keep the finals, in their order, until the last."""
        while (item := await self._finals.get()) is not None:
            await self._keep(*item)

    async def watch(self) -> None:
        """End an open utterance when nothing arrives any more."""
        while True:
            await asyncio.sleep(WATCH_S)
            if not self._is_quiet and time.monotonic() - self._heard_at > QUIET_S:
                self._is_quiet = True
                self._live.finish()

    async def close(self) -> None:
        """Let the last words be understood; afterwards ``run`` ends."""
        await self._live.close(LAST_WORDS_S)
        self._finals.put_nowait(None)

    def _anchor(self, start_s: float) -> None:
        self._next_anchor = self._live.position + samples(ANCHOR_S)
        self._timeline = Timeline(
            (*self._timeline.positions[-64:], self._live.position),
            (*self._timeline.starts[-64:], start_s),
        )

    def _publish(self, event: LiveEvent) -> None:
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
                self._finals.put_nowait((Placed(event.utterance, self._timeline), event))
            case Lag(kind=LagKind.FINAL):
                self._whisper(
                    messages.Lag(
                        track=self.name,
                        final_s=round(event.lag_s, 2),
                        is_behind=self._live.is_behind,
                    )
                )
            case Lag():
                pass  # Measured by the bench; people see the lag of finals.

    async def _keep(self, placed: Placed, heard: Heard) -> None:
        name = f"u{secrets.token_hex(6)}"
        for attempt in range(1, KEEP_TRIES + 1):
            try:
                await self._ledger.commit(
                    lambda session, _: final_events(
                        session, name, self.name, self.speaker, placed, heard
                    ),
                    by=SYSTEM,
                    as_holder=True,
                )
                return
            except JournalUnavailable as error:
                log.error("a final of %s waits for the journal: %s", self.name, error.code)
                if attempt < KEEP_TRIES:
                    await asyncio.sleep(KEEP_PAUSE_S)
            except ClientError as error:
                log.error("a final of %s was refused: %s", self.name, error.code)
                return
        log.error("a final of %s was lost: the journal did not come back", self.name)


class Tracks:
    """The live microphones of one room."""

    def __init__(
        self,
        ledger: Ledger,
        ears: Ears,
        executor: Executor,
        whisper: Callable[[Signal], None],
        evaluate: Callable[[], Awaitable[None]],
    ) -> None:
        """Start without any.

        Args:
            ledger: where finals go.
            ears: the listening models.
            executor: runs transcription.
            whisper: passes signals on; must not block.
            evaluate: called when words came after the session's end.
        """
        self._ledger = ledger
        self._ears = ears
        self._executor = executor
        self._whisper = whisper
        self._evaluate = evaluate
        self._open: dict[Track, tuple[asyncio.Task[None], asyncio.Task[None]]] = {}
        self._tasks = Tasks(f"tracks {ledger.session.id}")

    @property
    def is_busy(self) -> bool:
        return len(self._tasks) > 0

    def open(self, connection: str, speaker: str | None) -> Track:
        """Begin to listen to the microphone of ``speaker`` (None: of the whole room)."""
        segmenter = self._ears.segmenter(is_applicant=is_applicant(speaker))
        name = speaker or f"room-{connection}"

        def make_live(publish: Callable[[LiveEvent], None]) -> LiveTrack:
            return LiveTrack(name, segmenter, self._executor, self._ledger.session.id, publish)

        track = Track(name, speaker, make_live, self._ledger, self._whisper)
        watching = self._tasks.spawn(track.watch(), "watch")
        self._open[track] = watching, self._tasks.spawn(track.run(), "finals")
        return track

    def finish(self, track: Track) -> None:
        """The microphone is gone; its last words are still understood. Idempotent."""
        if track in self._open:
            watching, keeping = self._open.pop(track)
            watching.cancel()
            self._tasks.start(self._last_words(track, keeping), "last words")

    async def settle(self, patience_s: float) -> None:
        """Finish every microphone and wait for the words, but not for ever."""
        for track in list(self._open):
            self.finish(track)
        await self._tasks.wait(patience_s)

    async def close(self) -> None:
        """Stop at once; ``settle`` comes first."""
        await self._tasks.close()

    async def _last_words(self, track: Track, keeping: asyncio.Task[None]) -> None:
        await track.close()
        await keeping
        if self._ledger.session.is_over:
            await self._evaluate()
