"""What a pass over a whole recording is given, and what it gives back."""

from dataclasses import dataclass, field

from pipeline.speakers.history import History
from pipeline.speakers.models import Embedding
from pipeline.speakers.turns import VoiceTurn


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about a recording before it is heard.

    Attributes:
        expected: most voices that spoke.
        heard: the turns told live; the names of voices that nobody enrolled come from these.
        anchors: stretches whose voice people set; they keep it and teach it.
        history: embeddings from listening live, used instead of computing them again.
        deadline_s: seconds for the whole work; None: as long as it takes.
    """

    expected: int = 6
    heard: tuple[VoiceTurn, ...] = ()
    anchors: tuple[VoiceTurn, ...] = ()
    history: History | None = None
    deadline_s: float | None = None

    @property
    def edges(self) -> list[int]:
        """Samples at which people said that another voice begins or ends."""
        return sorted({edge for turn in self.anchors for edge in (turn.start, turn.end)})


@dataclass(frozen=True, slots=True)
class WholeResult:
    """Who spoke when.

    Attributes:
        turns: in order of start; they overlap where voices do.
        through: sample up to which the turns reach; before the end only at the deadline.
        found: the voices in the turns that the gallery does not know, with their embeddings.
    """

    turns: tuple[VoiceTurn, ...]
    through: int
    found: dict[str, Embedding] = field(default_factory=dict)
