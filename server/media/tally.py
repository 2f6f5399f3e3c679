"""What became of one microphone's packets, as numbers that can be added up."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of packets, and the seconds of sound that are not as they were spoken.

    Attributes:
        received: well-formed ones of the source that was heard.
        lost: given up; they never came, or came late.
        recovered: those of the lost whose copy was found in the next packet.
        late: came when they had been given up.
        duplicate: came twice.
        stray: far off the sender's own count, and followed by nothing.
        malformed: no sound that could be decoded.
        refused: from a source that was not to be heard, or sealed by somebody else.
        concealed_s: of the lost sound, what the decoder made up.
        missing_s: of the lost sound, what is a gap.
    """

    received: int = 0
    lost: int = 0
    recovered: int = 0
    late: int = 0
    duplicate: int = 0
    stray: int = 0
    malformed: int = 0
    refused: int = 0
    concealed_s: float = 0.0
    missing_s: float = 0.0

    def __sub__(self, earlier: "Tally") -> "Tally":
        """Return what was counted since ``earlier``."""
        return Tally(*(getattr(self, name) - getattr(earlier, name) for name in _NAMES))


_NAMES = tuple(field.name for field in fields(Tally))
