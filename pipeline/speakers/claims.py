"""Which of the voices told apart in a recording are those that are known by name."""

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from pipeline.speakers.clustering import Rows, unit
from pipeline.speakers.turns import VoiceTurn

_LEAST: Final = 0.60
"""Cosine of a reading and its voice's centre; the same voice had 0.76 across a room."""
_BELOW: Final = 0.15
"""How much less alike than most a voice may be: the room is the same for all of them."""
_SAME: Final = 0.75
"""Cosine from which a found voice is one that was found before."""


def claims(readings: Rows, centres: Rows) -> dict[int, int]:
    """Return which centre belongs to which reading; each goes to one.

    Readings are compared with centres as they are, and less what each side has in common: the
    microphone and the room, which make every voice alike to somebody who sat nearer.
    """
    if not len(readings) or not len(centres):
        return {}
    cosines = readings @ centres.T
    share = 1 - 1 / len(readings)
    contrast = unit(readings - share * readings.mean(0)) @ unit(centres - share * centres.mean(0)).T
    found = dict(_paired(cosines + contrast))
    usual = float(np.median([cosines[pair] for pair in found.items()]))
    least = max(_LEAST, usual - _BELOW)
    return {row: column for row, column in found.items() if cosines[row, column] >= least}


def names(
    centres: Rows,
    shared: Sequence[Mapping[str, int]],
    earlier: Mapping[str, Rows],
    taken: Collection[str],
) -> list[str]:
    """Return the name of each found voice: that under which people saw it, or a new one.

    Args:
        centres: of the voices without a name.
        shared: for each centre, how many samples it has in common with each earlier found voice.
        earlier: the embeddings of found voices that are still known.
        taken: names that a new voice must not have.
    """
    known = sorted({name for each in shared for name in each} | set(earlier))
    chosen: list[str | None] = [None] * len(centres)
    if known and len(centres):
        worth = np.zeros((len(centres), len(known)))
        for i, each in enumerate(shared):
            for j, name in enumerate(known):
                worth[i, j] = each.get(name, 0)
                if name in earlier and float(earlier[name] @ centres[i]) >= _SAME:
                    worth[i, j] += float(earlier[name] @ centres[i])
        for row, column in _paired(worth):
            if worth[row, column] > 0:
                chosen[row] = known[column]
    used = {*taken, *known}
    return [name or _new(used) for name in chosen]


def shared_time(
    mine: Iterable[tuple[int, int]], turns: Iterable[VoiceTurn], but: Collection[str]
) -> dict[str, int]:
    """Return how many samples of ``mine`` each voice of ``turns`` has, less those in ``but``."""
    spans = sorted(mine)
    found: dict[str, int] = {}
    first = 0
    for turn in sorted(turns, key=lambda each: each.start):
        if turn.voice is None or turn.voice in but:
            continue
        while first < len(spans) and spans[first][1] <= turn.start:
            first += 1
        for start, end in spans[first:]:
            if start >= turn.end:
                break
            common = min(end, turn.end) - max(start, turn.start)
            if common > 0:
                found[turn.voice] = found.get(turn.voice, 0) + common
    return found


def _paired(worth: Rows) -> Iterator[tuple[int, int]]:
    """Yield the row and column of each pair, so that all pairs together are worth most."""
    # Imported where it is needed: it takes 50 MB, which no room needs before its end.
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-worth)
    for row, column in zip(rows, columns, strict=True):
        yield int(row), int(column)


def _new(used: set[str]) -> str:
    while (name := f"v{secrets.token_hex(3)}") in used:
        pass
    used.add(name)
    return name
