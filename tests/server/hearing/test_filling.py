"""What got lost is put back where it was: heard, sent again and live are one uncut sound."""

import asyncio
import time

import numpy as np
import pytest

from pipeline.audio import samples, seconds
from server.hearing.tracks import Tracks
from server.journal.sqlite.journal import SqliteJournal
from server.ledger import Ledger
from server.media.frames import Frame
from tests.server.fakes import ScriptedExecutor
from tests.server.hearing.phones import (
    SEAT,
    TAPES,
    Phone,
    differences,
)
from tests.server.hearing.uncut import ALLOWED, SOUND, finals_of, gaps, heard, is_uncut
from tests.speech.clips import load


@pytest.mark.parametrize("seed", range(8))
async def test_a_cut_anywhere_leaves_no_trace(room: Tracks, ledger: Ledger, seed: int) -> None:
    chance = np.random.default_rng(seed)
    cut_s, length_s = chance.uniform(3, 9), chance.uniform(1.2, 12)
    error_s = chance.uniform(-0.3, 0.3)
    phone = Phone(room, SOUND, ledger.now(), error_s)
    phone.cut(cut_s, cut_s + length_s)
    phone.answer()
    phone.say(24)
    assert is_uncut(await heard(phone.said))
    assert len(TAPES) == 1
    assert TAPES[-1].cuts == []
    assert ledger.session.gaps == []


async def test_a_hole_in_a_connection_that_lives_leaves_no_trace(phone: Phone) -> None:
    phone.connect()
    phone.say(8)
    phone.lose_until(11)
    phone.say(12.5)
    (missed,) = phone.missed
    assert missed.track == SEAT
    assert missed.end - missed.start == pytest.approx(3, abs=0.05)
    phone.answer()
    phone.say(24)
    assert is_uncut(await heard(phone.said))


async def test_two_cuts_one_after_the_other_leave_no_trace(phone: Phone) -> None:
    phone.cut(6, 9)
    phone.answer()
    phone.say(13)
    phone.cut(13, 15)
    phone.answer()
    phone.say(24)
    assert is_uncut(await heard(phone.said))


async def test_a_cut_while_another_is_waited_for_makes_both_one(
    phone: Phone, ledger: Ledger
) -> None:
    phone.cut(6, 9)
    phone.cut(11, 13)
    first, both = phone.missed
    assert both.start == first.start
    assert both.end == pytest.approx(first.end + 4, abs=0.1)
    phone.answer()
    phone.say(24)
    assert is_uncut(await heard(phone.said))
    assert ledger.session.gaps == []


async def test_what_was_heard_between_two_cuts_is_not_lost_with_them(
    phone: Phone, ledger: Ledger
) -> None:
    phone.cut(6, 9)
    phone.cut(13, 15)
    phone.send([phone.kept(0, 0)])  # There is nothing.
    phone.say(24)
    await gaps(ledger, 2)
    said = SOUND.size - samples(3) - samples(2)
    assert (await heard(said)).size == pytest.approx(said, abs=320)


async def test_a_page_that_was_suspended_has_its_sound_in_pieces(
    phone: Phone, ledger: Ledger
) -> None:
    phone.cut(6, 12)
    begin_s = phone.second(0)
    phone.send([phone.kept(begin_s + 4, begin_s + 8), phone.kept(begin_s + 10, begin_s + 12.7)])
    phone.say(24)
    (gap,) = await gaps(ledger, 1)
    assert (gap.start, gap.end) == pytest.approx((begin_s + 8, begin_s + 10), abs=0.05)
    sound = await heard(SOUND.size - samples(2))
    assert sound.size == pytest.approx(SOUND.size - samples(2), abs=320)
    before = differences(sound, SOUND[: samples(7.9)])
    assert np.all(before < ALLOWED[: before.size])


async def test_a_short_suspension_is_silence_and_no_gap(phone: Phone, ledger: Ledger) -> None:
    phone.cut(6, 12)
    begin_s = phone.second(0)
    phone.send([phone.kept(begin_s + 4, begin_s + 8), phone.kept(begin_s + 8.5, begin_s + 12.7)])
    phone.say(24)
    assert (await heard(SOUND.size)).size == SOUND.size
    assert ledger.session.gaps == []


@pytest.mark.parametrize("edges", [(2.5, 9.0), (6.0, 13.0), (2.5, 13.0)])
async def test_where_nothing_is_said_at_an_edge_the_clocks_have_to_do(
    room: Tracks, ledger: Ledger, edges: tuple[float, float]
) -> None:
    sound = SOUND.copy()
    for quiet_s in (2.5, 13.0):
        sound[samples(quiet_s - 2.5) : samples(quiet_s + 2.5)] = 0.0
    phone = Phone(room, sound, ledger.now(), error_s=0.2)
    phone.cut(*edges)
    phone.answer()
    phone.say(24)
    wrong_s = 0.25 if edges == (2.5, 13.0) else 0.01
    assert (await heard(1)).size > 0
    found = await heard(SOUND.size - samples(wrong_s))
    assert found.size == pytest.approx(SOUND.size, abs=samples(wrong_s))


async def test_an_open_utterance_goes_on_when_its_microphone_is_back(
    phone: Phone, ledger: Ledger, room: Tracks
) -> None:
    phone.cut(1.5, 3)
    phone.answer()
    phone.say(24)
    await heard(phone.said)
    room.finish(phone.track)
    await room.settle(10)
    spoken = ledger.session.spoken
    assert any(one.start < phone.second(1.5) and one.end > phone.second(3) for one in spoken)


async def test_words_of_what_came_late_are_marked_and_the_others_are_not(
    phone: Phone, room: Tracks, ledger: Ledger, journal: SqliteJournal
) -> None:
    phone.cut(9, 12)
    phone.answer()
    phone.say(24)
    await heard(phone.said)
    room.finish(phone.track)
    await room.settle(10)
    finals = await finals_of(ledger, journal)
    late = [one for one in finals if one.is_late]
    assert late
    for one in finals:
        touches = one.start < phone.second(12) and one.end > phone.second(9)
        assert one.is_late == touches


async def test_words_lie_where_they_were_said_whatever_was_lost(
    phone: Phone, room: Tracks, ledger: Ledger, journal: SqliteJournal
) -> None:
    phone.cut(6, 16)
    phone.answer()
    phone.say(24)
    sound = await heard(phone.said)
    room.finish(phone.track)
    await room.settle(10)
    for one in await finals_of(ledger, journal):
        start = samples(one.start - phone.second(0))
        end = samples(one.end - phone.second(0))
        # Utterances begin and end beside their speech, so it lies inside.
        assert np.abs(sound[max(0, start) : end]).max() > 0.05
        assert end - start > samples(0.3)


async def test_an_older_connection_is_heard_no_more_once_a_newer_one_is(
    phone: Phone, room: Tracks
) -> None:
    older = phone.connect()
    phone.say(8)
    phone.connect()  # While the older one lives.
    for frame in [Frame(SOUND[:320], samples(8) + 320 * n, time.monotonic()) for n in range(50)]:
        older.hear(frame)
    room.lose(SEAT, "c1")
    phone.say(24)
    assert phone.missed == []
    assert is_uncut(await heard(phone.said))


async def test_others_are_served_while_much_is_poured(phone: Phone) -> None:
    phone.cut(3, 18)
    phone.answer()
    longest_s, before = 0.0, time.monotonic()
    while TAPES[-1].sound.size < samples(19):
        await asyncio.sleep(0)
        now = time.monotonic()
        longest_s, before = max(longest_s, now - before), now
    assert longest_s < 0.1


async def test_what_is_poured_waits_for_its_words_and_none_are_dropped(
    room: Tracks, ledger: Ledger, executor: ScriptedExecutor
) -> None:
    clip = load("applicant2_thanks.flac").samples[: samples(0.8)]
    sound = np.tile(np.concatenate((clip, np.zeros(samples(1.0), np.float32))), 24)
    phone = Phone(room, sound, ledger.now())
    executor.gate.clear()  # Nothing is understood for a while.
    phone.cut(2, 40)
    phone.answer()
    await heard(samples(3))
    for _ in range(400):  # Turns in which all of it could be poured.
        await asyncio.sleep(0)
    executor.gate.set()
    phone.say(seconds(sound.size))
    await heard(phone.said)
    room.finish(phone.track)
    await room.settle(10)
    assert ledger.session.lost == []
    assert len(ledger.session.spoken) >= 20
