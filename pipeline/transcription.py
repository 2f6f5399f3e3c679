"""Words from speech, and the guards that keep invented words out of the record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from pipeline.audio import Samples


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; times in seconds from the start of the utterance."""

    start: float
    end: float
    text: str
    p: float


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a transcriber heard in one utterance, with the evidence the guards need."""

    words: tuple[Word, ...]
    text: str
    avg_logprob: float
    no_speech_p: float
    compression_ratio: float

    @property
    def text_confidence(self) -> float:
        """Mean word probability in [0, 1]; 0 without words."""
        return sum(word.p for word in self.words) / len(self.words) if self.words else 0.0


class Transcriber(Protocol):
    """Turns one utterance into words."""

    async def __call__(self, samples: Samples) -> Transcript:
        """Transcribe ``samples`` (shape (n,), at most 30 s).

        Raises:
            EngineError: the model could not be run.
        """
        ...


def transcript_to_values(transcript: Transcript) -> dict[str, Any]:
    """Return ``transcript`` as plain data for `pipeline.jobs.Result.values`."""
    values: dict[str, Any] = msgspec.to_builtins(transcript)
    return values


def transcript_from_values(values: Mapping[str, Any]) -> Transcript:
    """Rebuild what `transcript_to_values` made plain.

    Raises:
        ValueError: ``values`` describe no transcript.
    """
    return msgspec.convert(values, Transcript)
