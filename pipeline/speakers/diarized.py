"""The final pass by a whole pipeline of pyannote, where its model is there.

Such a pipeline only separates: its speakers meet the voices that are known by name as those of
our own pass do, and what people corrected stays.
"""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from pipeline.audio import Samples, samples, seconds
from pipeline.inference import Executor
from pipeline.jobs import EngineError, Job, JobKind, Priority
from pipeline.speakers.activity import Span
from pipeline.speakers.casting import cast, readings
from pipeline.speakers.clustering import Rows, unit
from pipeline.speakers.confidence import Evidence, confidence
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.labels import Known as Voices
from pipeline.speakers.models import VoiceModels
from pipeline.speakers.outcome import Known, WholeResult
from pipeline.speakers.survey import Survey, Surveyor
from pipeline.speakers.turns import VoiceTurn
from pipeline.speakers.whole import finished

MODEL: Final = "community-1"

Separated = Sequence[Sequence[Span]]
"""Where each speaker of a recording speaks."""


@dataclass(frozen=True, slots=True)
class JobDiarizer:
    """A pyannote pipeline that runs elsewhere: a recording is one job."""

    executor: Executor
    session: str
    model: str = MODEL
    deadline_s: float | None = None

    async def __call__(self, sound: Samples, most: int) -> Separated:
        """Tell at most ``most`` speakers of the whole ``sound`` apart.

        Raises:
            EngineError: the pipeline failed or is missing.
        """
        job = Job(
            id=uuid.uuid4().hex,
            kind=JobKind.DIARIZE,
            model=self.model,
            session=self.session,
            priority=Priority.RECORDING,
            deadline_s=self.deadline_s,
            arrays={"sound": sound},
            params={"speakers": most},
        )
        turns = (await self.executor.submit(job)).arrays.get("turns")
        if turns is None or turns.ndim != 2 or turns.shape[1] != 3:
            raise EngineError(f"{job.kind} job {job.id} was answered with nothing")
        spans: dict[int, list[Span]] = {}
        for start_s, end_s, speaker in turns.tolist():
            start, end = samples(max(0.0, start_s)), min(samples(end_s), sound.size)
            if start < end:
                spans.setdefault(int(speaker), []).append((start, end))
        return [sorted(spans[speaker]) for speaker in sorted(spans)]


async def diarized_pass(
    sound: Samples,
    diarize: JobDiarizer,
    models: VoiceModels,
    gallery: Gallery,
    known: Known | None = None,
) -> WholeResult:
    """Tell who spoke as `whole_pass` does, with the turns of ``diarize``.

    Raises:
        EngineError: a model failed or is missing.
    """
    known = known or Known()
    separated = await diarize(sound, known.expected)
    survey = await Surveyor(models, known.history, known.edges).hear(sound, known.deadline_s)
    return await asyncio.to_thread(name, separated, survey, gallery, known)


def name(separated: Separated, survey: Survey, gallery: Gallery, known: Known) -> WholeResult:
    """Return the turns of separated speakers with the names of their voices; pure."""
    if not survey.is_heard or not separated:
        return WholeResult((), survey.through)
    centres, heard_s = _centres(separated, survey)
    voices, given = cast(readings(survey, gallery, known), centres, separated, gallery, known)
    turns: list[VoiceTurn] = []
    for i, spans in enumerate(separated):
        sure = _sure(centres[i], float(heard_s[i]), given[i], voices)
        turns += [
            VoiceTurn(given[i], start, min(end, survey.through), sure)
            for start, end in spans
            if start < survey.through
        ]
    # The pipeline has told who speaks at once itself: nothing is added.
    return finished(turns, voices, Survey(survey.through), gallery, known)


def _centres(separated: Separated, survey: Survey) -> tuple[Rows, Rows]:
    """Return what each speaker sounds like where nobody else speaks, and for how long."""
    sums = np.zeros((len(separated), survey.width))
    heard_s = np.zeros(len(separated))
    for cell, row in zip(survey.cells, survey.embeddings, strict=True):
        shares = [_common(spans, cell.start, cell.end) for spans in separated]
        speaker = int(np.argmax(shares))
        others = sum(shares) - shares[speaker]
        if row is not None and 2 * shares[speaker] > cell.end - cell.start and not others:
            length_s = seconds(cell.end - cell.start)
            sums[speaker] += length_s * row
            heard_s[speaker] += length_s
    return unit(sums), heard_s


def _common(spans: Sequence[Span], start: int, end: int) -> int:
    return sum(max(0, min(b, end) - max(a, start)) for a, b in spans)


def _sure(centre: Rows, heard_s: float, voice: str, voices: Voices) -> float:
    cosines = voices.centres @ centre.astype(np.float32)
    mine = voices.names.index(voice)
    others = np.delete(cosines, mine)
    margin = float(cosines[mine] - others.max(initial=0.0))
    return confidence(
        Evidence(
            float(cosines[mine]), margin, heard_s, voice in voices.enrolled, voices.is_exclusive
        )
    )
