"""The inside of a worker process: loads engines, runs one job after the other.

``python -m pipeline.worker --models DIR --engine NAME``; started by ``pipeline.processes``.
"""

import argparse
import faulthandler
import importlib
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NoReturn, TypeAlias

import msgspec

from pipeline.jobs import Engine, EngineError, Job, JobKind, Result, decode_job, encode
from pipeline.worker_process import HEADER, Ready

log = logging.getLogger(__name__)

NICENESS = 5
"""Below the event loop, which must answer within milliseconds while every core computes."""

Factory: TypeAlias = Callable[[Path], Engine]
"""Takes the folder of the models."""


def load_whisper(models: Path) -> Engine:
    from pipeline.engines.whisper import WhisperEngine

    return WhisperEngine(_intact("whisper-base", models))


def load_segmentation(models: Path) -> Engine:
    path = _intact("pyannote-segmentation", models)
    from pipeline.engines.pyannote import SegmentationEngine  # Seconds: after the files are seen.

    return SegmentationEngine(path)


def load_campplus(models: Path) -> Engine:
    path = _intact("campplus", models)
    from pipeline.engines.campplus import EmbeddingEngine

    return EmbeddingEngine(path)


def load_diarization(models: Path) -> Engine:
    path = _intact("community-1", models)
    from pipeline.engines.diarization import DiarizationEngine

    return DiarizationEngine.load(path)


def _intact(name: str, models: Path) -> Path:
    """Return where the model is; its bytes have been compared.

    Flipped ones would not fail, they would write nonsense; and some files are code, which a
    folder that others can write must not slip in. 0.1 s is well spent here.

    Raises:
        ModelMissing: it is not there.
        ModelCorrupt: it is damaged.
    """
    from pipeline.models import ModelCorrupt, Registry, Status

    registry = Registry.default(models)
    path = registry.path(name)
    if registry.check(name) is Status.CORRUPT:
        raise ModelCorrupt(f"The model in {path} is damaged; run: daedam models fetch {name}")
    return path


ENGINES: Mapping[str, Mapping[JobKind, Factory]] = {
    "words": {JobKind.TRANSCRIBE: load_whisper},
    "diarization": {JobKind.DIARIZE: load_diarization},
    "voices": {JobKind.ACTIVITY: load_segmentation, JobKind.EMBED: load_campplus},
}


def table(name: str) -> Mapping[JobKind, Factory]:
    """Return the engines by name: one of ``ENGINES``, or ``module:factory`` for any kind of job."""
    if name in ENGINES:
        return ENGINES[name]
    module, _, factory = name.partition(":")
    return dict.fromkeys(JobKind, getattr(importlib.import_module(module), factory))


class Worker:
    """Engines, and for each kind without one the sentence that its jobs fail with."""

    def __init__(self, factories: Mapping[JobKind, Factory], models: Path) -> None:
        self._engines: dict[JobKind, Engine] = {}
        self.problems: dict[str, str] = {}
        for kind, factory in factories.items():
            try:
                self._engines[kind] = factory(models)
            except EngineError as error:
                log.error("no engine for %s jobs: %s", kind, error)
                self.problems[kind.value] = str(error)
            except Exception as error:  # Whatever a library raises: other kinds can still work.
                log.exception("the engine for %s jobs cannot be loaded", kind)
                self.problems[kind.value] = f"no engine for {kind} jobs: {error}"

    def answer(self, job: Job) -> bytes:
        """Run the job; a failure is a result too."""
        try:
            if job.kind not in self._engines:
                raise EngineError(self.problems.get(job.kind, f"no engine for {job.kind} jobs"))
            return encode(self._engines[job.kind].run(job))
        except EngineError as error:
            return encode(Result(job=job.id, error=str(error)))
        except Exception as error:  # The worker outlives any bug of an engine.
            log.exception("%s job %s", job.kind, job.id)
            what = f"{job.kind} job {job.id} failed: {type(error).__name__}"
            return encode(Result(job=job.id, error=what))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="pipeline.worker")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--engine", default="words")
    options = parser.parse_args(arguments)
    requests, results = _claim_channel()
    _settle_down()
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    # A thread of its own notices the parent's death while a job runs or a model loads.
    threading.Thread(target=_listen, args=(requests, jobs), daemon=True).start()
    worker = Worker(table(options.engine), options.models)
    try:
        _send(results, msgspec.msgpack.encode(Ready(worker.problems)))
        while True:
            _send(results, worker.answer(jobs.get()))
    except BrokenPipeError:
        _leave()


def _claim_channel() -> tuple[BinaryIO, BinaryIO]:
    """Take standard input and output away, so that a library's print cannot spoil a frame."""
    requests = os.fdopen(os.dup(0), "rb")
    results = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, results


def _settle_down() -> None:
    logging.basicConfig(stream=sys.stderr)
    faulthandler.enable()
    os.nice(NICENESS)
    # Ctrl-C and a service's stop signal reach the whole group, but the parent still needs the
    # last words transcribed. It ends this process by closing the channel or by a kill.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _listen(requests: BinaryIO, jobs: queue.SimpleQueue[Job]) -> None:
    try:
        while len(header := requests.read(HEADER.size)) == HEADER.size:
            (size,) = HEADER.unpack(header)
            payload = requests.read(size)
            if len(payload) < size:
                break
            jobs.put(decode_job(payload))
    except ConnectionError:
        pass  # The parent was killed.
    except Exception:
        log.exception("the channel to this worker is spoilt")
    finally:
        _leave()


def _leave() -> NoReturn:
    """End at once: whoever wanted the result has gone, and jobs leave nothing to tidy up."""
    os._exit(0)


def _send(results: BinaryIO, payload: bytes) -> None:
    results.write(HEADER.pack(len(payload)))
    results.write(payload)
    results.flush()


if __name__ == "__main__":
    main()
