"""What a short reading is like, measured: how much is said, how clearly, by how many. Pure."""

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples
from pipeline.speakers.models import Activity

Mask = NDArray[np.bool_]
"""Shape (frames,): what is so in each frame of ``FRAME`` samples."""

FRAME: Final = RATE_HZ // 100
GAP: Final = 25
"""Frames; a shorter pause belongs to the speech around it."""
GUARD: Final = 10
"""Frames beside speech that may still sound of it."""
QUIETEST: Final = 20
"""Percent of the pauses' frames, the quietest, that tell the room's noise: reverberation of the
voice itself stands in the others."""
QUIETEST_OF_ALL: Final = 5
FEWEST: Final = 20
"""Frames of pauses that tell something."""
TINY: Final = 1e-12
"""Mean square of what no microphone hears."""
PIECE_S: Final = 1.5
HOP_S: Final = 0.75
MIN_PIECE_S: Final = 0.8
SMALLEST: Final = 2
"""Pieces of a group."""
ROUNDS: Final = 4
NEAR_PEAK: Final = 0.97
"""Clipped waves stand flat at their highest, whatever they were scaled by afterwards."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """When somebody speaks, and when two do at once."""

    speech: Mask
    overlap: Mask

    @property
    def speech_s(self) -> float:
        return float(self.speech.sum()) * FRAME / RATE_HZ

    @property
    def overlap_s(self) -> float:
        return float(self.overlap.sum()) * FRAME / RATE_HZ


def speaking(sound: Samples, heard: list[tuple[int, Activity]]) -> Speaking:
    """Join what was heard of windows of ``sound``, each from its sample on; later ones win."""
    speech = np.zeros(sound.size // FRAME, np.bool_)
    overlap = np.zeros_like(speech)
    centres = np.arange(speech.size) * FRAME + FRAME // 2
    for start, activity in heard:
        index = ((centres - start) / activity.step).astype(int)
        inside = (centres >= start) & (index < len(activity.speakers))
        count = (activity.speakers > 0.5).sum(axis=1)[index[inside]]
        speech[inside], overlap[inside] = count > 0, count > 1
    return Speaking(speech, overlap)


def said(sound: Samples, speaking: Speaking) -> Samples:
    """Return the speech without its pauses."""
    frames = speaking.speech
    return sound[: frames.size * FRAME].reshape(-1, FRAME)[frames].reshape(-1)


def clipped_share(sound: Samples, speaking: Speaking) -> float:
    """Return the share of the speech's samples that stand at its peak."""
    height = np.abs(said(sound, speaking))
    return float((height >= NEAR_PEAK * height.max()).mean()) if height.any() else 0.0


def snr_db(sound: Samples, speaking: Speaking) -> float:
    """Return how far speech stands above the pauses; infinite without any noise, or speech."""
    if not speaking.speech.any():
        return float("inf")
    power = _power(sound, speaking.speech.size)
    pauses = power[~_widened(speaking.speech, GUARD)]
    if pauses.size < FEWEST:
        # Hardly a pause: the quietest moments between syllables are near enough.
        noise = float(np.percentile(power, QUIETEST_OF_ALL))
    else:
        noise = float(np.percentile(pauses, QUIETEST))
    loud = float(power[speaking.speech].mean()) - noise
    return 10 * float(np.log10(max(loud, TINY) / noise)) if noise > TINY else float("inf")


def pieces(sound: Samples, speaking: Speaking) -> list[Samples]:
    """Cut the stretches of speech into overlapping pieces, none across a pause."""
    length, hop = round(PIECE_S * RATE_HZ), round(HOP_S * RATE_HZ)
    found: list[Samples] = []
    for start, end in stretches(speaking.speech):
        rest = end - start - length
        if end - start < MIN_PIECE_S * RATE_HZ:
            continue
        if rest <= 0:
            found.append(sound[start:end])
            continue
        steps = max(1, round(rest / hop))
        firsts = [start + round(rest * step / steps) for step in range(steps + 1)]
        found.extend(sound[first : first + length] for first in firsts)
    return found


def stretches(speech: Mask) -> list[tuple[int, int]]:
    """Return where speech goes on without a pause, in samples."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], speech, [False]))))
    found: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if found and start - found[-1][1] < GAP:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return [(start * FRAME, end * FRAME) for start, end in found]


@dataclass(frozen=True, slots=True)
class Halves:
    """Pieces in the two groups that differ most.

    Attributes:
        likeness: cosine of the groups' centres.
        gap: how much more alike pieces of one group are than pieces of both, on average.
    """

    likeness: float
    gap: float


def halves(embeddings: NDArray[np.float32]) -> Halves | None:
    """Divide pieces into two groups of two at least; None where there are too few.

    Args:
        embeddings: rows of length 1, in their order.
    """
    count = len(embeddings)
    if count < 2 * SMALLEST:
        return None
    alike = embeddings @ embeddings.T
    group = _divided(embeddings, alike)
    same = group[:, None] == group[None, :]
    pairs = ~np.eye(count, dtype=np.bool_)
    gap = alike[same & pairs].mean() - alike[~same].mean()
    one, other = embeddings[group].sum(axis=0), embeddings[~group].sum(axis=0)
    likeness = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    return Halves(float(likeness), float(gap))


def _divided(embeddings: NDArray[np.float32], alike: NDArray[np.float32]) -> Mask:
    """Return one of two groups: begun with each pair of pieces as their centres, the tightest."""
    best: tuple[float, Mask] | None = None
    for one, other in itertools.combinations(range(len(embeddings)), 2):
        group = alike[one] > alike[other]
        for _ in range(ROUNDS):
            if not SMALLEST <= group.sum() <= group.size - SMALLEST:
                break
            centres = embeddings[group].mean(axis=0), embeddings[~group].mean(axis=0)
            group = embeddings @ _unit(centres[0]) > embeddings @ _unit(centres[1])
        if not SMALLEST <= group.sum() <= group.size - SMALLEST:
            continue
        tight = float(sum(np.linalg.norm(embeddings[of].sum(axis=0)) for of in (group, ~group)))
        if best is None or tight > best[0]:
            best = tight, group
    if best is not None:
        return best[1]
    return np.arange(len(embeddings)) < len(embeddings) // 2  # All alike: any will do.


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return vector / np.float32(max(float(np.linalg.norm(vector)), TINY))


def _power(sound: Samples, frames: int) -> NDArray[np.float32]:
    """Return the mean square around each frame, over three of them."""
    each = np.square(sound[: frames * FRAME].reshape(-1, FRAME)).mean(axis=1)
    return np.convolve(each, np.ones(3, np.float32) / 3, "same")


def _widened(frames: Mask, by: int) -> Mask:
    return np.convolve(frames, np.ones(2 * by + 1), "same") > 0
