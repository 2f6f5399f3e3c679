"""Silero VAD (version 6, ONNX) as a `pipeline.vad.Vad`."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from pipeline.audio import WINDOW, Samples
from pipeline.jobs import EngineError

# The network was exported to take the last 64 samples of the previous window before each window,
# and an LSTM state of 128 (snakers4/silero-vad, src/silero_vad/utils_vad.py).
_CONTEXT = 64
_STATE = (1, 1, 128)


class SileroModel:
    """The network, loaded once and shared by every track: inference sessions are thread-safe."""

    def __init__(self, path: Path) -> None:
        """Load the network.

        Raises:
            EngineError: the file is missing or is no such network.
        """
        options = onnxruntime.SessionOptions()
        # A window costs tens of microseconds: handing it to other threads would cost more.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
            names = {node.name for node in session.get_inputs()}
        except Exception as error:  # onnxruntime's exceptions share no other base class.
            raise EngineError(f"The Silero VAD model {path.name} could not be loaded.") from error
        if names != {"input", "h", "c"}:
            raise EngineError(f"{path.name} is not the Silero VAD model this program knows.")
        self._session: Any = session

    def track(self) -> "SileroVad":
        """Begin to listen to a new track."""
        return SileroVad(self._session)


class SileroVad:
    """Speech probabilities of one track; remembers it between calls."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def __call__(self, windows: Samples) -> NDArray[np.float32]:
        if windows.ndim != 2 or windows.shape[1] != WINDOW:
            raise ValueError(f"windows must have shape (n, {WINDOW}), not {windows.shape}")
        if not len(windows):
            return np.zeros(0, np.float32)
        tails = windows[:, -_CONTEXT:]
        contexts = np.concatenate((self._context[None], tails[:-1]))
        inputs = np.concatenate((contexts, windows), axis=1, dtype=np.float32)
        try:
            probabilities, self._h, self._c = self._session.run(
                None, {"input": inputs, "h": self._h, "c": self._c}
            )
        except Exception as error:  # onnxruntime's exceptions share no other base class.
            raise EngineError("Voice activity could not be computed.") from error
        self._context = tails[-1].copy()
        result: NDArray[np.float32] = probabilities.reshape(-1)
        return result
