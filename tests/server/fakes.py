"""Small real implementations of Protocols, for tests that are not about models."""

import asyncio
from collections.abc import Sequence

from pipeline.inference import Backlog
from pipeline.jobs import EngineError, Job, JobKind, Result
from pipeline.models import ModelMissing
from pipeline.transcription import Transcript, Word, transcript_to_values


def transcript(text: str) -> Transcript:
    """Return a confident transcript with evenly spaced words."""
    words = tuple(
        Word(0.2 * number, 0.2 * number + 0.15, word, 0.9)
        for number, word in enumerate(text.split())
    )
    return Transcript(words, text, avg_logprob=-0.2, no_speech_p=0.01, compression_ratio=1.0)


class ScriptedExecutor:
    """An ``Executor`` that answers the lines of a script in turn, the last one for ever.

    ``gate``: jobs wait while it is cleared, so that a test decides when understanding happens.
    """

    def __init__(self, lines: Sequence[str] = ("저는 개발 경험이 있습니다.",)) -> None:
        self.lines = list(lines)
        self.jobs: list[Job] = []
        self.error: EngineError | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self._running = 0

    async def submit(self, job: Job) -> Result:
        if job.kind is not JobKind.TRANSCRIBE:
            raise ModelMissing("there are no models for voices here")
        self.jobs.append(job)
        line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
        self._running += 1
        try:
            await self.gate.wait()
        finally:
            self._running -= 1
        if self.error is not None:
            raise self.error
        return Result(job=job.id, values=transcript_to_values(transcript(line)))

    def backlog(self, session: str | None = None) -> Backlog:
        return Backlog(queued=0, running=self._running, oldest_wait_s=0.0)
