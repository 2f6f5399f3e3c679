"""Voices at the HTTP door: what people read, and model work that hums."""

import io
from typing import Any

import numpy as np

from pipeline.audio import Samples
from pipeline.jobs import Job, JobKind, Result
from server.paths import session_path
from tests.pipeline.speakers.tones import ToneModels, hum
from tests.server.conftest import Client
from tests.server.fakes import ScriptedExecutor

PATH = session_path("s1", "voice")


def read(who: str = "A") -> Samples:
    """Return eight seconds that one person reads."""
    sound = hum("".join(who if letter == "A" else letter for letter in "AAAAA.AAAAA.AAAA"))
    since_s = np.arange(sound.size) / 16_000 % 1.1
    # Like speech, it is at its loudest for moments only.
    return (sound * (0.4 + 0.6 * np.exp(-since_s / 0.005))).astype(np.float32)


def pcm(sound: Samples) -> bytes:
    return np.round(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()


class HummingExecutor(ScriptedExecutor):
    """Answers for the models that tell voices apart, too; ``gate`` and ``error`` hold for both."""

    def __init__(self) -> None:
        super().__init__()
        self.models = ToneModels()

    async def submit(self, job: Job) -> Result:
        if job.kind not in (JobKind.ACTIVITY, JobKind.EMBED):
            return await super().submit(job)
        self.jobs.append(job)
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        if job.kind is JobKind.ACTIVITY:
            heard = await self.models.activity(job.arrays["sound"])
            values = {"step": heard.step}
            return Result(job=job.id, values=values, arrays={"speakers": heard.speakers})
        found = await self.models.embed([job.arrays[str(n)] for n in range(len(job.arrays))])
        return Result(job=job.id, arrays={"embeddings": found})


class Reader:
    """Somebody with a link who reads, asks and forgets."""

    def __init__(self, client: Client, headers: dict[str, str] | None = None) -> None:
        self._client = client
        self._headers = headers or {}

    async def reads(self, data: bytes, **query: str) -> tuple[int, Any]:
        headers = {**self._headers, "Content-Type": "application/octet-stream"}
        body = io.BytesIO(data) if data else None
        response = await self._client.post(PATH, data=body, headers=headers, params=query)
        return response.status, await response.json()

    async def looks(self) -> tuple[int, Any]:
        response = await self._client.get(PATH, headers=self._headers)
        return response.status, await response.json()

    async def forgets(self, **query: str) -> tuple[int, Any]:
        response = await self._client.delete(PATH, headers=self._headers, params=query)
        return response.status, await response.json()
