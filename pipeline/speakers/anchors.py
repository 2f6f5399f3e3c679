"""Stretches whose voice people set: they keep it, and teach what it sounds like."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from pipeline.audio import seconds
from pipeline.speakers.clustering import Rows, unit
from pipeline.speakers.survey import Survey
from pipeline.speakers.turns import VoiceTurn

_READING_S: Final = 8.0
"""What a reading weighs against corrected speech."""
_LEAST_S: Final = 1.0
"""Corrected speech from which a voice without a reading is known."""


def taught(
    readings: Mapping[str, Rows], anchors: Iterable[VoiceTurn], survey: Survey
) -> dict[str, Rows]:
    """Return the readings with what the ``anchors`` say their voices sound like."""
    sums: dict[str, Rows] = {}
    lengths_s: dict[str, float] = {}
    for turn in anchors:
        for cell, row in zip(survey.cells, survey.embeddings, strict=True):
            if turn.voice is None or row is None or not turn.start <= cell.centre < turn.end:
                continue
            length_s = seconds(cell.end - cell.start)
            sums[turn.voice] = sums.get(turn.voice, 0.0) + length_s * row.astype(np.float64)
            lengths_s[turn.voice] = lengths_s.get(turn.voice, 0.0) + length_s
    known = dict(readings)
    for voice, total in sums.items():
        if voice in known:
            known[voice] = unit(_READING_S * known[voice] + total)
        elif lengths_s[voice] >= _LEAST_S:
            known[voice] = unit(total)
    return known


def anchored(turns: Sequence[VoiceTurn], anchors: Sequence[VoiceTurn]) -> list[VoiceTurn]:
    """Return ``turns`` in which all speech within an anchor is its voice's."""
    kept = list(turns)
    for anchor in anchors:
        outside: list[VoiceTurn] = []
        inside: list[VoiceTurn] = []
        for turn in kept:
            low, high = max(turn.start, anchor.start), min(turn.end, anchor.end)
            if low >= high:
                outside.append(turn)
                continue
            outside += [
                VoiceTurn(turn.voice, start, end, turn.confidence)
                for start, end in ((turn.start, low), (high, turn.end))
                if start < end
            ]
            inside.append(VoiceTurn(anchor.voice, low, high, 1.0))
        kept = outside + _joined(inside)
    return kept


def _joined(turns: Iterable[VoiceTurn]) -> list[VoiceTurn]:
    """Return turns of one voice without doubling where they overlap."""
    joined: list[VoiceTurn] = []
    for turn in sorted(turns, key=lambda each: each.start):
        if joined and turn.start <= joined[-1].end:
            end = max(joined[-1].end, turn.end)
            joined[-1] = VoiceTurn(turn.voice, joined[-1].start, end, turn.confidence)
        else:
            joined.append(turn)
    return joined
