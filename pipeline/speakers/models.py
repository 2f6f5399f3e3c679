"""What telling voices apart asks of models, wherever they run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import Samples

EMBEDDING_SIZE: Final = 192

Embedding = NDArray[np.float32]
"""Shape (192,), of length 1; the cosine of two says how alike two voices are."""


@dataclass(frozen=True, slots=True)
class Activity:
    """Who speaks when within a short stretch of sound.

    Attributes:
        speakers: shape (frames, 3), 0 or 1: whether each of up to three local speakers speaks;
            which is which holds within this stretch only.
        step: samples between frames, not a whole number.
    """

    speakers: NDArray[np.float32]
    step: float


class VoiceModels(Protocol):
    """The two models, each call one job."""

    async def activity(self, sound: Samples) -> Activity:
        """Hear who speaks when in up to 10 s of ``sound`` (16 kHz mono).

        Raises:
            EngineError: the model failed or is missing.
        """
        ...

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        """Return the voice of each piece, shape (pieces, 192), rows of length 1.

        Args:
            pieces: 0.4 to 10 s of one voice each.

        Raises:
            EngineError: the model failed or is missing.
        """
        ...
