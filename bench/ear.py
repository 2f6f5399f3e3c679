"""What people of a room hear of each other: how late, and how much of themselves.

Everybody is libwebrtc, the engine of Chromium and Safari, with its own buffer for play-out. Sound
is spoken when its last sample has been, in blocks of 10 ms; it is heard when it leaves that buffer.
The devices of both sides come on top of it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import webrtc
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples, samples
from tests.server.media.clients import eventually
from tests.server.media.libwebrtc import BLOCK, Libwebrtc

EAR_HZ: Final = 48_000
_OPTIONS: Final = webrtc.AudioDataCopyToOptions(plane_index=0)
_QUEUE: Final = 100
_CHIRP_S: Final = 0.1
_CHIRP_HZ: Final = (500.0, 3500.0)
_CHIRP_LOUDNESS: Final = 0.3
_SIMILAR: Final = 0.5
"""What a chirp that went through Opus is well above, and noise below."""
_LATEST_S: Final = 1.0
_TONE_LOUDNESS: Final = 0.1
_LOWEST_HZ: Final = 400.0
_APART: Final = 1.37
"""From one person's pitch to the next one's: no small ratio, so no overtone of anybody's."""
_FLOOR: Final = 1e-9

Answer: TypeAlias = Callable[[str], Awaitable[str]]
"""Answers an offer, as somebody who comes into the room makes one."""


class Mouth:
    """A microphone into which given sound is spoken once, and silence after it."""

    def __init__(self, sound: Samples) -> None:
        """Start to speak at ``speak``."""
        self.track = webrtc.MediaStreamTrackGenerator("audio")
        self.began_s = float("nan")
        """``time.monotonic()`` of its first sample."""
        self._pcm = (sound * 32767).astype(np.int16)
        self._task: asyncio.Task[None] | None = None

    def speak(self) -> None:
        self._task = asyncio.create_task(self._speak())

    async def _speak(self) -> None:
        writer = self.track.writable.get_writer()
        self.began_s, count = time.monotonic(), 0
        while True:
            due_s = self.began_s + (count + 1) * BLOCK / RATE_HZ
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            pcm = np.zeros(BLOCK, np.int16)
            said = self._pcm[count * BLOCK : (count + 1) * BLOCK]
            pcm[: said.size] = said
            block = webrtc.AudioDataInit("s16", RATE_HZ, BLOCK, 1, count * 10_000, pcm.tobytes())
            await writer.write(webrtc.AudioData(block))
            count += 1

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


@dataclass(slots=True)
class Ear:
    """What one person hears, and when."""

    pieces: list[NDArray[np.int16]] = field(default_factory=list)
    at_s: list[float] = field(default_factory=list)
    """Of each piece's first sample, by ``time.monotonic()``."""

    async def listen(self, track: webrtc.MediaStreamTrack) -> None:
        init = webrtc.MediaStreamTrackProcessorInit(track, max_buffer_size=_QUEUE)
        async for block in webrtc.MediaStreamTrackProcessor(init).readable:
            assert isinstance(block, webrtc.AudioData)
            piece = bytearray(block.allocation_size(_OPTIONS))
            block.copy_to(piece, _OPTIONS)
            assert block.sample_rate == EAR_HZ
            self.pieces.append(np.frombuffer(piece, np.int16)[:: block.number_of_channels])
            self.at_s.append(block.timestamp / 1e6)
            block.close()

    @property
    def sound(self) -> Samples:
        return np.concatenate(self.pieces).astype(np.float32) / np.float32(32768)

    def moment_s(self, sample: int) -> float:
        """Return when a sample was heard."""
        ends = np.cumsum([piece.size for piece in self.pieces])
        index = int(np.searchsorted(ends, sample, "right"))
        start = int(ends[index]) - self.pieces[index].size
        return self.at_s[index] + (sample - start) / EAR_HZ

    def sample_at(self, moment_s: float) -> int:
        """Return the first sample that was heard after a moment."""
        index = int(np.searchsorted(self.at_s, moment_s))
        return sum(piece.size for piece in self.pieces[:index])


class Person:
    """Somebody with a mouth and an ear."""

    def __init__(self, says: Samples) -> None:
        self.mouth, self.ear = Mouth(says), Ear()
        self.client = Libwebrtc()
        self.client.connection.add_track(self.mouth.track)
        self.client.connection.on("track", self._on_track)
        self._listening: asyncio.Task[None] | None = None

    async def enter(self, answer: Answer) -> None:
        await self.client.take(await answer(await self.client.offer()))
        await eventually(lambda: self.client.state_of("interview") == "open")

    async def close(self) -> None:
        await self.mouth.close()
        await self.client.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _on_track(self, event: webrtc.RTCTrackEvent) -> None:
        self._listening = asyncio.create_task(self.ear.listen(event.track))


@asynccontextmanager
async def people(answers: list[Answer], says: list[Samples]) -> AsyncIterator[list[Person]]:
    """Let people in, who then speak."""
    every = [Person(sound) for sound in says]
    async with contextlib.AsyncExitStack() as stack:
        for person in every:
            stack.push_async_callback(person.close)
        for person, answer in zip(every, answers, strict=True):
            await person.enter(answer)
        for person in every:
            person.mouth.speak()
        yield every


def chirp(rate_hz: int) -> Samples:
    """Return a sound whose place is found to a fraction of a millisecond."""
    t = np.arange(int(_CHIRP_S * rate_hz)) / rate_hz
    low, high = _CHIRP_HZ
    phase = 2 * np.pi * (low * t + (high - low) * t * t / (2 * _CHIRP_S))
    return (_CHIRP_LOUDNESS * np.hanning(t.size) * np.sin(phase)).astype(np.float32)


def chirps(count: int, seed: int, lead_s: float = 2.0) -> tuple[Samples, list[int]]:
    """Return a track with ``count`` chirps some 1.2 s apart, and where they begin."""
    random = np.random.default_rng(seed)
    gaps_s = random.uniform(1.1, 1.3, count)
    at = [samples(lead_s + float(gaps_s[:i].sum())) for i in range(count)]
    sound = np.zeros(at[-1] + samples(_LATEST_S), np.float32)
    for start in at:
        sound[start : start + samples(_CHIRP_S)] = chirp(RATE_HZ)
    return sound, at


def delays_s(mouth: Mouth, at: list[int], ear: Ear) -> list[float | None]:
    """Return how late each chirp was heard; None: it was not."""
    sound, wave = ear.sound, chirp(EAR_HZ)
    late: list[float | None] = []
    for start in at:
        said_s = mouth.began_s + start / RATE_HZ
        begin = ear.sample_at(said_s)
        found = place_of(wave, sound[begin : begin + int(_LATEST_S * EAR_HZ)])
        late.append(None if found is None else ear.moment_s(begin + found) - said_s)
    return late


def place_of(wave: Samples, sound: Samples, least: float = _SIMILAR) -> int | None:
    """Return where ``sound`` is most like ``wave``, or None where it is nowhere.

    Args:
        wave: what is looked for.
        sound: where.
        least: how like it has to be; 1 is the same wave.
    """
    if sound.size < wave.size:
        return None
    size = 1 << (sound.size + wave.size).bit_length()
    product = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(wave, size))
    likeness = np.fft.irfft(product, size)[: sound.size - wave.size + 1]
    energy = np.convolve(sound.astype(np.float64) ** 2, np.ones(wave.size), "valid")
    place = int(np.argmax(likeness))
    norm = np.sqrt(energy[place] * float(wave @ wave)) + _FLOOR
    return place if likeness[place] / norm > least else None


def pitches_hz(count: int) -> list[float]:
    return [_LOWEST_HZ * _APART**i for i in range(count)]


def tone(hz: float, duration_s: float) -> Samples:
    """Return a pitch that is as loud from the first sample to the last."""
    t = np.arange(samples(duration_s)) / RATE_HZ
    return (_TONE_LOUDNESS * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def own_voice_db(own_hz: float, others_hz: list[float], heard: Samples) -> float:
    """Return by how much the own pitch is quieter than the quietest of the others'."""
    spectrum = np.abs(np.fft.rfft(heard * np.blackman(heard.size)))

    def loudness(hz: float) -> float:
        middle = round(hz * heard.size / EAR_HZ)
        return float(spectrum[middle - 3 : middle + 4].max()) + _FLOOR

    return 20 * float(np.log10(min(map(loudness, others_hz)) / loudness(own_hz)))
