"""What people hear of a talker when their network loses packets: ours beside aiortc's own parts.

``python -m bench.heard [--clips 30] [--no-words] [--store]``: the measuring speech that
DAEDAM_SPEECH names, or else the generated clips of the tests. One talks into a room; the way to
each listener loses another share of the packets. Everybody is libwebrtc, which conceals what is
missing as browsers do, and reports it, so that the sender may put copies of lost frames into later
packets. What comes out of a listener's play-out buffer is written down clip by clip by the engine
of ``bench.accuracy``, and compared with what the listener without losses heard.
"""

import argparse
import asyncio
import contextlib
import sys
from dataclasses import dataclass

import numpy as np
import webrtc
from av import AudioFrame, AudioResampler

from bench import ear
from bench.corpus import speech_folder
from bench.frame_distance import distances
from bench.impairment import Impairment, Network
from bench.loss import Talk, misheard, written_down
from bench.lossy import FRAME
from bench.mixing_rooms import ROOMS, Room
from bench.results import Row, print_table, store
from bench.scoring import Errors
from bench.turns import measuring_speech
from bench.udp_proxy import Kind, UdpProxy
from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.engines.whisper import WhisperEngine
from pipeline.models import Registry

_LOSSES_PERCENT = (0, 1, 2, 5, 10)
_DELAY_S = 0.03
_JITTER_S = 0.01
_SEED = 7
_WARM = samples(12.0)
"""Speech from which a sender learns what is lost, before any that counts."""
_LATEST = samples(1.0)
_PATHS = ("stock", "ours", "ours, fullband")


@dataclass(frozen=True, slots=True)
class Heard:
    """What one listener got.

    Attributes:
        track: the talk as it was heard, every clip where it was spoken.
        lost: of 100 packets to this listener.
        concealed: of 100 samples that were played, how many the listener had to make up. Pure
            silence is not counted, but the first moments of every pause in which nothing is sent.
    """

    track: Samples
    lost: float
    concealed: float


async def hear(path: str, talk: Talk) -> list[Heard]:
    """Play the talk to one listener for each loss, all at once."""
    says = np.concatenate([talk.sound[:_WARM], talk.sound, np.zeros(RATE_HZ, np.float32)])
    async with contextlib.AsyncExitStack() as stack:
        room = ROOMS[path]()
        stack.push_async_callback(room.close)
        proxies = [await stack.enter_async_context(_way(loss)) for loss in _LOSSES_PERCENT]
        entrances = [room.answer, *(_through(proxy, room) for proxy in proxies)]
        silent = [np.zeros(0, np.float32)] * len(proxies)
        talker, *listeners = await stack.enter_async_context(ear.people(entrances, [says, *silent]))
        await asyncio.sleep(says.size / RATE_HZ + 1)
        concealed = [await _concealed(listener) for listener in listeners]
    return [
        Heard(aligned(talk, talker.mouth.began_s, listener.ear), _lost(proxy), share)
        for listener, proxy, share in zip(listeners, proxies, concealed, strict=True)
    ]


def _way(loss_percent: int) -> UdpProxy:
    good = Network(delay_s=_DELAY_S)
    bad = Network(loss=loss_percent / 100, delay_s=_DELAY_S, jitter_s=_JITTER_S)
    spared = (Kind.STUN, Kind.DTLS)
    return UdpProxy(Impairment(good, _SEED), Impairment(bad, _SEED + 1), spared=spared)


def _through(proxy: UdpProxy, room: Room) -> ear.Answer:
    async def answer(offer: str) -> str:
        return proxy.route(await room.answer(offer))

    return answer


def _lost(proxy: UdpProxy) -> float:
    counts = proxy.down.counts
    return 100 * counts.lost / counts.packets


async def _concealed(listener: ear.Person) -> float:
    report = await listener.client.connection.get_stats()
    told = next(one for one in report.values() if isinstance(one, webrtc.RTCInboundRtpStreamStats))
    made_up = (told.concealed_samples or 0) - (told.silent_concealed_samples or 0)
    return 100 * made_up / (told.total_samples_received or 1)


def aligned(talk: Talk, began_s: float, listener: ear.Ear) -> Samples:
    """Return what was heard of every clip, at its place in the talk.

    A listener's buffer stretches pauses, so every clip has its own delay.
    """
    sound = _at_16_khz(listener.sound)
    track = np.zeros(talk.sound.size, np.float32)
    margin = samples(0.1)
    for one in talk.spoken:
        said_s = began_s + (_WARM + one.start) / RATE_HZ
        begin = listener.sample_at(said_s) // (ear.EAR_HZ // RATE_HZ)
        window = sound[begin : begin + one.clip.audio.size + _LATEST]
        delay = ear.place_of(one.clip.audio, window, 0.0)
        if delay is None:
            continue
        start = max(0, begin + delay - margin)
        piece = sound[start : begin + delay + one.clip.audio.size + margin]
        target = track[one.start - margin : one.start - margin + piece.size]
        target[:] = piece[: target.size]
    return track


def _at_16_khz(sound: Samples) -> Samples:
    pcm = (sound * 32767).astype(np.int16).reshape(1, -1)
    frame = AudioFrame.from_ndarray(pcm, "s16", "mono")
    frame.sample_rate = ear.EAR_HZ
    resampler = AudioResampler("s16", "mono", RATE_HZ)
    out = [*resampler.resample(frame), *resampler.resample(None)]
    pieces = [one.to_ndarray().reshape(-1) for one in out]
    return np.concatenate(pieces).astype(np.float32) / np.float32(32768)


def rows(path: str, talk: Talk, heard: list[Heard], engine: WhisperEngine | None) -> list[Row]:
    """Compare with what the listener without losses heard."""
    table: list[Row] = []
    without_loss: list[Errors] | None = None
    frames = [i for one in talk.spoken for i in range(one.start // FRAME + 1, one.end // FRAME)]
    for loss_percent, one in zip(_LOSSES_PERCENT, heard, strict=True):
        words: Row = {}
        if engine is not None:
            errors = written_down(engine, talk, one.track)
            without_loss = without_loss or errors
            words = misheard(errors, without_loss)
        near = distances(heard[0].track, one.track, frames)
        table.append(
            {
                "path": path,
                "loss_percent": loss_percent,
                "lost_percent": one.lost,
                "made_up_percent": one.concealed,
                "made_up_for_losses": one.concealed - heard[0].concealed,
                **words,
                "log_spectral_distance_db": near.get("log_spectral_distance_db"),
            }
        )
        print(*table[-1].items(), file=sys.stderr)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.heard")
    parser.add_argument("--clips", type=int, default=30)
    parser.add_argument("--no-words", action="store_true", help="leave Whisper out")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    speech = measuring_speech(speech_folder())
    chosen = np.linspace(0, len(speech) - 1, min(options.clips, len(speech)))
    talk = Talk.of([speech[i] for i in chosen.astype(int)])
    engine = None if options.no_words else WhisperEngine(Registry.default().path("whisper-base"))
    table: list[Row] = []
    for path in _PATHS:
        table += rows(path, talk, asyncio.run(hear(path, talk)), engine)
    print_table(table)
    if options.store:
        print(store("heard", table), file=sys.stderr)


if __name__ == "__main__":
    main()
