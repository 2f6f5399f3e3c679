"""The notes of a session as they read now: edited, withdrawn, or as they were written."""

from collections.abc import Set
from dataclasses import dataclass, field, replace

from server.record import Note
from server.rulings import Claim, ruling


@dataclass(slots=True)
class Notebook:
    """The notes in their order.

    Attributes:
        notes: those that were not withdrawn.
    """

    notes: list[Note] = field(default_factory=list)
    _written: dict[int, Note] = field(default_factory=dict)
    _edits: dict[int, list[Claim[str]]] = field(default_factory=dict)

    def write(self, note: Note) -> None:
        """Add a note."""
        self._written[note.seq] = note
        self.notes.append(note)

    def edit(self, of: int, claim: Claim[str]) -> None:
        """Take what the note ``of`` says now; ``settle`` follows."""
        self._edits.setdefault(of, []).append(claim)

    def settle(self, of: int, retracted: Set[int]) -> None:
        """Find out whether and how the note ``of`` reads now."""
        if of not in self._written:
            return
        rest = [note for note in self.notes if note.seq != of]
        if of not in retracted:
            note = self._written[of]
            edited = ruling(self._edits.get(of, ()), retracted)
            if edited is not None:
                note = replace(note, text=edited.value, is_edited=True)
            rest = sorted([*rest, note], key=lambda one: one.seq)
        self.notes = rest
