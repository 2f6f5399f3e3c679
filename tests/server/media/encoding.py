"""Sound to Opus packets as browsers make them, and how near decoded sound is to other sound."""

from collections.abc import Iterable
from functools import cache

import numpy as np
from av import AudioFrame, AudioResampler
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples
from tests.speech.clips import load

PACKET = 320
"""Samples of a 20 ms packet at 16 kHz."""
DELAY = 104
"""Samples by which a sender's encoder and our decoder are late together: 6.5 ms (RFC 6716)."""


def opus(sound: Samples, bits_per_s: int = 32_000, **options: str) -> list[bytes]:
    """Encode 16 kHz sound, mono if its shape is (n,), stereo if it is (n, 2)."""
    channels = sound.reshape(sound.shape[0], -1)
    layout = "mono" if channels.shape[1] == 1 else "stereo"
    milliseconds = int(options.setdefault("frame_duration", "20"))
    encoder = AudioCodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, layout, "s16"
    encoder.bit_rate = bits_per_s
    encoder.options = {"application": "voip", **options}
    pcm: NDArray[np.int16] = (channels * 32767).astype(np.int16).reshape(1, -1)
    frame = AudioFrame.from_ndarray(pcm, "s16", layout)
    frame.sample_rate = RATE_HZ
    resampler = AudioResampler("s16", layout, 48_000, frame_size=48 * milliseconds)
    frames = [*resampler.resample(frame), None]
    return [bytes(packet) for one in frames for packet in encoder.encode(one)]


@cache
def korean() -> Samples:
    """Seven seconds of an applicant's answer, generated."""
    return load("applicant1_skills.flac").samples


def nearness_db(sounds: Iterable[Samples], references: Iterable[Samples]) -> float:
    """Return how much louder the references are than what is different in ``sounds``."""
    sound, reference = np.concatenate([*sounds]), np.concatenate([*references])
    noise = float(np.square(sound - reference, dtype=np.float64).mean())
    return 10 * float(np.log10(np.square(reference, dtype=np.float64).mean() / max(noise, 1e-12)))
