"""The live microphones of a room: who is listened to, and what the journal says about that."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Set
from dataclasses import dataclass

from pipeline.assembly import Ears
from pipeline.inference import Executor
from server import consent, decisions
from server.entrance.resumes import Resumption
from server.errors import Forbidden
from server.events import SYSTEM
from server.hearing.awaited import NotAwaited
from server.hearing.ends import End, Ends
from server.hearing.feed import Feed
from server.hearing.leaking import Leaks
from server.hearing.making import TrackMaker
from server.hearing.outlets import Outlets
from server.hearing.splice import Piece
from server.hearing.track import Track
from server.hearing.voices import SessionVoices
from server.ledger import Ledger
from server.messages import Missed, Signal
from server.operations.metrics import Metrics
from server.tasks import Tasks

log = logging.getLogger(__name__)

HOLD_S = 30.0
FILLED_S = 3.0
"""So long the end of the session waits for sound that pages were asked for."""


@dataclass(slots=True)
class _Open:
    """A track in use and its tasks; over which connection it came last, and which offer's."""

    track: Track
    connection: str
    link: str | None
    page: str
    turn: int
    watching: asyncio.Task[None]
    pouring: asyncio.Task[None]
    keeping: asyncio.Task[None]


class Tracks:
    """The live microphones of one room; at most one of each name."""

    def __init__(
        self,
        ledger: Ledger,
        ears: Ears,
        executor: Executor,
        whisper: Callable[[Signal], None],
        evaluate: Callable[[], Awaitable[None]],
        metrics: Metrics,
        outlets: Outlets | None = None,
        hold_s: float = HOLD_S,
        voices: SessionVoices | None = None,
    ) -> None:
        """Start without any.

        Args:
            ledger: where finals go.
            ears: the listening models.
            executor: runs transcription.
            whisper: passes signals on; must not block.
            evaluate: called when words came after the session's end.
            metrics: counts what is late or dropped.
            outlets: where sound goes besides; None: nowhere.
            hold_s: how long a microphone is held whose connection has gone.
            voices: those of the room; None: nobody tells them apart.
        """
        self._ledger = ledger
        self._evaluate = evaluate
        self._maker = TrackMaker(
            ledger=ledger,
            ears=ears,
            executor=executor,
            whisper=whisper,
            metrics=metrics,
            outlets=outlets or Outlets(),
            hold_s=hold_s,
            voices=voices,
            leaks=Leaks(voices),
        )
        self._open: dict[str, _Open] = {}
        self._ends = Ends()
        self._carriers: dict[str, str] = {}
        """Connection → the own microphone that came over it."""
        self._tasks = Tasks(f"tracks {ledger.session.id}")

    @property
    def is_busy(self) -> bool:
        return len(self._tasks) > 0

    def __iter__(self) -> Iterator[Track]:
        """Yield those that are listened to."""
        return iter([item.track for item in self._open.values()])

    def voice_states(self) -> list[str]:
        """Return, for every room microphone, whether its voices are told apart."""
        states = [item.track.voice_state for item in self._open.values()]
        return [state for state in states if state is not None]

    def goes_on(self, resumption: Resumption) -> bool:
        """Whether a token was shown that no newer connection of its track has made void."""
        item = self._open.get(resumption.name)
        if resumption.earlier is None or item is None:
            return resumption.earlier is not None
        return resumption.page == item.page and resumption.since >= item.turn

    def open(
        self,
        connection: str,
        speaker: str | None,
        resumption: Resumption,
        ask: Callable[[Missed], None] | None = None,
    ) -> Feed:
        """Begin to listen to the microphone of ``speaker`` (None: of the whole room), or go on.

        Args:
            connection: the id of the one it comes over.
            speaker: the seat that speaks into it.
            resumption: as what it comes in.
            ask: asks its page for sound that got lost; None: it keeps none.

        Raises:
            ClientError: ``session_over``; ``consent_required``: also if it was withdrawn while
                the connection was being made.
        """
        decisions.check_live(self._ledger.session)
        consent.check(self._ledger.session, speaker)
        name = resumption.name
        if not self.goes_on(resumption):
            self.replace(name)
        item = self._open.get(name)
        if item is None:
            item = self._open[name] = self._begin(name, speaker, connection, resumption)
        else:
            log.info("track %s: goes on over connection %s", name, connection)
        item.connection, item.link = connection, resumption.link
        item.page, item.turn = resumption.page, resumption.turn
        if speaker is not None:
            self._carriers[connection] = name
        return item.track.carry(connection, ask)

    def answer(self, connection: str, link: str | None, piece: Piece, rest: int) -> float:
        """Take sound that a connection's page was asked for, see ``Track.answer``.

        Args:
            connection: the one that was asked; it may have gone meanwhile.
            link: the person's who sends it.
            piece: the sound; empty: there is nothing.
            rest: how many more are on their way.

        Raises:
            ClientError: ``forbidden``: another person was asked; ``not_awaited``,
                ``bad_request``, ``consent_required``, ``session_over``.
        """
        decisions.check_live(self._ledger.session)
        item = next((one for one in self._open.values() if one.connection == connection), None)
        if item is None:
            raise NotAwaited
        if item.link != link:
            raise Forbidden("Send only what your own microphone heard.")
        consent.check(self._ledger.session, item.track.speaker)
        return item.track.answer(piece, rest)

    def recall(self, connections: Set[str]) -> None:
        """Know the own microphones that another process heard, see ``Ends.recall``."""
        self._ends.recall(self._ledger.session, connections)

    def part(self, connection: str) -> float | None:
        """Forget a connection; return until when the own microphone that it carried was heard.

        None: it carried none, or the microphone has come back over another connection.
        """
        name = self._carriers.pop(connection, None)
        if name is None:
            return None
        item = self._open.get(name)
        if item is None:
            return self._ends.get(name)
        is_heard = item.connection == connection and not item.track.is_muted
        return item.track.end_s if is_heard else None

    def of(self, connection: str) -> Track | None:
        """Return the microphone that a connection carries and that is listened to."""
        return next(
            (item.track for item in self._open.values() if item.connection == connection), None
        )

    def follow(self) -> None:
        """Do what the session says now: nothing is heard without consent, or while muted.

        Never raises: what the journal has kept must be told to everybody whatever happens here.
        """
        for item in list(self._open.values()):
            try:
                if consent.is_given(self._ledger.session, item.track.speaker):
                    item.track.mute(item.track.name in self._ledger.session.muted)
                else:
                    self.refuse(item.track.speaker)
            except Exception:
                log.exception("the microphone of %s is given up", item.track.name)
                self.finish(item.track, is_lost=True)

    def refuse(self, speaker: str | None) -> None:
        """Stop to listen to ``speaker``, and to every room microphone: consent has ended."""
        for item in list(self._open.values()):
            if item.track.speaker in (None, speaker):
                item.track.stop()
                self.finish(item.track)
                # What is not heard from now on is no failure of the microphone.
                self._ends.take(item.track.name)

    def lose(self, name: str, connection: str, *, has_left: bool = False) -> None:
        """A connection has gone: what nothing else carries is held for a while.

        Args:
            name: of the track.
            connection: its id.
            has_left: it said goodbye.
        """
        item = self._open.get(name)
        if item is not None and item.connection == connection:
            item.track.lose(has_left=has_left)

    def finish(self, track: Track, *, is_lost: bool = False) -> None:
        """The microphone is gone; its last words are still understood. Idempotent.

        Args:
            track: its track.
            is_lost: what it would have heard from now on is missing.
        """
        item = self._open.get(track.name)
        if item is not None and item.track is track:
            self._let_go(track.name, is_lost=is_lost)
            track.tell_off()

    def replace(self, name: str) -> None:
        """End the track of this name, if there is one, without a word about it: it came back.

        Its last words are still understood.
        """
        if (item := self._open.get(name)) is not None:
            self._let_go(name, is_lost=not item.track.has_left)

    def _let_go(self, name: str, *, is_lost: bool) -> None:
        item = self._open.pop(name, None)
        if item is None:
            return
        item.track.part()
        item.watching.cancel()
        self._tasks.start(self._last_words(item), "last words")
        if item.track.is_muted:
            item.track.miss_rest()  # What got lost before the mute.
        elif item.track.end_s is not None:
            self._ends.keep(name, End(item.track.end_s, is_lost=is_lost, link=item.link))

    async def settle(self, patience_s: float, *, is_end: bool = False) -> None:
        """Finish every microphone and wait for the words, but not for ever.

        Args:
            patience_s: for all of it.
            is_end: of the session: nobody comes back any more.

        Raises:
            ClientError: the journal fails.
        """
        until = time.monotonic() + patience_s
        if is_end:
            await self._end(min(FILLED_S, patience_s))
        for item in list(self._open.values()):
            self.finish(item.track)
        await self._tasks.wait(max(0.0, until - time.monotonic()))

    async def close(self) -> None:
        """Stop at once; ``settle`` comes first."""
        for item in self._open.values():
            item.track.stop()  # Its connection may go on for a moment where it was deposed.
        await self._tasks.close()

    async def _end(self, patience_s: float) -> None:
        """Note what is missing until the session's end, and wait for what is on its way."""
        gaps = self._ends.gaps(self._ledger.session, self._ledger.now())
        for item in list(self._open.values()):
            item.track.end()
            if not item.track.is_filling:
                self.finish(item.track)
        if gaps:
            await self._ledger.commit(
                lambda session, _: () if session.is_over else gaps, by=SYSTEM, as_holder=True
            )
            for gap in gaps:
                self._ends.take(gap.track)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                for item in list(self._open.values()):
                    await item.track.filled()

    def _begin(
        self, name: str, speaker: str | None, connection: str, resumption: Resumption
    ) -> _Open:
        track = self._maker.track(name, speaker)
        end = self._ends.take(name)
        goes_on = resumption.earlier is not None
        if end is not None and end.is_missed(resumption.link, goes_on=goes_on):
            may_fill = end.may_fill and goes_on
            track.recall(end.end_s, may_fill=may_fill)
        track.mute(name in self._ledger.session.muted)
        return _Open(
            track,
            connection,
            resumption.link,
            resumption.page,
            resumption.turn,
            self._tasks.spawn(self._watch(track), "watch"),
            self._tasks.spawn(track.pour(), "pour"),
            self._tasks.spawn(track.run(), "keep"),
        )

    async def _watch(self, track: Track) -> None:
        """Watch a track until it was held for too long; who comes back then begins anew."""
        await track.watch()
        item = self._open.get(track.name)
        if item is not None and item.track is track:
            log.info("track %s: nobody came back to it", track.name)
            self.replace(track.name)

    async def _last_words(self, item: _Open) -> None:
        await item.pouring
        await item.track.close()
        await item.keeping
        if self._ledger.session.is_over:
            await self._evaluate()
