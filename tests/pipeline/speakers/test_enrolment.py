"""Learning a voice from a reading: accepted as it should be, refused for the right reason."""

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.jobs import EngineError
from pipeline.speakers.enrolment import Learnt, Refusal, Refused, check
from pipeline.speakers.models import Activity
from tests.pipeline.speakers.tones import ToneModels, hum, noise

READING = "AAAAA.AAAAA.AAAA"
"""Seven seconds of one voice in eight."""


def soft(sound: Samples) -> Samples:
    """Return the sound with the heights of speech, which stays at its peak for an instant only."""
    since_s = np.arange(sound.size) / RATE_HZ % 1.1
    return (sound * (0.4 + 0.6 * np.exp(-since_s / 0.005))).astype(np.float32)


async def test_a_clear_reading_is_learnt() -> None:
    models = ToneModels()
    learnt = await check(soft(hum(READING)), models)
    assert isinstance(learnt, Learnt)
    assert learnt.speech_s == pytest.approx(7, abs=0.3)
    assert np.linalg.norm(learnt.embedding) == pytest.approx(1, abs=1e-5)
    (alone,) = await models.embed([hum("AA")])
    assert learnt.embedding @ alone > 0.99


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (soft(hum("AAAA....AAAA....")), Refusal.TOO_SHORT),
        (soft(hum("................")), Refusal.TOO_SHORT),
        (np.zeros(0, np.float32), Refusal.TOO_SHORT),
        (np.clip(soft(hum(READING)) * 4, -0.3, 0.3), Refusal.CLIPPED),
        (noise(soft(hum(READING)), 5), Refusal.NOISY),
        (soft(hum("AAAAA.AAXXA.AAAA")), Refusal.SHARED),
        (soft(hum("AAAAA.BBBBB.AAAA")), Refusal.SHARED),
        (soft(hum("AAAAAA.AAAAA.BBBB")), Refusal.SHARED),
    ],
    ids=["short", "silent", "empty", "clipped", "noisy", "at once", "in turn", "in the end"],
)
async def test_what_is_wrong_with_a_reading_is_said(sound: Samples, reason: Refusal) -> None:
    assert await check(sound, ToneModels()) == Refused(reason)


@pytest.mark.parametrize(
    "sound",
    [
        soft(hum(READING)) * 0.02,
        noise(soft(hum(READING)), 14),
        soft(hum("....AAAAAAAAAAAA....")),
        soft(hum("AAAAAAA." * 20, each_s=0.05)),
        soft(hum("." + "AAAAAAA." * 5)),
    ],
    ids=["quiet", "some noise", "begun late", "without a pause", "20 seconds"],
)
async def test_a_reading_need_not_be_perfect(sound: Samples) -> None:
    assert isinstance(await check(sound, ToneModels()), Learnt)


async def test_a_distorted_voice_stays_distorted_when_it_is_turned_down() -> None:
    sound = np.clip(soft(hum(READING)) * 4, -0.3, 0.3) * 0.1
    assert await check(sound.astype(np.float32), ToneModels()) == Refused(Refusal.CLIPPED)


async def test_of_a_long_recording_only_the_first_minute_is_heard() -> None:
    models = ToneModels()
    learnt = await check(soft(hum("AAAAAAA." * 40)), models)
    assert isinstance(learnt, Learnt)
    assert sum(models.windows) == samples(60)
    assert max(models.windows) == samples(10)


async def test_a_failed_model_is_no_refusal() -> None:
    class Broken(ToneModels):
        async def activity(self, sound: Samples) -> Activity:
            raise EngineError("no model")

    with pytest.raises(EngineError):
        await check(soft(hum(READING)), Broken())
