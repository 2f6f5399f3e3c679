"""Many microphones in a process of their own, so that only the receiving side is measured.

``microphones(count)`` starts ``python -m bench.microphones count``: it prints its SDP offers as
one line of JSON, reads the answers as another, and speaks ready-made Opus until it is told to
hush; then its connections stay and say nothing.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from bench.corpus import speech_folder
from bench.talker import OpusTrack, browser_opus
from bench.turns import measuring_speech
from pipeline.audio import RATE_HZ
from server.media.addresses import bound_to

_SPEECH_S = 30
_FRAME_S = 0.02
_LINE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Microphones:
    """A running process of microphones that have offered and wait to be answered."""

    offers: list[str]
    answer: Callable[[list[str]], Awaitable[None]]
    hush: Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def microphones(count: int) -> AsyncIterator[Microphones]:
    """Start ``count`` microphones; end them afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.microphones", str(count)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE_LIMIT,
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None

    async def tell(line: str) -> None:
        stdin.write(line.encode() + b"\n")
        await stdin.drain()

    try:
        async with asyncio.timeout(120):
            offers = json.loads(await stdout.readline())
        yield Microphones(offers, lambda answers: tell(json.dumps(answers)), lambda: tell("hush"))
    finally:
        stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class _Microphone(OpusTrack):
    """Speaks at its own instants, since people's devices do not send all at once either."""

    def __init__(self, packets: list[bytes], phase_s: float) -> None:
        super().__init__(packets)
        self._phase_s = phase_s
        self.is_hushed = False

    async def recv(self) -> "av.Packet[Any]":
        if self.is_hushed:
            await asyncio.get_running_loop().create_future()
        if not self.began_s.done():
            await asyncio.sleep((self._phase_s - time.perf_counter()) % _FRAME_S)
        return await super().recv()


async def _speak(count: int, packets: list[bytes]) -> None:
    tracks = [_microphone(packets, number, count) for number in range(count)]
    connections = [RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in tracks]
    for connection, track in zip(connections, tracks, strict=True):
        connection.addTrack(track)
        with bound_to("127.0.0.1"):
            await connection.setLocalDescription(await connection.createOffer())
    print(json.dumps([one.localDescription.sdp for one in connections]), flush=True)
    answers = json.loads(await asyncio.to_thread(sys.stdin.readline))
    for connection, answer in zip(connections, answers, strict=True):
        await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await asyncio.to_thread(sys.stdin.readline)
    for track in tracks:
        track.is_hushed = True
    await asyncio.to_thread(sys.stdin.read)


def _microphone(packets: list[bytes], number: int, count: int) -> _Microphone:
    begin = number * len(packets) // count
    own_words = [*packets[begin:], *packets[:begin]]
    return _Microphone(own_words, _FRAME_S * number / count)


def main() -> None:
    with contextlib.redirect_stdout(sys.stderr):
        speech = measuring_speech(speech_folder())
    sound = np.concatenate([clip.audio for clip in speech[:20]])[: _SPEECH_S * RATE_HZ]
    asyncio.run(_speak(int(sys.argv[1]), browser_opus(sound)))


if __name__ == "__main__":
    main()
