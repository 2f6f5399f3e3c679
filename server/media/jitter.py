"""Packets in the order of arrival in, steps in the order of speaking out.

A packet that is next is played at once: whoever listens here wants words soon, and needs no
even flow. Only behind a hole packets are held, as long as what is missing may still come.
"""

from collections.abc import Sequence
from typing import Final

from server.media.bridging import bridge
from server.media.opus_packet import duration_of
from server.media.patience import Patience
from server.media.probation import Arrived, Probation
from server.media.rtp import VoicePacket
from server.media.sender_count import MAX_OVERLAP, MAX_PAUSE, SenderCount, signed
from server.media.steps import (
    Conceal,
    Counts,
    Lost,
    Pause,
    Play,
    Recover,
    Restart,
    Step,
)

QUIET_S: Final = 0.12
"""After so long without another packet, what is held is the end of what was said."""
MAX_HELD: Final = 64
_BEFORE_FIRST = 100
"""Packets before a source's first may still come, too late."""


class JitterBuffer:
    """Puts one source's packets in order; depends on nothing but what it is told.

    Instants must not go backwards.
    """

    def __init__(self) -> None:
        """Start before the first packet."""
        self.deadline_s: float | None = None
        """When ``advance`` has something to do; None: not before another packet comes."""
        self.counts = Counts()
        self._last: VoicePacket | None = None
        """The last one played; None before a source's first."""
        self._next_sequence = self._end_timestamp = self._end = 0
        """What comes next, and where the steps so far end: on the sender's count and on ours."""
        self._held: dict[int, Arrived] = {}
        """By sequence number, in the order of arrival; all lie behind the hole that comes next."""
        self._patience = Patience()
        self._probation = Probation(self.counts)

    def push(self, packet: VoicePacket, now_s: float) -> Sequence[Step]:
        """Take a packet that arrived just now; return what can be played.

        Args:
            packet: its payload is valid Opus.
            now_s: any clock that never goes backwards.
        """
        counts = self.counts
        counts.received += 1
        sequence, timestamp, payload, _ = packet
        if (
            sequence == self._next_sequence
            and timestamp == self._end_timestamp
            and self._last is not None
            and not self._held
        ):
            at, size = self._end, duration_of(payload)
            self._next_sequence = sequence + 1 & 0xFFFF
            self._end_timestamp = timestamp + size & 0xFFFFFFFF
            self._end = at + size
            self._last = packet
            counts.played += 1
            return (Play(packet, at, now_s),)
        steps: list[Step] = []
        self._push_unusual(packet, now_s, steps)
        self._settle(now_s, steps)
        return steps

    def advance(self, now_s: float) -> Sequence[Step]:
        """Return what is waited for no longer; from ``deadline_s`` on something always is."""
        if self.deadline_s is None or now_s < self.deadline_s:
            return ()
        steps: list[Step] = []
        self._pass_hole(steps)
        self._settle(now_s, steps)
        return steps

    def restart(self) -> Sequence[Step]:
        """Let another source take over; return what was held and, if anything came, ``Restart``."""
        steps: list[Step] = []
        if self._last is not None:
            self._restart(steps)
        self._probation.begin(None)
        self._last = self.deadline_s = None
        return steps

    def _push_unusual(self, packet: VoicePacket, now_s: float, steps: list[Step]) -> None:
        """Take a packet that is not simply the next."""
        count = SenderCount(self._next_sequence, self._end_timestamp)
        packets = count.packets_to(packet)
        if self._last is None:
            self._begin(packet, now_s)
            self._hold(packet, now_s)
        elif packets == 0 or packet.sequence == count.next_sequence:
            self._hold(packet, now_s)  # Where its timestamp jumps, playing it restarts.
        elif packets is None:
            beginning = self._probation.push_foreign(packet, now_s)
            if beginning:
                self._restart(steps)
                self._begin(*beginning[0])
            for new in beginning:
                self._hold(*new)
        elif packets < 0:
            self._push_old(packet, now_s, steps)
        elif packet.sequence in self._held:
            self.counts.duplicate += 1
        else:
            self._hold(packet, now_s)

    def _push_old(self, packet: VoicePacket, now_s: float, steps: list[Step]) -> None:
        """Take a packet from before the place where the steps are."""
        if self._probation.push_old(packet, now_s):
            self._restart(steps)
            self._begin(packet, now_s)
            self._hold(packet, now_s)
        elif self._patience.has_given_up(packet.sequence, now_s):
            self.counts.late += 1
        else:
            self.counts.duplicate += 1

    def _hold(self, packet: VoicePacket, now_s: float) -> None:
        ahead = packet.sequence - self._next_sequence & 0xFFFF
        for sequence, held in self._held.items():
            if (sequence - self._next_sequence & 0xFFFF) > ahead:
                self._patience.came_late(now_s - held.at_s, now_s)
                break
        self._held[packet.sequence] = Arrived(packet, now_s)

    def _settle(self, now_s: float, steps: list[Step]) -> None:
        """Play what can be played, give up what need not be waited for, plan the rest."""
        self._play_held(steps)
        while self._held:
            missed_s = next(iter(self._held.values())).at_s
            newest_s = next(reversed(self._held.values())).at_s
            due_s = min(missed_s + self._patience.wait_s(now_s), newest_s + QUIET_S)
            if now_s < due_s and len(self._held) <= MAX_HELD:
                self.deadline_s = due_s
                return
            self._pass_hole(steps)
        self.deadline_s = None

    def _pass_hole(self, steps: list[Step]) -> None:
        """Give up what is missing next, and play on behind it."""
        first = self._next_sequence
        missing = min(sequence - first & 0xFFFF for sequence in self._held)
        missed_s = next(iter(self._held.values())).at_s
        self._next_sequence = first + missing & 0xFFFF
        self._patience.give_up(first, missing, missed_s)
        self.counts.lost += missing
        after, arrived_s = self._held[self._next_sequence]
        gap = signed(after.timestamp - self._end_timestamp, 32)
        if self._last is not None and 0 < gap <= MAX_PAUSE:
            self._add(bridge(self._end, gap, missing, (self._last, after), arrived_s), steps)
            self._end += gap
            self._end_timestamp = after.timestamp
        self._play_held(steps)

    def _add(self, bridging: list[Step], steps: list[Step]) -> None:
        counts = self.counts
        for step in bridging:
            match step:
                case Recover():
                    counts.recovered += 1
                case Conceal(size=size):
                    counts.concealed_samples += size
                case Lost(size=size):
                    counts.lost_samples += size
                case _:
                    pass
        steps += bridging

    def _play_held(self, steps: list[Step]) -> None:
        while (held := self._held.pop(self._next_sequence, None)) is not None:
            self._play(*held, steps)

    def _play(self, packet: VoicePacket, arrived_s: float, steps: list[Step]) -> None:
        gap = signed(packet.timestamp - self._end_timestamp, 32)
        if not -MAX_OVERLAP <= gap <= MAX_PAUSE:
            self._leave(steps)
            self._begin(packet, arrived_s)
        elif gap > 0:
            steps.append(Pause(self._end, gap, arrived_s))
            self._end += gap
            self._end_timestamp = packet.timestamp
        steps.append(Play(packet, self._end, arrived_s))
        size = duration_of(packet.payload)
        self._next_sequence = packet.sequence + 1 & 0xFFFF
        self._end_timestamp = self._end_timestamp + size & 0xFFFFFFFF
        self._end += size
        self._last = packet
        self.counts.played += 1

    def _restart(self, steps: list[Step]) -> None:
        """Play what is left, then leave the sender's count for another."""
        while self._held:
            self._pass_hole(steps)
        self._leave(steps)

    def _leave(self, steps: list[Step]) -> None:
        self._probation.begin(SenderCount(self._next_sequence, self._end_timestamp))
        self.counts.restarts += 1
        steps.append(Restart())

    def _begin(self, packet: VoicePacket, now_s: float) -> None:
        """Count from this packet on."""
        self._next_sequence, self._end_timestamp = packet.sequence, packet.timestamp
        self._end = 0
        self._patience.forget_given_up()
        before_it = packet.sequence - _BEFORE_FIRST & 0xFFFF
        self._patience.give_up(before_it, _BEFORE_FIRST, now_s)
