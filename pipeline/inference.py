"""Model work as the stages see it: an executor to hand jobs to, and the order they wait in."""

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pipeline.audio import Samples
from pipeline.jobs import EngineError, Job, JobKind, Priority, Result, Scalar
from pipeline.transcription import Transcript, transcript_from_values

FINAL_PARAMS: Mapping[str, Scalar] = {
    # Fewest errors for its cost on Korean panels: 8.9 % CER at half the price of a 30 s pad
    # (docs/findings.md).
    "language": "ko",
    "beam": 5,
    "min_pad_s": 15.0,
    "word_times": True,
}

INTERIM_PARAMS: Mapping[str, Scalar] = {
    # A first impression at a third of the price; times tell where the next one may begin
    # (docs/findings.md: short pad, greedy).
    "language": "ko",
    "beam": 1,
    "min_pad_s": 4.0,
    "word_times": True,
    "to_the_end": False,
}


class Overloaded(EngineError):
    """The queue is full; nothing was accepted."""


class Stale(EngineError):
    """The job was replaced by a newer one with its key, or its deadline passed."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How far model work is behind.

    Attributes:
        queued: jobs that wait for a worker.
        running: jobs that a worker has.
        oldest_wait_s: age of the oldest job that has no result yet; 0 without jobs.
    """

    queued: int
    running: int
    oldest_wait_s: float


class Executor(Protocol):
    """Runs jobs somewhere else: local processes, or workers behind a broker."""

    async def submit(self, job: Job) -> Result:
        """Wait for the job's result; cancelling the call takes the job back.

        Raises:
            EngineError: the model or its process failed.
            Overloaded: the queue is full.
            Stale: a newer job with the same key took its place, or its deadline passed.
        """
        ...

    def backlog(self, session: str | None = None) -> Backlog:
        """Count the work of one session, or of all."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLimits:
    """What may wait at once.

    Attributes:
        lane_share: the part of the queue that one session may fill at one priority, so that a
            recording sent in one go leaves room for everybody else and for its own live words.
    """

    jobs: int = 256
    bytes: int = 256 * 1024 * 1024
    lane_share: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A job with what the queue counts; compared by identity, as arrays have no single truth."""

    job: Job
    size: int
    expires_s: float | None


class JobQueue:
    """Bounded waiting room: priority first, then one job of each session in turn.

    Pure: the caller passes the time. A lane is the jobs of one session at one priority, in order
    of arrival::

        FINAL      a: 1 2    b: 3          taken: 1 3 2, then 4 6 5
        RECORDING  a: 4 5    c: 6
    """

    def __init__(self, limits: QueueLimits | None = None) -> None:
        self._limits = limits or QueueLimits()
        self._lanes: dict[Priority, OrderedDict[str, list[_Waiting]]] = {
            priority: OrderedDict() for priority in sorted(Priority)
        }
        self._waiting: dict[str, _Waiting] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._waiting

    @property
    def bytes(self) -> int:
        """Size of all waiting arrays."""
        return self._bytes

    def put(self, job: Job, now_s: float) -> Job | None:
        """Let the job wait; return the older job of its session and key that it replaces.

        The newer job takes the older one's place in the order, or frequent renewal would keep
        a session waiting for ever.

        Raises:
            Overloaded: there is no room; a job it would have replaced keeps waiting.
            ValueError: a job with this id waits already.
        """
        if job.id in self._waiting:
            raise ValueError(f"job {job.id} waits already")
        expires_s = None if job.deadline_s is None else now_s + job.deadline_s
        entry = _Waiting(job, sum(array.nbytes for array in job.arrays.values()), expires_s)
        older = self._older(job)
        self._check_room(entry, older)
        lane = self._lanes[job.priority].setdefault(job.session, [])
        if older in lane:
            lane.insert(lane.index(older), entry)
        else:
            lane.append(entry)
        if older is not None:
            self._remove(older)
        self._waiting[job.id] = entry
        self._bytes += entry.size
        return older.job if older else None

    def take(self) -> Job | None:
        """Return the next job, or None; call ``expire`` first where deadlines matter."""
        for lanes in self._lanes.values():
            for session, lane in lanes.items():
                entry = lane[0]
                lanes.move_to_end(session)
                self._remove(entry)
                return entry.job
        return None

    def expire(self, now_s: float) -> tuple[Job, ...]:
        """Remove and return the jobs whose deadline has passed."""
        late = [
            entry
            for entry in self._waiting.values()
            if entry.expires_s is not None and entry.expires_s <= now_s
        ]
        for entry in late:
            self._remove(entry)
        return tuple(entry.job for entry in late)

    def discard(self, job_id: str) -> bool:
        """Remove a job nobody wants any more; whether it was waiting."""
        entry = self._waiting.get(job_id)
        if entry is not None:
            self._remove(entry)
        return entry is not None

    def _older(self, job: Job) -> _Waiting | None:
        if job.key is None:
            return None
        for entry in self._waiting.values():
            if (entry.job.session, entry.job.key) == (job.session, job.key):
                return entry
        return None

    def _check_room(self, entry: _Waiting, leaving: _Waiting | None) -> None:
        lane = self._lanes[entry.job.priority].get(entry.job.session, [])
        share = self._limits.lane_share
        for others, part in ((self._waiting.values(), 1.0), (lane, share)):
            staying = [other for other in others if other is not leaving]
            size = sum(other.size for other in staying) + entry.size
            if len(staying) + 1 > self._limits.jobs * part or size > self._limits.bytes * part:
                raise Overloaded(
                    f"cannot accept a {entry.job.kind} job: {len(staying)} are waiting already"
                )

    def _remove(self, entry: _Waiting) -> None:
        lanes = self._lanes[entry.job.priority]
        lane = lanes[entry.job.session]
        lane.remove(entry)
        if not lane:
            del lanes[entry.job.session]
        del self._waiting[entry.job.id]
        self._bytes -= entry.size


class JobTranscriber:
    """A ``Transcriber`` whose model runs elsewhere: every utterance is one job."""

    def __init__(
        self,
        executor: Executor,
        session: str,
        *,
        model: str = "whisper-base",
        priority: Priority = Priority.FINAL,
        key: str | None = None,
        deadline_s: float | None = None,
    ) -> None:
        """Ask ``executor``; ``key`` and ``deadline_s`` are those of every job, see `Job`."""
        self._executor = executor
        self._session = session
        self._model = model
        self._priority = priority
        self._key = key
        self._deadline_s = deadline_s

    async def __call__(self, samples: Samples) -> Transcript:
        """Transcribe ``samples`` with the settings for interim text at that priority, else final.

        Raises:
            EngineError: the model failed (``Overloaded``: its queue is full; ``Stale``: a newer
                job took this one's place, or it came too late).
        """
        job = Job(
            id=uuid.uuid4().hex,
            kind=JobKind.TRANSCRIBE,
            model=self._model,
            session=self._session,
            priority=self._priority,
            key=self._key,
            deadline_s=self._deadline_s,
            arrays={"samples": samples},
            params=INTERIM_PARAMS if self._priority is Priority.INTERIM else FINAL_PARAMS,
        )
        return transcript_from_values((await self._executor.submit(job)).values)
