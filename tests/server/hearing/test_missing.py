"""What stays missing before a mute or until the end is in the record, and nothing else is."""

import asyncio

import pytest

from pipeline.audio import samples
from server.clock import SessionClock
from server.errors import ErrorCode
from server.events import SYSTEM, Left, SessionClosed
from server.hearing import tracks
from server.hearing.tracks import Tracks
from server.ledger import Ledger
from tests.server.hearing.coming import RESUMES, joined
from tests.server.hearing.phones import SEAT, TAPES, Phone
from tests.server.hearing.uncut import SOUND, gaps, heard, refused
from tests.server.talk import eventually


@pytest.fixture
def late(room: Tracks, ledger: Ledger) -> Phone:
    """A phone that has 24 s of sound, of which the first 10 s are over."""
    phone = Phone(room, SOUND, ledger.now() + 14)
    phone.began += 14
    return phone


async def ended(room: Tracks) -> None:
    await room.settle(10, is_end=True)


async def test_what_was_lost_before_a_mute_is_still_sent_again(late: Phone, ledger: Ledger) -> None:
    late.cut(5, 8.5)
    late.track.mute(True)
    late.answer()
    assert (await heard(samples(10))).size == pytest.approx(samples(10), abs=320)

    async def is_cut() -> bool:
        return len(TAPES[-1].cuts) == 1

    await eventually(is_cut)
    late.say(14)  # Muted.
    late.track.mute(False)
    assert ledger.session.gaps == []
    assert (await heard(samples(10))).size == pytest.approx(samples(10), abs=320)


async def test_a_mute_before_the_first_sound_of_a_new_connection_loses_nothing_of_before(
    late: Phone, ledger: Ledger
) -> None:
    late.connect()
    late.say(5)
    late.lose()
    late.lose_until(10)
    late.connect()
    late.track.mute(True)
    late.say(12)
    (missed,) = late.missed
    assert (missed.start, missed.end) == pytest.approx((late.second(5), late.second(10)), abs=0.1)
    late.answer()
    assert (await heard(samples(9.9))).size == pytest.approx(samples(10), abs=samples(0.1))
    assert samples(5) not in TAPES[-1].cuts  # A word may go on there.
    assert ledger.session.gaps == []


async def test_what_is_said_after_a_mute_is_no_part_of_what_was_lost_before(
    late: Phone, ledger: Ledger
) -> None:
    late.connect()
    late.say(5)
    late.lose()
    late.lose_until(10)
    late.connect()
    late.track.mute(True)
    late.say(14)
    late.track.mute(False)
    late.say(18)
    late.answer()
    assert (await heard(samples(13.9))).size == pytest.approx(samples(14), abs=samples(0.1))
    assert len(TAPES[-1].cuts) == 1
    assert ledger.session.gaps == []


@pytest.mark.parametrize("sounds", [True, False])
async def test_what_was_lost_before_a_mute_and_is_not_sent_again_is_a_gap(
    late: Phone, ledger: Ledger, sounds: bool
) -> None:
    late.connect(keeps=False)
    late.say(5)
    late.lose()
    late.lose_until(10)
    late.connect(keeps=False)
    late.track.mute(True)
    if sounds:
        late.say(12)
    late.track.mute(False)
    (gap,) = await gaps(ledger, 1)
    # Real time passes while the phone talks: up to a second where the machine is busy.
    assert (gap.start, gap.end) == pytest.approx((late.second(5), late.second(10)), abs=0.9)


async def test_who_is_cut_off_when_the_session_ends_leaves_a_gap_up_to_the_end(
    late: Phone, room: Tracks, ledger: Ledger
) -> None:
    late.connect()
    late.say(6)
    late.lose()
    await ended(room)
    (gap,) = ledger.session.gaps
    assert (gap.start, gap.end) == pytest.approx((late.second(6), ledger.now()), abs=0.5)


async def test_who_was_given_up_and_never_came_back_leaves_a_gap_up_to_the_end(
    late: Phone, room: Tracks, ledger: Ledger
) -> None:
    late.connect()
    late.say(6)
    late.lose()
    room.replace(SEAT)
    await ended(room)
    (gap,) = ledger.session.gaps
    assert (gap.start, gap.end) == pytest.approx((late.second(6), ledger.now()), abs=0.5)


@pytest.mark.parametrize("how", ["goodbye", "given up", "mute"])
async def test_who_left_or_is_muted_misses_nothing_when_the_session_ends(
    late: Phone, room: Tracks, ledger: Ledger, how: str
) -> None:
    late.connect()
    late.say(10)
    if how == "mute":
        late.track.mute(True)
        late.say(10.1)
    room.lose(SEAT, late.connection, has_left=how != "mute")
    if how == "given up":
        room.replace(SEAT)
    ledger.clock = SessionClock(ledger.now() + 5)
    await ended(room)
    assert ledger.session.gaps == []


async def test_the_end_of_a_process_is_not_the_end_of_the_session(
    late: Phone, room: Tracks, ledger: Ledger
) -> None:
    late.connect()
    late.say(6)
    late.lose()
    await room.settle(10)
    assert ledger.session.gaps == []


async def test_the_end_of_the_session_waits_for_what_is_on_its_way(
    late: Phone, room: Tracks, ledger: Ledger
) -> None:
    late.cut(5, 8.5)
    ending = asyncio.create_task(ended(room))
    await asyncio.sleep(0)
    late.say(14)  # Nobody listens any more.
    late.answer()
    await ending
    assert (await heard(samples(10))).size == pytest.approx(samples(10), abs=320)
    assert ledger.session.gaps == []


async def test_the_end_of_the_session_waits_not_long(
    late: Phone, room: Tracks, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracks, "FILLED_S", 0.1)
    late.cut(5, 8.5)
    await ended(room)
    assert (await heard(samples(6.5))).size == pytest.approx(samples(6.5), abs=320)
    (gap,) = ledger.session.gaps
    assert (gap.start, gap.end) == pytest.approx((late.second(5), late.second(8.5)), abs=0.1)
    await ledger.commit(lambda *_: (SessionClosed(),), by=SYSTEM)
    assert refused(late) is ErrorCode.SESSION_OVER


@pytest.mark.parametrize("given_up", [True, False])
@pytest.mark.parametrize(
    ("has_left", "shows_token", "is_missed"),
    [(True, False, False), (True, True, True), (False, False, True), (False, True, True)],
)
async def test_only_who_was_lost_or_goes_on_has_missed_something(
    late: Phone,
    room: Tracks,
    ledger: Ledger,
    has_left: bool,
    shows_token: bool,
    is_missed: bool,
    given_up: bool,
) -> None:
    late.connect()
    late.say(5)
    room.lose(SEAT, late.connection, has_left=has_left)
    if given_up:
        room.replace(SEAT)
    late.lose_until(8)
    if not shows_token:
        late.token = None
    late.connect(keeps=False)
    late.say(10)
    await room.settle(10)
    assert [gap.reason for gap in ledger.session.gaps] == ["reconnected"] * is_missed


async def test_another_person_on_the_same_seat_has_missed_nothing(
    late: Phone, room: Tracks, ledger: Ledger
) -> None:
    late.connect()
    late.say(5)
    late.lose()
    late.lose_until(8)
    feed = room.open("other", SEAT, RESUMES.go_on("s1", "another", "other", SEAT), None)
    for frame in late._frames(10):
        feed.hear(frame)
    await room.settle(10)
    assert ledger.session.gaps == []


@pytest.mark.parametrize(("reason", "count"), [("closed", 0), ("lost", 1)])
async def test_after_a_restart_only_who_was_lost_has_missed_something(
    late: Phone, room: Tracks, ledger: Ledger, reason: str, count: int
) -> None:
    left = Left(connection=f"p.{SEAT}", reason=reason, heard_until=late.second(2))
    await ledger.commit(lambda *_: (joined(SEAT), left), by=SYSTEM)
    room.recall(set())
    late.be_silent_until(8)
    late.connect()
    late.say(10)
    await room.settle(10)
    assert len(ledger.session.gaps) == count
    assert late.missed == []
