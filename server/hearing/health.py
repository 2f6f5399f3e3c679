"""Whether the models that tell voices apart work, as everybody in the room is told."""

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples
from pipeline.inference import Overloaded, Stale
from pipeline.jobs import EngineError
from pipeline.models import ModelMissing
from pipeline.speakers.models import Activity, VoiceModels

log = logging.getLogger(__name__)

State: TypeAlias = Literal["on", "behind", "off"]
Reason: TypeAlias = Literal["", "missing", "failed", "disabled"]


@dataclass(frozen=True, slots=True)
class Health:
    """Whether voices are told apart, as the signal ``speakers`` says it."""

    state: State
    reason: Reason = ""


class WatchedModels:
    """``VoiceModels`` that remember whether they last worked."""

    def __init__(self, models: VoiceModels) -> None:
        self._models = models
        self.failure: Reason = ""

    async def warm(self) -> None:
        """Ask for a little, so that models which are loaded when they are asked are loaded now."""
        quiet = np.zeros(RATE_HZ, np.float32)
        with contextlib.suppress(EngineError):
            await self.activity(quiet)
            await self.embed([quiet])

    async def activity(self, sound: Samples) -> Activity:
        """See ``VoiceModels``."""
        try:
            found = await self._models.activity(sound)
        except EngineError as error:
            self._fail(error)
            raise
        self.failure = ""
        return found

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        """See ``VoiceModels``."""
        try:
            found = await self._models.embed(pieces)
        except EngineError as error:
            self._fail(error)
            raise
        self.failure = ""
        return found

    def _fail(self, error: EngineError) -> None:
        if isinstance(error, (Overloaded, Stale)):
            return  # They work, but not fast enough; the track says so.
        if not self.failure:
            log.warning("voices cannot be told apart: %s", error)
        self.failure = "missing" if isinstance(error, ModelMissing) else "failed"
