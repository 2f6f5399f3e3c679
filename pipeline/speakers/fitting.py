"""Whether a stretch really is the voice it is nearest to, judged by how that voice is elsewhere."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from pipeline.audio import seconds
from pipeline.speakers.labels import Known as Voices
from pipeline.speakers.labels import Run
from pipeline.speakers.models import Embedding
from pipeline.speakers.survey import Survey

_WELL_KNOWN_S: Final = 10.0
"""Speech of a voice in this recording from which its own stretches tell what it is like."""
_SHORTEST_S: Final = 1.0
"""Shorter stretches are unlike anybody by chance."""
_LOWEST: Final = 0.62
_HIGHEST: Final = 0.94
_CHANCE_S: Final = 0.5
"""The shorter a stretch the more chance is in it. Of panels of six in three kinds of room 1 of
300 stretches of the right voice was below this, and 7 of 10 of somebody else from 1.5 s on."""


def fitting(runs: Sequence[Run], voices: Voices, survey: Survey) -> list[Run]:
    """Return ``runs``; what in them is too unlike their voice is nobody's.

    Somebody who says three words in an interview is no voice of their own. Without this they
    would get the name of whom they resemble.
    """
    heard_s: dict[str, float] = {}
    for run in runs:
        if run.voice is not None:
            heard_s[run.voice] = heard_s.get(run.voice, 0.0) + run.heard_s
    rows = dict(zip(voices.names, voices.centres, strict=True))
    fitted: list[Run] = []
    for run in runs:
        if run.voice is None or heard_s[run.voice] < _WELL_KNOWN_S:
            fitted.append(run)
        else:
            fitted.extend(_split(run, rows[run.voice], survey))
    return fitted


def least(heard_s: float) -> float:
    """Return the cosine that a stretch of its own voice has at least."""
    return max(_LOWEST, _HIGHEST * (1 - _CHANCE_S / max(heard_s, _SHORTEST_S)))


def _split(run: Run, centre: Embedding, survey: Survey) -> Iterator[Run]:
    """Yield the run in parts, from one pause or change to the next: strangers are nobody."""
    first = run.first
    for i in range(run.first + 1, run.last + 1):
        if i < run.last and not survey.cells[i].follows:
            continue
        mean, heard_s = _mean(survey, first, i)
        part = replace(run, first=first, last=i)
        if mean is not None and heard_s >= _SHORTEST_S and centre @ mean < least(heard_s):
            part = replace(part, voice=None, confidence=0.0, mean=mean, heard_s=heard_s)
        yield part
        first = i


def _mean(survey: Survey, first: int, last: int) -> tuple[Embedding | None, float]:
    """Return what cells sound like together, and for how long."""
    pairs = [
        (seconds(cell.end - cell.start), row)
        for cell, row in zip(survey.cells[first:last], survey.embeddings[first:last], strict=True)
        if row is not None
    ]
    if not pairs:
        return None, 0.0
    lengths = np.array([length_s for length_s, _ in pairs], np.float32)
    total = lengths @ np.array([row for _, row in pairs], np.float32)
    unit = np.asarray(total / max(1e-9, float(np.linalg.norm(total))), np.float32)
    return unit, float(lengths.sum())
