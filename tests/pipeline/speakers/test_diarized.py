"""A pyannote pipeline's speakers meet the voices that are known."""

import numpy as np
import pytest

from pipeline.audio import samples
from pipeline.inference import Backlog
from pipeline.jobs import Array, EngineError, Job, JobKind, Result
from pipeline.speakers.diarized import JobDiarizer, diarized_pass
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.turns import VoiceTurn
from pipeline.speakers.whole import Known
from tests.pipeline.speakers.chorus import ChorusModels, drawn, embedding, sing

TALK = 2 * "AAAAAA..BBBBBBBB.AAAA...BBBBBBXXAAAA"
SPANS_S = [(0, 3, 1), (4, 8, 0), (8.5, 10.5, 1), (12, 16, 0), (15, 18, 1)]


class ScriptedPipeline:
    """An ``Executor`` that answers every job with the same turns."""

    def __init__(self, turns: list[tuple[float, float, int]] | None) -> None:
        self.turns = turns
        self.jobs: list[Job] = []

    async def submit(self, job: Job) -> Result:
        self.jobs.append(job)
        arrays: dict[str, Array] = {}
        if self.turns is not None:
            arrays["turns"] = np.array(self.turns, np.float32).reshape(-1, 3)
        return Result(job=job.id, arrays=arrays)

    def backlog(self, session: str | None = None) -> Backlog:
        return Backlog(0, 0, 0.0)


def twice() -> list[tuple[float, float, int]]:
    return [(a + shift, b + shift, who) for shift in (0, 18) for a, b, who in SPANS_S]


def gallery(voices: str) -> Gallery:
    made = Gallery(6)
    for voice in voices:
        made.enrol(voice, embedding(voice, 0.1, 99))
    return made


async def test_separated_speakers_get_their_names_and_overlap_stays() -> None:
    pipeline = ScriptedPipeline(twice())
    found = await diarized_pass(
        sing(TALK), JobDiarizer(pipeline, "s"), ChorusModels(), gallery("AB")
    )
    assert drawn(found.turns, len(TALK), {"A": "A", "B": "B"}) == TALK
    (job,) = pipeline.jobs
    assert (job.kind, job.model, job.session) == (JobKind.DIARIZE, "community-1", "s")
    assert job.params == {"speakers": 6}


async def test_a_speaker_nobody_knows_keeps_the_name_it_had_live() -> None:
    pipeline = ScriptedPipeline(twice())
    known = Known(heard=(VoiceTurn("v5", samples(4), samples(8), 0.5),))
    found = await diarized_pass(
        sing(TALK), JobDiarizer(pipeline, "s"), ChorusModels(), gallery("A"), known
    )
    assert drawn(found.turns, len(TALK), {"A": "A", "v5": "B"}) == TALK
    assert set(found.found) == {"v5"}


async def test_what_people_corrected_stays() -> None:
    pipeline = ScriptedPipeline(twice())
    known = Known(anchors=(VoiceTurn("B", 0, samples(3), 1.0),))
    found = await diarized_pass(
        sing(TALK), JobDiarizer(pipeline, "s"), ChorusModels(), gallery("AB"), known
    )
    assert drawn(found.turns, 6, {"A": "A", "B": "B"}) == "BBBBBB"


async def test_a_pipeline_that_hears_nobody_leaves_nobody() -> None:
    found = await diarized_pass(
        sing(TALK), JobDiarizer(ScriptedPipeline([]), "s"), ChorusModels(), gallery("AB")
    )
    assert found.turns == ()


async def test_an_empty_answer_is_an_error() -> None:
    with pytest.raises(EngineError, match="nothing"):
        await JobDiarizer(ScriptedPipeline(None), "s")(sing("AA"), 6)
