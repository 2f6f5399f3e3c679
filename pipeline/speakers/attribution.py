"""Who speaks on one microphone that several people speak into, live or from a recording."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.inference import Overloaded, Stale
from pipeline.jobs import EngineError
from pipeline.speakers.cells import Cell
from pipeline.speakers.evidence import TrackEvidence
from pipeline.speakers.finding import FindingConfig, find
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.history import History
from pipeline.speakers.labels import Known, LabelConfig, Run, label
from pipeline.speakers.models import VoiceModels
from pipeline.speakers.overlap import overlapping
from pipeline.speakers.turns import Provisional, VoiceTurn

log = logging.getLogger(__name__)

__all__ = ["Attribution", "AttributionConfig", "History"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributionConfig:
    """How one track is attributed.

    Attributes:
        hop_s: how often the models hear the newest sound.
        lag_s: how much later sound a provisional label has seen.
        fill_hop_s: how far apart windows are where hearing has to catch up.
        context_s: earlier sound that a label is judged with.
        tail_s: later sound that a turn's last label is judged with.
        retry_s: sound after which models that failed are asked again.
    """

    hop_s: float = 1.0
    lag_s: float = 1.0
    fill_hop_s: float = 2.5
    context_s: float = 6.0
    tail_s: float = 0.3
    retry_s: float = 10.0
    labels: LabelConfig = field(default_factory=LabelConfig)
    finding: FindingConfig = field(default_factory=FindingConfig)


class Attribution:
    """Tells who speaks on one track; the same code for a live microphone and for a recording.

    ``push`` never blocks and never waits. When the models do not keep up, old sound is skipped::

        sound        ###############################.......
        windows         1s   1s   1s   1s ...          (each the last 10 s)
        provisional        p    p    p    p            (1 s behind, somebody's voice or nobody's)
        turns(a, b)                               t    (the whole utterance, once it has ended)

    Without a ``publish`` nothing is heard before `turns` asks: a recording needs no first label.
    """

    def __init__(
        self,
        models: VoiceModels,
        gallery: Gallery,
        publish: Callable[[Provisional], None] | None = None,
        config: AttributionConfig | None = None,
    ) -> None:
        """Attribute a track to the voices of ``gallery``; ``publish`` must not block."""
        self._config = config or AttributionConfig()
        self._gallery = gallery
        self._publish = publish
        self._evidence = TrackEvidence(models)
        self._lock = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._due = samples(self._config.hop_s)
        self._decided = 0
        self._failure: str | None = None
        self._is_closed = False

    @property
    def position(self) -> int:
        """Samples taken so far."""
        return self._evidence.sound.position

    @property
    def is_behind(self) -> bool:
        """Whether the models do not keep up with the sound."""
        return (
            self._publish is not None
            and self.position - self._evidence.heard_until > 3 * self._config.hop_s * RATE_HZ
        )

    @property
    def failure(self) -> str | None:
        """What the models last failed of, until they work again."""
        return self._failure

    def push(self, block: Samples) -> None:
        """Hear the next samples; once closed, ignore them."""
        if self._is_closed:
            return
        self._evidence.sound.push(block)
        if self._publish is None or self.position < self._due:
            return
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(self._publish), name="voices")
            self._listening.add_done_callback(_tell)

    async def turns(self, start: int, end: int) -> tuple[VoiceTurn, ...]:
        """Return who spoke from sample ``start`` to ``end``, in order of beginning.

        Waits for the models to have heard it. Empty when they fail or nobody is heard.
        """
        first, last = self._evidence.uncut(start)
        context = max(first, start - samples(self._config.context_s))
        until = min(last, end + samples(self._config.tail_s))
        async with self._lock:
            try:
                await self._evidence.cover(start, until, samples(self._config.fill_hop_s))
                cells = self._evidence.cells(context, until)
                await self._evidence.listen(cells)
            except EngineError as error:
                self._fail(error)
                return ()
            self._failure = None
            return tuple(self._final(cells, start, end))

    def history(self) -> History:
        """Return what the models have said so far."""
        return self._evidence.history()

    def reset(self) -> None:
        """What follows does not continue what was: the track was cut."""
        self._evidence.cut()

    async def close(self) -> None:
        """End the work under way; what was heard can still be asked for."""
        self._is_closed = True
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self, publish: Callable[[Provisional], None]) -> None:
        """Hear the newest sound until none is due; what came meanwhile is one window later."""
        while self.position >= self._due:
            async with self._lock:
                now = self.position
                self._due = now + samples(self._config.hop_s)
                try:
                    await self._evidence.hear(now)
                    cells = self._settled(now)
                    await self._evidence.listen(cells)
                except EngineError as error:
                    self._fail(error)
                    continue
                self._failure = None
                self._say(cells, now - samples(self._config.lag_s), publish)

    def _fail(self, error: EngineError) -> None:
        if isinstance(error, Overloaded | Stale):
            return
        self._failure = str(error)
        self._due = self.position + samples(self._config.retry_s)

    def _settled(self, now: int) -> list[Cell]:
        """Return the recent cells that later sound changes no more than a little."""
        decided = now - samples(self._config.lag_s)
        cells = self._evidence.cells(decided - samples(self._config.context_s), now)
        return [cell for cell in cells if cell.start < decided]

    def _say(
        self, cells: Sequence[Cell], decided: int, publish: Callable[[Provisional], None]
    ) -> None:
        """Publish the label of everything that was decided since last."""
        for run in self._label(cells):
            for turn in _turns(run, cells):
                end = min(turn.end, decided)
                if end > self._decided and end > turn.start:
                    publish(Provisional(run.voice, turn.start, end, run.confidence))
        self._decided = max(self._decided, decided)

    def _label(self, cells: Sequence[Cell]) -> list[Run]:
        names, centres = self._gallery.matrix()
        voices = self._gallery.voices
        enrolled = frozenset(name for name in names if voices[name].is_enrolled)
        known = Known(names, centres, enrolled, len(enrolled) >= self._gallery.expected)
        return label(cells, self._evidence.embeddings(cells), known, self._config.labels)

    def _final(self, cells: Sequence[Cell], start: int, end: int) -> list[VoiceTurn]:
        runs = self._label(cells)
        mine = [
            run for run in runs if cells[run.last - 1].end > start and cells[run.first].start < end
        ]
        if any(run.voice is None for run in mine):
            before = self._gallery.revision
            find(mine, self._gallery, self._config.finding)
            if self._gallery.revision != before:
                runs = self._label(cells)
        self._learn(mine)
        alone = [turn for run in runs for turn in _turns(run, cells)]
        overlaps = self._evidence.activity.overlaps(start, end)
        both = [*alone, *overlapping(overlaps, self._evidence.activity.windows, alone)]
        inside = [_clipped(turn, start, end) for turn in both]
        return sorted((turn for turn in inside if turn.end > turn.start), key=lambda t: t.start)

    def _learn(self, runs: Sequence[Run]) -> None:
        """Let found voices learn.

        Enrolled ones do not: those that are told apart easily would, and would then win the
        room's sound from those that are not (measured, see docs/speakers.md).
        """
        for run in runs:
            known = self._gallery.voices.get(run.voice or "")
            if run.voice and known and not known.is_enrolled and run.mean is not None:
                self._gallery.adapt(run.voice, run.mean, run.heard_s)


def _tell(task: asyncio.Task[None]) -> None:
    """Log what ended the listening, if it was a bug; the next block begins it anew."""
    if not task.cancelled() and task.exception() is not None:
        log.error("listening for voices failed", exc_info=task.exception())


def _turns(run: Run, cells: Sequence[Cell]) -> list[VoiceTurn]:
    """Return a run without its pauses."""
    turns: list[VoiceTurn] = []
    for cell in cells[run.first : run.last]:
        if turns and turns[-1].end == cell.start:
            turns[-1] = VoiceTurn(run.voice, turns[-1].start, cell.end, run.confidence)
        else:
            turns.append(VoiceTurn(run.voice, cell.start, cell.end, run.confidence))
    return turns


def _clipped(turn: VoiceTurn, start: int, end: int) -> VoiceTurn:
    return VoiceTurn(turn.voice, max(start, turn.start), min(end, turn.end), turn.confidence)
