"""How what we send arrives, as the other side reports it (RFC 3550, section 6.4.1)."""

from typing import Final

from server.media.rtcp import ReportBlock
from server.media.sender_count import MAX_STEP

HALF: Final = 150
"""Packets after which a loss counts half: 3 s of talk. Browsers report about every 5 s."""
_LEAST: Final = 50
"""Packets that every share is taken of: one that is lost in a pause is no loss of a third. The
first report tells of as many, for all we know."""


class Delivery:
    """The share of packets lost lately; depends on nothing but what it is told."""

    def __init__(self) -> None:
        """Start without losses."""
        self._highest: int | None = None
        self._lost = self._expected = 0.0

    @property
    def loss(self) -> float:
        """The share lost lately, 0 to 1."""
        return self._lost / max(self._expected, _LEAST)

    def push(self, block: ReportBlock) -> None:
        """Count what a report says of the time since the one before."""
        # The upper half counts how often the lower one wrapped, from wherever the reporter began.
        highest = block.highest_sequence & 0xFFFF
        packets = _LEAST if self._highest is None else highest - self._highest & 0xFFFF
        self._highest = highest
        if not 0 < packets <= MAX_STEP:
            return
        weight: float = 0.5 ** (packets / HALF)
        self._expected = self._expected * weight + packets
        self._lost = self._lost * weight + packets * block.fraction_lost / 256
