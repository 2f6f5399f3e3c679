"""A page on a shaky network: Opus over one connection after the other, and what it keeps."""

import time
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.assembly import Ears
from pipeline.audio import RATE_HZ, Samples, samples, seconds
from pipeline.endpointing import Endpointer, EndpointingConfig
from pipeline.runner import Segmenter, TrackEvent
from pipeline.vad import Vad
from server.hearing.splice import Piece
from server.hearing.track import Track
from server.hearing.tracks import Tracks
from server.media.frames import Frame, Origin
from server.media.opus import Decoder
from server.media.opus_encoder import Encoder
from server.messages import Missed
from tests.server.hearing.coming import Arrival, come
from tests.speech.clips import all_clips

BLOCK = 320
SEAT = "지원자_1"
DELAY = 104
"""Samples by which decoded sound lies behind what was encoded: Opus looks ahead 6.5 ms."""


def speech(duration_s: float, pause_s: float = 0.35) -> Samples:
    """Return speech of several clips, with pauses between them."""
    silence = np.zeros(samples(pause_s), np.float32)
    parts = [part for clip in all_clips() for part in (clip.samples, silence)]
    return np.concatenate(parts)[: samples(duration_s)]


class Tape(Segmenter):
    """Listens, and remembers every sample and where utterances were cut off."""

    def __init__(self, vad: Vad, endpointer: Endpointer) -> None:
        super().__init__(vad, endpointer)
        self.blocks: list[Samples] = []
        self.cuts: list[int] = []

    @property
    def sound(self) -> Samples:
        return np.concatenate(self.blocks) if self.blocks else np.zeros(0, np.float32)

    def follow(self, block: Samples) -> list[TrackEvent]:
        self.blocks.append(block.copy())
        return list(super().follow(block))

    def finish(self) -> list[TrackEvent]:
        self.cuts.append(self.position)
        return list(super().finish())


class TapedEars(Ears):
    """The real ears, with a tape of everything they hear."""

    def segmenter(self, *, is_applicant: bool = False) -> Segmenter:
        del is_applicant
        tape = Tape(self.vad.track(), Endpointer(EndpointingConfig()))
        TAPES.append(tape)
        return tape


TAPES: list[Tape] = []
"""Every tape of this process, the newest last."""


class Phone:
    """Speaks ``sound`` in real time, ending now; ``said`` is how many samples so far.

    ``error_s``: by how much its idea of the session's clock is wrong.
    """

    def __init__(self, room: Tracks, sound: Samples, session_s: float, error_s: float = 0) -> None:
        self.sound = sound
        self.missed: list[Missed] = []
        self.error_s = error_s
        self._room = room
        self.began = time.monotonic() - seconds(sound.size)
        self._began_s = session_s - seconds(sound.size)
        self.said = 0
        self.arrival: Arrival | None = None
        self.token: str | None = None
        self._connections = 0

    @property
    def connection(self) -> str:
        return f"c{self._connections}"

    @property
    def track(self) -> Track:
        assert self.arrival is not None
        return self.arrival.track

    def connect(self, *, keeps: bool = True) -> Arrival:
        """Connect, anew with the token of the last time."""
        self._connections += 1
        ask = self.missed.append if keeps else None
        self.arrival = come(self._room, self.connection, SEAT, self.token, ask)
        self.token = self.arrival.token
        self._at = -self.said
        self._encoder, self._decoder = Encoder(), Decoder()
        return self.arrival

    def cut(self, from_s: float, to_s: float) -> None:
        """Speak until ``from_s``, be away until ``to_s``, speak for 1.5 s over a new connection."""
        if self.arrival is None:
            self.connect()
        self.say(from_s)
        self.lose()
        self.lose_until(to_s)
        self.connect()
        self.say(to_s + 1.5)

    def lose(self) -> None:
        self._room.lose(SEAT, self.connection)

    def say(self, until_s: float) -> None:
        """Speak until so many seconds of the sound; all of it arrives."""
        assert self.arrival is not None
        for frame in self._frames(until_s):
            self.arrival.hear(frame)

    def lose_until(self, until_s: float) -> None:
        """Speak until then, but nothing arrives."""
        for _ in self._frames(until_s):
            pass
        self._decoder = Decoder()

    def be_silent_until(self, until_s: float) -> None:
        """Let time pass before the first connection."""
        self.said = samples(until_s) // BLOCK * BLOCK

    def _frames(self, until_s: float) -> Iterator[Frame]:
        while self.said + BLOCK <= samples(until_s):
            block = self.sound[self.said : self.said + BLOCK]
            packet = self._encoder.encode(block)
            decoded = self._decoder.decode(packet)
            arrived = self.began + seconds(self.said + BLOCK)
            yield Frame(decoded, self.said + self._at, arrived, Origin.DECODED, packet)
            self.said += BLOCK

    def kept(self, start_s: float, end_s: float) -> Piece:
        """Return what the page has of these session seconds."""
        first = max(0, samples(start_s - self._began_s))
        last = max(first, samples(end_s - self._began_s))
        sound = np.round(self.sound[first:last] * 32767) / np.float32(32768)
        return Piece(self._began_s + seconds(first) + self.error_s, sound.astype(np.float32))

    def answer(self, missed: Missed | None = None) -> float:
        """Send what was missed last, in one piece."""
        asked = missed or self.missed[-1]
        piece = self.kept(asked.start - 2 - self.error_s, asked.end + 0.7 - self.error_s)
        return self._room.answer(self.connection, "link", piece, 0)

    def send(self, pieces: Sequence[Piece]) -> None:
        """Send pieces, one after the other."""
        for number, piece in enumerate(pieces):
            self._room.answer(self.connection, "link", piece, len(pieces) - 1 - number)

    def second(self, of_sound_s: float) -> float:
        """Return the session second of a second of the sound."""
        return self._began_s + of_sound_s


def through_opus(sound: Samples) -> Samples:
    """Return what is heard of ``sound``."""
    encoder, decoder = Encoder(), Decoder()
    blocks = range(0, sound.size - BLOCK + 1, BLOCK)
    return np.concatenate([decoder.decode(encoder.encode(sound[at : at + BLOCK])) for at in blocks])


def differences(heard: Samples, said: Samples) -> Samples:
    """Return how far ``heard`` is from ``said`` in dB of its loudness, by quarters of a second."""
    size = RATE_HZ // 4
    count = min(heard.size - DELAY, said.size) // size
    found = []
    for number in range(count):
        part = said[number * size : (number + 1) * size]
        other = heard[DELAY + number * size : DELAY + (number + 1) * size]
        loud = float(np.mean(part**2))
        if loud > 1e-5:
            found.append(10 * np.log10(float(np.mean((other - part) ** 2)) / loud + 1e-9))
    return np.asarray(found, np.float32)
