"""Several microphones as one stream of Opus packets."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from pipeline.audio import Samples
from server.media.opus_encoder import Encoder
from server.mixing.limiter import Limiter

AFTERMATH: Final = 3
"""Blocks of silence that are encoded before sending pauses: limiter and encoder come to rest."""


class Blend:
    """The limiter and the encoder of whoever hears the same; each packet builds on those before."""

    def __init__(self, rate_hz: int) -> None:
        """Start with silence.

        Raises:
            OpusMissing: there is no libopus.
        """
        self._silence: Samples = np.zeros(rate_hz // 50, np.float32)
        self._limiter = Limiter(rate_hz)
        self._encoder = Encoder(rate_hz)
        self._quiet = 0

    def fork(self) -> "Blend":
        """Return another that goes on from here: a decoder that followed this one follows both."""
        twin = object.__new__(Blend)
        twin._silence, twin._quiet = self._silence, self._quiet
        twin._limiter = self._limiter.fork()
        twin._encoder = self._encoder.fork()
        return twin

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing was heard for so long that a ready-made packet says the same."""
        return self._quiet >= AFTERMATH

    def expect_loss(self, share: float) -> None:
        """See ``Encoder.expect_loss``."""
        self._encoder.expect_loss(share)

    def push(self, blocks: Iterable[Samples]) -> bytes:
        """Return the packet of the next 20 ms, in which all ``blocks`` are heard together."""
        total = sum_of(blocks)
        self._quiet = self._quiet + 1 if total is None else 0
        return self._encoder.encode(self._limiter.push(self._silence if total is None else total))


def sum_of(blocks: Iterable[Samples]) -> Samples | None:
    """Add blocks up; None without any.

    Nobody's own voice is ever added, so it need not be subtracted: what is left of it is nothing.
    """
    total: Samples | None = None
    is_own = False
    for block in blocks:
        if total is None:
            total = block
        elif is_own:
            total += block
        else:
            total, is_own = total + block, True
    return total
