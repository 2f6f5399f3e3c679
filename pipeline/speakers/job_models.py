"""The models that tell voices apart, each call a job for whoever does the model work."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples
from pipeline.inference import Executor
from pipeline.jobs import Array, EngineError, Job, JobKind, Priority, Result
from pipeline.speakers.models import EMBEDDING_SIZE, Activity

MODELS: Final[Mapping[JobKind, str]] = {
    JobKind.ACTIVITY: "pyannote-segmentation",
    JobKind.EMBED: "campplus",
}


class JobVoiceModels:
    """``VoiceModels`` whose models run elsewhere."""

    def __init__(
        self,
        executor: Executor,
        session: str,
        *,
        priority: Priority = Priority.INTERIM,
        key: str | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """Ask ``executor``; ``deadline_s`` is that of every job, see `Job`.

        With a ``key`` a newer call takes the place of an older one of the same kind that still
        waits, which then raises ``Stale``.
        """
        self._executor = executor
        self._session = session
        self._priority = priority
        self._key = key
        self._deadline_s = deadline_s

    async def warm(self) -> None:
        """Let the models be loaded, which takes seconds, before somebody waits for their answer.

        Raises:
            EngineError: they cannot work here; the sentence says what to do.
        """
        second = np.zeros(RATE_HZ, np.float32)
        await self._ask(JobKind.ACTIVITY, {"sound": second}, is_urgent=False)
        await self._ask(JobKind.EMBED, {"0": second}, is_urgent=False)

    async def activity(self, sound: Samples) -> Activity:
        """See ``VoiceModels``."""
        result = await self._ask(JobKind.ACTIVITY, {"sound": sound})
        return Activity(result.arrays["speakers"], float(result.values["step"]))

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        """See ``VoiceModels``."""
        if not pieces:
            return np.zeros((0, EMBEDDING_SIZE), np.float32)
        arrays = {str(number): piece for number, piece in enumerate(pieces)}
        return (await self._ask(JobKind.EMBED, arrays)).arrays["embeddings"]

    async def _ask(
        self, kind: JobKind, arrays: Mapping[str, Array], *, is_urgent: bool = True
    ) -> Result:
        # The two kinds must not take each other's place, nor a warming call that of a real one.
        key = f"{self._key} {kind}" if self._key is not None and is_urgent else None
        job = Job(
            id=uuid.uuid4().hex,
            kind=kind,
            model=MODELS[kind],
            session=self._session,
            priority=self._priority,
            key=key,
            deadline_s=self._deadline_s if is_urgent else None,
            arrays=arrays,
        )
        result = await self._executor.submit(job)
        if not result.arrays and is_urgent:
            raise EngineError(f"{kind} job {job.id} was answered with nothing")
        return result
