"""The way of a recording through VAD, endpointing, transcription and guards, without a server."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.audio import Samples, WindowCutter, seconds
from pipeline.endpointing import Ended, Endpointer, EndpointingConfig, Span, energies
from pipeline.engines.silero import SileroModel
from pipeline.engines.whisper import DecodeOptions, WhisperEngine
from pipeline.guards import DropReason, objection
from pipeline.models import Registry
from pipeline.transcription import Transcript


@dataclass(frozen=True, slots=True)
class Heard:
    """One utterance; ``dropped``: why a guard refused it."""

    span: Span
    transcript: Transcript
    dropped: DropReason | None


class Ears:
    """Loaded models and the settings the live pipeline uses by default."""

    def __init__(self, model_dir: Path, config: EndpointingConfig | None = None) -> None:
        self._silero = SileroModel(Registry.default().path("silero-vad"))
        self.whisper = WhisperEngine(model_dir)
        self.config = config or EndpointingConfig()

    def spans(self, recording: Samples) -> Iterator[Span]:
        """Yield every utterance's samples as (start, end)."""
        cutter = WindowCutter()
        windows = np.concatenate((cutter.push(recording), cutter.flush()))
        endpointer = Endpointer(self.config)
        probabilities = self._silero.track()(windows)
        for probability, energy in zip(probabilities, energies(windows), strict=True):
            yield from _ended(endpointer.push(float(probability), float(energy)))
        yield from _ended(endpointer.flush())

    def listen(self, recording: Samples) -> list[Heard]:
        heard = []
        for span in self.spans(recording):
            samples = recording[span.start : span.end]
            transcript = self.whisper.transcribe(samples, DecodeOptions())
            heard.append(Heard(span, transcript, objection(transcript, seconds(samples.size))))
        return heard


def _ended(events: tuple[object, ...]) -> Iterator[Span]:
    return (event.span for event in events if isinstance(event, Ended))


class CpuClock:
    """Counts CPU seconds of this process since it was made."""

    def __init__(self) -> None:
        self._began = time.process_time()

    @property
    def cpu_s(self) -> float:
        return time.process_time() - self._began
