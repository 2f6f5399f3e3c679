"""Who is who in a recording: voices told apart in it meet those that are known by name."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from pipeline.speakers.activity import Span
from pipeline.speakers.anchors import taught
from pipeline.speakers.claims import claims, names, shared_time
from pipeline.speakers.clustering import Rows, unit
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.labels import Known as Voices
from pipeline.speakers.outcome import Known
from pipeline.speakers.survey import Survey

_READING: Final = 0.3
"""What a reading counts beside the centre of its voice in this recording."""
_NOBODY_ELSE: Final = 0.75
"""Cosine with a reading from which a voice is none of its own where everybody has read."""


def readings(survey: Survey, gallery: Gallery, known: Known) -> dict[str, Rows]:
    """Return what is known of each voice with a name: its reading, and what people corrected."""
    enrolled = {
        name: one.anchor.astype(np.float64)
        for name, one in gallery.voices.items()
        if one.is_enrolled
    }
    return taught(enrolled, known.anchors, survey)


def cast(
    read: dict[str, Rows],
    centres: Rows,
    spans: Sequence[Sequence[Span]],
    gallery: Gallery,
    known: Known,
) -> tuple[Voices, list[str]]:
    """Return every voice, those that did not speak included, and the name of each centre.

    Args:
        read: what is known of the voices with a name, see `readings`.
        centres: shape (voices told apart, 192).
        spans: where each of them speaks.
        gallery: the voices that were known live, for the names of those nobody enrolled.
        known: what else is known, the turns told live among it.
    """
    rows = np.array([*read.values()]).reshape(-1, centres.shape[1])
    fixed = list(read)
    owner = {centre: reading for reading, centre in claims(rows, centres).items()}
    free = [i for i in range(len(centres)) if i not in owner]
    alike = dict[int, int]()
    if len(fixed) >= known.expected:
        # Nobody else is expected, and where little is said what was told apart may hold several.
        near = rows @ centres.T
        alike = {i: int(near[:, i].argmax()) for i in free if near[:, i].max() >= _NOBODY_ELSE}
        free = [i for i in free if i not in alike]
    earlier = {
        name: one.embedding.astype(np.float64)
        for name, one in gallery.voices.items()
        if name not in read
    }
    seen = {turn.voice for turn in known.heard if turn.voice is not None}
    given = names(
        centres[free],
        [shared_time(spans[i], known.heard, read.keys()) for i in free],
        earlier,
        {*fixed, *gallery.voices, *seen},
    )
    for centre, reading in owner.items():
        rows[reading] = unit(_READING * rows[reading] + (1 - _READING) * centres[centre])
    of_free = dict(zip(free, given, strict=True))
    labels = [
        of_free[i] if i in of_free else fixed[(owner | alike)[i]] for i in range(len(centres))
    ]
    every = np.concatenate((rows, centres[free])).astype(np.float32)
    voices = Voices(
        [*fixed, *given], every, frozenset(fixed), is_exclusive=len(fixed) >= known.expected
    )
    return voices, labels
