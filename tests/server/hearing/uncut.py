"""Whether what was heard is all that was said."""

import numpy as np
import pytest

from pipeline.audio import Samples
from server.errors import ClientError, ErrorCode
from server.events import (
    Gap,
    Segment,
    UtteranceFinal,
)
from server.journal.sqlite.journal import SqliteJournal
from server.ledger import Ledger
from server.messages import Missed
from tests.server.hearing.coming import RESUMES
from tests.server.hearing.phones import (
    SEAT,
    TAPES,
    Phone,
    differences,
    speech,
    through_opus,
)
from tests.server.talk import eventually

SOUND = speech(24.0)
NOW_S = 300.0
UNCUT = differences(through_opus(SOUND), SOUND)
ALLOWED = np.maximum(UNCUT + 2.0, -5.0)
"""A decoder that has just begun is a little worse, for a moment."""


async def heard(count: int) -> Samples:
    """Wait until so many samples have been understood; return them."""

    async def is_done() -> bool:
        return TAPES[-1].sound.size >= count

    await eventually(is_done)
    return TAPES[-1].sound


async def gaps(ledger: Ledger, count: int) -> list[Gap]:
    """Wait for so many gaps in the record; return them."""

    async def kept() -> bool:
        return len(ledger.session.gaps) >= count

    await eventually(kept)
    assert len(ledger.session.gaps) == count
    return ledger.session.gaps


async def finals_of(ledger: Ledger, journal: SqliteJournal) -> list[UtteranceFinal]:
    entries = await journal.read("s1")
    return [entry.event for entry in entries if isinstance(entry.event, UtteranceFinal)]


def refused(phone: Phone, missed: Missed | None = None) -> ErrorCode:
    """Return why what the phone sends is not taken."""
    with pytest.raises(ClientError) as caught:
        phone.answer(missed)
    return caught.value.code


def come_before() -> str:
    """Return the token of a connection to another process."""
    return RESUMES.go_on("s1", "link", "c0", SEAT).token


def said(start: float, end: float) -> UtteranceFinal:
    return UtteranceFinal(
        utterance=f"u{start}",
        track=SEAT,
        start=start,
        end=end,
        segments=(
            Segment(
                segment=f"u{start}.1",
                voice=None,
                words=((start, end, "네.", 0.9),),
                text_confidence=0.9,
                voice_confidence=0.0,
            ),
        ),
    )


def is_uncut(sound: Samples) -> bool:
    """Whether this is all of ``SOUND``, to the sample, and no worse than Opus made of it."""
    return sound.size == SOUND.size and bool(np.all(differences(sound, SOUND) < ALLOWED))
