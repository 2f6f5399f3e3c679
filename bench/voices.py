"""The voice models in the caller's own process, their answers kept so that tuning is arithmetic."""

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import Samples
from pipeline.models import Registry
from pipeline.speakers.models import Activity, VoiceModels

if TYPE_CHECKING:
    from pipeline.engines.campplus import EmbeddingEngine
    from pipeline.engines.pyannote import SegmentationEngine

_WIDTH: Final = 192


class EngineModels:
    """`VoiceModels` that compute in the caller's thread, loaded when first asked."""

    def __init__(self) -> None:
        self._engines: tuple[SegmentationEngine, EmbeddingEngine] | None = None

    async def activity(self, sound: Samples) -> Activity:
        return Activity(*self._loaded()[0].speakers(sound))

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        return self._loaded()[1].embed(pieces)

    def _loaded(self) -> "tuple[SegmentationEngine, EmbeddingEngine]":
        if self._engines is None:
            # torch takes seconds to import, and who finds every answer kept needs none of it.
            from pipeline.engines.campplus import EmbeddingEngine
            from pipeline.engines.pyannote import SegmentationEngine

            registry = Registry.default()
            self._engines = (
                SegmentationEngine(registry.path("pyannote-segmentation"), "cpu"),
                EmbeddingEngine(registry.path("campplus"), "cpu"),
            )
        return self._engines


@dataclass(slots=True)
class Used:
    """What was asked of the models and what that cost."""

    activities: int = 0
    embeddings: int = 0
    cpu_s: float = 0.0


@dataclass(slots=True)
class Counted:
    """`VoiceModels` that count; the time is that of the calls, so let only one run at once."""

    inner: VoiceModels
    used: Used = field(default_factory=Used)

    async def activity(self, sound: Samples) -> Activity:
        self.used.activities += 1
        began_s = time.process_time()
        answer = await self.inner.activity(sound)
        self.used.cpu_s += time.process_time() - began_s
        return answer

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        self.used.embeddings += len(pieces)
        began_s = time.process_time()
        answer = await self.inner.embed(pieces)
        self.used.cpu_s += time.process_time() - began_s
        return answer


class Remembered:
    """`VoiceModels` whose answers are kept in a file by the sound they were about.

    The file holds numbers about voices: it belongs beside measuring speech, never in a project.
    """

    def __init__(self, inner: VoiceModels, path: Path) -> None:
        self._inner = inner
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(path, timeout=60)
        self._file.execute("create table if not exists answers (key blob primary key, value blob)")
        self._file.execute("pragma journal_mode=wal")
        self._file.execute("pragma synchronous=off")

    async def activity(self, sound: Samples) -> Activity:
        key = _key(b"activity", sound)
        kept = self._get(key)
        if kept is None:
            answer = await self._inner.activity(sound)
            head = np.array([answer.step], np.float64).tobytes()
            self._put(key, head + answer.speakers.astype(np.uint8).tobytes())
            return answer
        step = float(np.frombuffer(kept[:8], np.float64)[0])
        return Activity(np.frombuffer(kept[8:], np.uint8).reshape(-1, 3).astype(np.float32), step)

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        keys = [_key(b"embed", piece) for piece in pieces]
        kept = {key: self._get(key) for key in keys}
        missing = [i for i, key in enumerate(keys) if kept[key] is None]
        if missing:
            answer = await self._inner.embed([pieces[i] for i in missing])
            for i, row in zip(missing, answer, strict=True):
                kept[keys[i]] = row.astype(np.float32).tobytes()
                self._put(keys[i], kept[keys[i]])
        rows = [np.frombuffer(kept[key] or b"", np.float32) for key in keys]
        return np.array(rows, np.float32).reshape(-1, _WIDTH)

    def _get(self, key: bytes) -> bytes | None:
        row = self._file.execute("select value from answers where key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def _put(self, key: bytes, value: bytes | None) -> None:
        self._file.execute("insert or replace into answers values (?, ?)", (key, value))
        self._file.commit()


def _key(kind: bytes, sound: Samples) -> bytes:
    return blake2b(
        np.ascontiguousarray(sound, np.float32).tobytes(), key=kind, digest_size=16
    ).digest()
