"""A real server process with real models, and clients that know the wire and nothing else."""

import asyncio
import base64
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import aiohttp
import kocer
import numpy as np
import pytest

from pipeline.audio import samples
from tests.containers import encode
from tests.server.talk import eventually
from tests.speech.clips import Clip, load

pytestmark = [pytest.mark.model, pytest.mark.process]

PREFIX: Final = "/api/v1/realtime-interview"
APPLICANT: Final = "지원자_1"
MISHEARD: Final = 0.25
"""Share of a clip's text that may come out wrong: whisper-base errs in one of ten syllables."""
WHOLE: Final = {
    "webm": "applicant1_skills.flac",
    "ogg": "applicant2_experience.flac",
    "mp4": "applicant2_goal.flac",
    "wav": "applicant3_language.flac",
}
Message = dict[str, Any]


class ServerProcess:
    """``python -m server serve`` on a data folder; may be killed and started again."""

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.url = ""
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[str] | None = None
        self._log: IO[str] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.data / "test.log").read_text()

    def start(self) -> None:
        """Start it and wait for its link, which is the first thing it prints."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._log = (self.data / "test.log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve", "--port", "0", "--data", str(self.data)],
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=self._environment,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), self.log

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit status."""
        if self._process is None:
            return 0
        workers = self.workers()
        self._process.send_signal(number)
        status = self._process.wait(timeout=30)
        assert self._process.stdout is not None
        assert self._log is not None
        self._process.stdout.close()
        self._log.close()
        self._process = None
        assert not any(Path(f"/proc/{pid}").exists() for pid in workers if _outlives(pid))
        return status

    def workers(self, module: str = "") -> list[int]:
        """Return the processes it has started, those that run ``module`` only."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        lines = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in children}
        return [int(pid) for pid, line in lines.items() if module in line]


def _outlives(pid: int) -> bool:
    """Whether a process is still there five seconds later."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        return not select.select([descriptor], [], [], 5)[0]
    finally:
        os.close(descriptor)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    running = ServerProcess(tmp_path_factory.mktemp("server") / "data")
    running.start()
    yield running
    running.stop()


class LegacyClient:
    """An existing client: sends one message and takes the next frame that is no ping."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def ask(self, **message: object) -> Message:
        await self.socket.send_json(message)
        return await self.next()

    async def next(self) -> Message:
        while True:
            found: Message = await self.socket.receive_json(timeout=60)
            if found["type"] != "ping":
                return found

    async def say(self, data: bytes, speaker: str | None = APPLICANT) -> Message:
        named = {} if speaker is None else {"speaker": speaker}
        answer = await self.ask(**_audio(data), **named)
        assert answer["type"] == "audio_processed", answer
        result: Message = answer["result"]
        return result


def _audio(data: bytes) -> Message:
    encoded = base64.b64encode(data).decode()
    return {"type": "audio_chunk", "audio_data": encoded, "timestamp": 1753000000.5}


class Clients:
    """Connections to one server."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def connect(self, server: ServerProcess, interview: str) -> LegacyClient:
        url = f"{server.url}{PREFIX}/ws/interview/{interview}"
        return LegacyClient(await self._session.ws_connect(url, max_msg_size=0))


@pytest.fixture
async def clients() -> Any:
    async with aiohttp.ClientSession() as session:
        yield Clients(session)


def misheard(heard: str, clip: Clip) -> float:
    """Return the share of a clip's characters that came out wrong."""
    return float(kocer.cer(clip.text, heard))


def result_of(server: ServerProcess, interview: str, what: str = "result") -> Message:
    url = f"{server.url}{PREFIX}/interview/session/{interview}/{what}"
    with urllib.request.urlopen(url, timeout=10) as response:
        found: Message = json.load(response)
    return found


async def running(server: ServerProcess, interview: str) -> int:
    """Return how many jobs of an interview a model has in work."""
    told = await asyncio.to_thread(result_of, server, interview, "status")
    return int(told["pipeline"]["running"])


async def test_an_existing_client_runs_its_whole_exchange(
    server: ServerProcess, clients: Clients
) -> None:
    panel = await clients.connect(server, "면접 1")
    spoken = {kind: load(name) for kind, name in WHOLE.items()}
    for kind, clip in spoken.items():
        result = await panel.say(encode(clip.samples, kind), clip.speaker)
        assert result["success"], (kind, result)
        assert misheard(result["transcription"]["text"], clip) < MISHEARD, (kind, result)
        assert result["diarization"]["current_speaker"] == clip.speaker
        assert result["evaluation"]["score"] >= 20, (kind, result)
    assert (await panel.ask(type="speaker_note", speaker=APPLICANT, note="침착함", timestamp=17))[
        "type"
    ] == "note_saved"
    summary = (await panel.ask(type="evaluation_request"))["summary"]
    assert summary["total_transcripts"] >= len(spoken)
    assert summary["speaker_stats"][APPLICANT]["last_note"] == "침착함"
    status = await asyncio.to_thread(result_of, server, "%EB%A9%B4%EC%A0%91%201", "status")
    assert status["is_active"] is True
    final = (await panel.ask(type="session_end"))["final_result"]
    assert (await panel.socket.receive(timeout=10)).type is aiohttp.WSMsgType.CLOSE
    assert panel.socket.close_code == 1000
    for clip in spoken.values():
        texts = [line["text"] for line in final["transcripts"] if line["speaker"] == clip.speaker]
        assert any(misheard(text, clip) < MISHEARD for text in texts), (clip.text, texts)
    assert {judged["speaker"] for judged in final["evaluations"]} == {
        clip.speaker for clip in spoken.values()
    }
    assert final["average_score"] >= 20
    assert final["speaker_notes"][APPLICANT][0]["note"] == "침착함"


async def test_a_recording_in_pieces_is_heard_as_if_whole(
    server: ServerProcess, clients: Clients
) -> None:
    clip = load("applicant1_motive.flac")
    pause = np.zeros(samples(1.5), np.float32)
    recording = encode(np.concatenate((clip.samples, pause)), "webm")
    cuts = [0, 1, 333, len(recording) // 3, len(recording) * 2 // 3, len(recording)]
    panel = await clients.connect(server, "pieces")
    heard = []
    for start, end in zip(cuts, cuts[1:], strict=False):
        result = await panel.say(recording[start:end])
        assert result["success"], result
        heard.append(result["transcription"]["text"])
    assert heard[:3] == ["", "", ""]
    final = (await panel.ask(type="session_end"))["final_result"]
    assert misheard(" ".join(line["text"] for line in final["transcripts"]), clip) < MISHEARD


async def test_a_killed_server_has_lost_nothing_it_acknowledged(
    server: ServerProcess, clients: Clients
) -> None:
    writer, reader = [await clients.connect(server, "killed") for _ in range(2)]
    await reader.ask(type="subscribe")
    saved: Message = {}
    for number in range(20):
        saved = await writer.ask(
            type="speaker_note", speaker=APPLICANT, note=f"n{number}", id=secrets.token_urlsafe(16)
        )
        assert saved["type"] == "note_saved"
    server_died = asyncio.to_thread(server.stop, signal.SIGKILL)
    seen = 0
    while (event := await reader.next())["type"] != "note_added" or event["note"] != "n9":
        seen = event["seq"]
    assert await server_died == -signal.SIGKILL
    await asyncio.to_thread(server.start)
    reader = await clients.connect(server, "killed")
    replayed = [await reader.ask(type="subscribe", after_seq=seen)]
    while replayed[-1]["type"] != "caught_up":
        replayed.append(await reader.next())
    seqs = [event["seq"] for event in replayed[:-1]]
    assert seqs == list(range(seen + 1, seen + 1 + len(seqs)))
    notes = [event for event in replayed if event["type"] == "note_added"]
    assert [event["note"] for event in notes] == [f"n{number}" for number in range(9, 20)]
    assert notes[-1]["seq"] == saved["seq"]
    lost = [event for event in replayed if event["type"] == "left"]
    assert [event["reason"] for event in lost] == ["lost", "lost"]


async def test_words_arrive_although_their_worker_was_killed(
    server: ServerProcess, clients: Clients
) -> None:
    clip = load("applicant2_leadership.flac")
    panel = await clients.connect(server, "worker")
    await panel.socket.send_json(_audio(encode(clip.samples, "ogg")))
    await eventually(partial(running, server, "worker"))
    killed = server.workers("pipeline.worker")
    assert killed
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    result = (await panel.next())["result"]
    assert result["success"], result
    assert misheard(result["transcription"]["text"], clip) < MISHEARD
    assert not set(killed) & set(server.workers())


async def test_stopping_transcribes_what_is_still_open(
    server: ServerProcess, clients: Clients
) -> None:
    clip = load("applicant2_thanks.flac")
    recording = encode(clip.samples, "wav")
    panel = await clients.connect(server, "open")
    assert (await panel.say(recording[:1000]))["success"]
    assert (await panel.say(recording[1000:]))["transcription"]["text"] == ""
    assert await asyncio.to_thread(server.stop) == 0
    await asyncio.to_thread(server.start)
    kept = await asyncio.to_thread(result_of, server, "open")
    assert [misheard(line["text"], clip) < MISHEARD for line in kept["transcripts"]] == [True]
    assert kept["life"] == "live"


async def test_a_missing_model_is_named_and_everything_else_works(
    tmp_path: Path, clients: Clients
) -> None:
    without = ServerProcess(tmp_path / "data", {"DAEDAM_MODELS": str(tmp_path / "nowhere")})
    await asyncio.to_thread(without.start)
    try:
        panel = await clients.connect(without, "s")
        result = await panel.say(encode(load("applicant2_thanks.flac").samples, "wav"))
        assert result["success"] is False
        assert result["error"].endswith(".")
        note = await panel.ask(type="speaker_note", speaker=APPLICANT, note="trotzdem")
        assert note["type"] == "note_saved"
        assert "daedam models fetch whisper-base" in await asyncio.to_thread(lambda: without.log)
    finally:
        assert await asyncio.to_thread(without.stop) == 0
