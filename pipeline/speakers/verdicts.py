"""Own speech or others': from how far each frame exceeds what others' speech explains."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.endpointing import Span
from pipeline.speakers.envelopes import FRAME, Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictConfig:
    """What counts as one's own; levels in dB, durations in frames of 10 ms.

    Attributes:
        voiced_db: above its own noise, from which on a frame says whose it is.
        own_db: beyond what others' speech explains: one's own.
        scale_db: so much more or less than that counts one.
        certain: what one frame counts at most.
        change: cost of each change between own and others' speech.
        pad: kept around one's own speech, where quiet consonants are.
        doubt: mean count of a stretch below which a voice that is known may decide.
    """

    voiced_db: float = 8.0
    own_db: float = 4.0
    scale_db: float = 3.0
    certain: float = 4.0
    change: float = 16.0
    pad: int = 12
    doubt: float = 1.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples ``start`` to ``end`` of what was judged.

    Attributes:
        is_own: whether its own person spoke, as energies say.
        is_doubtful: whether energies say it only weakly.
        other: whose microphone should have heard it; None: nobody else's.
    """

    start: int
    end: int
    is_own: bool
    is_doubtful: bool = False
    other: str | None = None

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


def verdicts(
    here: Levels, noise_db: float, arriving: dict[str, Levels], config: VerdictConfig
) -> tuple[Stretch, ...]:
    """Cut what a microphone heard into own and others' speech.

    Args:
        here: its levels.
        noise_db: its level while nobody speaks.
        arriving: how loud each other person's speech should be there; at least one.
        config: what counts as own.
    """
    names, others = list(arriving), np.stack(list(arriving.values()))
    loudest = others.argmax(axis=0)
    scores = _scores(here, others.max(axis=0), noise_db, config)
    course = _padded(_decided(scores, config.change), config.pad)
    stretches = []
    for begin, end in _runs(course):
        said = scores[begin:end][scores[begin:end] != 0]
        other = int(np.bincount(loudest[begin:end]).argmax())
        stretches.append(
            Stretch(
                begin * FRAME,
                end * FRAME,
                bool(course[begin]),
                bool(said.size and abs(said.mean()) < config.doubt),
                names[other],
            )
        )
    return tuple(stretches)


def _scores(
    here: Levels, others: Levels, noise_db: float, config: VerdictConfig
) -> NDArray[np.float32]:
    """Count for (positive) and against each frame's being own speech; 0: it says nothing."""
    beyond = here - np.maximum(others, noise_db)
    counts = np.clip((beyond - config.own_db) / config.scale_db, -config.certain, config.certain)
    found: NDArray[np.float32] = np.where(here > noise_db + config.voiced_db, counts, 0.0)
    return found


def _decided(scores: NDArray[np.float32], change: float) -> NDArray[np.bool_]:
    """Return the likeliest course of own (True) and others' speech, by Viterbi's algorithm."""
    own = others = 0.0
    came_over: list[tuple[bool, bool]] = []
    for score in scores.tolist():
        came_over.append((own - change > others, others - change > own))
        own, others = max(own, others - change) + score, max(others, own - change) - score
    course = np.zeros(scores.size, np.bool_)
    is_own = own >= others
    for place in range(scores.size - 1, -1, -1):
        course[place] = is_own
        if came_over[place][is_own]:
            is_own = not is_own
    return course


def _padded(is_own: NDArray[np.bool_], pad: int) -> NDArray[np.bool_]:
    around = np.convolve(is_own, np.ones(2 * pad + 1))[pad : pad + is_own.size]
    found: NDArray[np.bool_] = around > 0.5
    return found


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where stretches of equal flags begin and end."""
    edges = [0, *(np.flatnonzero(np.diff(flags)) + 1).tolist(), flags.size]
    return list(zip(edges[:-1], edges[1:], strict=True))
