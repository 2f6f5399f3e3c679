"""One live microphone: sound in, captions out at once, finals and gaps into the journal.

It survives its connections. What gets lost on the way is a hole in one stream of samples, which
its page's own copy fills before anybody understands it: no word is cut in two, none comes twice.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from pipeline.audio import samples, seconds
from pipeline.captions import LiveEvent
from pipeline.live import LiveTrack
from server import messages
from server.events import Gap
from server.hearing.block import Block
from server.hearing.conduit import Conduit, Flow
from server.hearing.extent import Extent
from server.hearing.feed import ASKED_S, Feed
from server.hearing.leaking import Leaks
from server.hearing.microphones import MicrophoneState, power
from server.hearing.outlets import Outlets
from server.hearing.patch import MAX_FILLED_S
from server.hearing.reel import Reel
from server.hearing.speaking import Speaking, dbov
from server.hearing.splice import Hole, Piece
from server.hearing.voices import SessionVoices
from server.hearing.words import Words
from server.ledger import Ledger
from server.media.clock import Placed
from server.media.frames import Frame
from server.messages import Missed, Signal
from server.operations.metrics import Metrics

log = logging.getLogger(__name__)

QUIET_S = 1.0
"""No packet for so long ends an open utterance whose page keeps nothing: nothing can follow."""
WATCH_S = 0.25
LAST_WORDS_S = 120.0
"""How long the words of a microphone that has gone may take; an ended session gets them late."""


class Track:
    """One live microphone. ``part``, then ``close`` it when it is gone.

    A connection ``carry``-s it, or it is held: ``watch`` ends when it was held for too long.
    """

    def __init__(
        self,
        name: str,
        speaker: str | None,
        make_live: Callable[[Callable[[LiveEvent], None]], LiveTrack],
        ledger: Ledger,
        whisper: Callable[[Signal], None],
        metrics: Metrics,
        outlets: Outlets,
        hold_s: float,
        voices: SessionVoices | None = None,
        leaks: Leaks | None = None,
    ) -> None:
        """Listen for ``speaker`` (None: a room microphone).

        Args:
            name: of the track; a microphone that comes back has the same.
            speaker: the seat whose own microphone it is.
            make_live: makes the understanding part, which publishes to what it is given.
            ledger: where finals and gaps go.
            whisper: passes signals on; must not block.
            metrics: counts how late captions are, and what is dropped.
            outlets: where its sound goes besides.
            hold_s: how long it is held without a connection.
            voices: those of the room; None: nobody tells them apart.
            leaks: those of own microphones; None: several people speak into this one.
        """
        self.name = name
        self.speaker = speaker
        self.is_muted = False
        self.has_left = False
        """Whether its person said goodbye: what they say now is not lost."""
        self._ledger = ledger
        self._whisper = whisper
        self._outlets = outlets
        self._hold_s = hold_s
        self._leaks = leaks
        self._words = Words(name, speaker, ledger, whisper, metrics, voices, leaks)
        self._reel = Reel(make_live, self._publish, outlets.record(name))
        self._conduit = Conduit(name, self._reel, self._keep_gap)
        self._speaking = Speaking()
        self._feed: Feed | None = None
        """Over what it is carried now."""
        self._can_ask = False
        """Whether its page, the newest one, keeps what may get lost."""
        self._may_fill = False
        """Whether what came before the newest connection can be sent again."""
        self._was_carried = False
        self._extent = Extent()
        self._heard_at = time.monotonic()
        self._is_pause_due = False
        """Whether it is muted, but what was said before may go on in what got lost."""
        self._is_stopped = False

    @property
    def end_s(self) -> float | None:
        """Session second until which nothing is missing that may still come; None: not heard."""
        if (awaited := self._conduit.awaited) is not None:
            return awaited.start_s
        return self._extent.end_s

    @property
    def voice_state(self) -> str | None:
        """Whether voices are told apart; None: one person's own microphone."""
        return self._words.voice_state(self._reel)

    def session_s(self, sample: int) -> float:
        """Return the session second of a sample that was heard."""
        return self._reel.session_s(sample)

    @property
    def is_filling(self) -> bool:
        """Whether its page was asked for sound, and has not answered yet."""
        return self._conduit.flow is Flow.FILLING

    def recall(self, end_s: float, *, may_fill: bool) -> None:
        """Know until when it was heard before; ``may_fill``: what came since may be sent again."""
        self._extent.heard_s, self._may_fill = end_s, may_fill

    def carry(self, connection: str, ask: Callable[[Missed], None] | None) -> Feed:
        """Go on over a connection, from now on; what an older one brings is ignored.

        Args:
            connection: its id.
            ask: asks its page for sound that got lost; None: it keeps none.
        """
        self._outlets.forget(self.name)  # The new one counts from its own beginning.
        self._may_fill = self._may_fill or self._was_carried
        self._was_carried, self.has_left = True, False
        self._can_ask = ask is not None
        if ask is None:
            self._conduit.wait_no_longer()
        self._heard_at = time.monotonic()
        self._feed = Feed(self.name, connection, self._take, ask, self._heard_at)
        return self._feed

    def lose(self, *, has_left: bool = False) -> None:
        """Nothing carries it any more; it is held. Its open utterance may go on when it is back.

        Args:
            has_left: its person said goodbye; pages that reconnect do so, too.
        """
        self._feed, self.has_left = None, has_left
        if not self._can_ask:
            self._conduit.finish()
        self._tell_level(self._speaking.stop())
        self.tell_off()

    def answer(self, piece: Piece, rest: int) -> float:
        """Take what its page sends again, see ``Conduit.answer``."""
        return self._conduit.answer(piece, rest, self._ledger.now())

    def mute(self, is_muted: bool) -> None:
        """Stop to listen, or begin again; an open utterance is finished."""
        if is_muted == self.is_muted:
            return
        self.is_muted = is_muted
        if is_muted:
            rest = self._extent.rest(self._ledger.now())
            self._is_pause_due = self._can_ask and rest is not None and rest.length_s > ASKED_S
            self._extent.mute(self._ledger.now())
            self._outlets.forget(self.name)
            self._tell_level(self._speaking.stop())
            if not self._is_pause_due:
                self._conduit.pause()
        else:
            self.miss_rest()
            self._pause_if_due()
            self._extent.unmute(self._ledger.now())

    def miss_rest(self) -> None:
        """Nothing comes any more of what it should have heard until now: that is a gap."""
        if (rest := self._extent.rest(self._ledger.now())) is not None:
            self._keep_gap(rest)
            self._extent.hear(rest.end_s)

    def end(self) -> None:
        """The session ends: hear nothing more; only what is on its way may still be ``filled``."""
        self._is_stopped = True
        self._outlets.forget(self.name)
        if not self.has_left:
            self.miss_rest()

    async def filled(self) -> None:
        """Wait for what its page was asked for."""
        await self._conduit.filled()

    async def run(self) -> None:
        """Keep finals and gaps, in their order, until the last."""
        await self._words.keeper.run()

    async def pour(self) -> None:
        """Understand what had to wait, until the end."""
        await self._conduit.run()

    async def watch(self) -> None:
        """Tell how the microphone is, until it was held in vain; end what nothing can follow."""
        while not self._is_given_up(time.monotonic()):
            try:
                self._look(time.monotonic())
            except Exception:
                log.exception("the microphone of %s cannot be watched", self.name)
            await asyncio.sleep(WATCH_S)

    def part(self) -> None:
        """Hear nothing any more; what was heard is still understood. Idempotent."""
        self._is_stopped = True
        self._conduit.end()
        self._outlets.forget(self.name)

    def stop(self) -> None:
        """Hear nothing any more, and keep no sound of what is still understood; idempotent."""
        self._reel.close_recorder()
        self.part()

    def tell_off(self) -> None:
        """Tell everybody that the microphone has gone."""
        self._tell(MicrophoneState.OFF)

    async def close(self) -> None:
        """Let the last words be understood, once ``pour`` has ended; afterwards ``run`` ends."""
        self.part()
        self._reel.close_recorder()
        try:
            await self._reel.live.close(LAST_WORDS_S)
        finally:
            self._words.keeper.end()

    def _take(self, feed: Feed, frame: Frame) -> None:
        """Take the next frame of a connection; once it carries the track no more, ignore it."""
        if self._is_stopped or feed is not self._feed or not frame.samples.size:
            return
        placed = feed.place(frame, self._ledger.clock)
        mean_square = power(frame.samples)
        # The silence of a muted microphone is meant.
        feed.watch.hear(1.0 if self.is_muted else mean_square, frame.arrived)
        self._heard_at = frame.arrived
        if self.is_muted:
            self._miss(feed, placed)
        else:
            level = dbov(mean_square) if frame.level is None else frame.level
            self._tell_level(self._speaking.hear(level, seconds(frame.samples.size), frame.arrived))
            self._outlets.mix(self.name, frame)
            if self._leaks is not None:
                self._leaks.hear(self.name, placed.start_s, frame.samples)
            self._conduit.take(self._block(feed, frame, placed))
            feed.end_at = frame.at + frame.samples.size
        feed.is_first = False
        self._extent.hear(placed.start_s + seconds(frame.samples.size))

    def _miss(self, feed: Feed, placed: Placed) -> None:
        """Note what got lost before it was muted; its page's copy of the rest is silent."""
        hole = self._hole(feed, placed)
        if hole is not None and not self._asks(feed, hole):
            self._keep_gap(hole)
        self._pause_if_due()

    def _pause_if_due(self) -> None:
        if self._is_pause_due:
            self._is_pause_due = False
            self._conduit.pause()

    def _block(self, feed: Feed, frame: Frame, placed: Placed) -> Block:
        """Return the frame as it follows what was heard before; ask for what is missing."""
        missing = 0 if feed.end_at is None else frame.at - feed.end_at
        hole = self._hole(feed, placed)
        if feed.is_first and hole is not None:
            missing = samples(hole.length_s)
        paused_s = 0.0 if placed.gap is None else placed.gap[1] - placed.gap[0]
        block = Block(frame.samples, placed.start_s, is_placed=feed.is_first, packet=frame.packet)
        if hole is not None and missing > samples(ASKED_S) and self._asks(feed, hole):
            return block
        if hole is not None:
            self._keep_gap(hole)
        if missing > samples(MAX_FILLED_S) or paused_s > MAX_FILLED_S:
            return Block(block.samples, block.start_s, is_cut=True, packet=block.packet)
        return Block(
            block.samples,
            block.start_s,
            max(0, missing),
            False,
            block.is_placed,
            packet=block.packet,
        )

    def _hole(self, feed: Feed, placed: Placed) -> Hole | None:
        """Return what is missing before a block, but for the part that was muted."""
        gap = placed.gap
        if feed.is_first:
            heard_s = self._extent.heard_s
            gap = None if heard_s is None else (heard_s, placed.start_s)
        if gap is None:
            return None
        return self._extent.hole(*gap, "reconnected" if feed.is_first else "no_packets")

    def _asks(self, feed: Feed, hole: Hole) -> bool:
        """Ask for what is missing, if its page may still have it."""
        is_kept = not feed.is_first or self._may_fill
        if feed.ask is None or not is_kept or hole.length_s <= ASKED_S:
            return False
        start_s, end_s = self._conduit.expect(hole, time.monotonic(), is_new_page=feed.is_first)
        feed.ask(
            Missed(
                track=self.name,
                start=round(start_s, 3),
                end=round(end_s, 3),
                now=round(self._ledger.now(), 3),
            )
        )
        return True

    def _keep_gap(self, hole: Hole) -> None:
        if hole.length_s <= MAX_FILLED_S:
            return
        event = Gap(
            track=self.name,
            start=round(hole.start_s, 3),
            end=round(hole.end_s, 3),
            reason=hole.reason,
        )
        self._words.keeper.put(
            lambda session, _: () if session.is_over or event in session.gaps else (event,)
        )

    def _is_given_up(self, now: float) -> bool:
        return self._feed is None and now - self._heard_at > self._hold_s

    def _look(self, now: float) -> None:
        # A page that keeps its sound sends it when it is back; nothing else can follow a silence.
        patience_s = self._hold_s if self._can_ask else QUIET_S
        is_flowing = self._conduit.flow is Flow.FLOWING
        if is_flowing and not self._reel.is_quiet and now - self._heard_at > patience_s:
            self._conduit.finish()
        if self._feed is not None:
            self._conduit.look(now)
            if (state := self._feed.watch.look(now)) is not None:
                self._tell(state)
        self._tell_level(self._speaking.look(now))
        self._words.look(now, self._reel)

    def _publish(self, event: LiveEvent) -> None:
        self._words.publish(event, self._reel)

    def _tell(self, state: MicrophoneState) -> None:
        self._whisper(messages.Microphone(track=self.name, speaker=self.speaker, state=state.value))

    def _tell_level(self, level: int | None) -> None:
        if level is not None:
            self._whisper(messages.Loudness(track=self.name, speaker=self.speaker, level=level))
