"""Whether this process can do its work: what a proxy asks before it sends people here."""

import asyncio
import enum
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from server.errors import ClientError
from server.journal.protocol import Journal
from server.tasks import Tasks

log = logging.getLogger(__name__)

JOURNAL_ANSWERS_S = 2.0
JOURNAL_ASKED_AGAIN_S = 1.0
"""Probes in between get the answer of the last one, so that they cannot load the journal."""
NO_SESSION = "/"
"""Asked for because nothing can be found there: no session's id has a slash."""


class Workers(Protocol):
    """Who does the model work, as far as readiness goes."""

    @property
    def is_able(self) -> bool:
        """Whether some worker runs, or there is hope that one will soon."""
        ...

    def problems(self) -> Mapping[str, str]:
        """What cannot be done, by job kind, and the reason."""
        ...

    async def voice_problem(self) -> str | None:
        """Return why voices are not told apart; None: nothing is known against it."""
        ...


class Standing(enum.StrEnum):
    """Where the process is in its life.

    NOT_READY -> READY -> NOT_READY as models, journal and workers come and go; both lead to
    DRAINING, which is the end.
    """

    NOT_READY = "not_ready"
    READY = "ready"
    DRAINING = "draining"


class Check(enum.StrEnum):
    """What became of one check."""

    OK = "ok"
    MISSING = "missing"
    NO_ANSWER = "no_answer"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Checks:
    """One word for each thing that people's work needs; the log has the reasons."""

    models: Check
    journal: Check
    workers: Check
    voices: Check

    def failing(self) -> Sequence[str]:
        """Return what is not well, each with its word.

        Without voices the words of an interview are all there, so people may be sent here.
        """
        found = {"models": self.models, "journal": self.journal, "workers": self.workers}
        return [f"{name} {word}" for name, word in found.items() if word is not Check.OK]


@dataclass(frozen=True, slots=True)
class Report:
    """What a probe is told."""

    status: Standing
    checks: Checks

    @property
    def is_ready(self) -> bool:
        return self.status is Standing.READY


class Readiness:
    """Answers probes; ``close()`` it before the journal."""

    def __init__(self, journal: Journal) -> None:
        self.workers: Workers | None = None
        """None: the model work is somebody else's, who always can."""
        self._journal = journal
        self._is_draining = False
        self._standing = Standing.NOT_READY
        self._tasks = Tasks("readiness")
        self._probe: asyncio.Task[bool] | None = None
        self._probed_at = 0.0

    @property
    def is_draining(self) -> bool:
        """Whether the process is about to end: no new sessions begin here."""
        return self._is_draining

    @property
    def is_ready(self) -> bool:
        """What the last report said."""
        return self._standing is Standing.READY

    def drain(self) -> None:
        """Be not ready from now on; idempotent."""
        self._is_draining = True
        self._become(Standing.DRAINING)

    async def report(self) -> Report:
        """Look at everything; takes 2 s at most."""
        checks = Checks(
            models=Check.OK if self._has_models() else Check.MISSING,
            journal=Check.OK if await self._journal_answers() else Check.NO_ANSWER,
            workers=Check.OK if self.workers is None or self.workers.is_able else Check.DEAD,
            voices=await self._voices(),
        )
        if not self._is_draining:
            failing = checks.failing()
            self._become(Standing.NOT_READY if failing else Standing.READY, failing)
        return Report(self._standing, checks)

    async def close(self) -> None:
        """Ask the journal nothing any more; idempotent."""
        await self._tasks.close()

    def _has_models(self) -> bool:
        # No worker at all is a matter of its own; the listening models are loaded at the start.
        return self.workers is None or not set(self.workers.problems()) - {"worker"}

    async def _voices(self) -> Check:
        if self.workers is None or await self.workers.voice_problem() is None:
            return Check.OK
        return Check.MISSING

    async def _journal_answers(self) -> bool:
        """Read something cheap, one read at a time however many probes come."""
        now = time.monotonic()
        probe = self._probe
        if probe is None or (probe.done() and now - self._probed_at >= JOURNAL_ASKED_AGAIN_S):
            self._probe = probe = self._tasks.spawn(self._ask_journal(), "journal")
            self._probed_at = now
        await asyncio.wait({probe}, timeout=max(0.0, self._probed_at + JOURNAL_ANSWERS_S - now))
        return probe.done() and not probe.cancelled() and probe.result()

    async def _ask_journal(self) -> bool:
        try:
            await self._journal.read(NO_SESSION, limit=1)
        except ClientError as error:
            log.warning("readiness: the journal does not answer: %s", error.code)
            return False
        except Exception:
            log.exception("readiness: the journal cannot be asked")
            return False
        return True

    def _become(self, standing: Standing, why: Sequence[str] = ()) -> None:
        if standing is not self._standing:
            reasons = f" ({', '.join(why)})" if why else ""
            log.info("readiness: %s -> %s%s", self._standing, standing, reasons)
            self._standing = standing
