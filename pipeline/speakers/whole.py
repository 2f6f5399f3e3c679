"""The final pass: who spoke, decided over a whole recording instead of as it came."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from pipeline.audio import seconds
from pipeline.speakers.activity import Span
from pipeline.speakers.anchors import anchored
from pipeline.speakers.casting import cast, readings
from pipeline.speakers.clustering import ClusteringConfig, Pieces, Rows, separate, unit
from pipeline.speakers.fitting import fitting
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.labels import Known as Voices
from pipeline.speakers.labels import LabelConfig, Run, label
from pipeline.speakers.models import Embedding, VoiceModels
from pipeline.speakers.outcome import Known, WholeResult
from pipeline.speakers.overlap import overlapping
from pipeline.speakers.standing import standing
from pipeline.speakers.survey import Sound, Survey, Surveyor
from pipeline.speakers.turns import VoiceTurn

__all__ = ["Known", "Sound", "WholeResult", "decide", "whole_pass"]

_LABELS: Final = LabelConfig(unknown=0.40, stranger=0.40, least=0.30, same=0.45)
"""More is given to voices than live: all that were told apart are known, and `fitting` follows."""
_SUREST_FOUND: Final = 0.75
"""Confidence in a voice nobody enrolled: that stretches are one person's may still be wrong."""
_ROUNDS: Final = 3
"""How often the voices are learnt again from what they are taken to have said."""
_PIECE_S: Final = 0.9
"""A shorter piece is no evidence of what a voice is like."""
_LEARNT_S: Final = 3.0
"""Speech from which a voice is known by how it sounds here."""
_READING_S: Final = 8.0
"""What a reading weighs against that: where little is said errors would teach themselves."""


async def whole_pass(
    sound: Sound, models: VoiceModels, gallery: Gallery, known: Known | None = None
) -> WholeResult:
    """Tell who spoke in the whole of ``sound``; the gallery is read, never changed.

    Raises:
        EngineError: a model failed or is missing.
    """
    known = known or Known()
    surveyor = Surveyor(models, known.history, known.edges)
    survey = await surveyor.hear(sound, known.deadline_s)
    # A second of arithmetic for two hours of speech: too long for a loop that serves others.
    return await asyncio.to_thread(decide, survey, gallery, known)


def decide(survey: Survey, gallery: Gallery, known: Known) -> WholeResult:
    """Return who spoke, from what was heard; pure."""
    if not survey.is_heard:
        return WholeResult((), survey.through)
    read = readings(survey, gallery, known)
    voices = _voices(survey, read, gallery, known)
    for _ in range(_ROUNDS):
        voices = _learnt(voices, read, _runs(survey, voices))
    runs = fitting(_runs(survey, voices), voices, survey)
    runs = standing(runs, voices, survey, known.heard, read)
    alone = [turn for run in runs for turn in _turns(run, survey)]
    return finished(alone, voices, survey, gallery, known)


def finished(
    alone: Sequence[VoiceTurn], voices: Voices, survey: Survey, gallery: Gallery, known: Known
) -> WholeResult:
    """Add second voices to turns of one voice at a time, and keep what people corrected."""
    both = [*alone, *overlapping(survey.overlaps, survey.windows, alone)]
    turns = sorted(anchored(both, known.anchors), key=lambda turn: turn.start)
    spoken = {turn.voice for turn in turns}
    found = {
        name: centre
        for name, centre in zip(voices.names, voices.centres, strict=True)
        if name in spoken and name not in gallery.voices
    }
    return WholeResult(tuple(turns), survey.through, found)


def _voices(survey: Survey, read: dict[str, Rows], gallery: Gallery, known: Known) -> Voices:
    """Return every voice that spoke: those known by name, and what else was told apart."""
    most = max(known.expected, len(read))
    centres = separate(_pieces(survey), ClusteringConfig(most=most)).reshape(-1, survey.width)
    voices, _ = cast(read, centres, _spans(survey, centres), gallery, known)
    return voices


def _spans(survey: Survey, centres: Rows) -> list[list[Span]]:
    """Return about where each centre speaks."""
    numbers = [str(i) for i in range(len(centres))]
    voices = Voices(numbers, centres.astype(np.float32), frozenset(), is_exclusive=False)
    spans: dict[str | None, list[Span]] = {number: [] for number in numbers}
    for run in _runs(survey, voices):
        spans.setdefault(run.voice, []).extend(
            (turn.start, turn.end) for turn in _turns(run, survey)
        )
    return [spans[number] for number in numbers]


def _pieces(survey: Survey) -> Pieces:
    """Return the cells that are long enough, and of one voice, as far as segmentation knows."""
    section = 0
    chosen: list[tuple[Embedding, int, float]] = []
    end = -1
    for cell, row in zip(survey.cells, survey.embeddings, strict=True):
        section += cell.follows or cell.start != end
        end = cell.end
        if row is None or cell.heard is None:
            continue
        if seconds(cell.heard[1] - cell.heard[0]) >= _PIECE_S:
            chosen.append((row, section, seconds(cell.end - cell.start)))
    return Pieces(
        np.array([row for row, _, _ in chosen], np.float64).reshape(-1, survey.width),
        np.array([number for _, number, _ in chosen], np.intp),
        np.array([length_s for _, _, length_s in chosen], np.float64),
    )


def _runs(survey: Survey, voices: Voices) -> list[Run]:
    """Label everything; every voice is as well known here as live only an enrolled one is."""
    known = Voices(voices.names, voices.centres, frozenset(voices.names), voices.is_exclusive)
    return [
        run
        if run.voice is None or run.voice in voices.enrolled
        else replace(run, confidence=min(_SUREST_FOUND, run.confidence))
        for run in label(survey.cells, survey.embeddings, known, _LABELS)
    ]


def _learnt(voices: Voices, read: Mapping[str, Rows], runs: Iterable[Run]) -> Voices:
    """Return the voices as they sound in their runs, and in what is known of them besides."""
    sums = np.zeros(voices.centres.shape)
    heard_s = np.zeros(len(voices.names))
    index = {name: i for i, name in enumerate(voices.names)}
    for run in runs:
        if run.voice is not None and run.mean is not None:
            sums[index[run.voice]] += run.heard_s * run.mean
            heard_s[index[run.voice]] += run.heard_s
    for name, row in read.items():
        sums[index[name]] += _READING_S * row
    enough = (heard_s >= _LEARNT_S)[:, None]
    centres = np.where(enough, unit(sums), voices.centres).astype(np.float32)
    return Voices(voices.names, centres, voices.enrolled, voices.is_exclusive)


def _turns(run: Run, survey: Survey) -> list[VoiceTurn]:
    """Return a run without its pauses."""
    turns: list[VoiceTurn] = []
    for cell in survey.cells[run.first : run.last]:
        if turns and turns[-1].end == cell.start:
            turns[-1] = VoiceTurn(run.voice, turns[-1].start, cell.end, run.confidence)
        else:
            turns.append(VoiceTurn(run.voice, cell.start, cell.end, run.confidence))
    return turns
