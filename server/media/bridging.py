"""How the time between two packets is filled when some that lay between them are missing."""

from typing import Final

from server.media.opus_packet import carries_previous, duration_of, frame_duration
from server.media.rtp import VoicePacket
from server.media.steps import Conceal, Lost, Pause, Recover, Step

MAX_CONCEALED: Final = 4800
"""100 ms: what a decoder makes up beyond that is no speech any more."""
_UNIT = 120
"""2.5 ms: decoders conceal in multiples of it."""
_DTX_BYTES = 2
"""A packet without any sound in it, the last before a sender falls silent."""


def bridge(
    at: int, gap: int, missing: int, ends: tuple[VoicePacket, VoicePacket], arrived: float
) -> list[Step]:
    """Fill a gap completely, without telling of anything that is not known.

    Args:
        at: where the gap begins.
        gap: its size, more than 0.
        missing: how many packets were lost in it.
        ends: the packets before and after.
        arrived: when the latter came.
    """
    before, after = ends
    longest = max(duration_of(before.payload), duration_of(after.payload))
    unsent = max(0, gap - missing * longest)
    unknown = gap - unsent
    copied = frame_duration(after.payload) if carries_previous(after.payload) else 0
    if copied > unknown:
        copied = 0
    unknown -= copied
    # A sender that was silent began to speak with what is missing; one that spoke ended with it.
    # Only in the latter case there is something that the decoder could go on with.
    was_silent = unsent > 0 and len(before.payload) <= _DTX_BYTES
    concealed = 0 if was_silent else min(unknown, MAX_CONCEALED) // _UNIT * _UNIT
    steps: list[Step] = []
    if was_silent:
        steps.append(Pause(at, unsent, arrived))
        at += unsent
    if concealed:
        steps.append(Conceal(at, concealed, arrived))
        at += concealed
    if unknown > concealed:
        steps.append(Lost(at, unknown - concealed))
        at += unknown - concealed
    if unsent and not was_silent:
        steps.append(Pause(at, unsent, arrived))
        at += unsent
    if copied:
        steps.append(Recover(after, at, copied, arrived))
    return steps
