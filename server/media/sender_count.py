"""A sender's count: a sequence number per packet and a timestamp in samples, both of which wrap."""

from typing import Final, NamedTuple

from server.media.opus_packet import MAX_DURATION, OPUS_HZ, duration_of
from server.media.rtp import VoicePacket

MAX_STEP: Final = 3000
"""Packets, a minute of them: a larger step of the sequence number is another count. As MAX_DROPOUT
in RFC 3550, appendix A.1."""
MAX_PAUSE: Final = 60 * OPUS_HZ
"""A longer step of the timestamp is another count; nothing tells it from a restart."""
MAX_OVERLAP: Final = 960
"""20 ms: a sender that counts a little less than it sends is forgiven."""
_MIN_DURATION = 120


class SenderCount(NamedTuple):
    """Where a sender is.

    Attributes:
        next_sequence: of the packet that comes next.
        end_timestamp: where the packets before it end.
    """

    next_sequence: int
    end_timestamp: int

    @classmethod
    def after(cls, packet: VoicePacket) -> "SenderCount":
        """Return the count of a sender that has just sent this."""
        end = packet.timestamp + duration_of(packet.payload)
        return cls(packet.sequence + 1 & 0xFFFF, end & 0xFFFFFFFF)

    def packets_to(self, packet: VoicePacket) -> int | None:
        """Return how many packets lie before this one: 0 for the next, less than 0 if it is old.

        None if it cannot be from this count, because the steps of sequence number and timestamp
        are too large, or too unlike each other.
        """
        packets = signed(packet.sequence - self.next_sequence, 16)
        samples = signed(packet.timestamp - self.end_timestamp, 32)
        if packets >= 0:
            possible = packets * _MIN_DURATION - MAX_OVERLAP <= samples <= MAX_PAUSE
        else:
            least, most = -packets * _MIN_DURATION, -packets * MAX_DURATION
            possible = least - MAX_OVERLAP <= -samples <= most + MAX_PAUSE
        return packets if possible and abs(packets) <= MAX_STEP else None


def signed(step: int, bits: int) -> int:
    """Return the step between two numbers of so many bits that wrap: the shorter way round."""
    half = 1 << bits - 1
    return (step + half & (1 << bits) - 1) - half
