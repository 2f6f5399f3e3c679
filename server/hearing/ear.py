"""One stream of recordings as a room hears it: sound threads listen, voices are told apart."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from pipeline.speakers.turns import VoiceTurn
from pipeline.voicing import Attributor
from server.hearing.streams import Placed, Stream

log = logging.getLogger(__name__)

BLOCKS_A_STEP = 10
PATIENCE_S = 10.0
"""So long an utterance waits for its voices: recordings have time, and models may be loading."""
HARDLY_S = 1.0
"""So long it waits where the one before waited in vain."""


@dataclass(frozen=True, slots=True)
class Voiced:
    """An utterance and who spoke in it, in samples like its own; empty: nobody can tell."""

    placed: Placed
    turns: tuple[VoiceTurn, ...]


class Ear:
    """A stream and the order of those who feed it."""

    def __init__(
        self,
        stream: Stream,
        speaker: str | None,
        threads: Executor,
        voices: Attributor | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Hear nothing yet.

        Args:
            stream: what comes in; it keeps its ``tape`` where there are ``voices``.
            speaker: whose own microphone it is.
            threads: decode and listen.
            voices: tells who speaks; None: nobody asks.
            patience_s: how long an utterance waits for that.
        """
        self.stream = stream
        self.speaker = speaker
        self.turn = asyncio.Lock()
        self._threads = threads
        self._voices = voices
        self._patience_s = patience_s
        self._was_in_vain = False

    async def steps(self, blocks: Iterator[list[Placed]]) -> AsyncIterator[Voiced]:
        """Hear ``blocks`` step by step and yield their utterances.

        Raises:
            NotAudio: the bytes cannot be heard.
        """
        loop = asyncio.get_running_loop()
        while (batch := await loop.run_in_executor(self._threads, _advance, blocks)) is not None:
            self._play()
            for placed in batch:
                yield Voiced(placed, await self._turns(placed))

    def _play(self) -> None:
        """Let the voices hear what was heard in this step."""
        tape = self.stream.take_tape()
        if self._voices is None:
            return
        for sound in tape:
            if sound is None:
                self._voices.reset()
            else:
                self._voices.push(sound)

    async def _turns(self, placed: Placed) -> tuple[VoiceTurn, ...]:
        if self._voices is None:
            return ()
        start, end = placed.utterance.start + placed.offset, placed.utterance.end + placed.offset
        patience_s = min(HARDLY_S, self._patience_s) if self._was_in_vain else self._patience_s
        try:
            async with asyncio.timeout(patience_s):
                turns = await self._voices.turns(start, end)
            self._was_in_vain = False
        except TimeoutError:
            if not self._was_in_vain:
                log.warning("who spoke in a recording is not told in time")
            self._was_in_vain = True
            return ()
        except Exception:
            # Whatever is wrong with the voices, nobody's words are lost for it.
            log.exception("nobody can tell who spoke in a recording")
            return ()
        back = placed.offset
        return tuple(replace(one, start=one.start - back, end=one.end - back) for one in turns)


def _advance(blocks: Iterator[list[Placed]]) -> list[Placed] | None:
    """Hear some seconds; None at the end."""
    placed: list[Placed] = []
    for count, found in enumerate(blocks, 1):
        placed += found
        if placed or count == BLOCKS_A_STEP:
            return placed
    return placed or None
