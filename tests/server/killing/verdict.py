"""What was acknowledged and read, against what is in the journals."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.server.killing.people import Fact, Reader, Writer


@dataclass(frozen=True, slots=True)
class Verdict:
    """Counts over all sessions; all but the first two should be 0.

    Attributes:
        acknowledged: notes that writers were told are kept.
        read: events that readers saw.
        lost: acknowledged notes that are not in the journal at the number they were given.
        duplicated: notes that are in the journal more than once.
        disordered: notes of one writer that stand before an earlier one of the same writer.
        gaps: numbers that are missing in a journal, or there twice.
        misread: readers that did not see exactly the journal.
        disagreements: sessions of which two servers tell different journals.
    """

    acknowledged: int = 0
    read: int = 0
    lost: int = 0
    duplicated: int = 0
    disordered: int = 0
    gaps: int = 0
    misread: int = 0
    disagreements: int = 0

    def __add__(self, other: "Verdict") -> "Verdict":
        names = Verdict.__slots__
        return Verdict(*(getattr(self, name) + getattr(other, name) for name in names))

    @property
    def is_clean(self) -> bool:
        """Whether nothing is wrong and something was tried."""
        return self.acknowledged > 0 and self == Verdict(self.acknowledged, self.read)


def judged(
    journals: Sequence[Sequence[Fact]], writers: Sequence[Writer], readers: Sequence[Reader]
) -> Verdict:
    """Judge one session by its journal as each server tells it, as far as the first one goes."""
    journal = list(journals[0])
    end = len(journal)
    notes = {fact.seq: fact.note for fact in journal if fact.note is not None}
    times = Counter(notes.values())
    acknowledged = [(seq, note) for writer in writers for seq, note in writer.acknowledged]
    return Verdict(
        acknowledged=len(acknowledged),
        read=sum(len(reader.facts) for reader in readers),
        lost=sum(notes.get(seq) != note for seq, note in acknowledged),
        duplicated=sum(count - 1 for count in times.values()),
        disordered=_disordered(notes),
        gaps=sum(fact.seq != number for number, fact in enumerate(journal, 1)),
        misread=sum(reader.facts[:end] != journal for reader in readers),
        disagreements=sum(list(other[:end]) != journal for other in journals[1:]),
    )


def _disordered(notes: Mapping[int, str | None]) -> int:
    newest: dict[str, int] = {}
    found = 0
    for _, note in sorted(notes.items()):
        assert note is not None
        writer, _, number = note.rpartition(" ")
        found += int(number) < newest.get(writer, -1)
        newest[writer] = max(newest.get(writer, -1), int(number))
    return found
