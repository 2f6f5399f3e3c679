"""Character error rates of long texts: whole-text alignment, then per sentence where needed."""

from dataclasses import dataclass

import kocer
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors and reference characters, to be pooled by adding."""

    errors: int = 0
    characters: int = 0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(self.errors + other.errors, self.characters + other.characters)

    @property
    def cer_percent(self) -> float:
        return 100 * self.errors / max(self.characters, 1)


def bare(text: str) -> str:
    """``text`` without spaces and punctuation, in lower case."""
    return "".join(filter(str.isalnum, text)).lower()


def raw_errors(reference: str, hypothesis: str) -> Errors:
    """Edit distance of the bare texts."""
    table = _distances(bare(reference), bare(hypothesis))
    return Errors(int(table[-1, -1]), table.shape[0] - 1)


def kocer_errors(reference: str, hypothesis: str) -> Errors:
    """Errors by reading (3개 = 세 개)."""
    measured = kocer.measure(reference, hypothesis)
    return Errors(measured.errors, measured.ref_len)


def split_like(references: list[str], hypothesis: str) -> list[str]:
    """Cut ``hypothesis`` into one part per reference along the best alignment of the whole."""
    target = bare("".join(references))
    # Keep where each bare character stood, so that the parts keep their spaces and punctuation.
    stood = [i for i, character in enumerate(hypothesis) if character.isalnum()]
    ends = np.cumsum([len(bare(reference)) for reference in references])
    column_of = _trace(_distances(target, bare(hypothesis)))
    parts, begin = [], 0
    for end in ends:
        column = column_of[end]
        cut = stood[column] if column < len(stood) else len(hypothesis)
        parts.append(hypothesis[begin:cut])
        begin = cut
    return parts


def _distances(reference: str, hypothesis: str) -> NDArray[np.int32]:
    """Levenshtein's table, a row at a time: insertions are a running minimum."""
    a = np.frombuffer(reference.encode("utf-32-le"), np.uint32)
    b = np.frombuffer(hypothesis.encode("utf-32-le"), np.uint32)
    columns = np.arange(b.size + 1, dtype=np.int32)
    table = np.empty((a.size + 1, b.size + 1), np.int32)
    table[0] = columns
    for i, character in enumerate(a, 1):
        row = table[i - 1] + 1
        row[1:] = np.minimum(row[1:], table[i - 1, :-1] + (b != character))
        table[i] = np.minimum.accumulate(row - columns) + columns
    return table


def _trace(table: NDArray[np.int32]) -> list[int]:
    """For each number of reference characters, how many of the hypothesis belong to them."""
    i, j = table.shape[0] - 1, table.shape[1] - 1
    column_of = [0] * (i + 1)
    column_of[i] = j
    while i:
        if j and table[i, j] == table[i, j - 1] + 1:
            j -= 1
            continue
        if j and table[i, j] != table[i - 1, j] + 1:
            j -= 1
        i -= 1
        column_of[i] = j
    return column_of
