"""A bad network, decided by a seed: what becomes of each packet, without a clock or a socket."""

import math
import random
from dataclasses import dataclass
from typing import Final

_APART_S: Final = 1e-6
"""Between packets that leave a queue together, so that timers keep their order too."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Losses in a row, by the model of Gilbert and Elliott: a good and a bad state.

    Attributes:
        begins: the probability per packet that the good state turns bad.
        ends: the probability per packet that the bad state turns good.
        loss: the share that is lost while it is bad.
    """

    begins: float
    ends: float
    loss: float = 1.0

    @classmethod
    def of(cls, loss: float, length: float) -> "Burst":
        """Return the one that loses this share of all packets, so many in a row on average."""
        return cls(loss / (1 - loss) / length, 1 / length)


@dataclass(frozen=True, slots=True)
class Network:
    """How bad it is in one direction; shares are 0 to 1.

    Attributes:
        loss: the share that is lost, each packet by itself.
        burst: more losses, in rows.
        delay_s: of every packet.
        jitter_s: how much more it is at most; a packet that is held up holds up those behind it.
        reordered: the share that others overtake.
        reordered_s: how much later these come.
        duplicated: the share that comes twice.
        duplicated_s: how much later the second comes.
        blackouts: from when to when nothing passes, in seconds since the first packet.
    """

    loss: float = 0.0
    burst: Burst | None = None
    delay_s: float = 0.0
    jitter_s: float = 0.0
    reordered: float = 0.0
    reordered_s: float = 0.03
    duplicated: float = 0.0
    duplicated_s: float = 0.001
    blackouts: tuple[tuple[float, float], ...] = ()


@dataclass(slots=True)
class Counts:
    """What became of packets; ``blacked_out`` are among the ``lost``."""

    packets: int = 0
    lost: int = 0
    blacked_out: int = 0
    reordered: int = 0
    duplicated: int = 0


class Impairment:
    """Decides about the packets of one direction, in the order in which they are sent.

    Each packet takes as many random numbers as any other: with one seed a network that loses more
    loses the same packets and others beside them.
    """

    def __init__(self, network: Network, seed: int = 0) -> None:
        """Start before the first packet."""
        self.network = network
        self.counts = Counts()
        self._random = random.Random(seed)
        self._began_s: float | None = None
        self._is_bad = False
        self._due_s = -math.inf
        """When the newest packet that kept its place arrives."""

    def delays(self, now_s: float) -> list[float]:
        """Return after how many seconds the packet of now arrives, once each time; [] is lost.

        Args:
            now_s: by any clock that does not go back.
        """
        network, counts = self.network, self.counts
        lost, turned, lost_in_burst, late, overtaken, twice = (
            self._random.random() for _ in range(6)
        )
        if self._began_s is None:
            self._began_s = now_s
        counts.packets += 1
        is_lost = lost < network.loss
        if (burst := network.burst) is not None:
            self._is_bad ^= turned < (burst.ends if self._is_bad else burst.begins)
            is_lost |= self._is_bad and lost_in_burst < burst.loss
        if self.is_black(now_s):
            is_lost = True
            counts.blacked_out += 1
        if is_lost:
            counts.lost += 1
            return []
        due_s = now_s + network.delay_s + late * network.jitter_s
        # A queue, whose packets stay in their order.
        self._due_s = max(self._due_s + _APART_S, due_s)
        delays = [self._due_s - now_s]
        if overtaken < network.reordered:
            counts.reordered += 1
            delays[0] += network.reordered_s
        if twice < network.duplicated:
            counts.duplicated += 1
            delays.append(delays[0] + network.duplicated_s)
        return delays

    def is_black(self, now_s: float) -> bool:
        """Whether nothing passes at this moment."""
        since_s = 0.0 if self._began_s is None else now_s - self._began_s
        return any(start_s <= since_s < end_s for start_s, end_s in self.network.blackouts)
