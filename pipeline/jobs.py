"""A unit of model work as a value that can cross a process or a network, and its result."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

Scalar = str | int | float | bool | None
Array = NDArray[np.float32]


class JobKind(enum.StrEnum):
    """What a job asks of a model."""

    TRANSCRIBE = "transcribe"
    ACTIVITY = "activity"
    EMBED = "embed"
    DIARIZE = "diarize"


class Priority(enum.IntEnum):
    """Smaller is sooner: somebody waits for live words, nobody stares at a recording."""

    FINAL = 0
    INTERIM = 1
    RECORDING = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Model work for one session; repeatable, so a lost worker costs time and nothing else.

    Attributes:
        key: a newer job with the same key replaces this one while it waits; None: never replaced.
        deadline_s: seconds from submission after which the result is worthless; None: it always
            has worth.
    """

    id: str
    kind: JobKind
    model: str
    session: str
    priority: Priority
    key: str | None = None
    deadline_s: float | None = None
    arrays: Mapping[str, Array] = field(default_factory=dict)
    params: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a worker answers: ``values`` are plain msgpack data; ``error`` set means failed."""

    job: str
    values: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Array] = field(default_factory=dict)
    error: str | None = None
    cpu_s: float = 0.0


class Engine(Protocol):
    """Runs jobs of one kind inside a worker process; one call at a time, blocking."""

    def run(self, job: Job) -> Result:
        """Do the work.

        Raises:
            EngineError: the model could not do it; the message says what was being done.
        """
        ...


class EngineError(Exception):
    """A model or its process failed; says what was being done."""


def encode(value: Job | Result) -> bytes:
    return _ENCODER.encode(value)


def decode_job(data: bytes) -> Job:
    return _JOB.decode(data)


def decode_result(data: bytes) -> Result:
    return _RESULT.decode(data)


def _pack(value: object) -> object:
    if isinstance(value, np.ndarray):
        array = np.asarray(value, dtype=np.float32, order="C")
        return [list(array.shape), array.tobytes()]
    raise NotImplementedError(f"{type(value).__name__} cannot travel in a job")


def _unpack(kind: type, value: Any) -> object:
    if kind is np.ndarray or getattr(kind, "__origin__", None) is np.ndarray:
        shape, data = value
        return np.frombuffer(data, np.float32).reshape(shape)
    raise NotImplementedError(f"{kind} cannot travel in a job")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_pack)
_JOB = msgspec.msgpack.Decoder(Job, dec_hook=_unpack)
_RESULT = msgspec.msgpack.Decoder(Result, dec_hook=_unpack)
