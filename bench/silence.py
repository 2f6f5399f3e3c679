"""What the ears write down where nobody speaks (nothing), and that a short thanks survives.

``python -m bench.silence [--model DIR]``: ten minutes of silence, white noise, hum, clicks and
breath through VAD, endpointing, transcription and guards; for comparison, what Whisper writes and
the guards keep when no VAD stands before it.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.hearing import Ears, Heard
from bench.results import Row, print_table, store
from bench.scoring import bare
from pipeline.audio import RATE_HZ, Samples, samples, seconds
from pipeline.engines.whisper import DecodeOptions
from pipeline.guards import objection
from pipeline.models import Registry
from tests.speech.clips import load

_THANKS = "applicant2_thanks.flac"
_PIECE_S = 30.0
_LEVELS_DB = (-60.0, -45.0, -35.0, -25.0)
"""Loudness of the four pieces of each kind, relative to full scale."""


def silence(random: np.random.Generator, size: int) -> Samples:
    """A quiet converter: noise of half a step of 16 bits, at every level the same."""
    return _float32(random.uniform(-0.5, 0.5, size) / 32768)


def white_noise(random: np.random.Generator, size: int) -> Samples:
    return _float32(random.standard_normal(size))


def hum(random: np.random.Generator, size: int) -> Samples:
    """Mains hum: 60 Hz and its harmonics, slowly swelling."""
    time_s = np.arange(size) / RATE_HZ
    tones = [np.sin(2 * np.pi * 60 * k * time_s + random.uniform(0, 6)) / k for k in range(1, 8)]
    swell = 1 + 0.3 * np.sin(2 * np.pi * 0.2 * time_s)
    return _float32(swell * np.sum(tones, axis=0))


def clicks(random: np.random.Generator, size: int) -> Samples:
    """Typing: short decaying bursts, two to six a second."""
    sound = np.zeros(size + RATE_HZ)
    at = 0
    while at < size:
        burst = random.standard_normal(400) * np.exp(-np.arange(400) / random.uniform(20, 120))
        sound[at : at + 400] += burst
        at += int(RATE_HZ * random.uniform(0.16, 0.5))
    return _float32(sound[:size])


def breath(random: np.random.Generator, size: int) -> Samples:
    """Breathing close to the microphone: noise around 1 kHz that rises and falls."""
    spectrum = np.fft.rfft(random.standard_normal(size))
    frequency_hz = np.fft.rfftfreq(size, 1 / RATE_HZ)
    spectrum *= np.exp(-(((frequency_hz - 1000) / 700) ** 2))
    cycle = np.maximum(np.sin(2 * np.pi * np.arange(size) / RATE_HZ / 3.5), 0) ** 2
    return _float32(np.fft.irfft(spectrum, size) * cycle)


_KINDS: tuple[Callable[[np.random.Generator, int], Samples], ...] = (
    silence,
    white_noise,
    hum,
    clicks,
    breath,
)


def recording(kind: Callable[[np.random.Generator, int], Samples]) -> list[Samples]:
    """Two minutes of one kind in four loudnesses."""
    random = np.random.default_rng(1)
    return [_at_level(kind(random, samples(_PIECE_S)), level_db) for level_db in _LEVELS_DB]


def _at_level(sound: Samples, level_db: float) -> Samples:
    if np.max(sound) < 1e-3:  # Silence stays what it is.
        return sound
    gain = 10 ** (level_db / 20) / np.sqrt(np.mean(sound**2))
    return _float32(np.clip(gain * sound, -1, 1))


def _float32(sound: NDArray[Any]) -> Samples:
    return np.asarray(sound, np.float32)


def nobody(ears: Ears, kind: Callable[[np.random.Generator, int], Samples]) -> Row:
    pieces = recording(kind)
    heard = ears.listen(np.concatenate(pieces))
    ungated = pieces[2][: samples(28.0)]
    invented = ears.whisper.transcribe(ungated, DecodeOptions())
    is_kept = objection(invented, seconds(ungated.size)) is None
    return {
        "what": kind.__name__,
        "audio_s": sum(seconds(piece.size) for piece in pieces),
        "utterances": len(heard),
        "characters": _characters(heard),
        "no_vad_28_s_characters": len(bare(invented.text)),
        "no_vad_28_s_after_guards": len(bare(invented.text)) if is_kept else 0,
    }


def thanks(ears: Ears, level_db: float, noise_db: float) -> Row:
    """A short real word among noise: it must survive."""
    random = np.random.default_rng(2)
    pause = np.zeros(2 * RATE_HZ, np.float32)
    spoken = np.concatenate((pause, load(_THANKS).samples * 10 ** (level_db / 20), pause))
    room = _at_level(white_noise(random, spoken.size), noise_db)
    heard = ears.listen(_float32(spoken + room))
    text = " ".join(one.transcript.text for one in heard if one.dropped is None)
    return {
        "what": f"a short thanks at {level_db:+.0f} dB, noise {noise_db:.0f} dB",
        "audio_s": seconds(spoken.size),
        "utterances": len(heard),
        "characters": _characters(heard),
        "survives": str(bare(text) == bare(load(_THANKS).text)),
        "logprob": min((one.transcript.avg_logprob for one in heard), default=None),
    }


def _characters(heard: list[Heard]) -> int:
    return sum(len(bare(one.transcript.text)) for one in heard if one.dropped is None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a Whisper folder, default whisper-base")
    ears = Ears(parser.parse_args().model or Registry.default().path("whisper-base"))
    quiet = [nobody(ears, kind) for kind in _KINDS]
    print_table(quiet)
    spoken = [thanks(ears, level_db, noise_db) for level_db, noise_db in _MIXES]
    print_table(spoken)
    print(f"stored in {store('silence', [*quiet, *spoken])}")


_MIXES = ((0.0, -70.0), (-12.0, -60.0), (-20.0, -60.0), (0.0, -40.0), (6.0, -45.0))


if __name__ == "__main__":
    main()
