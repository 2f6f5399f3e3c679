"""Who spoke in an utterance: asked beside its words, and waited for no longer than is useful."""

import asyncio
import logging
import time
from dataclasses import replace
from typing import Protocol

from pipeline.audio import Samples
from pipeline.runner import Heard, Understood, Utterance
from pipeline.speakers.turns import VoiceTurn

log = logging.getLogger(__name__)

PATIENCE_S = 2.5
"""After its end an utterance waits so long for its voices: its words are due by then."""


class Attributor(Protocol):
    """Tells the voices of one track apart; see ``pipeline.speakers.attribution``."""

    @property
    def is_behind(self) -> bool:
        """Whether it does not keep up with the sound."""
        ...

    def push(self, block: Samples) -> None:
        """Hear the next samples; never blocks."""
        ...

    async def turns(self, start: int, end: int) -> tuple[VoiceTurn, ...]:
        """Return who spoke from sample ``start`` to ``end``; empty when nobody can tell."""
        ...

    def reset(self) -> None:
        """What follows does not continue what was."""
        ...

    async def close(self) -> None:
        """End the work under way."""
        ...


async def voiced(
    words: asyncio.Future[Heard],
    utterance: Utterance,
    voices: Attributor,
    patience_s: float = PATIENCE_S,
) -> Heard:
    """Return what was heard together with who spoke, or without if nobody can tell in time.

    Args:
        words: of ``utterance``; cancelled with this call.
        utterance: it has just ended.
        voices: of its track.
        patience_s: how long the voices may take; words that take longer give them longer.
    """
    asked = time.monotonic()
    spoke = asyncio.ensure_future(_turns(voices, utterance))
    try:
        heard = await words
        if isinstance(heard, Understood):
            rest_s = patience_s - (time.monotonic() - asked)
            await asyncio.wait({spoke}, timeout=max(0.0, rest_s))
            if spoke.done():
                heard = replace(heard, turns=spoke.result())
        return heard
    finally:
        spoke.cancel()


async def _turns(voices: Attributor, utterance: Utterance) -> tuple[VoiceTurn, ...]:
    try:
        return await voices.turns(utterance.start, utterance.end)
    except Exception:
        # Whatever is wrong with the voices, nobody's words are lost for it.
        log.exception("nobody can tell who spoke in an utterance")
        return ()
