"""How a room's live microphones are made: what each is understood with."""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.assembly import Ears
from pipeline.captions import LiveEvent
from pipeline.inference import Executor
from pipeline.live import LiveTrack
from server.events import is_applicant
from server.hearing.leaking import Leaks
from server.hearing.outlets import Outlets
from server.hearing.track import Track
from server.hearing.voices import SessionVoices
from server.ledger import Ledger
from server.messages import Signal
from server.operations.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackMaker:
    """What the microphones of one room have in common.

    Attributes:
        ledger: where finals go.
        ears: the listening models.
        executor: runs transcription.
        whisper: passes signals on; must not block.
        metrics: counts what is late or dropped.
        outlets: where sound goes besides.
        hold_s: how long a microphone is held whose connection has gone.
        voices: those of the room; None: nobody tells them apart.
        leaks: what own microphones hear of each other.
    """

    ledger: Ledger
    ears: Ears
    executor: Executor
    whisper: Callable[[Signal], None]
    metrics: Metrics
    outlets: Outlets
    hold_s: float
    voices: SessionVoices | None
    leaks: Leaks

    def track(self, name: str, speaker: str | None) -> Track:
        """Return a new microphone of ``speaker`` (None: of the whole room)."""
        segmenter = self.ears.segmenter(is_applicant=is_applicant(speaker))
        session = self.ledger.session.id

        def make_live(publish: Callable[[LiveEvent], None]) -> LiveTrack:
            voices = screen = None
            if speaker is not None:
                screen = self.leaks.screen(name, speaker, lambda sample: track.session_s(sample))
            elif self.voices is not None:
                voices = self.voices.attribution(publish)
            return LiveTrack(
                name, segmenter, self.executor, session, publish, screen=screen, voices=voices
            )

        track = Track(
            name,
            speaker,
            make_live,
            self.ledger,
            self.whisper,
            self.metrics,
            self.outlets,
            self.hold_s,
            self.voices,
            self.leaks if speaker is not None else None,
        )
        return track
