"""What telling voices apart costs: processor time over hop and lag, and memory over hours."""

import asyncio
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.panels import Panel
from bench.results import Row
from bench.serving import percentile
from bench.voice_errors import Errors
from bench.voice_runs import enrolled, follow, utterances
from bench.voices import Counted
from pipeline.assembly import Ears
from pipeline.audio import Samples, samples, seconds
from pipeline.models import Registry
from pipeline.runner import Utterance
from pipeline.speakers.activity import STEP
from pipeline.speakers.attribution import AttributionConfig
from pipeline.speakers.models import Activity, VoiceModels

_HOPS_S = (0.5, 1.0, 2.0)
_LAGS_S = (0.0, 0.5, 1.0, 2.0)
_EARLY_MINUTES = 10
_LATE_MINUTES = 120
_UTTERANCE_S = 6.0


async def costs(panel: Panel, models: VoiceModels) -> list[Row]:
    """Return what a room costs whose people talk all the time, for each hop and lag.

    The models run in this process; their time on this machine is the delay of their answer too.
    """
    ears = await asyncio.to_thread(Ears.load, Registry.default())
    ends = utterances(panel.samples, ears)
    ears.close()
    pairs = [(hop_s, 1.0) for hop_s in _HOPS_S] + [(1.0, lag) for lag in _LAGS_S if lag != 1.0]
    return [await _cost(panel, ends, models, hop_s, lag_s) for hop_s, lag_s in pairs]


async def _cost(
    panel: Panel,
    ends: list[tuple[int, Utterance]],
    models: VoiceModels,
    hop_s: float,
    lag_s: float,
) -> Row:
    gallery = await enrolled(panel.enrolment, models)
    counted = Counted(models)
    config = AttributionConfig(hop_s=hop_s, lag_s=lag_s)
    said = await follow(panel.samples, ends, counted, gallery, config)
    errors = Errors()
    errors.add(panel.turns, said.first_labels, panel.interviewers, is_mapped=False)
    heard_s = seconds(panel.samples.size)
    late = [seconds(delay) for delay in said.delays]
    return {
        "hop_s": hop_s,
        "lag_s": lag_s,
        "core_%": 100 * counted.used.cpu_s / heard_s,
        "windows_per_s": counted.used.activities / heard_s,
        "pieces_per_s": counted.used.embeddings / heard_s,
        "behind_p50_s": percentile(late, 0.5),
        "behind_p95_s": percentile(late, 0.95),
        "provisional_confusion_%": errors.row()["confusion_%"],
    }


class _Free:
    """`VoiceModels` that cost nothing: one voice talks, with a short pause every six seconds."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)

    async def activity(self, sound: Samples) -> Activity:
        frames = np.zeros((int(sound.size / STEP), 3), np.float32)
        frames[:, 0] = 1
        return Activity(frames, STEP)

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        rows = self._random.standard_normal((len(pieces), 192)).astype(np.float32)
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


async def memory(panel: Panel) -> list[Row]:
    """Return what the process holds after ten minutes of a track, and after two hours."""
    rows: list[Row] = []
    for minutes in (_EARLY_MINUTES, _LATE_MINUTES):
        models = _Free()
        size = samples(60.0 * minutes)
        sound = np.resize(panel.samples, size)
        step = samples(_UTTERANCE_S)
        ends = [
            # Not a view of the sound, which would keep all of it.
            (start + step, Utterance(start, start + step, np.zeros(0, np.float32)))
            for start in range(0, size - step, step)
        ]
        gallery = await enrolled(panel.enrolment, models)
        said = await follow(sound, ends, models, gallery)
        history = said.history
        del sound
        held = 0 if history is None else history.embeddings.nbytes + history.spans.nbytes
        held += 0 if history is None else 2 * history.activity.nbytes
        rows.append({"minutes": minutes, "rss_MB": rss_mb(), "history_MB": held / 1e6})
        print(rows[-1], file=sys.stderr)
    return rows


def rss_mb() -> float:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return pages * resource.getpagesize() / 1e6
