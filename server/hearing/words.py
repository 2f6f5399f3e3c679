"""What a live microphone is understood as: captions at once, finals into the journal."""

import secrets
import time
from collections.abc import Callable, Sequence

from pipeline.audio import seconds
from pipeline.captions import Interim, Lag, LagKind, LiveEvent
from pipeline.runner import Dropped, Heard, Understood
from pipeline.speakers.turns import Provisional
from server import messages
from server.events import Event
from server.hearing.finals import final_events
from server.hearing.health import Health
from server.hearing.keeping import Keeper
from server.hearing.leaking import Leaks
from server.hearing.microphones import REPEAT_S
from server.hearing.reel import Reel
from server.hearing.voices import SessionVoices
from server.ledger import Ledger
from server.messages import Signal
from server.operations.metrics import Metrics
from server.session import Session


class Words:
    """Passes on what one track's ``Reel`` is understood as."""

    def __init__(
        self,
        name: str,
        speaker: str | None,
        ledger: Ledger,
        whisper: Callable[[Signal], None],
        metrics: Metrics,
        voices: SessionVoices | None = None,
        leaks: Leaks | None = None,
    ) -> None:
        """Speak for the track ``name`` of ``speaker``; ``whisper`` must not block.

        ``voices``: those of the room, if several people speak into it. ``leaks``: what own
        microphones hear of each other, if it is one.
        """
        self.keeper = Keeper(name, ledger, metrics)
        self._name = name
        self._speaker = speaker
        self._ledger = ledger
        self._whisper = whisper
        self._metrics = metrics
        self._final_lag_s = 0.0
        self._lag_told: tuple[bool, float] = (False, float("-inf"))
        """Whether it was behind, and when that was told."""
        self._voices = voices if speaker is None else None
        self._leaks = leaks
        self._health_told: tuple[Health | None, float] = (None, float("-inf"))

    def publish(self, event: LiveEvent, reel: Reel) -> None:
        """Take what the reel's sound was understood as."""
        if isinstance(event, Lag):
            self._metrics.observe_lag(event.kind, event.lag_s)
        elif isinstance(event, Dropped):
            self._metrics.count_drop(event.reason)
        match event:
            case Interim():
                self._whisper(
                    messages.Interim(
                        track=self._name,
                        speaker=self._speaker,
                        start=round(reel.session_s(event.start), 3),
                        committed=event.committed,
                        tentative=event.tentative,
                    )
                )
            case Provisional():
                self._tell_speaker(event, reel)
            case Understood() | Dropped():
                self._keep_final(event, reel)
            case Lag(kind=LagKind.FINAL):
                self._final_lag_s = event.lag_s
                self._tell_lag(reel)
            case Lag():
                pass  # People see the lag of finals.

    def voice_state(self, reel: Reel) -> str | None:
        """Return whether voices are told apart; None: that is nobody's question."""
        return None if self._voices is None else self._voices.health(reel.live.voices).state

    def look(self, now: float, reel: Reel) -> None:
        """Tell of a lag when nothing may have been understood."""
        is_behind = reel.live.is_behind
        was_behind, told = self._lag_told
        if is_behind != was_behind or (is_behind and now - told >= REPEAT_S):
            self._tell_lag(reel)
        if self._voices is not None:
            self._tell_health(self._voices.health(reel.live.voices), now)

    def _keep_final(self, heard: Heard, reel: Reel) -> None:
        name, placed = f"u{secrets.token_hex(6)}", reel.placed(heard.utterance)

        def decide(session: Session, _: float) -> Sequence[Event]:
            events = final_events(session, name, self._name, self._speaker, placed, heard)
            leaks = self._leaks
            return events if leaks is None else leaks.without_duplicate(session, events)

        self.keeper.put(decide)

    def _tell_speaker(self, event: Provisional, reel: Reel) -> None:
        lag_s = seconds(reel.live.position - event.end)
        self._metrics.observe_lag(LagKind.SPEAKER, max(0.0, lag_s))
        self._whisper(
            messages.ProvisionalSpeaker(
                track=self._name,
                voice=event.voice,
                start=round(reel.session_s(event.start), 3),
                confidence=round(event.confidence, 2),
            )
        )

    def _tell_health(self, health: Health, now: float) -> None:
        before, told = self._health_told
        if health == before and now - told < REPEAT_S:
            return
        self._health_told = health, now
        self._whisper(messages.Speakers(track=self._name, state=health.state, reason=health.reason))

    def _tell_lag(self, reel: Reel) -> None:
        is_behind, final_s = reel.live.is_behind, self._final_lag_s
        oldest = reel.live.oldest
        if is_behind and oldest is not None:
            final_s = max(final_s, self._ledger.now() - reel.session_s(oldest.end))
        self._lag_told = is_behind, time.monotonic()
        self._whisper(
            messages.Lag(track=self._name, final_s=round(final_s, 2), is_behind=is_behind)
        )
