"""When an utterance begins and ends, decided from speech probabilities alone."""

import enum
from collections import deque
from dataclasses import dataclass
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, WINDOW, Samples


@dataclass(frozen=True, slots=True)
class EndpointingConfig:
    """What counts as speech and how long silence must last; durations act in whole VAD windows.

    Attributes:
        start_p: a window at least this likely to be speech begins or resumes an utterance.
        end_p: a window less likely than this is silence; in between nothing changes.
        min_speech_s: shorter bursts (clicks) are no utterance.
        pause_s: silence after which the final decode may start on a guess.
        endpoint_silence_s: silence that ends the utterance.
        pre_roll_s: kept before the first speech window, where quiet consonants hide.
        post_roll_s: kept after the last speech window; at most ``pause_s``, so that a guessed
            final decode sees exactly the samples of the final span.
        max_s: longest span, padding included (Whisper hears 30 s at a time).
        cut_search_s: the end of a too long utterance in which the quietest place is sought.
        cut_quiet_s: how long that quiet place is.
    """

    start_p: float = 0.5
    end_p: float = 0.35
    min_speech_s: float = 0.1
    pause_s: float = 0.3
    endpoint_silence_s: float = 0.7
    pre_roll_s: float = 0.3
    post_roll_s: float = 0.25
    max_s: float = 28.0
    cut_search_s: float = 3.0
    cut_quiet_s: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.end_p <= self.start_p <= 1:
            raise ValueError("thresholds must satisfy 0 < end_p <= start_p <= 1")
        if not 0 <= self.post_roll_s <= self.pause_s:
            raise ValueError("post_roll_s must lie between 0 and pause_s")
        if not 0 < self.cut_quiet_s <= self.cut_search_s < self.max_s - self.pre_roll_s:
            raise ValueError("cut_quiet_s <= cut_search_s < max_s - pre_roll_s must hold")


@dataclass(frozen=True, slots=True)
class Span:
    """Samples ``start`` to ``end`` (exclusive), counted from the first window pushed."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Started:
    """Speech is certain; the utterance began at sample ``start``, padding included."""

    start: int


@dataclass(frozen=True, slots=True)
class Paused:
    """Silence for ``pause_s``: unless speech resumes, ``span`` will be the utterance."""

    span: Span


@dataclass(frozen=True, slots=True)
class Resumed:
    """Speech went on after `Paused`, whose span is void."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance is ``span``; ``is_forced``: by its length, the speaker may go on."""

    span: Span
    is_forced: bool


SpeechEvent: TypeAlias = Started | Paused | Resumed | Ended


class SpeechState(enum.Enum):
    """Where we are relative to an utterance.

    SILENT -> STARTING -> SPEAKING -> ENDING -> SILENT
    STARTING falls back to SILENT (too short); ENDING returns to SPEAKING (a pause).
    SPEAKING and ENDING begin the next utterance in the same state when the present one is cut
    for its length, or fall to SILENT when no speech follows the cut.
    """

    SILENT = enum.auto()
    STARTING = enum.auto()
    SPEAKING = enum.auto()
    ENDING = enum.auto()


def energies(windows: Samples) -> NDArray[np.float32]:
    """Mean square of each window: what `Endpointer.push` compares to find a quiet place to cut.

    Args:
        windows: shape (n, WINDOW).
    """
    means: NDArray[np.float32] = np.mean(windows * windows, axis=1, dtype=np.float32)
    return means


class Endpointer:
    """Folds the windows of one track into utterances; the only clock is their number.

    Spans are ordered, disjoint and at most ``max_s`` long. For each utterance the events are
    ``Started (Paused Resumed)* [Paused] Ended``, and a `Paused` that is not resumed carries the
    span of its `Ended`.
    """

    def __init__(self, config: EndpointingConfig | None = None) -> None:
        self._config = config or EndpointingConfig()
        self.endpoint_silence_s = self._config.endpoint_silence_s
        """May be changed at any time: somebody who thinks before answering needs longer."""
        self._state = SpeechState.SILENT
        # All positions count windows; _now is the number of windows pushed.
        self._now = 0
        self._free = 0  # end of the last span: the next one starts here or later
        self._onset = 0  # first speech window of the utterance
        self._start = 0  # first window of the utterance's span, padding included
        self._speech_end = 0  # end of its last speech window
        self._energies: deque[float] = deque(maxlen=_windows(self._config.cut_search_s))

    @property
    def state(self) -> SpeechState:
        return self._state

    @property
    def speech_end(self) -> int:
        """Sample at which the latest speech ended, so far; padding follows it in a span."""
        return self._speech_end * WINDOW

    def push(self, probability: float, energy: float) -> tuple[SpeechEvent, ...]:
        """Take the next window and return what it decided, mostly nothing.

        Args:
            probability: how likely the window holds speech.
            energy: its mean square, see `energies`.
        """
        self._now += 1
        self._energies.append(energy)
        return self._step(probability) + self._limit()

    def flush(self) -> tuple[SpeechEvent, ...]:
        """Close an open utterance as the stream ends; pushing may go on afterwards."""
        match self._state:
            case SpeechState.SPEAKING | SpeechState.ENDING:
                return (self._end(self._span(), is_forced=False),)
            case SpeechState.SILENT | SpeechState.STARTING:
                self._state = SpeechState.SILENT
                return ()
            case _:
                assert_never(self._state)

    def _step(self, probability: float) -> tuple[SpeechEvent, ...]:
        begins = probability >= self._config.start_p
        lasts = probability >= self._config.end_p
        match self._state:
            case SpeechState.SILENT:
                return self._open(self._now - 1) if begins else ()
            case SpeechState.STARTING:
                if lasts:
                    return self._open(self._onset)
                self._state = SpeechState.SILENT
                return ()
            case SpeechState.SPEAKING:
                if lasts:
                    self._speech_end = self._now
                    return ()
                self._state = SpeechState.ENDING
                return self._wait()
            case SpeechState.ENDING:
                return self._resume() if begins else self._wait()
            case _:
                assert_never(self._state)

    def _open(self, onset: int) -> tuple[SpeechEvent, ...]:
        """Speech since window ``onset``: an utterance once it has lasted long enough."""
        self._onset = onset
        if self._now - onset < _windows(self._config.min_speech_s):
            self._state = SpeechState.STARTING
            return ()
        self._start = max(self._free, onset - _windows(self._config.pre_roll_s))
        self._speech_end = self._now
        self._state = SpeechState.SPEAKING
        return (Started(self._start * WINDOW),)

    def _wait(self) -> tuple[SpeechEvent, ...]:
        """Another window of silence inside the utterance."""
        silence = self._now - self._speech_end
        if silence >= _windows(self.endpoint_silence_s):
            return (self._end(self._span(), is_forced=False),)
        if silence == _windows(self._config.pause_s):
            return (Paused(self._span()),)
        return ()

    def _resume(self) -> tuple[SpeechEvent, ...]:
        has_paused = self._now - 1 - self._speech_end >= _windows(self._config.pause_s)
        self._speech_end = self._now
        self._state = SpeechState.SPEAKING
        return (Resumed(),) if has_paused else ()

    def _limit(self) -> tuple[SpeechEvent, ...]:
        """End the utterance before its span would become too long."""
        is_open = self._state in (SpeechState.SPEAKING, SpeechState.ENDING)
        if not is_open or self._now - self._start < int(self._config.max_s * RATE_HZ / WINDOW):
            return ()
        if self._now - self._speech_end >= _windows(self._config.pause_s):
            return (self._end(self._span(), is_forced=True),)
        cut = self._quietest()
        state, speech_end = self._state, self._speech_end
        ended = self._end(Span(self._start * WINDOW, cut * WINDOW), is_forced=True)
        if speech_end <= cut:
            return (ended,)
        self._state, self._start, self._onset = state, cut, cut
        return (ended, Started(cut * WINDOW))

    def _quietest(self) -> int:
        """The middle of the latest quietest ``cut_quiet_s`` among the windows just heard."""
        width = _windows(self._config.cut_quiet_s)
        sums = np.convolve(np.array(self._energies), np.ones(width), "valid")
        quietest = sums.size - 1 - int(np.argmin(sums[::-1]))
        return self._now - len(self._energies) + quietest + width // 2

    def _span(self) -> Span:
        end = min(self._now, self._speech_end + _windows(self._config.post_roll_s))
        return Span(self._start * WINDOW, end * WINDOW)

    def _end(self, span: Span, *, is_forced: bool) -> Ended:
        self._state = SpeechState.SILENT
        self._free = span.end // WINDOW
        return Ended(span, is_forced)


def _windows(duration_s: float) -> int:
    """The nearest number of windows, at least one unless the duration is zero."""
    return max(round(duration_s * RATE_HZ / WINDOW), 1 if duration_s > 0 else 0)
