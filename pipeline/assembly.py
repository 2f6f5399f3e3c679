"""Puts engines, stages and worker processes together; the server asks here for its ears."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from pipeline.endpointing import Endpointer, EndpointingConfig
from pipeline.engines.silero import SileroModel
from pipeline.models import Registry
from pipeline.runner import Segmenter

APPLICANT_SILENCE_S = 0.9
"""Somebody who thinks before going on is not finished (docs/findings.md: 0.9-1.0 s)."""

SOUND_THREADS = 4
"""Threads that decode and listen: enough that one long recording holds nobody up."""


@dataclass(frozen=True, slots=True)
class Ears:
    """The listening models of this process, shared by all rooms, and the threads they run in."""

    vad: SileroModel
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(SOUND_THREADS, "sound")
    )

    @classmethod
    def load(cls, registry: Registry) -> "Ears":
        """Load the voice activity model; blocking.

        Raises:
            EngineError: a model is missing or damaged; says what to do.
        """
        return cls(SileroModel(registry.path("silero-vad")))

    def segmenter(self, *, is_applicant: bool = False) -> Segmenter:
        """Return the listening part for one recording or one live track."""
        config = EndpointingConfig()
        if is_applicant:
            config = EndpointingConfig(endpoint_silence_s=APPLICANT_SILENCE_S)
        return Segmenter(self.vad.track(), Endpointer(config))

    def close(self) -> None:
        self.threads.shutdown(cancel_futures=True)
