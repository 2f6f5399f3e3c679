"""One person's own microphone, from which others' speech is taken out."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from pipeline.audio import Samples, samples
from pipeline.jobs import EngineError
from pipeline.screening import Screened
from pipeline.speakers.leakage import Leakage
from pipeline.speakers.models import Embedding, VoiceModels
from pipeline.speakers.verdicts import Stretch

log = logging.getLogger(__name__)

_FADE: Final = samples(0.01)
_LEAST: Final = samples(0.3)
"""Own speech shorter than this, with what is kept around it, is a click beside others' speech."""
_TOLD: Final = samples(0.3)
"""Stretches this long are told of; shorter ones are pauses between two words."""
_ASKED: Final = samples(0.5)
_HEARD: Final = samples(4.0)
"""How much of a doubtful stretch is compared with a voice, at least and at most."""
_PATIENCE_S: Final = 1.5
_KNOWN: Final = 0.40
"""Cosine below which nobody is recognised (docs/speakers.md)."""
_MARGIN: Final = 0.1


@dataclass(frozen=True, slots=True)
class Voices:
    """Who was enrolled.

    Attributes:
        of: the voice of whoever speaks into a track; None: nobody enrolled there.
        models: compare it with what is heard.
    """

    of: Callable[[str], Embedding | None]
    models: VoiceModels


class OwnSpeech:
    """`Screen` of one track."""

    def __init__(
        self,
        leakage: Leakage,
        track: str,
        session_s: Callable[[int], float],
        voices: Voices | None = None,
    ) -> None:
        """Judge ``track`` by ``leakage``.

        Args:
            leakage: hears all microphones of the room.
            track: the one to screen.
            session_s: gives the session second of a sample of the track.
            voices: decide where levels leave doubt; None: doubtful speech is kept or not by them.
        """
        self._leakage = leakage
        self._track = track
        self._session_s = session_s
        self._voices = voices

    async def __call__(self, start: int, samples: Samples, *, is_final: bool) -> Screened:
        """See ``Screen``."""
        try:
            stretches = self._leakage.judge(self._track, self._session_s(start), samples)
            if is_final and self._voices is not None:
                stretches = await self._asked(self._voices, samples, stretches)
        except Exception:
            # Whatever is wrong here, nobody's words are lost for it.
            log.exception("track %s is not screened", self._track)
            return Screened(samples)
        return screened(start, samples, stretches)

    async def _asked(
        self, voices: Voices, samples: Samples, stretches: tuple[Stretch, ...]
    ) -> tuple[Stretch, ...]:
        """Let enrolled voices decide on doubtful stretches; without an answer levels do."""
        own = voices.of(self._track)
        doubtful = [
            stretch
            for stretch in stretches
            if stretch.is_doubtful and stretch.end - stretch.start >= _ASKED
        ]
        if own is None or not doubtful:
            return stretches
        pieces = [samples[one.start : min(one.end, one.start + _HEARD)] for one in doubtful]
        try:
            async with asyncio.timeout(_PATIENCE_S):
                heard = await voices.models.embed(pieces)
        except (EngineError, TimeoutError):
            return stretches
        answers = {}
        for one, voice in zip(doubtful, heard, strict=True):
            other = None if one.other is None else voices.of(one.other)
            is_own = _decision(voice, own, other)
            if is_own is not None:
                answers[one] = replace(one, is_own=is_own, is_doubtful=False)
        return tuple(answers.get(one, one) for one in stretches)


def screened(start: int, sound: Samples, stretches: tuple[Stretch, ...]) -> Screened:
    """Silence what is not one's own.

    Args:
        start: sample of the track at which ``sound`` begins.
        sound: what was judged.
        stretches: the judgement.
    """
    others = [stretch for stretch in stretches if not stretch.is_own]
    if not others:
        return Screened(sound)
    if max((one.end - one.start for one in stretches if one.is_own), default=0) < _LEAST:
        return Screened(None)
    gain = np.ones(sound.size, np.float32)
    for one in others:
        gain[one.start : one.end] = 0.0
    # Faded, or the cut itself would click.
    faded = np.convolve(np.pad(gain, _FADE, mode="edge"), np.full(_FADE, 1 / _FADE), "same")
    own = sound * faded[_FADE : _FADE + sound.size].astype(np.float32)
    told = tuple(
        replace(one.span, start=start + one.start, end=start + one.end)
        for one in others
        if one.end - one.start >= _TOLD
    )
    return Screened(own, told)


def _decision(voice: Embedding, own: Embedding, other: Embedding | None) -> bool | None:
    """Return whether ``voice`` is one's own; None: it is neither clearly that nor the other's."""
    mine = float(voice @ own)
    theirs = -1.0 if other is None else float(voice @ other)
    if max(mine, theirs) < _KNOWN or abs(mine - theirs) < _MARGIN:
        return None
    return mine > theirs
