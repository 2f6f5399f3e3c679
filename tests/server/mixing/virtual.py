"""Microphones, networks and listeners in virtual time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples
from server.hearing.microphones import power
from server.hearing.speaking import dbov
from server.media.opus import Decoder
from server.mixing.playout import Playout

FRAME = 320
FRAME_S = 0.02


def tone(hz: float, length_s: float, loudness: float = 0.3, rate_hz: int = RATE_HZ) -> Samples:
    """Return a sine."""
    times = np.arange(round(length_s * rate_hz)) / rate_hz
    return (loudness * np.sin(2 * np.pi * hz * times)).astype(np.float32)


def noise(length_s: float, loudness: float = 0.3, seed: int = 1) -> Samples:
    """Return noise of which no two samples are alike, so that each is known again."""
    size = round(length_s * RATE_HZ)
    values = np.linspace(-loudness, loudness, size, dtype=np.float32)
    assert np.unique(values).size == size
    return np.random.default_rng(seed).permutation(values)


def silence(length_s: float) -> Samples:
    """Return zeros."""
    return np.zeros(round(length_s * RATE_HZ), np.float32)


def arrivals(frames: int, delays_s: Sequence[float], drift: float = 0.0) -> list[float]:
    """Return when frames of 20 ms come, in order; delays are repeated as often as needed.

    Args:
        frames: how many.
        delays_s: of each, on its way.
        drift: how much slower than ours the sender's clock goes.
    """
    times: list[float] = []
    for index in range(frames):
        spoken_s = (index + 1) * FRAME_S * (1 + drift)
        came_s = spoken_s + delays_s[index % len(delays_s)]
        times.append(max(came_s, times[-1]) if times else came_s)
    return times


def played(sound: Samples, times: Sequence[float], phase_s: float = 0.007) -> Samples:
    """Let frames of a sound come at ``times``; return what is played, from instant 0 on."""
    playout = Playout(RATE_HZ)
    out: list[Samples] = []
    index = 0
    while len(out) * FRAME_S < times[-1] + 1.0:
        now_s = phase_s + len(out) * FRAME_S
        while index < len(times) and times[index] <= now_s:
            block = sound[index * FRAME : (index + 1) * FRAME]
            playout.push(block, index * FRAME, times[index], dbov(power(block)))
            index += 1
        heard = playout.pull(now_s)
        out.append(silence(FRAME_S) if heard is None else heard)
    return np.concatenate(out)


def places(out: Samples, sound: Samples) -> NDArray[np.int64]:
    """Return where in ``sound`` the samples of ``out`` come from, in order; others are left out.

    Samples are known by themselves and the one after them: no two pairs in ``sound`` are alike but
    for silence.
    """
    known, heard = _pairs(sound), _pairs(out)
    order = np.argsort(known, kind="stable")
    found = np.searchsorted(known[order], heard).clip(max=known.size - 1)
    at: NDArray[np.int64] = order[found][(known[order][found] == heard) & (heard != 0)]
    return at


def _pairs(sound: Samples) -> NDArray[np.uint64]:
    bits = sound.view(np.uint32).astype(np.uint64)
    return (bits[:-1] << np.uint64(32)) | bits[1:]


def loudness(sound: Samples, hz: float, rate_hz: int = RATE_HZ) -> float:
    """Return how strong a sine of ``hz`` is in ``sound``: its amplitude."""
    times = np.arange(sound.size) / rate_hz
    return float(2 * abs(np.mean(sound * np.exp(-2j * np.pi * hz * times))))


@dataclass(slots=True, eq=False)
class Ear:
    """A listener's peer: remembers what it was sent."""

    loss: float = 0.0
    packets: list[bytes] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def play(self, packet: bytes, at: int) -> None:
        """See ``server.mixing.mix.Output``."""
        self.packets.append(packet)
        self.times.append(at)

    def heard(self, rate_hz: int = RATE_HZ) -> Samples:
        """Return what the packets sound like, without the pauses between them."""
        decoder = Decoder(rate_hz)
        return np.concatenate([decoder.decode(packet) for packet in self.packets])
