"""What an own microphone heard of others is taken out before anybody understands it."""

from dataclasses import dataclass
from typing import Protocol

from pipeline.audio import Samples
from pipeline.endpointing import Span

LEAKAGE = "leakage"
"""Why an utterance has no words: all of it was somebody else's, heard from afar."""


@dataclass(frozen=True, slots=True)
class Screened:
    """Sound of which only one's own speech is left.

    Attributes:
        samples: as long as what was screened, others' speech silenced; None: nothing is left.
        suppressed: the silenced stretches, samples of the track.
    """

    samples: Samples | None
    suppressed: tuple[Span, ...] = ()


class Screen(Protocol):
    """Tells one's own speech from what a microphone hears of others."""

    async def __call__(self, start: int, samples: Samples, *, is_final: bool) -> Screened:
        """Take out what is not one's own; never raises, and when in doubt keeps.

        Args:
            start: sample of the track at which ``samples`` begin.
            samples: 16 kHz mono, at most the last minute.
            is_final: whether there is time to ask a model where energies leave doubt.
        """
        ...
