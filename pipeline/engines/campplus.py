"""What a voice sounds like, as 192 numbers, by the CAM++ network."""

import importlib.util
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.audio import RATE_HZ, Samples
from pipeline.engines.torch_setup import best_device, kaldi, torch
from pipeline.jobs import Array, EngineError, Job, Result

WEIGHTS = "campplus_cn_en_common.pt"
NETWORK = "camplusplus.py"
SIZE = 192

_MELS = 80
_BATCH = 16
_MIN_SAMPLES = RATE_HZ // 5  # The network pools over time: a shorter piece says nothing.
_MIN_LENGTH = 1e-6


class EmbeddingEngine:
    """A `pipeline.jobs.Engine` for `JobKind.EMBED`.

    ``arrays["0"]``, ``arrays["1"]``... (16 kHz mono, one voice each) are answered with
    ``arrays["embeddings"]``, shape (pieces, 192), rows of length 1.
    """

    def __init__(self, folder: Path, device: str | None = None) -> None:
        """Load the network; the content of its files must have been verified: they are code.

        Raises:
            EngineError: it cannot be loaded.
        """
        self._device = device or best_device()
        try:
            model: Any = _network(folder / NETWORK)(embedding_size=SIZE)
            weights = torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)
            model.load_state_dict(weights)
            self._model = model.to(self._device).eval()
        except Exception as error:  # The libraries' exceptions share no other base class.
            raise EngineError(f"The voice model {folder.name} could not be loaded.") from error

    def run(self, job: Job) -> Result:
        """Embed the job's pieces; see the class."""
        began = time.process_time()
        try:
            pieces = [job.arrays[str(number)] for number in range(len(job.arrays))]
        except KeyError as error:
            raise EngineError(f"{job.kind} job {job.id} has no piece {error}.") from error
        embeddings = self.embed(pieces)
        return Result(
            job=job.id,
            arrays={"embeddings": embeddings},
            cpu_s=time.process_time() - began,
        )

    def embed(self, pieces: Sequence[Samples]) -> Array:
        """Return the voice of each piece; pieces of one length are computed together.

        Raises:
            EngineError: a piece is too short or is no sound, or the network fails.
        """
        if any(piece.size < _MIN_SAMPLES for piece in pieces):
            raise EngineError("A voice cannot be told from less than 0.2 s.")
        alike = defaultdict(list)
        for number, piece in enumerate(pieces):
            alike[piece.size].append(number)
        embeddings = np.zeros((len(pieces), SIZE), np.float32)
        try:
            for numbers in alike.values():
                for first in range(0, len(numbers), _BATCH):
                    batch = numbers[first : first + _BATCH]
                    embeddings[batch] = self._embed([pieces[number] for number in batch])
        except Exception as error:  # torch's exceptions share no other base class.
            raise EngineError("A voice could not be computed.") from error
        if not np.isfinite(embeddings).all():
            raise EngineError("A voice could not be computed: the sound holds no numbers.")
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        found: Array = embeddings / np.maximum(lengths, _MIN_LENGTH)
        return found

    def _embed(self, pieces: Sequence[Samples]) -> Array:
        with torch.inference_mode():
            features = torch.stack([self._features(piece) for piece in pieces])
            found: Array = self._model(features).cpu().numpy()
        return found

    def _features(self, piece: Samples) -> Any:
        """Return the log-mel filterbank with each band's mean taken away, as in training."""
        wave = torch.tensor(piece, device=self._device)[None]
        bank = kaldi.fbank(wave, num_mel_bins=_MELS, sample_frequency=RATE_HZ, dither=0.0)
        return bank - bank.mean(0, keepdim=True)


def _network(path: Path) -> Any:
    """Return the network's class from its authors' file.

    The network is a file of the model, pinned and verified like the weights, because the only
    package that has it would bring libraries of half a gigabyte that nothing here uses.
    """
    spec = importlib.util.spec_from_file_location("campplus_network", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CAMPPlus
