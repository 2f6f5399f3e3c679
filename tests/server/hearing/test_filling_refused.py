"""What is never sent again, sent too late, or by somebody who lies."""

import numpy as np
import pytest

from pipeline.audio import samples
from server.clock import SessionClock
from server.errors import ClientError, ErrorCode
from server.events import (
    SYSTEM,
    ConsentWithdrawn,
)
from server.hearing import awaited, track
from server.hearing.splice import Piece
from server.hearing.tracks import Tracks
from server.ledger import Ledger
from server.messages import Missed
from tests.server.hearing.coming import joined
from tests.server.hearing.phones import (
    SEAT,
    TAPES,
    Phone,
)
from tests.server.hearing.uncut import (
    NOW_S,
    SOUND,
    come_before,
    gaps,
    heard,
    is_uncut,
    refused,
    said,
)
from tests.server.talk import eventually


async def test_what_is_never_sent_again_is_a_gap_and_nothing_waits_for_ever(
    phone: Phone, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaited, "PATIENCE_S", 0.2)
    monkeypatch.setattr(track, "WATCH_S", 0.02)
    phone.cut(6, 9)
    phone.say(14)
    (gap,) = await gaps(ledger, 1)
    assert gap.reason == "reconnected"
    assert gap.end - gap.start == pytest.approx(3, abs=0.05)
    assert (await heard(samples(11))).size == pytest.approx(samples(11), abs=320)
    assert refused(phone) is ErrorCode.NOT_AWAITED
    phone.say(24)
    assert (await heard(samples(21))).size == pytest.approx(samples(21), abs=320)


async def test_nobody_waits_without_having_asked_and_nobody_twice(phone: Phone) -> None:
    phone.connect()
    phone.say(3)
    asked = Missed(track=SEAT, start=phone.second(1), end=phone.second(2), now=NOW_S)
    assert refused(phone, asked) is ErrorCode.NOT_AWAITED
    phone.cut(6, 9)
    phone.answer()
    assert refused(phone, phone.missed[-1]) is ErrorCode.NOT_AWAITED
    phone.say(24)
    assert is_uncut(await heard(phone.said))


async def test_a_page_that_keeps_nothing_is_asked_for_nothing(phone: Phone, ledger: Ledger) -> None:
    phone.connect(keeps=False)
    phone.say(6)
    phone.lose()
    phone.lose_until(9)
    phone.connect(keeps=False)
    phone.say(12)
    await gaps(ledger, 1)
    assert phone.missed == []
    assert len(TAPES[-1].cuts) >= 1


async def test_words_do_not_wait_for_ever_where_one_hole_follows_the_other(
    room: Tracks, ledger: Ledger
) -> None:
    phone = Phone(room, np.tile(SOUND, 3), ledger.now())
    phone.connect()
    phone.say(2)
    for second in range(2, 70, 4):  # None of them is answered.
        phone.lose_until(second + 2)
        phone.say(second + 4)
    await heard(samples(25))
    assert {gap.reason for gap in await gaps(ledger, 16)} == {"no_packets"}


async def test_what_was_said_before_a_withdrawal_is_awaited_no_more(
    phone: Phone, room: Tracks, ledger: Ledger
) -> None:
    phone.cut(6, 9)
    await ledger.commit(lambda *_: (ConsentWithdrawn(seat=SEAT),), by=SYSTEM)
    room.follow()
    assert refused(phone) in (ErrorCode.CONSENT_REQUIRED, ErrorCode.NOT_AWAITED)


async def test_lies_are_refused_and_do_no_harm(phone: Phone) -> None:
    phone.cut(6, 9)
    whole = phone.kept(NOW_S - 24, NOW_S)
    for lie in (
        Piece(NOW_S - 1, whole.samples),
        Piece(NOW_S + 100, whole.samples[:16000]),
    ):
        with pytest.raises(ClientError) as caught:
            phone.send([lie])
        assert caught.value.code is ErrorCode.BAD_REQUEST
    phone.answer()
    phone.say(24)
    assert is_uncut(await heard(phone.said))


async def test_sound_of_somewhere_else_fills_nothing(phone: Phone, ledger: Ledger) -> None:
    phone.cut(6, 9)
    long_ago = phone.kept(phone.second(0), phone.second(2))
    phone.say(12)
    phone.send([long_ago])
    await gaps(ledger, 1)
    assert (await heard(samples(9))).size == pytest.approx(samples(9), abs=320)


async def test_a_token_that_was_used_before_begins_anew(
    phone: Phone, room: Tracks, ledger: Ledger
) -> None:
    first = phone.connect()
    phone.say(6)
    phone.connect()
    phone.say(8)
    phone.lose()
    phone.lose_until(12)
    phone.token = first.token  # A copy of the page shows the older token.
    phone.connect()
    phone.say(14)
    assert phone.missed == []
    (gap,) = await gaps(ledger, 1)
    assert gap.end - gap.start == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize("hold_s", [1.0])
async def test_who_does_not_come_back_in_time_leaves_a_gap(
    ledger: Ledger, room: Tracks, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(track, "WATCH_S", 0.02)
    phone.connect()
    phone.say(6)
    phone.lose()

    async def is_gone() -> bool:
        return not list(room)

    await eventually(is_gone)
    phone.lose_until(9)
    phone.connect()
    phone.say(12)
    assert phone.missed == []
    (gap,) = await gaps(ledger, 1)
    assert gap.end - gap.start == pytest.approx(3, abs=0.1)


async def test_after_a_takeover_the_page_is_asked_for_what_came_after_the_last_words(
    phone: Phone, room: Tracks, ledger: Ledger
) -> None:
    begin_s = phone.second(0)
    await connected_before(ledger, begin_s)
    await ledger.commit(lambda *_: (said(begin_s, begin_s + 6),), by=SYSTEM)
    room.recall({f"p.{SEAT}"})
    phone.token = come_before()
    phone.be_silent_until(9)  # What another process heard.
    phone.connect()
    phone.say(11)
    (missed,) = phone.missed
    assert (missed.start, missed.end) == pytest.approx((begin_s + 6, begin_s + 9), abs=0.1)
    phone.answer()
    phone.say(24)
    sound = await heard(SOUND.size - samples(6.2))
    assert sound.size == pytest.approx(SOUND.size - samples(6), abs=samples(0.1))
    assert ledger.session.gaps == []


async def test_after_a_restart_the_page_is_asked_for_its_first_words_too(
    phone: Phone, room: Tracks, ledger: Ledger
) -> None:
    await connected_before(ledger, phone.second(0))
    room.recall({f"p.{SEAT}"})
    phone.token = come_before()
    phone.be_silent_until(9)  # What another process heard, and kept nothing of.
    phone.connect()
    phone.say(11)
    phone.answer()
    phone.say(24)
    await heard(SOUND.size - samples(0.2))
    assert ledger.session.gaps == []


async def test_only_what_a_page_keeps_is_asked_for(
    phone: Phone, room: Tracks, ledger: Ledger
) -> None:
    await connected_before(ledger, 100)
    await ledger.commit(lambda *_: (said(100, 150),), by=SYSTEM)
    room.recall({f"p.{SEAT}"})
    phone.token = come_before()
    phone.be_silent_until(9)
    phone.connect()
    phone.say(11)
    (missed,) = phone.missed
    assert missed.end - missed.start == pytest.approx(43)


async def test_nobody_elses_sound_is_taken_even_while_a_microphone_is_held(
    phone: Phone, room: Tracks
) -> None:
    phone.cut(6, 9)
    phone.lose()
    with pytest.raises(ClientError) as caught:
        room.answer(phone.connection, "another", phone.kept(NOW_S - 20, NOW_S - 15), 0)
    assert caught.value.code is ErrorCode.FORBIDDEN
    phone.answer()
    assert (await heard(samples(10.5))).size == samples(10.5)


async def connected_before(ledger: Ledger, session_s: float) -> None:
    """Let the phone have been connected to another process since then."""
    clock, ledger.clock = ledger.clock, SessionClock(session_s)
    await ledger.commit(lambda *_: (joined(SEAT),), by=SYSTEM)
    ledger.clock = clock
