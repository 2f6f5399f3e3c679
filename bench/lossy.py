"""A voice through a bad network in virtual time, heard by our parts and by aiortc's."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from bench.impairment import Impairment, Network
from bench.stock import StockVoice
from bench.talker import browser_opus
from pipeline.audio import RATE_HZ, Samples
from server.media.frames import Frame, Origin
from server.media.rtp import VoicePacket
from server.media.voice import Voice

FRAME_S = 0.02
FRAME = round(FRAME_S * RATE_HZ)
_TICKS = 960
"""Of a packet on RTP's 48 kHz clock."""
_QUIET_FRAMES = 10
_COMFORT_FRAMES = 20
"""libopus stops after 200 ms in which nobody speaks, and then lets one packet in 400 ms out."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet; ``index`` counts 20 ms frames, ``sequence`` only what is sent."""

    index: int
    sequence: int
    payload: bytes

    @property
    def at_s(self) -> float:
        """A packet leaves when its last sample has been spoken."""
        return (self.index + 1) * FRAME_S

    @property
    def packet(self) -> VoicePacket:
        """As RTP counts it; both counts run over after a while, as they may in every talk."""
        sequence, timestamp = 65_000 + self.sequence, 4_294_000_000 + self.index * _TICKS
        return VoicePacket(sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, self.payload)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A packet and when it came, in virtual seconds."""

    sent: Sent
    at_s: float


@dataclass(frozen=True, slots=True)
class Piece:
    """Sound that came out: where it lies on the track, and when it came."""

    start: int
    samples: Samples
    origin: Origin
    out_s: float


@dataclass(slots=True)
class Heard:
    """All that came out of one run; ``played``: how many of the packets that came."""

    pieces: list[Piece] = field(default_factory=list)
    played: int = 0

    def track(self, size: int) -> Samples:
        """Return the sound, zeros where there is none."""
        sound = np.zeros(size, np.float32)
        for piece in self.pieces:
            target = sound[piece.start : piece.start + piece.samples.size]
            target[:] = piece.samples[: target.size]
        return sound

    def out_s(self) -> dict[int, float]:
        """Return when each frame's middle came out."""
        out: dict[int, float] = {}
        for piece in self.pieces:
            first = -((FRAME // 2 - piece.start) // FRAME)
            last = -((FRAME // 2 - piece.start - piece.samples.size) // FRAME)
            out |= dict.fromkeys(range(first, last), piece.out_s)
        return out

    def frames(self, origin: Origin) -> set[int]:
        """Return which frames came about in this way."""
        frames: set[int] = set()
        for piece in self.pieces:
            if piece.origin is origin:
                end = piece.start + piece.samples.size
                frames |= set(range(piece.start // FRAME, -(-end // FRAME)))
        return frames


def voiced(sound: Samples, loss_percent: int, *, fec: bool) -> list[Sent]:
    """Encode as Chromium does when receiver reports tell it of so many losses."""
    payloads = browser_opus(sound, fec=str(int(fec)), packet_loss=str(loss_percent))
    return [Sent(i, i, payload) for i, payload in enumerate(payloads)]


def without_silence(sent: list[Sent], sound: Samples) -> list[Sent]:
    """Leave out what DTX would: PyAV's encoder has no such option.

    The first of the packets left out is sent as its first byte, as browsers do.
    """
    whole = sound[: sound.size // FRAME * FRAME].reshape(-1, FRAME)
    is_quiet = np.abs(whole).max(axis=1) < 0.003
    kept: list[Sent] = []
    quiet = 0
    for one in sent:
        quiet = quiet + 1 if one.index >= is_quiet.size or is_quiet[one.index] else 0
        paused = quiet - _QUIET_FRAMES
        if paused <= 1 or paused % _COMFORT_FRAMES == 0:
            payload = one.payload[:1] if paused == 1 else one.payload
            kept.append(Sent(one.index, len(kept), payload))
    return kept


def passed(sent: list[Sent], network: Network, seed: int) -> list[Arrived]:
    """Send through the network; the first packet always comes, so that all tracks begin alike."""
    impairment = Impairment(network, seed)
    arrived = [
        Arrived(one, one.at_s + delay_s)
        for one in sent
        for delay_s in impairment.delays(one.at_s) or [network.delay_s] * (one is sent[0])
    ]
    return sorted(arrived, key=lambda one: one.at_s)


def heard_by_us(arrived: Iterable[Arrived]) -> Heard:
    voice, heard = Voice(), Heard()
    for one in arrived:
        for now_s in _due(voice, one.at_s):
            _take(heard, voice.advance(now_s), now_s)
        _take(heard, voice.push(one.sent.packet, one.at_s), one.at_s)
    for now_s in _due(voice, float("inf")):
        _take(heard, voice.advance(now_s), now_s)
    heard.played = sum(piece.origin is Origin.DECODED for piece in heard.pieces)
    return heard


def _due(voice: Voice, before_s: float) -> Iterator[float]:
    """Yield when its timer fires before the next packet comes."""
    while (deadline_s := voice.deadline) is not None and deadline_s < before_s:
        yield deadline_s
        assert voice.deadline != deadline_s, "a timer that does nothing fires for ever"


def _take(heard: Heard, frames: Iterable[Frame], now_s: float) -> None:
    heard.pieces.extend(Piece(one.at, one.samples, one.origin, now_s) for one in frames)


def heard_by_stock(arrived: Iterable[Arrived]) -> Heard:
    voice, heard = StockVoice(), Heard()
    for one in arrived:
        for samples, at in voice.push(*one.sent.packet[:3]):
            heard.pieces.append(Piece(at, samples, Origin.DECODED, one.at_s))
    heard.played = voice.decoded
    return heard
