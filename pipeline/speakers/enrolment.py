"""Learning a voice from a short reading: what is kept of it, or why it is refused."""

import enum
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.speakers import reading
from pipeline.speakers.models import Activity, Embedding, VoiceModels
from pipeline.speakers.reading import Speaking

LONGEST_S: Final = 60.0
WINDOW_S: Final = 10.0
"""What one look at activity, and one embedding, takes in."""
SHORTEST_S: Final = 0.5
"""Of a window's sound; in less the model hears nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a reading has to be like.

    Chosen on real and generated voices: each reading as it was, band-limited to a telephone's
    300-3400 Hz, reverberant (RT60 0.4 s) and in noise of 12 dB and more is learnt; clipped by
    12 dB, in noise of 5 dB, shorter, or with somebody else speaking at the same time is not.
    Of two who take turns it is noticed of five in six pairs, of one short reply of two in three.

    Attributes:
        speech_s: at least so much speech.
        clipped: at most this share of the speech at its peak; undistorted voices stay below 0.0001.
        snr_db: speech at least so far above the pauses.
        overlap_s: two at once for at most so long.
        apart: two groups of pieces that are less alike than this are two voices, if pieces of one
            group are more alike than pieces of both by ``gap``.
        second_s: the activity model hears a second speaker for so long; then ``apart_at_second``
            is enough.
    """

    speech_s: float = 4.5
    clipped: float = 0.003
    snr_db: float = 9.0
    overlap_s: float = 0.1
    apart: float = 0.55
    gap: float = 0.2
    second_s: float = 0.8
    apart_at_second: float = 0.75


LIMITS: Final = Limits()


class Refusal(enum.StrEnum):
    """Why a voice was not learnt."""

    TOO_SHORT = "too_short"
    CLIPPED = "clipped"
    NOISY = "noisy"
    SHARED = "shared"


@dataclass(frozen=True, slots=True)
class Learnt:
    """A voice, and how many seconds of speech it was learnt from."""

    embedding: Embedding
    speech_s: float


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was learnt."""

    reason: Refusal


async def check(sound: Samples, models: VoiceModels, limits: Limits = LIMITS) -> Learnt | Refused:
    """Learn the one voice of ``sound``; of more than 60 s, of its beginning.

    Raises:
        EngineError: a model failed or is missing.
    """
    sound = sound[: samples(LONGEST_S)]
    heard = await _listen(sound, models)
    speaking = reading.speaking(sound, heard)
    if (reason := _unclear(sound, speaking, limits)) is not None:
        return Refused(reason)
    pieces = reading.pieces(sound, speaking)
    if not pieces or speaking.overlap_s > limits.overlap_s:
        return Refused(Refusal.SHARED if pieces else Refusal.TOO_SHORT)
    embeddings = await models.embed(pieces)
    if _is_shared(embeddings, _second_s(heard), limits):
        return Refused(Refusal.SHARED)
    # The whole tells voices apart better, the mean of short pieces is what they are compared with.
    whole = (await models.embed([reading.said(sound, speaking)[: samples(WINDOW_S)]]))[0]
    return Learnt(_unit(_unit(embeddings.sum(axis=0)) + whole), speaking.speech_s)


def _unclear(sound: Samples, speaking: Speaking, limits: Limits) -> Refusal | None:
    """Return what is wrong with the sound itself; the cause before its consequence."""
    if reading.clipped_share(sound, speaking) > limits.clipped:
        return Refusal.CLIPPED
    if reading.snr_db(sound, speaking) < limits.snr_db:
        return Refusal.NOISY
    return Refusal.TOO_SHORT if speaking.speech_s < limits.speech_s else None


def _is_shared(embeddings: NDArray[np.float32], second_s: float, limits: Limits) -> bool:
    halves = reading.halves(embeddings)
    if halves is None or halves.gap < limits.gap:
        return False
    is_second = second_s >= limits.second_s
    return halves.likeness <= (limits.apart_at_second if is_second else limits.apart)


async def _listen(sound: Samples, models: VoiceModels) -> list[tuple[int, Activity]]:
    """Hear who speaks when, window by window."""
    length = samples(WINDOW_S)
    starts = [
        start
        for start in range(0, sound.size, length)
        if sound.size - start >= SHORTEST_S * RATE_HZ
    ]
    return [(start, await models.activity(sound[start : start + length])) for start in starts]


def _second_s(heard: list[tuple[int, Activity]]) -> float:
    """Return for how long a second speaker was heard in any window."""
    each = [
        float(np.sort((activity.speakers > 0.5).sum(axis=0))[-2]) * activity.step / RATE_HZ
        for _, activity in heard
        if activity.speakers.shape[1] > 1
    ]
    return max(each, default=0.0)


def _unit(vector: NDArray[np.float32]) -> Embedding:
    unit: Embedding = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit
