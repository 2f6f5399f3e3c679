"""``daedam transcribe``: the same pipeline over a recording, without a server."""

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from tqdm import tqdm

from pipeline.assembly import Ears
from pipeline.audio import seconds
from pipeline.containers import decode
from pipeline.inference import JobTranscriber
from pipeline.jobs import EngineError, Priority
from pipeline.models import Registry
from pipeline.processes import LocalConfig, LocalExecutor
from pipeline.runner import (
    ENGINE_FAILED,
    Dropped,
    Heard,
    Segmenter,
    Understood,
    Utterance,
    in_turn,
    understand,
)
from server.export import Cue, lines, srt, vtt
from server.legacy import UNKNOWN_SPEAKER
from server.settings import Settings

READY_S = 120.0
FILE = "file"


def transcribe(settings: Settings, options: argparse.Namespace) -> int:
    """Write what is said in a recording."""
    Registry.default(settings.models).path("whisper-base")
    if options.output is not None:
        options.output.open("ab").close()  # A wrong path is told before the work, not after it.
    with contextlib.ExitStack() as files:
        source = files.enter_context(options.file.open("rb"))
        out = files.enter_context(options.output.open("w")) if options.output else sys.stdout
        count = 0
        heard = []

        def tell(item: Understood) -> None:
            """Write what is understood at once: an interrupted work keeps its fruits."""
            nonlocal count
            count += 1
            heard.append(item)
            out.write(_piece(item, count, options.format))
            out.flush()

        asyncio.run(_transcribe(settings, source, options.file.name, tell))
        if options.format == "json":
            out.write(json.dumps(_as_json(heard), ensure_ascii=False, indent=2) + "\n")
        if not count:
            print("No speech was found.", file=sys.stderr)
    return 0


async def _transcribe(
    settings: Settings, source: BinaryIO, name: str, tell: Callable[[Understood], None]
) -> None:
    ears = await asyncio.to_thread(Ears.load, Registry.default(settings.models))
    config = LocalConfig(models=settings.models)
    if settings.workers is not None:
        config = replace(config, workers=settings.workers)
    try:
        async with LocalExecutor(config) as executor:
            await executor.wait_ready(READY_S)
            transcriber = JobTranscriber(executor, FILE, priority=Priority.RECORDING)

            async def hear(utterance: Utterance) -> Heard:
                return await understand(utterance, transcriber)

            # How long a recording is cannot be known before its end, so the bar counts bytes.
            total = os.fstat(source.fileno()).st_size
            with tqdm(total=total, unit="B", unit_scale=True, desc=name) as bar:
                steps = _utterances(source, ears.segmenter(), ears, bar)
                async for heard in in_turn(steps, hear, config.workers + 1):
                    if isinstance(heard, Understood):
                        tell(heard)
                    elif heard.reason == ENGINE_FAILED:
                        raise EngineError(_failure(executor, heard))
                bar.update(total - bar.n)
    finally:
        ears.close()


async def _utterances(
    source: BinaryIO, segmenter: Segmenter, ears: Ears, bar: "tqdm[None]"
) -> AsyncIterator[Utterance]:
    def blocks() -> Iterator[list[Utterance]]:
        for block in decode(source):
            yield segmenter.push(block)
        yield segmenter.flush()

    steps = blocks()
    loop = asyncio.get_running_loop()
    while (found := await loop.run_in_executor(ears.threads, next, steps, None)) is not None:
        bar.update(min(source.tell(), bar.total) - bar.n)
        for utterance in found:
            yield utterance


def _failure(executor: LocalExecutor, heard: Dropped) -> str:
    problems = "; ".join(executor.problems().values())
    at_s = seconds(heard.utterance.start)
    return problems or f"The speech at {at_s:.1f} s could not be transcribed."


def _piece(item: Understood, number: int, to: str) -> str:
    """Return the ``number``-th utterance (from 1) of a file of cues; nothing for JSON."""
    cue = _cue(item)
    match to:
        case "text":
            return lines([cue])
        case "srt":
            return ("\n" if number > 1 else "") + srt([cue], number)
        case "vtt":
            whole = vtt([cue])
            return whole if number == 1 else "\n" + whole.removeprefix("WEBVTT\n\n")
        case _:
            return ""


def _cue(item: Understood) -> Cue:
    start, end = _span(item)
    return start, end, None, item.transcript.text


def _span(item: Understood) -> tuple[float, float]:
    """Return when the first word starts and the last ends, in seconds of the recording."""
    offset = seconds(item.utterance.start)
    words = item.transcript.words
    return offset + words[0].start, offset + words[-1].end


def _as_json(heard: list[Understood]) -> dict[str, Any]:
    segments = []
    for item in heard:
        offset = seconds(item.utterance.start)
        start, end = _span(item)
        segments.append(
            {
                "start": round(start, 3),
                "end": round(end, 3),
                "speaker": UNKNOWN_SPEAKER,
                "text": item.transcript.text,
                "text_confidence": round(item.transcript.text_confidence, 3),
                "words": [
                    [
                        round(offset + word.start, 3),
                        round(offset + word.end, 3),
                        word.text,
                        round(word.p, 3),
                    ]
                    for word in item.transcript.words
                ],
            }
        )
    speech = [
        {
            "start": round(seconds(item.utterance.start), 3),
            "end": round(seconds(item.utterance.end), 3),
            "speaker": UNKNOWN_SPEAKER,
        }
        for item in heard
    ]
    return {"segments": segments, "speech": speech}
