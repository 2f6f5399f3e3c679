"""Voices nobody enrolled, found while they speak."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.speakers.gallery import Gallery
from pipeline.speakers.labels import Run
from pipeline.speakers.models import Embedding


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingConfig:
    """When an unknown run of speech is a voice of its own.

    Attributes:
        shortest_s: of a run that a voice is found in.
        stranger: confidence in an enrolled voice above which a run is nobody's, but no new voice.
        same: cosine from which a run is a voice found earlier.
        crowded: the same once as many voices are known as people are expected.
        merge: cosine from which two found voices are one.
    """

    shortest_s: float = 1.5
    stranger: float = 0.25
    same: float = 0.80
    crowded: float = 0.60
    merge: float = 0.90


def find(runs: Sequence[Run], gallery: Gallery, config: FindingConfig) -> dict[str, str]:
    """Find the voices of ``runs`` that are nobody's; return which found voices became one."""
    for run in runs:
        is_new = run.voice is None and run.likely < config.stranger
        if is_new and run.mean is not None and run.heard_s >= config.shortest_s:
            _place(run.mean, run.heard_s, gallery, config)
    return _merge(gallery, config)


def _place(mean: Embedding, heard_s: float, gallery: Gallery, config: FindingConfig) -> None:
    found = {name: one for name, one in gallery.voices.items() if not one.is_enrolled}
    cosines = {name: float(one.embedding @ mean) for name, one in found.items()}
    nearest = max(cosines, key=lambda name: cosines[name], default=None)
    is_crowded = len(gallery.voices) >= gallery.expected
    threshold = config.crowded if is_crowded else config.same
    if nearest is not None and cosines[nearest] >= threshold:
        gallery.learn(nearest, mean, heard_s)
    else:
        gallery.found(mean, heard_s)


def _merge(gallery: Gallery, config: FindingConfig) -> dict[str, str]:
    """Merge found voices that have become alike, the later found into the earlier."""
    merged: dict[str, str] = {}
    while True:
        names = [name for name, one in gallery.voices.items() if not one.is_enrolled]
        rows = np.array([gallery.voices[name].embedding for name in names], np.float32)
        if len(names) < 2:
            return merged
        cosines = np.triu(rows @ rows.T, 1)
        first, second = np.unravel_index(int(cosines.argmax()), cosines.shape)
        if cosines[first, second] < config.merge:
            return merged
        gallery.merge(names[second], names[first])
        merged[names[second]] = names[first]
