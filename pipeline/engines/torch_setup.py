"""Imports torch and pyannote the way this program needs them; only engines import this module.

- One thread for each job, as everywhere (docs/findings.md).
- No network: pyannote reports about its use and fetches models unless it is told not to.
- Little memory. oneDNN keeps what it has compiled for every length of sound that it met, 0.7 GB
  after a hundred lengths; a small cache costs no time that can be measured (docs/findings.md).
- torchaudio without its native library. The index has a CUDA build of it only, which does not
  load beside a torch for CPUs, nor beside one for another CUDA; features and models need none of
  it. To be deleted once importing torchaudio survives a library that does not load.
- pyannote without torchcodec, which reads files: sound comes here as samples. Its absence is
  meant, so the warning about it is dropped.
"""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "32"  # Read when torch is loaded.

import torch

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
os.environ["OTEL_SDK_DISABLED"] = "true"
os.environ["HF_HUB_OFFLINE"] = "1"
torch.set_num_threads(1)


@contextmanager
def quiet() -> Iterator[None]:
    """Drop what libraries warn about when they meet files that are older than they are."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _without_native_torchaudio() -> Iterator[None]:
    """Hide torchaudio's own libraries; it looks for them with ``Path.glob`` while imported."""
    glob = Path.glob

    def hiding(self: Path, *args: Any, **options: Any) -> Iterator[Path]:
        is_hidden = self.parts[-2:] == ("torchaudio", "lib")
        return iter(()) if is_hidden else iter(glob(self, *args, **options))

    Path.glob = hiding  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Path.glob = glob  # type: ignore[method-assign]


with _without_native_torchaudio(), quiet():
    import torchaudio.compliance.kaldi as kaldi
    from pyannote.audio import Model, Pipeline
    from pyannote.audio.utils.powerset import Powerset


def best_device() -> str:
    """Return ``cuda`` where a GPU can be used, else ``cpu``."""
    return "cuda" if torch.cuda.is_available() else "cpu"


__all__ = ["Model", "Pipeline", "Powerset", "best_device", "kaldi", "quiet", "torch"]
