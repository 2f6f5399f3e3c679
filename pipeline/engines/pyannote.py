"""Who speaks when within some seconds of sound, by pyannote's segmentation network."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import Samples, seconds
from pipeline.engines.torch_setup import Model, Powerset, best_device, quiet, torch
from pipeline.jobs import Array, EngineError, Job, Result

MAX_S = 10.0
"""What the network was trained on; it hears longer sound badly."""

MIN_SAMPLES = 1_600
"""Its convolutions need some sound; shorter sound is followed by silence."""


class SegmentationEngine:
    """A `pipeline.jobs.Engine` for `JobKind.ACTIVITY`.

    ``arrays["sound"]`` (16 kHz mono, up to 10 s) is answered with ``arrays["speakers"]``, shape
    (frames, 3), 0 or 1, and ``values["step"]``, samples from one frame to the next.
    """

    def __init__(self, path: Path, device: str | None = None) -> None:
        """Load the checkpoint, whose content must have been verified: it is a pickle.

        Raises:
            EngineError: it cannot be loaded.
        """
        self._device = device or best_device()
        try:
            with quiet():
                model: Any = Model.from_pretrained(path, map_location=self._device)
            self._model = model.to(self._device).eval()
            self._powerset = Powerset(3, 2).to(self._device)
        except Exception as error:  # The libraries' exceptions share no other base class.
            raise EngineError(
                f"The voice activity model {path.name} could not be loaded."
            ) from error

    def run(self, job: Job) -> Result:
        """Hear who speaks when; see the class."""
        if "sound" not in job.arrays:
            raise EngineError(f"{job.kind} job {job.id} has no sound.")
        began = time.process_time()
        speakers, step = self.speakers(job.arrays["sound"])
        return Result(
            job=job.id,
            values={"step": step},
            arrays={"speakers": speakers},
            cpu_s=time.process_time() - began,
        )

    def speakers(self, sound: Samples) -> tuple[Array, float]:
        """Return the speakers of each frame and the samples from one frame to the next.

        Raises:
            EngineError: the sound is too long or the network fails.
        """
        if seconds(sound.size) > MAX_S:
            raise EngineError(
                f"Voices are told apart in at most {MAX_S:.0f} s, not {seconds(sound.size):.1f} s."
            )
        padded = np.pad(sound, (0, max(0, MIN_SAMPLES - sound.size)))
        try:
            with torch.inference_mode():
                waves = torch.tensor(padded, device=self._device)[None, None]
                found = self._powerset.to_multilabel(self._model(waves))[0]
                speakers: Array = found.cpu().numpy().astype(np.float32)
        except Exception as error:  # torch's exceptions share no other base class.
            raise EngineError("Who speaks when could not be computed.") from error
        step = padded.size / len(speakers)
        return speakers[: round(sound.size / step)], step
