"""The voice model behind the generated clips: Kokoro-82M, int8, through onnxruntime.

It was trained on other languages than Korean and is given IPA, so its Korean has an accent that
whisper-base nevertheless understands (docs/findings.md).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import av
import msgspec
import numpy as np
import onnxruntime as ort

from pipeline.audio import RATE_HZ, Samples

MODEL_RATE_HZ: Final = 24_000
"""The model card's sample rate."""


@dataclass(frozen=True, slots=True)
class VoiceFiles:
    """Where the voice model lies.

    Attributes:
        network: the ONNX graph.
        symbols: JSON whose "vocab" maps each IPA symbol to its token.
        styles: npz with one array per voice, shape (longest text in tokens, 1, 256).
    """

    network: Path
    symbols: Path
    styles: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """The files under the names the model registry gives them."""
        return cls(folder / "kokoro.onnx", folder / "vocab.json", folder / "voices_ja.npz")


class _Symbols(msgspec.Struct, frozen=True):
    """The part of vocab.json that is used."""

    vocab: dict[str, int]


class KokoroVoices:
    """Speaks IPA in several voices; the same input gives the same samples."""

    def __init__(self, files: VoiceFiles) -> None:
        options = ort.SessionOptions()
        # Sums over several threads depend on how many there are; one thread is reproducible.
        options.intra_op_num_threads = 1
        self._network = ort.InferenceSession(
            files.network, options, providers=["CPUExecutionProvider"]
        )
        self._tokens = msgspec.json.decode(files.symbols.read_bytes(), type=_Symbols).vocab
        with np.load(files.styles) as styles:
            self._styles = {voice: styles[voice] for voice in styles.files}

    @property
    def voices(self) -> tuple[str, ...]:
        return tuple(self._styles)

    def speak(self, ipa: str, voice: str, speed: float = 1.0) -> Samples:
        """Synthesise one sentence; below 1.0 ``speed`` is slower.

        Returns:
            Shape (n,), float32, 16 kHz mono; peaks may exceed 1.

        Raises:
            KeyError: no such voice, or a symbol the model does not know.
            ValueError: the sentence is longer than the model can speak at once.
        """
        tokens = [self._tokens[symbol] for symbol in ipa]
        styles = self._styles[voice]
        if not 0 < len(tokens) <= len(styles):
            raise ValueError(f"{len(tokens)} symbols; the model speaks 1 to {len(styles)} at once")
        (spoken,) = self._network.run(
            None,
            {
                # Token 0 marks both ends; the style depends on how long the sentence is.
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": styles[len(tokens) - 1].astype(np.float32),
                "speed": np.array([speed], np.float32),
            },
        )
        return _resampled(np.asarray(spoken, np.float32).ravel())


def _resampled(spoken: Samples) -> Samples:
    """Bring the model's rate to ours, low-passed by FFmpeg's resampler."""
    frame = av.AudioFrame.from_ndarray(spoken.reshape(1, -1), format="flt", layout="mono")
    frame.sample_rate = MODEL_RATE_HZ
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([part.to_ndarray().ravel() for part in frames], dtype=np.float32)
