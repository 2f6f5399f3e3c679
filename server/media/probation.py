"""Whether packets that do not go on from where a sender was are mere strays, or a new beginning."""

from typing import Final, NamedTuple

from server.media.rtp import VoicePacket
from server.media.sender_count import SenderCount, signed
from server.media.steps import Counts

GOES_ON_S: Final = 2.0
"""Nothing but old packets for so long: the sender has begun again at an earlier number."""
_COMPANY: Final = 50
"""A stray is forgotten after so many packets from where the sender was: a second of them."""
_COMPANY_S: Final = 2.0
"""And after so long, whatever else came."""
_NEAR = 64


class Arrived(NamedTuple):
    """A packet and when it came."""

    packet: VoicePacket
    at_s: float


class _Stray(NamedTuple):
    packet: VoicePacket
    arrived_s: float
    played: int


class _Run(NamedTuple):
    """Old packets in order: where they are, since when, what had been played then."""

    sequence: int
    since_s: float
    played: int


class Probation:
    """Demands proof before a count is given up for another.

    As RFC 3550, appendix A.1, wants it: packets from elsewhere must be two of one kind. Old ones
    prove nothing by their number; a network that lets them out late does so all at once.
    """

    def __init__(self, counts: Counts) -> None:
        """Start without suspicion; ``counts`` is told of strays and of what came late."""
        self._counts = counts
        self._former: SenderCount | None = None
        self._stray: _Stray | None = None
        self._run: _Run | None = None

    def begin(self, former: SenderCount | None) -> None:
        """Start anew; packets of a former count of the same source may still come."""
        if self._stray is not None:
            self._counts.stray += 1
        self._former, self._stray, self._run = former, None, None

    def push_foreign(self, packet: VoicePacket, now_s: float) -> tuple[Arrived, ...]:
        """Take a packet that cannot be from the present count.

        Returns:
            The packets with which a new count begins, in order; none while that is not proven.
        """
        new = Arrived(packet, now_s)
        if self._former is not None and self._former.packets_to(packet) is not None:
            if self.push_old(packet, now_s):
                return (new,)
            self._counts.late += 1
            return ()
        stray = self._stray
        if stray is not None and not self._is_forgotten(stray, now_s):
            if stray.packet.sequence == packet.sequence:
                self._counts.duplicate += 1
                return ()
            packets = SenderCount.after(stray.packet).packets_to(packet)
            if packets is not None:
                self._stray = None
                first = Arrived(stray.packet, stray.arrived_s)
                return (first, new) if packets >= 0 else (new, first)
        if stray is not None:
            self._counts.stray += 1
        self._stray = _Stray(packet, now_s, self._counts.played)
        return ()

    def push_old(self, packet: VoicePacket, now_s: float) -> bool:
        """Take a packet from before where the sender was; return whether it goes on from here."""
        run = self._run
        if run is not None and run.played == self._counts.played:
            ahead = signed(packet.sequence - run.sequence, 16)
            if 0 < ahead < _NEAR:
                self._run = run._replace(sequence=packet.sequence)
                return now_s - run.since_s >= GOES_ON_S
            if -_NEAR < ahead <= 0:
                return False
        self._run = _Run(packet.sequence, now_s, self._counts.played)
        return False

    def _is_forgotten(self, stray: _Stray, now_s: float) -> bool:
        played = self._counts.played - stray.played
        return played >= _COMPANY or now_s - stray.arrived_s >= _COMPANY_S
