"""Who speaks when in a whole recording, by a pipeline of pyannote."""

import time
from pathlib import Path
from typing import Any, Self

import numpy as np

from pipeline.audio import RATE_HZ, Samples
from pipeline.engines.torch_setup import Pipeline, best_device, quiet, torch
from pipeline.jobs import Array, EngineError, Job, Result


class DiarizationEngine:
    """A `pipeline.jobs.Engine` for `JobKind.DIARIZE`.

    ``arrays["sound"]`` (16 kHz mono, of any length) is answered with ``arrays["turns"]``, shape
    (turns, 3): start and end in seconds, and the number of the speaker, in order of the starts.
    Turns overlap where people do. ``params["speakers"]``: there are at most so many.
    """

    def __init__(self, pipeline: Any) -> None:
        """Ask ``pipeline``, a ``pyannote.audio.Pipeline`` for diarization."""
        self._pipeline = pipeline

    @classmethod
    def load(cls, folder: Path, device: str | None = None) -> Self:
        """Load a pipeline's folder, whose content must have been verified: it holds pickles.

        Raises:
            EngineError: it cannot be loaded.
        """
        try:
            with quiet():
                pipeline: Any = Pipeline.from_pretrained(folder)
            pipeline.to(torch.device(device or best_device()))
        except Exception as error:  # The libraries' exceptions share no other base class.
            raise EngineError(f"The pipeline {folder.name} could not be loaded.") from error
        return cls(pipeline)

    def run(self, job: Job) -> Result:
        """Tell the speakers of a recording apart; see the class."""
        if "sound" not in job.arrays:
            raise EngineError(f"{job.kind} job {job.id} has no sound.")
        began = time.process_time()
        most = job.params.get("speakers")
        turns = self.turns(job.arrays["sound"], int(most) if most else None)
        cpu_s = time.process_time() - began
        return Result(job=job.id, arrays={"turns": turns}, cpu_s=cpu_s)

    def turns(self, sound: Samples, most: int | None = None) -> Array:
        """Return the turns, see the class.

        Raises:
            EngineError: the pipeline fails.
        """
        waves = {"waveform": torch.tensor(sound)[None], "sample_rate": RATE_HZ, "uri": "sound"}
        try:
            with quiet():
                found: Any = self._pipeline(waves, max_speakers=most)
        except Exception as error:  # The libraries' exceptions share no other base class.
            raise EngineError("Speakers of a recording could not be told apart.") from error
        # Pipelines of versions before 4 return the bare annotation.
        annotation = getattr(found, "speaker_diarization", found)
        numbers = {label: number for number, label in enumerate(annotation.labels())}
        rows = [
            (turn.start, turn.end, numbers[label])
            for turn, _, label in annotation.itertracks(yield_label=True)
        ]
        return np.array(sorted(rows), np.float32).reshape(-1, 3)
