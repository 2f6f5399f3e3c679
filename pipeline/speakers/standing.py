"""Where a second hearing says another name than the first: which of them stands."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np

from pipeline.audio import seconds
from pipeline.speakers.cells import Cell
from pipeline.speakers.clustering import Rows
from pipeline.speakers.confidence import Evidence, confidence
from pipeline.speakers.labels import Known as Voices
from pipeline.speakers.labels import Run
from pipeline.speakers.models import Embedding
from pipeline.speakers.survey import Survey
from pipeline.speakers.turns import VoiceTurn

_CLEARLY: Final = 0.05
"""By how much the other voice must be more alike, over the whole stretch."""
_WELL_KNOWN_S: Final = 20.0
"""Speech from which a voice is better known from the recording than from a reading. Of panels of
six, all of whom had read, the second hearing alone named 1.5 to 7 % wrong in a minute and 0.1 to
0.4 % in five; readings alone 0.3 to 3 % in both."""
_SAID: Final = 0.5
"""Confidence from which a first label is one."""
_DISPUTED: Final = 0.6
"""Confidence at most in a label that the second hearing does not share."""


def standing(
    runs: Sequence[Run],
    voices: Voices,
    survey: Survey,
    heard: Sequence[VoiceTurn],
    readings: Mapping[str, Rows],
) -> list[Run]:
    """Return ``runs`` in which names told live stand where no other is clearly better.

    What a voice is like is learnt here from speech that was taken for it, so an error confirms
    itself where little is said. A name that somebody's reading gave is independent of that.

    Args:
        runs: what the second hearing says.
        voices: as they were learnt from the recording.
        survey: what was heard.
        heard: what was told live.
        readings: what is known of the voices with a name apart from the recording.
    """
    heard_s = dict.fromkeys(voices.names, 0.0)
    for run in runs:
        if run.voice is not None:
            heard_s[run.voice] += run.heard_s
    little = {name for name, length_s in heard_s.items() if length_s < _WELL_KNOWN_S}
    told = [
        turn if turn and (turn.voice in little or label in little) else None
        for turn, label in zip(_told(survey.cells, heard, readings), _labels(runs), strict=True)
    ]
    return [part for run in runs for part in _parts(run, told, voices, survey, readings)]


def _parts(
    run: Run,
    told: Sequence[VoiceTurn | None],
    voices: Voices,
    survey: Survey,
    readings: Mapping[str, Rows],
) -> Iterator[Run]:
    """Yield the run in stretches of which the same was told before."""
    if run.voice is None:
        yield run
        return
    for name, group in groupby(
        range(run.first, run.last), lambda i: one.voice if (one := told[i]) else None
    ):
        cells = list(group)
        part = replace(run, first=cells[0], last=cells[-1] + 1)
        mean, heard_s = _mean(survey, part)
        if name is None or name == run.voice or mean is None:
            yield part
            continue
        sure = max(turn.confidence for i in cells if (turn := told[i]) is not None)
        after, margin = _likeness(mean, run.voice, name, voices, readings)
        if margin < _CLEARLY:
            yield replace(part, voice=name, confidence=min(_DISPUTED, sure))
            continue
        is_enrolled = run.voice in voices.enrolled
        claim = Evidence(after, margin, heard_s, is_enrolled, voices.is_exclusive)
        yield replace(part, confidence=min(part.confidence, confidence(claim)))


def _likeness(
    mean: Embedding, after: str, before: str, voices: Voices, readings: Mapping[str, Rows]
) -> tuple[float, float]:
    """Return how alike the voice said now is, and by how much more than that told before."""
    cosines = dict(zip(voices.names, (voices.centres @ mean).tolist(), strict=True))
    now = cosines[after]
    if after in readings:
        now = (now + float(readings[after] @ mean)) / 2
    return now, now - max(float(readings[before] @ mean), cosines[before])


def _labels(runs: Sequence[Run]) -> list[str | None]:
    """Return the voice of each cell."""
    return [run.voice for run in runs for _ in range(run.first, run.last)]


def _told(
    cells: Sequence[Cell], heard: Sequence[VoiceTurn], readings: Mapping[str, Rows]
) -> list[VoiceTurn | None]:
    """Return for each cell what was told of its middle, if it is the name of a reading."""
    turns = [turn for turn in heard if turn.voice in readings and turn.confidence >= _SAID]
    turns.sort(key=lambda turn: turn.start)
    found: list[VoiceTurn | None] = []
    first = 0
    for cell in cells:
        while first < len(turns) and turns[first].end <= cell.centre:
            first += 1
        is_in = first < len(turns) and turns[first].start <= cell.centre
        found.append(turns[first] if is_in else None)
    return found


def _mean(survey: Survey, part: Run) -> tuple[Embedding | None, float]:
    """Return what a stretch sounds like, not of length 1, and for how long it was heard."""
    pairs = [
        (seconds(cell.end - cell.start), row)
        for cell, row in zip(
            survey.cells[part.first : part.last],
            survey.embeddings[part.first : part.last],
            strict=True,
        )
        if row is not None
    ]
    if not pairs:
        return None, 0.0
    lengths = np.array([length_s for length_s, _ in pairs], np.float32)
    total = lengths @ np.array([row for _, row in pairs], np.float32)
    return np.asarray(total / lengths.sum(), np.float32), float(lengths.sum())
