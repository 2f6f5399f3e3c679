"""Generated voices and what microphones do to them: whom the real models learn, and whom not."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.engines.campplus import EmbeddingEngine
from pipeline.engines.pyannote import SegmentationEngine
from pipeline.models import Registry
from pipeline.speakers.enrolment import Learnt, Refusal, Refused, check
from pipeline.speakers.models import Activity
from tests.speech.clips import all_clips

pytestmark = pytest.mark.model

ONE, OTHER = "jm_kumo", "jf_tebukuro"


class Real:
    """The engines, asked here and now."""

    def __init__(self) -> None:
        registry = Registry.default()
        self._segmentation = SegmentationEngine(registry.path("pyannote-segmentation"))
        self._embedding = EmbeddingEngine(registry.path("campplus"))

    async def activity(self, sound: Samples) -> Activity:
        return Activity(*self._segmentation.speakers(sound))

    async def embed(self, pieces: Sequence[Samples]) -> NDArray[np.float32]:
        return self._embedding.embed(pieces)


@pytest.fixture(scope="module")
def models() -> Real:
    return Real()


@functools.cache
def reading(voice: str, length_s: float = 9.0) -> Samples:
    """Return what a voice says, as loud as it is in a quiet room."""
    said = np.concatenate([clip.samples for clip in all_clips() if clip.voice == voice])
    return hum(said[: samples(length_s)] * np.float32(0.5))


def hum(sound: Samples, level: float = 0.0005) -> Samples:
    """Add the noise of a quiet room, or of a louder one."""
    drawn = np.random.default_rng(3).standard_normal(sound.size)
    noisy: Samples = (sound + level * drawn).astype(np.float32)
    return noisy


def in_noise(snr_db: float) -> Callable[[Samples], Samples]:
    def noisy(sound: Samples) -> Samples:
        windows = sound[: sound.size // 512 * 512].reshape(-1, 512)
        power = np.square(windows).mean(axis=1)
        speech = float(power[power > power.max() / 1000].mean())
        return hum(sound, speech**0.5 * 10 ** (-snr_db / 20))

    return noisy


def telephone(sound: Samples) -> Samples:
    """Keep 300 to 3400 Hz."""
    spectrum = np.fft.rfft(sound)
    hz = np.fft.rfftfreq(sound.size, 1 / RATE_HZ)
    spectrum[(hz < 300) | (hz > 3400)] = 0
    return hum(np.fft.irfft(spectrum, sound.size).astype(np.float32), 0.0003)


def reverberant(sound: Samples) -> Samples:
    """Add a room that takes 0.4 s to fall by 60 dB."""
    length = samples(0.4)
    tail = np.random.default_rng(5).standard_normal(length)
    room = tail * 10 ** (-3 * np.arange(length) / length)
    room = np.concatenate(([1.0], 0.7 * room / np.linalg.norm(room)))
    size = sound.size + room.size
    wet = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(room, size), size)
    return wet[: sound.size].astype(np.float32)


def clipped(sound: Samples) -> Samples:
    height = float(np.abs(sound).max())
    return np.clip(sound * 4, -height, height)


def beside(level: float) -> Callable[[Samples], Samples]:
    """Somebody else speaks all the while."""

    def both(sound: Samples) -> Samples:
        return sound + level * reading(OTHER)[: sound.size]

    return both


def in_turn(sound: Samples) -> Samples:
    half = sound.size // 2
    pause = np.zeros(samples(0.4), np.float32)
    return np.concatenate((sound[:half], hum(pause), reading(OTHER)[:half]))


@pytest.mark.parametrize(
    "change",
    [np.copy, telephone, reverberant, in_noise(15), in_noise(12)],
    ids=["as it is", "telephone", "reverberant", "15 dB", "12 dB"],
)
@pytest.mark.parametrize("voice", [ONE, OTHER])
async def test_an_honest_reading_is_learnt(
    models: Real, voice: str, change: Callable[[Samples], Samples]
) -> None:
    learnt = await check(change(reading(voice)), models)
    assert isinstance(learnt, Learnt), learnt
    own, other = [
        (await models.embed([reading(name, 4)]))[0] @ learnt.embedding
        for name in (voice, OTHER if voice == ONE else ONE)
    ]
    assert own > other + 0.1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (clipped, Refusal.CLIPPED),
        (in_noise(5), Refusal.NOISY),
        (beside(1.0), Refusal.SHARED),
        (beside(0.5), Refusal.SHARED),
        (in_turn, Refusal.SHARED),
        (lambda sound: sound[: samples(3)], Refusal.TOO_SHORT),
        (lambda sound: hum(np.zeros_like(sound), 0.01), Refusal.TOO_SHORT),
    ],
    ids=["clipped", "5 dB", "beside", "beside, softly", "in turn", "3 s", "noise alone"],
)
async def test_what_would_teach_another_voice_is_refused(
    models: Real, change: Callable[[Samples], Samples], reason: Refusal
) -> None:
    assert await check(change(reading(ONE)), models) == Refused(reason)
