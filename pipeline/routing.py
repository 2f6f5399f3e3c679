"""Each kind of model work in worker processes of its own: words never wait behind voices."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.util import find_spec
from types import TracebackType
from typing import Final, Self

from pipeline.inference import Backlog, QueueLimits
from pipeline.jobs import EngineError, Job, JobKind, Result
from pipeline.models import Registry
from pipeline.processes import LocalConfig, LocalExecutor, cores

VOICE_MODELS: Final = ("pyannote-segmentation", "campplus")
LIBRARIES: Final = ("torch", "torchaudio", "pyannote")
VOICE_IDLE_S: Final = 600.0
"""Torch and the voice models take 0.5 GB, so their process goes when nobody has spoken."""
DIARIZATION_IDLE_S: Final = 30.0
RARELY_S: Final = 300.0
"""Between starts where every one ends in a crash: torch uses seconds of a core each time."""
ROOMS_PER_CORE: Final = 4
"""Rooms with somebody talking whose voices one core tells apart, with some to spare."""

_WHOLE_RECORDINGS: Final = QueueLimits(bytes=1024**3, lane_share=1.0)


def voice_problem(registry: Registry) -> str | None:
    """Return why voices cannot be told apart on this machine, or None; blocking, but quick.

    Contents are compared when the models are loaded, not here.
    """
    try:
        for name in VOICE_MODELS:
            registry.path(name)
    except EngineError as error:
        return str(error)
    if not all(map(find_spec, LIBRARIES)):
        return "The libraries that tell voices apart are not installed; run: tools/environment"
    return None


class RoutedExecutor:
    """An ``Executor`` with worker processes for words, for voices and for whole recordings.

    Those for words are there from the start. The others begin with their first job and end after
    a while without any. ``async with RoutedExecutor(config) as executor`` leaves none behind.
    """

    def __init__(self, config: LocalConfig) -> None:
        """Let ``config`` be that of the words; the others' follow from it."""
        self._registry = Registry.default(config.models)
        self._words = LocalExecutor(config)
        self._voices = LocalExecutor(
            replace(
                config,
                engine="voices",
                workers=max(1, cores() // ROOMS_PER_CORE),
                idle_limit_s=VOICE_IDLE_S,
                backoff_max_s=RARELY_S,
            )
        )
        self._diarization = LocalExecutor(
            replace(
                config,
                engine="diarization",
                workers=1,
                limits=_WHOLE_RECORDINGS,
                idle_limit_s=DIARIZATION_IDLE_S,
                backoff_max_s=RARELY_S,
            )
        )
        self._routes: Mapping[JobKind, LocalExecutor] = {
            JobKind.TRANSCRIBE: self._words,
            JobKind.ACTIVITY: self._voices,
            JobKind.EMBED: self._voices,
            JobKind.DIARIZE: self._diarization,
        }
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for executor in (self._words, self._voices, self._diarization):
            await self._running.enter_async_context(executor)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._running.__aexit__(kind, error, traceback)

    async def submit(self, job: Job) -> Result:
        """See ``Executor``."""
        return await self._routes[job.kind].submit(job)

    def backlog(self, session: str | None = None) -> Backlog:
        """Count the work on words, which is what people wait for; see ``Executor``."""
        return self._words.backlog(session)

    @property
    def is_able(self) -> bool:
        """Whether words are understood, or there is hope that they will be soon."""
        return self._words.is_able

    def problems(self) -> Mapping[str, str]:
        """What cannot be done about words, and the reason; see ``LocalExecutor``."""
        return self._words.problems()

    async def voice_problem(self) -> str | None:
        """Return why voices are not told apart; None: nothing is known against it."""
        found = await asyncio.to_thread(voice_problem, self._registry)
        return found or next(iter(self._voices.problems().values()), None)

    async def wait_ready(self, timeout_s: float) -> None:
        """Wait for the workers that understand words; see ``LocalExecutor``."""
        await self._words.wait_ready(timeout_s)
