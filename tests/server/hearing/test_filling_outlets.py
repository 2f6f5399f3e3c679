"""What is kept and what is heard by others while sound is filled in."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from pipeline.audio import samples, seconds
from pipeline.models import Registry
from server.events import SYSTEM, ConsentWithdrawn
from server.hearing.outlets import Outlets
from server.hearing.tracks import Tracks
from server.ledger import Ledger
from server.media.frames import Frame, Origin
from server.media.opus import Decoder
from server.operations.metrics import Metrics
from server.store.custody import Custody
from tests.server.fakes import ScriptedExecutor
from tests.server.hearing.phones import BLOCK, SEAT, TAPES, Phone, TapedEars
from tests.server.hearing.uncut import SOUND, heard
from tests.server.store.memory import MemoryStore, kept


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def mixed() -> list[Frame | None]:
    """What others have heard; None: and then they were to forget it."""
    return []


@pytest.fixture
async def room(
    ledger: Ledger, store: MemoryStore, mixed: list[Frame | None]
) -> AsyncIterator[Tracks]:
    async def evaluate() -> None:
        """Nobody judges here."""

    TAPES.clear()
    ears = await asyncio.to_thread(TapedEars.load, Registry.default())
    outlets = Outlets(
        record=Custody(ledger.session, store).record,
        mix=lambda _, frame: mixed.append(frame),
        forget=lambda _: mixed.append(None),
    )
    room = Tracks(ledger, ears, ScriptedExecutor(), lambda _: None, evaluate, Metrics(), outlets)
    yield room
    await room.settle(10)
    await room.close()
    await asyncio.to_thread(ears.close)


async def test_the_sound_that_is_kept_has_no_hole(phone: Phone, store: MemoryStore) -> None:
    phone.cut(6, 9.013)
    phone.answer()
    phone.say(24)
    await heard(phone.said)
    starts = np.array([one.start_s for one in await kept(store, "s1", SEAT)])
    apart = np.diff(starts)
    assert apart.min() >= 0
    assert apart.max() < 0.045
    assert starts[-1] - starts[0] == pytest.approx(24, abs=0.05)


async def test_what_is_kept_of_a_hole_can_be_heard(phone: Phone, store: MemoryStore) -> None:
    phone.cut(6, 9)
    phone.answer()
    phone.say(24)
    await heard(phone.said)
    begin_s, decoder = phone.second(0), Decoder()
    found = [one for one in await kept(store, "s1", SEAT) if 6.5 < one.start_s - begin_s < 8.5]
    decoded = np.concatenate([decoder.decode(one.packet) for one in found])
    first = samples(found[0].start_s - begin_s)
    loud = np.sqrt(np.mean(SOUND[first : first + decoded.size] ** 2))
    assert np.sqrt(np.mean(decoded**2)) == pytest.approx(loud, rel=0.3)


async def test_nothing_that_was_waited_for_is_kept_after_a_withdrawal(
    phone: Phone, room: Tracks, ledger: Ledger, store: MemoryStore
) -> None:
    phone.cut(6, 9)
    before = len(await kept(store, "s1", SEAT))
    await ledger.commit(lambda *_: (ConsentWithdrawn(seat=SEAT),), by=SYSTEM)
    room.follow()
    await room.settle(10)
    assert len(await kept(store, "s1", SEAT)) == before == samples(6) // BLOCK


async def test_others_hear_at_once_what_waits_to_be_understood(
    phone: Phone, mixed: list[Frame | None]
) -> None:
    phone.connect()
    mixed.clear()
    phone.say(6)
    assert len(mixed) == samples(6) // BLOCK
    phone.cut(6, 9)
    assert mixed.count(None) == 1  # The new connection counts from its own beginning.
    assert len(mixed) - 1 == samples(7.5) // BLOCK
    phone.track.mute(True)
    assert mixed[-1] is None
    phone.say(12)
    assert mixed[-1] is None


async def test_what_a_decoder_made_up_gives_way_to_what_was_said(phone: Phone) -> None:
    arrival = phone.connect()
    phone.say(6)
    made_up = np.full(1600, 0.5, np.float32)
    arrived = phone.began + seconds(samples(9))
    arrival.hear(Frame(made_up, phone.said, arrived, Origin.CONCEALED))
    phone.lose_until(9)
    phone.say(10.5)
    phone.answer()
    phone.say(24)
    sound = await heard(phone.said)
    assert sound.size == SOUND.size
    assert np.abs(sound[samples(6) : samples(6.1)] - 0.5).min() > 0.01


async def test_what_a_decoder_made_up_for_a_short_loss_is_heard(phone: Phone) -> None:
    arrival = phone.connect()
    phone.say(6)
    made_up = np.full(1600, 0.5, np.float32)
    arrived = phone.began + seconds(samples(6.1))
    arrival.hear(Frame(made_up, phone.said, arrived, Origin.CONCEALED))
    phone.lose_until(6.1)
    phone.say(24)
    sound = await heard(phone.said)
    assert np.array_equal(sound[samples(6) : samples(6.1)], made_up)
    assert phone.missed == []
