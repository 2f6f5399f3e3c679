"""What two hours of interview leave behind: memory, and the cost of an utterance, by ten minutes.

``python -m bench.growth [--minutes 120] [--store]``. Virtual time: two microphones take turns as
fast as the machine goes, through track, endpointing, captions, journal, fold, evaluation and two
subscribers. The engines are scripted (a loud window is speech, every utterance the same words),
so that nothing is measured but the machinery around them.
"""

import argparse
import asyncio
import gc
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import aiohttp
import numpy as np
from numpy.typing import NDArray

from bench.results import Row, print_table, store
from pipeline.assembly import Ears
from pipeline.audio import RATE_HZ, WINDOW, Samples, samples
from pipeline.endpointing import Endpointer, EndpointingConfig
from pipeline.engines.silero import SileroModel
from pipeline.evaluation.keywords import KeywordEvaluator
from pipeline.inference import Backlog
from pipeline.jobs import Job, Result
from pipeline.runner import Segmenter
from pipeline.transcription import transcript_to_values
from server import commands
from server.access import LOCAL_OPERATOR
from server.api.conversation import Conversation
from server.budget import MemoryBudget
from server.clock import SessionClock
from server.entrance.links import Links
from server.entrance.resumes import Resumes
from server.events import SessionConfig
from server.exchange.local import LocalExchange
from server.exchange.relay import Relay
from server.journal.sqlite.journal import SqliteJournal
from server.media.frames import Frame
from server.messages import SpeakerNote
from server.operations.metrics import Metrics
from server.room import Room
from server.services import Services
from server.settings import Settings
from server.store.folder import FOLDER, FolderStore
from tests.server.fakes import transcript

_BLOCK = samples(0.02)
_SPEECH_S, _PAUSE_S = 6.0, 1.5
_WORDS = "저는 개발 경험이 있고 프로젝트에서 소통과 협력을 맡았습니다."
_REPORT_S = 600.0


class LoudnessVad:
    """A `Vad` that takes every loud window for speech."""

    def __call__(self, windows: Samples) -> NDArray[np.float32]:
        loudest = np.abs(windows.reshape(-1, WINDOW)).max(axis=1)
        return np.asarray(loudest > 0.01, np.float32)


class SameWords:
    """An `Executor` that hears the same words in everything and keeps nothing of it."""

    def __init__(self) -> None:
        self._values = transcript_to_values(transcript(_WORDS))

    async def submit(self, job: Job) -> Result:
        """See ``Executor``."""
        await asyncio.sleep(0)
        return Result(job=job.id, values=self._values)

    def backlog(self, session: str | None = None) -> Backlog:
        """See ``Executor``."""
        return Backlog(queued=0, running=0, oldest_wait_s=0.0)


class ScriptedEars(Ears):
    """Listening without a model."""

    def __init__(self) -> None:
        super().__init__(cast(SileroModel, None), ThreadPoolExecutor(1))

    def segmenter(self, *, is_applicant: bool = False) -> Segmenter:
        del is_applicant
        return Segmenter(LoudnessVad(), Endpointer(EndpointingConfig()))


class Reader:
    """A conversation's ``Line`` that takes everything and keeps nothing."""

    result_url: str | None = None
    heard_at: float | None = None
    is_lost = False

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.messages = 0

    def silence(self) -> None:
        """See ``Line``."""

    async def send(self, text: str) -> None:
        """See ``Line``."""
        self.messages += bool(text)

    async def whisper(self, text: str) -> None:
        """See ``Line``."""
        self.messages += bool(text)

    async def close(self, code: int) -> None:
        """See ``Line``."""


class Interview:
    """Two microphones that take turns, in virtual seconds."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.now_s = 0.0
        room.ledger.clock = SessionClock(0.0, lambda: self.now_s)
        tracks = room.held().tracks
        self._tracks = [
            tracks.open(name, seat, Resumes().go_on("growth", None, name, seat))
            for name, seat in (("a", "면접관_1"), ("b", "지원자_1"))
        ]
        self._speech = np.random.default_rng(1).uniform(-0.3, 0.3, RATE_HZ).astype(np.float32)
        self._silence = np.zeros(_BLOCK, np.float32)
        self.utterances = 0

    async def turn(self) -> None:
        """One utterance and the pause after it; nobody may be behind at its end."""
        speaks = self._tracks[self.utterances % 2]
        for number in range(round((_SPEECH_S + _PAUSE_S) / 0.02)):
            at = samples(self.now_s)
            is_speech = number * 0.02 < _SPEECH_S
            self.now_s += 0.02
            for track in self._tracks:
                is_heard = is_speech and track is speaks
                sound = self._sound(number) if is_heard else self._silence
                track.hear(Frame(sound, at, self.now_s))
            if number % 25 == 0:
                await asyncio.sleep(0)
        self.utterances += 1
        while len(self.room.session.spoken) < self.utterances:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    async def note(self) -> None:
        command = SpeakerNote(speaker="지원자_1", note="차분하게 근거를 들어 설명한다.")
        await commands.note(self.room, LOCAL_OPERATOR, command)

    def _sound(self, number: int) -> Samples:
        start = number * _BLOCK % (RATE_HZ - _BLOCK)
        return self._speech[start : start + _BLOCK]


async def measure(minutes: float) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="daedam-bench-") as folder:
        journal = await asyncio.to_thread(SqliteJournal, Path(folder) / "journal.sqlite3")
        exchange, metrics, client = LocalExchange("bench"), Metrics(), aiohttp.ClientSession()
        store = FolderStore(Path(folder) / FOLDER)
        room = Room(
            "growth",
            Services(
                journal=journal,
                exchange=exchange,
                relay=Relay(exchange, Links("k" * 32), client, metrics),
                executor=SameWords(),
                ears=ScriptedEars(),
                evaluator=KeywordEvaluator(),
                settings=Settings(data=Path(folder)),
                metrics=metrics,
                store=store,
            ),
        )
        await room.load(SessionConfig(consent="external"))
        await room.hold()
        lines = [Reader(f"reader {number}") for number in range(2)]
        readers = [await _subscribe(room, line) for line in lines]
        try:
            return await _interview(Interview(room), lines, minutes)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
            await room.close()
            await client.close()
            await store.close()
            await journal.close()


async def _interview(interview: Interview, lines: list[Reader], minutes: float) -> list[Row]:
    rows: list[Row] = []
    tick_s, report_s, before, utterances = 30.0, _REPORT_S, time.process_time(), 0
    while interview.now_s < 60 * minutes:
        await interview.turn()
        if interview.now_s >= tick_s:
            tick_s += 30
            await interview.room.held().evaluate()
            await interview.note()
        if interview.now_s >= report_s:
            report_s += _REPORT_S
            spent_s, count = time.process_time() - before, interview.utterances - utterances
            gc.collect()
            rows.append(
                {
                    "minute": round(interview.now_s / 60),
                    "events": interview.room.session.seq,
                    "messages": sum(line.messages for line in lines),
                    "rss_mb": round(_rss_mb(), 1),
                    "cpu_ms_per_utterance": round(1000 * spent_s / count, 1),
                }
            )
            before, utterances = time.process_time(), interview.utterances
    return rows


async def _subscribe(room: Room, line: Reader) -> "asyncio.Task[None]":
    conversation = Conversation(line, room, LOCAL_OPERATOR, MemoryBudget(1 << 20))
    await conversation.enter()

    async def reading() -> None:
        await conversation.hear('{"type":"subscribe"}')
        await asyncio.Event().wait()

    return asyncio.create_task(conversation.hold(reading()))


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.growth")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    table = asyncio.run(measure(options.minutes))
    print_table(table)
    if options.store:
        print(store("growth", table))


if __name__ == "__main__":
    main()
