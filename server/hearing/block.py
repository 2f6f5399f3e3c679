"""Sound on its way into a track's one uncut stream."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from pipeline.audio import Samples, seconds


@dataclass(frozen=True, slots=True)
class Block:
    """Some sound of a track and how it follows what came before.

    Attributes:
        samples: 16 kHz mono.
        start_s: session second of its first sample.
        silence: samples before it of which nothing is known, and so few that nobody paused.
        is_cut: what came before is something else: an utterance ends there.
        is_placed: its place on the session's clock is known anew.
        is_late: its page sent it again.
        is_repacked: it goes into the record in new packets.
        packet: the Opus packet it was; only if it was exactly this.
    """

    samples: Samples
    start_s: float
    silence: int = 0
    is_cut: bool = False
    is_placed: bool = False
    is_late: bool = False
    is_repacked: bool = False
    packet: bytes | None = None

    def without(self, count: int) -> "Block":
        """Return what is left when ``count`` samples at its beginning are not to be heard."""
        return replace(
            self,
            samples=self.samples[count:],
            start_s=self.start_s + seconds(count),
            silence=0,
            packet=None,
        )


def joined(blocks: Iterable[Block], longest: int | None = None) -> Samples:
    """Return the blocks' sound with its short silences, until a cut or ``longest`` samples."""
    parts: list[Samples] = []
    size = 0
    for number, block in enumerate(blocks):
        if (longest is not None and size >= longest) or (number and block.is_cut):
            break
        if number and block.silence:
            parts.append(np.zeros(block.silence, np.float32))
            size += block.silence
        parts.append(block.samples)
        size += block.samples.size
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def pieces_of(blocks: Iterable[Block]) -> list[tuple[float, Samples]]:
    """Return the blocks' sound between cuts, and the session second at which each begins."""
    found: list[tuple[float, list[Block]]] = []
    for block in blocks:
        if block.is_cut or not found:
            found.append((block.start_s, []))
        found[-1][1].append(block)
    return [(start_s, joined(part)) for start_s, part in found]
