"""Sound joined without a click: where a voice repeats itself, it can be shortened unheard."""

from functools import cache
from typing import Final, NamedTuple

import numpy as np

from pipeline.audio import Samples

FADE_S: Final = 0.005
"""How long a crossfade takes."""
MIN_PERIOD_S: Final = 0.0025
MAX_PERIOD_S: Final = 0.0125
"""Voices have 80 to 400 Hz."""
SIMILAR: Final = 0.7
"""Of a correlation from -1 to 1: what is as near as this passes for a repetition."""
_SILENT: Final = 1e-5
"""Mean square (-50 dBov) below which nobody hears a seam."""


class Period(NamedTuple):
    """How far a voice is from repeating itself.

    Attributes:
        size: samples.
        likeness: correlation of the sound with itself so much later; 1 where there is no sound.
    """

    size: int
    likeness: float


@cache
def rising(size: int) -> Samples:
    """Return weights from nearly 0 to nearly 1; do not change them."""
    ramp: Samples = ((np.arange(size, dtype=np.float32) + 0.5) / size).astype(np.float32)
    ramp.flags.writeable = False
    return ramp


@cache
def falling(size: int) -> Samples:
    """Return weights from nearly 1 to nearly 0; with ``rising`` they make 1."""
    ramp: Samples = (1 - rising(size)).astype(np.float32)
    ramp.flags.writeable = False
    return ramp


def period(sound: Samples, rate_hz: int) -> Period:
    """Find the period with which ``sound`` begins.

    Args:
        sound: at least ``FADE_S + MAX_PERIOD_S`` of it.
        rate_hz: of the samples.
    """
    size = round(FADE_S * rate_hz)
    least, most = round(MIN_PERIOD_S * rate_hz), round(MAX_PERIOD_S * rate_hz)
    begin, later = sound[:size], sound[least : most + size]
    power = float(np.dot(begin, begin))
    sums = np.concatenate((np.zeros(1, np.float32), np.cumsum(np.square(later))))
    powers = np.maximum(sums[size:] - sums[:-size], 0.0)
    if power + float(powers.max()) < 2 * _SILENT * size:
        return Period(most, 1.0)
    products = np.correlate(later, begin, "valid")
    likeness = products / np.sqrt(power * powers + 1e-12)
    best = int(np.argmax(likeness))
    return Period(least + best, float(likeness[best]))


def continuation(sound: Samples, size: int, rate_hz: int) -> Samples:
    """Make up ``size`` samples after ``sound``, which a listener takes for more of it."""
    needed = round((FADE_S + MAX_PERIOD_S) * rate_hz)
    if sound.size < needed:
        return np.resize(sound[::-1], size) if sound.size else np.zeros(size, np.float32)
    found = period(sound[: -needed - 1 : -1], rate_hz)
    return np.resize(sound[sound.size - found.size :], size)
