"""The live microphones of a room: who is listened to, and what the journal says about that."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Set
from dataclasses import dataclass

from pipeline.assembly import Ears
from pipeline.captions import LiveEvent
from pipeline.inference import Executor
from pipeline.live import LiveTrack
from server import consent, decisions
from server.events import is_applicant
from server.hearing.track import Track
from server.ledger import Ledger
from server.messages import Signal
from server.operations.metrics import Metrics
from server.store.protocol import Recorder
from server.tasks import Tasks

log = logging.getLogger(__name__)

REMEMBERED_ENDS = 64
"""Microphones that have gone and whose gap is kept if they come back: seats, and some devices."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A track in use, over which connection, and its two tasks."""

    track: Track
    connection: str
    watching: asyncio.Task[None]
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
        record: Callable[[str], Recorder | None] = lambda _: None,
    ) -> None:
        """Start without any.

        Args:
            ledger: where finals go.
            ears: the listening models.
            executor: runs transcription.
            whisper: passes signals on; must not block.
            evaluate: called when words came after the session's end.
            metrics: counts what is late or dropped.
            record: begins to keep the packets of a track; None: they may not be kept.
        """
        self._ledger = ledger
        self._ears = ears
        self._executor = executor
        self._whisper = whisper
        self._evaluate = evaluate
        self._metrics = metrics
        self._record = record
        self._open: dict[str, _Open] = {}
        self._ends: OrderedDict[str, float] = OrderedDict()
        """Session seconds until which microphones that have gone were heard."""
        self._carriers: dict[str, str] = {}
        """Connection → the own microphone that came over it."""
        self._tasks = Tasks(f"tracks {ledger.session.id}")

    @property
    def is_busy(self) -> bool:
        return len(self._tasks) > 0

    def __iter__(self) -> Iterator[Track]:
        """Yield those that are listened to."""
        return iter([item.track for item in self._open.values()])

    def open(self, connection: str, speaker: str | None, name: str | None = None) -> Track:
        """Begin to listen to the microphone of ``speaker`` (None: of the whole room).

        A microphone that came back over a newer connection replaces itself.

        Args:
            connection: the id of the one it comes over.
            speaker: the seat that speaks into it.
            name: what a room microphone was called before.

        Raises:
            ClientError: ``session_over``; ``consent_required``: also if it was withdrawn while
                the connection was being made.
        """
        decisions.check_live(self._ledger.session)
        consent.check(self._ledger.session, speaker)
        name = speaker or name or f"room-{connection}"
        self.replace(name)
        segmenter = self._ears.segmenter(is_applicant=is_applicant(speaker))

        def make_live(publish: Callable[[LiveEvent], None]) -> LiveTrack:
            return LiveTrack(name, segmenter, self._executor, self._ledger.session.id, publish)

        end_s = self._ends.pop(name, None)
        track = Track(
            name,
            speaker,
            make_live,
            self._ledger,
            self._whisper,
            self._metrics,
            end_s,
            self._record(name),
        )
        track.mute(name in self._ledger.session.muted)
        watching = self._tasks.spawn(track.watch(), "watch")
        keeping = self._tasks.spawn(track.run(), "keep")
        self._open[name] = _Open(track, connection, watching, keeping)
        if speaker is not None:
            self._carriers[connection] = name
        return track

    def recall(self, seats: Set[str | None]) -> None:
        """Know the own microphones that another process heard.

        Of ``seats``, whose connections it still had, the journal has words and nothing else: what
        came after the last ones is missing. Those that had left it has taken leave of.
        """
        session = self._ledger.session
        ends = dict(session.heard)
        for spoken in session.spoken:
            if spoken.track in seats:
                ends[spoken.track] = max(spoken.end, ends.get(spoken.track, 0.0))
        for name, end_s in ends.items():
            if name not in session.muted and consent.is_given(session, name):
                self._ends[name] = max(end_s, self._ends.get(name, 0.0))

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
                self.finish(item.track)

    def refuse(self, speaker: str | None) -> None:
        """Stop to listen to ``speaker``, and to every room microphone: consent has ended."""
        for item in list(self._open.values()):
            if item.track.speaker in (None, speaker):
                self.finish(item.track)
                # What is not heard from now on is no failure of the microphone.
                self._ends.pop(item.track.name, None)

    def finish(self, track: Track) -> None:
        """The microphone is gone; its last words are still understood. Idempotent."""
        item = self._open.get(track.name)
        if item is not None and item.track is track:
            self.replace(track.name)
            track.tell_off()

    def replace(self, name: str) -> None:
        """End the track of this name, if there is one, without a word about it: it came back.

        Its last words are still understood.
        """
        item = self._open.pop(name, None)
        if item is None:
            return
        item.track.stop()
        item.watching.cancel()
        self._tasks.start(self._last_words(item), "last words")
        if item.track.end_s is not None and not item.track.is_muted:
            self._ends[name] = item.track.end_s
            while len(self._ends) > REMEMBERED_ENDS:
                self._ends.popitem(last=False)

    async def settle(self, patience_s: float) -> None:
        """Finish every microphone and wait for the words, but not for ever."""
        for item in list(self._open.values()):
            self.finish(item.track)
        await self._tasks.wait(patience_s)

    async def close(self) -> None:
        """Stop at once; ``settle`` comes first."""
        for item in self._open.values():
            item.track.stop()  # Its connection may go on for a moment where it was deposed.
        await self._tasks.close()

    async def _last_words(self, item: _Open) -> None:
        await item.track.close()
        await item.keeping
        if self._ledger.session.is_over:
            await self._evaluate()
