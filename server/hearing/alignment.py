"""Where a known stretch of sound lies in another recording of it. Pure; costs milliseconds.

One was encoded, sent and decoded, the other never left its page, so they are alike but not the
same; and the page's clock says only roughly where to look.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import Samples, samples

MIN_OVERLAP_S = 0.25
"""Less of a voice resembles too many other places."""
MIN_SCORE = 0.6
"""Measured: speech through Opus scores 0.85 and more, other places never this much."""
AUDIBLE_DBFS = -60.0
"""Sound below this, once its hum is gone, is noise that no codec keeps as it was."""
ALIKE = 0.02
"""Scores that close say nothing: a steady tone fits in every period, and the nearest is taken."""


@dataclass(frozen=True, slots=True)
class Match:
    """The pattern begins at sample ``at`` of the sound, or before it; ``score``: 0 to 1."""

    at: int
    score: float


def find(pattern: Samples, sound: Samples, expected: int, reach: int) -> Match | None:
    """Return where ``pattern`` begins in ``sound``; None if that cannot be heard.

    Args:
        pattern: what to look for.
        sound: where; the pattern may begin before it or end after it.
        expected: where the pattern is believed to begin, in samples of ``sound``.
        reach: how far from there to look, either way.
    """
    if not pattern.size:
        return None
    first = expected - reach
    window = _window(sound, first, pattern.size + 2 * reach)
    inside = _inside(sound.size, first, window.size)
    if inside[1] - inside[0] < samples(MIN_OVERLAP_S):
        return None
    changes = _changes(window)
    changes[list(inside)] = 0.0  # Where sound begins or ends beside nothing.
    scores = _scores(_changes(pattern)[:-1], changes[:-1], inside)
    best = float(scores.max())
    if best < MIN_SCORE:
        return None
    at = _nearest_peak(scores, best, reach)
    return Match(first + at, best)


def _window(sound: Samples, first: int, size: int) -> Samples:
    """Return ``size`` samples from ``first`` on, silence where there are none."""
    window = np.zeros(size, np.float32)
    start, end = max(0, first), min(sound.size, first + size)
    if start < end:
        window[start - first : end - first] = sound[start:end]
    return window


def _inside(size: int, first: int, width: int) -> tuple[int, int]:
    """Return from where to where a window of ``width`` from ``first`` on has real sound."""
    start = min(max(0, -first), width)
    return start, max(start, min(width, size - first))


def _changes(sound: Samples) -> NDArray[np.float64]:
    """Return by how much each sample differs from the one before, and a last 0.

    Direct current is gone then, and hum nearly: they fit everywhere and prove nothing.
    """
    return np.diff(sound.astype(np.float64), prepend=sound[:1], append=sound[-1:])


def _scores(
    known: NDArray[np.float64], window: NDArray[np.float64], inside: tuple[int, int]
) -> NDArray[np.float64]:
    """Return how alike both are where they overlap, for every place; 0 where nobody can tell."""
    lags = np.arange(window.size - known.size + 1)
    size = 1 << (window.size - 1).bit_length()
    spectrum = np.fft.rfft(window, size) * np.conj(np.fft.rfft(known, size))
    products = np.fft.irfft(spectrum, size)[: lags.size]
    # What of the pattern lies on real sound, by place.
    start = np.clip(inside[0] - lags, 0, known.size)
    end = np.clip(inside[1] - lags, start, known.size)
    energy = _between(known, start, end)
    other = _between(window, lags + start, lags + end)
    overlap = end - start
    floor = overlap * 10 ** (AUDIBLE_DBFS / 10)
    is_telling = (overlap >= samples(MIN_OVERLAP_S)) & (energy > floor) & (other > floor)
    scale = np.sqrt(np.maximum(energy * other, 1e-20))
    return np.where(is_telling, products / scale, 0.0)


def _between(
    sound: NDArray[np.float64], start: NDArray[np.int64], end: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the energy of every stretch."""
    sums = np.concatenate(([0.0], np.cumsum(sound * sound)))
    return np.asarray(sums[end] - sums[start])


def _nearest_peak(scores: NDArray[np.float64], best: float, middle: int) -> int:
    """Return the peak that is as good as the best and nearest to the middle."""
    padded = np.concatenate(([-1.0], scores, [-1.0]))
    is_peak = (scores >= padded[:-2]) & (scores >= padded[2:]) & (scores >= best - ALIKE)
    peaks = np.flatnonzero(is_peak)
    return int(peaks[np.argmin(np.abs(peaks - middle))])
