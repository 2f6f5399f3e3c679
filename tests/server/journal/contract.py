"""What every journal must do; subclass ``JournalContract`` and say how one is opened.

The tests use the ``Journal`` Protocol only, so each implementation runs them unchanged.
"""

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any, ClassVar, TypeAlias

import msgspec
import pytest

from server.entries import Entry, decode_body, encode_body
from server.errors import JournalUnavailable
from server.events import (
    OPERATOR,
    Blank,
    Erased,
    Event,
    NoteAdded,
    SeatConfig,
    SessionClosed,
    SessionConfig,
    SessionCreated,
    Unknown,
)
from server.journal.protocol import Conflict, Fenced, Held, Journal, Listing
from tests.server.stories import CONFIG, CREATED, ONE_OF_EACH, WALL, draft, note

Open: TypeAlias = Callable[[], Awaitable[Journal]]
"""Closes the journal that was opened before, if any, and opens it again on the same store."""

LONG_S = 600.0
"""A lease that does not run out during a test."""


class WeatherNoticed(Event, frozen=True):
    """An event of a release to come."""

    VERSION: ClassVar[int] = 7

    sky: msgspec.Raw


class JournalContract:
    """Inherit and define the fixture ``open_journal``."""

    @pytest.fixture
    def open_journal(self) -> Open:
        raise NotImplementedError

    @pytest.fixture
    async def journal(self, open_journal: Open) -> AsyncIterator[Journal]:
        journal = await open_journal()
        yield journal
        await journal.close()

    # Numbers and order

    async def test_an_unknown_session_is_empty(self, journal: Journal) -> None:
        assert await journal.read("nobody") == []
        assert await journal.find("nobody", "cmd") == []
        assert await journal.sessions() == []

    async def test_numbers_begin_at_one_and_have_no_gaps_in_each_session(
        self, journal: Journal
    ) -> None:
        first = await journal.append("a", [draft(note("1")), draft(note("2"))])
        other = await journal.append("b", [draft(note("1"))])
        second = await journal.append("a", [draft(note("3"))])
        assert (first.seqs, other.seqs, second.seqs) == ((1, 2), (1,), (3,))
        assert [entry.seq for entry in await journal.read("a")] == [1, 2, 3]

    async def test_every_event_comes_back_as_it_was_appended(self, journal: Journal) -> None:
        drafts = [
            draft(event, by="면접관_1", at=0.125 * number)
            for number, event in enumerate(ONE_OF_EACH)
        ]
        await journal.append("a", drafts)
        for entry, kept in zip(await journal.read("a"), drafts, strict=True):
            assert (entry.at, entry.wall, entry.by, entry.cmd, entry.event) == (
                kept.at,
                kept.wall,
                kept.by,
                kept.cmd,
                kept.event,
            )
            assert (entry.type, entry.v) == (kept.event.type(), kept.event.VERSION)

    async def test_what_was_appended_is_there_after_reopening(self, open_journal: Open) -> None:
        journal = await open_journal()
        await journal.append("a", [draft(event) for event in ONE_OF_EACH])
        before = await journal.read("a")
        journal = await open_journal()
        assert await journal.read("a") == before
        assert (await journal.append("a", [draft(note("더"))])).seqs == (len(before) + 1,)

    async def test_reading_goes_page_by_page_without_loss(self, journal: Journal) -> None:
        await journal.append("a", [draft(note(str(number))) for number in range(25)])
        seqs: list[int] = []
        while page := await journal.read("a", seqs[-1] if seqs else 0, 10):
            assert len(page) <= 10
            seqs += [entry.seq for entry in page]
        assert seqs == list(range(1, 26))
        assert await journal.read("a", 25) == []
        assert await journal.read("a", 10**6) == []

    async def test_hundred_writers_at_once_leave_no_gap_and_keep_their_own_order(
        self, journal: Journal
    ) -> None:
        async def write(writer: int) -> list[int]:
            seqs: list[int] = []
            for number in range(3):
                appended = await journal.append("a", [draft(note(f"{writer} {number}"))])
                seqs += appended.seqs
            return seqs

        found = await asyncio.gather(*(write(writer) for writer in range(100)))
        kept = {entry.seq: entry.event for entry in await journal.read("a")}
        assert sorted(kept) == list(range(1, 301))
        for writer, seqs in enumerate(found):
            assert seqs == sorted(seqs)
            assert [kept[seq] for seq in seqs] == [note(f"{writer} {n}") for n in range(3)]

    async def test_the_events_of_one_append_stand_together(self, journal: Journal) -> None:
        appended = await asyncio.gather(
            *(journal.append("a", [draft(note(str(n)))] * 4) for n in range(20))
        )
        for one in appended:
            assert one.seqs == tuple(range(one.seqs[0], one.seqs[0] + 4))

    async def test_an_append_of_nothing_is_the_callers_mistake(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="draft"):
            await journal.append("a", [])
        assert await journal.sessions() == []

    # Decisions: expect

    async def test_an_append_that_expected_another_seq_is_a_conflict_and_keeps_nothing(
        self, journal: Journal
    ) -> None:
        await journal.append("a", [draft(note("1"))], expect=0)
        for expect in (0, 2):
            with pytest.raises(Conflict):
                await journal.append("a", [draft(note("2")), draft(note("3"))], expect=expect)
        assert len(await journal.read("a")) == 1
        assert (await journal.append("a", [draft(note("2"))], expect=1)).seqs == (2,)

    async def test_of_many_that_decided_on_the_same_seq_one_wins(self, journal: Journal) -> None:
        outcomes = await asyncio.gather(
            *(journal.append("a", [draft(note(str(n)))] * 2, expect=0) for n in range(20)),
            return_exceptions=True,
        )
        assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 19
        assert len(await journal.read("a")) == 2

    # Holders: claim and epoch

    async def test_a_claim_is_renewed_with_its_epoch_and_keeps_others_out(
        self, journal: Journal
    ) -> None:
        epoch = await journal.claim("a", "one", LONG_S)
        assert await journal.claim("a", "one", LONG_S) == epoch
        with pytest.raises(Held):
            await journal.claim("a", "two", LONG_S)
        assert await journal.claim("b", "two", LONG_S) >= 1

    async def test_a_lease_that_ran_out_is_taken_over_with_the_next_epoch(
        self, journal: Journal
    ) -> None:
        epoch = await journal.claim("a", "one", 0.001)
        assert await _claim_when_free(journal, "a", "two") == epoch + 1
        with pytest.raises(Held):
            await journal.claim("a", "one", LONG_S)

    async def test_a_holder_that_was_overtaken_is_fenced_off(self, journal: Journal) -> None:
        old = await journal.claim("a", "one", 0.001)
        await journal.append("a", [draft(note("1"))], epoch=old)
        new = await _claim_when_free(journal, "a", "two")
        with pytest.raises(Fenced):
            await journal.append("a", [draft(note("2"))], epoch=old)
        with pytest.raises(Fenced):
            await journal.append("a", [draft(note("2"))], epoch=new + 1)
        assert (await journal.append("a", [draft(note("2"))], epoch=new)).seqs == (2,)
        assert (await journal.append("a", [draft(note("3"))], epoch=new)).seqs == (3,)

    async def test_people_need_no_epoch_whoever_holds_the_session(self, journal: Journal) -> None:
        await journal.claim("a", "one", LONG_S)
        assert (await journal.append("a", [draft(note("1"))])).seqs == (1,)

    async def test_a_claim_alone_is_no_session(self, journal: Journal) -> None:
        await journal.claim("a", "one", LONG_S)
        assert await journal.sessions() == []
        assert await journal.read("a") == []

    async def test_epochs_never_repeat_after_reopening(self, open_journal: Open) -> None:
        journal = await open_journal()
        old = await journal.claim("a", "one", 0.001)
        journal = await open_journal()
        assert await _claim_when_free(journal, "a", "two") > old

    # Commands: cmd

    async def test_a_repeated_command_gets_its_first_seqs_and_appends_nothing(
        self, journal: Journal
    ) -> None:
        both = [draft(note("1"), cmd="c"), draft(note("2"), cmd="c")]
        first = await journal.append("a", both)
        await journal.append("a", [draft(note("다른 것"))])
        again = await journal.append("a", both)
        assert not first.is_repeat
        assert again.is_repeat
        assert again.seqs == first.seqs == (1, 2)
        assert len(await journal.read("a")) == 3

    async def test_a_repeat_is_recognised_after_reopening(self, open_journal: Open) -> None:
        journal = await open_journal()
        await journal.append("a", [draft(note("1"), cmd="c")])
        journal = await open_journal()
        again = await journal.append("a", [draft(note("1"), cmd="c")])
        assert again.is_repeat
        assert again.seqs == (1,)
        assert len(await journal.read("a")) == 1

    async def test_a_repeat_is_answered_although_the_session_moved_on(
        self, journal: Journal
    ) -> None:
        old = await journal.claim("a", "one", 0.001)
        await journal.append("a", [draft(note("1"), cmd="c")], expect=0, epoch=old)
        await _claim_when_free(journal, "a", "two")
        again = await journal.append("a", [draft(note("1"), cmd="c")], expect=0, epoch=old)
        assert again.is_repeat
        assert again.seqs == (1,)

    async def test_the_same_command_sent_many_times_at_once_is_executed_once(
        self, journal: Journal
    ) -> None:
        outcomes = await asyncio.gather(
            *(journal.append("a", [draft(note("1"), cmd="c")]) for _ in range(20))
        )
        assert {outcome.seqs for outcome in outcomes} == {(1,)}
        assert sum(not outcome.is_repeat for outcome in outcomes) == 1
        assert len(await journal.read("a")) == 1

    async def test_commands_of_different_sessions_do_not_meet(self, journal: Journal) -> None:
        await journal.append("a", [draft(note("1"), cmd="c")])
        other = await journal.append("b", [draft(note("1"), cmd="c")])
        assert not other.is_repeat

    async def test_a_command_that_was_refused_can_be_sent_again(self, journal: Journal) -> None:
        with pytest.raises(Conflict):
            await journal.append("a", [draft(note("1"), cmd="c")], expect=5)
        assert await journal.find("a", "c") == []
        assert not (await journal.append("a", [draft(note("1"), cmd="c")])).is_repeat

    async def test_find_returns_what_a_command_caused(self, journal: Journal) -> None:
        await journal.append("a", [draft(note("0"))])
        await journal.append("a", [draft(note("1"), cmd="c"), draft(note("2"), cmd="c")])
        found = await journal.find("a", "c")
        assert [(entry.seq, entry.cmd, entry.event) for entry in found] == [
            (2, "c", note("1")),
            (3, "c", note("2")),
        ]
        assert await journal.find("b", "c") == []
        assert await journal.find("a", "d") == []

    # The list of sessions

    async def test_the_list_says_when_sessions_began_and_what_became_of_them(
        self, journal: Journal
    ) -> None:
        for number, session in enumerate(("live", "ended", "erased")):
            await journal.append(session, [draft(note("1"), at=float(number))])
        await journal.append("ended", [draft(SessionClosed(), at=10.0)])
        await journal.append("erased", [draft(SessionClosed(), at=10.0)])
        await journal.redact("ended", {1: None}, draft(Erased(seat="지원자_1", events=(1,)), at=11))
        await journal.redact("erased", {1: None}, draft(Erased(seat=None, events=(1,)), at=12))
        found = {info.session: info for info in await journal.sessions()}
        assert list(found) == ["erased", "ended", "live"]
        assert [info.last_seq for info in found.values()] == [3, 3, 1]
        assert [info.is_closed for info in found.values()] == [True, True, False]
        assert [info.is_erased for info in found.values()] == [True, False, False]
        assert [info.created_wall - WALL for info in found.values()] == [2, 1, 0]
        assert [info.last_wall - WALL for info in found.values()] == [12, 11, 0]

    async def test_the_list_says_what_a_session_is_about_and_who_sits_there(
        self, journal: Journal
    ) -> None:
        await journal.append("a", [draft(CREATED), draft(note("1"))])
        await journal.append("bare", [draft(note("1"))])
        bare, told = sorted(await journal.sessions(), key=lambda info: info.title)
        assert (told.title, told.job) == ("백엔드 개발자 면접", "백엔드 개발")
        assert [(place.seat, place.name) for place in told.seats] == [
            ("면접관_1", "한 팀장"),
            ("지원자_1", "김하나"),
            ("지원자_2", "이두리"),
        ]
        assert (bare.title, bare.job, bare.seats) == ("", "", ())

    async def test_an_erased_session_has_no_title_and_an_erased_person_no_name(
        self, journal: Journal
    ) -> None:
        for session in ("all", "one"):
            await journal.append(session, [draft(CREATED), draft(SessionClosed())])
        nameless = SessionCreated(
            config=msgspec.structs.replace(
                CONFIG, seats=(*CONFIG.seats[:2], SeatConfig(seat="지원자_2"))
            )
        )
        await journal.redact("all", {1: None}, draft(Erased(seat=None, events=(1,))))
        await journal.redact("one", {1: nameless}, draft(Erased(seat="지원자_2", events=(1,))))
        found = {info.session: info for info in await journal.sessions()}
        assert (found["all"].title, found["all"].job, found["all"].seats) == ("", "", ())
        assert found["one"].title == CONFIG.title
        assert [place.name for place in found["one"].seats] == ["한 팀장", "김하나", None]
        for words in ("백엔드", "이두리"):
            found_by = await journal.sessions(Listing(search=words))
            assert [info.session for info in found_by] == (["one"] if words == "백엔드" else [])

    async def test_the_list_goes_page_by_page_without_loss_or_repetition(
        self, journal: Journal
    ) -> None:
        for number in range(150):
            # Five of every moment: pages that end among them take all five.
            await journal.append(f"s{number}", [draft(note("1"), at=float(number // 5))])
        for limit in (1, 7, 64, 65, 150, 1000):
            names: list[str] = []
            walls: list[float] = []
            wanted = Listing(limit=limit)
            while page := await journal.sessions(wanted):
                assert len(page) <= limit + 4
                names += [info.session for info in page]
                walls += [info.created_wall for info in page]
                wanted = Listing(limit=limit, before=page[-1].created_wall)
            assert len(names) == len(set(names)) == 150
            assert walls == sorted(walls, reverse=True)
        assert await journal.sessions(Listing(before=WALL)) == []

    async def test_the_list_tells_living_sessions_from_past_ones(self, journal: Journal) -> None:
        for number in range(6):
            await journal.append(f"s{number}", [draft(note("1"), at=float(number))])
            if number % 2:
                await journal.append(f"s{number}", [draft(SessionClosed(), at=float(number))])

        async def listed(**wanted: Any) -> list[str]:
            return [info.session for info in await journal.sessions(Listing(**wanted))]

        assert await listed(state="live") == ["s4", "s2", "s0"]
        assert await listed(state="past") == ["s5", "s3", "s1"]
        assert await listed(state="past", limit=1, before=WALL + 5) == ["s3"]
        assert await listed(session="s2") == ["s2"]
        assert await listed(session="s2", state="past") == []
        assert await listed(session="nobody") == []

    @pytest.mark.parametrize(
        ("search", "found"),
        [
            ("", ["b", "A-1"]),
            ("   ", ["b", "A-1"]),
            ("a-1", ["A-1"]),
            ("백엔드", ["A-1"]),
            ("김하나", ["A-1"]),
            (unicodedata.normalize("NFD", "김하나"), ["A-1"]),
            ("하나 백엔드", ["A-1"]),
            ("하나 프런트", []),
            ("지원자_2", ["A-1"]),
            ("STRASSE", ["b"]),
            ("straße", ["b"]),
            ("%", []),
            ("_", ["b", "A-1"]),
            ("'; --", []),
            ("\x00", []),
            ("\ud800", []),
        ],
    )
    async def test_a_search_looks_at_ids_titles_jobs_and_names(
        self, journal: Journal, search: str, found: list[str]
    ) -> None:
        await journal.append("A-1", [draft(CREATED)])
        config = SessionConfig(title="Hauptstraße", seats=(SeatConfig(seat="면접관_1"),))
        await journal.append("b", [draft(SessionCreated(config=config), at=1.0)])
        assert [info.session for info in await journal.sessions(Listing(search=search))] == found

    async def test_what_was_typed_as_separate_letters_is_found_too(self, journal: Journal) -> None:
        title = unicodedata.normalize("NFD", "데이터 분석가 면접")
        await journal.append("a", [draft(SessionCreated(config=SessionConfig(title=title)))])
        assert await journal.sessions(Listing(search="분석가"))

    async def test_a_search_finds_the_oldest_of_many(self, journal: Journal) -> None:
        await journal.append("first", [draft(CREATED)])
        for number in range(200):
            await journal.append(f"s{number}", [draft(note("1"), at=1.0 + number)])
        [info] = await journal.sessions(Listing(search="백엔드", limit=1))
        assert info.session == "first"

    # What this release does not know

    async def test_an_unknown_type_is_kept_byte_for_byte(self, journal: Journal) -> None:
        weather = WeatherNoticed(sky=msgspec.Raw(b'{"clouds": [1,  2.50], "\\uae30": null}'))
        await journal.append("a", [draft(weather, by="면접관_1")])
        [entry] = await journal.read("a")
        assert (entry.type, entry.v, entry.by) == ("weather_noticed", 7, "면접관_1")
        assert isinstance(entry.event, Unknown)
        assert encode_body(entry.event) == encode_body(weather)

    # Erasure

    async def test_redacted_bodies_are_blank_and_envelopes_stay(self, open_journal: Open) -> None:
        journal = await open_journal()
        drafts = [draft(note(f"비밀 {n}"), by="면접관_1", at=n, cmd=f"c{n}") for n in range(3)]
        for one in drafts:
            await journal.append("a", [one])
        receipt = Erased(seat=None, events=(1, 3))
        done = await journal.redact("a", {1: None, 3: None}, draft(receipt, by=OPERATOR, at=9.0))
        assert done.seqs == (4,)
        for _ in range(2):
            entries = await journal.read("a")
            assert [entry.event for entry in entries] == [
                Blank(),
                drafts[1].event,
                Blank(),
                receipt,
            ]
            assert [(e.at, e.by, e.cmd, e.type) for e in entries[:3]] == [
                (d.at, d.by, d.cmd, "note_added") for d in drafts
            ]
            journal = await open_journal()

    async def test_a_body_is_replaced_by_a_smaller_one(self, journal: Journal) -> None:
        await journal.append("a", [draft(note("아주 길고 비밀스러운 메모"))])
        await journal.redact("a", {1: note("메모")}, draft(Erased(seat="지원자_1", events=(1,))))
        [entry, _] = await journal.read("a")
        assert entry.event == note("메모")
        # What became smaller keeps its place: it can be blanked later, never grow again.
        await journal.redact("a", {1: None}, draft(Erased(seat=None, events=(1,))))
        assert (await journal.read("a"))[0].event == Blank()

    async def test_a_replacement_that_is_too_long_is_refused_and_nothing_is_erased(
        self, journal: Journal
    ) -> None:
        await journal.append("a", [draft(note("하나")), draft(note("둘"))])
        before = await journal.read("a")
        with pytest.raises(ValueError, match="longer"):
            await journal.redact(
                "a", {1: None, 2: note("훨씬 더 긴 메모")}, draft(Erased(seat=None, events=(1, 2)))
            )
        assert await journal.read("a") == before

    async def test_an_unknown_number_is_refused_and_nothing_is_erased(
        self, journal: Journal
    ) -> None:
        await journal.append("a", [draft(note("하나"))])
        await journal.append("b", [draft(note("하나")), draft(note("둘"))])
        before = await journal.read("a")
        with pytest.raises(ValueError, match="no event 2"):
            await journal.redact("a", {1: None, 2: None}, draft(Erased(seat=None, events=(1, 2))))
        with pytest.raises(ValueError, match="no event 1"):
            await journal.redact("nobody", {1: None}, draft(Erased(seat=None, events=(1,))))
        assert await journal.read("a") == before
        assert {info.session for info in await journal.sessions()} == {"a", "b"}

    async def test_other_sessions_keep_every_word(self, journal: Journal) -> None:
        for session in ("a", "b"):
            await journal.append(session, [draft(event) for event in ONE_OF_EACH])
        before = await journal.read("b")
        everything = dict.fromkeys(range(1, len(ONE_OF_EACH) + 1))
        await journal.redact("a", everything, draft(Erased(seat=None, events=tuple(everything))))
        assert await journal.read("b") == before

    # Moving in from another journal

    async def test_a_restored_session_is_the_one_that_was_read(self, open_journal: Open) -> None:
        journal = await open_journal()
        entries = await _a_full_life(journal, "a")
        await journal.restore("b", entries)
        for _ in range(2):
            found = await journal.read("b")
            assert found == entries
            assert [entry.to_wire() for entry in found] == [entry.to_wire() for entry in entries]
            journal = await open_journal()

    async def test_a_restored_session_is_listed_as_what_it_was(self, journal: Journal) -> None:
        await journal.append("live", [draft(CREATED), draft(note("1"), at=5.0)])
        await journal.append("ended", [draft(CREATED, at=1.0), draft(SessionClosed(), at=6.0)])
        await _a_full_life(journal, "one erased")
        await journal.append("erased", [draft(CREATED, at=2.0), draft(SessionClosed(), at=7.0)])
        everything = draft(Erased(seat=None, events=(1, 2)), at=8.0)
        await journal.redact("erased", {1: None, 2: None}, everything)
        before = {info.session: info for info in await journal.sessions()}
        for session in before:
            await journal.restore(f"{session} again", await journal.read(session))
        after = {info.session: info for info in await journal.sessions()}
        assert len(after) == 8
        for session, info in before.items():
            again = after[f"{session} again"]
            assert replace(again, session=session) == info
        for state, count in (("live", 2), ("past", 6)):
            assert len(await journal.sessions(Listing(state=state))) == count  # type: ignore[arg-type]  # mypy widens the names

    async def test_a_restored_session_knows_its_commands_and_goes_on(
        self, journal: Journal
    ) -> None:
        entries = await _a_full_life(journal, "a")
        await journal.restore("b", entries)
        assert await journal.find("b", "c") == await journal.find("a", "c") != []
        again = await journal.append("b", [draft(note("3"), cmd="c")])
        assert again.is_repeat
        assert again.seqs == (3, 4)
        last = len(entries)
        assert (await journal.append("b", [draft(note("더"))], expect=last)).seqs == (last + 1,)
        assert len(await journal.read("a")) == last

    async def test_a_restored_session_can_be_held_and_erased(self, journal: Journal) -> None:
        entries = await _a_full_life(journal, "a")
        await journal.restore("b", entries)
        epoch = await journal.claim("b", "one", LONG_S)
        await journal.append("b", [draft(note("더"))], epoch=epoch)
        everything = dict.fromkeys(range(1, len(entries) + 1))
        await journal.redact("b", everything, draft(Erased(seat=None, events=tuple(everything))))
        found = await journal.read("b")
        assert [entry.event for entry in found[: len(entries)]] == [Blank()] * len(entries)
        assert await journal.read("a") == entries

    async def test_a_session_that_exists_is_not_restored_over(self, journal: Journal) -> None:
        entries = await _a_full_life(journal, "a")
        await journal.append("b", [draft(note("nur dies"))])
        with pytest.raises(Conflict):
            await journal.restore("b", entries)
        assert [entry.event for entry in await journal.read("b")] == [note("nur dies")]
        assert await journal.find("b", "c") == []

    async def test_a_claim_alone_is_no_session_to_restore_over(self, journal: Journal) -> None:
        entries = await _a_full_life(journal, "a")
        epoch = await journal.claim("b", "one", LONG_S)
        await journal.restore("b", entries)
        assert await journal.read("b") == entries
        with pytest.raises(Held):
            await journal.claim("b", "two", LONG_S)
        assert await journal.claim("b", "one", LONG_S) == epoch

    async def test_of_many_that_restore_at_once_one_wins(self, journal: Journal) -> None:
        entries = await _a_full_life(journal, "a")
        outcomes = await asyncio.gather(
            *(journal.restore("b", entries[: 5 + n]) for n in range(5)), return_exceptions=True
        )
        assert sum(outcome is None for outcome in outcomes) == 1
        assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 4
        count = 5 + outcomes.index(None)
        assert await journal.read("b") == entries[:count]
        assert (await journal.append("b", [draft(note("더"))])).seqs == (count + 1,)

    @pytest.mark.parametrize(
        "numbers", [(), (2, 3), (0, 1), (1, 3), (1, 2, 2), (2, 1), (1, 2, 4, 3)], ids=str
    )
    async def test_numbers_that_are_not_gapless_are_refused_and_nothing_is_kept(
        self, journal: Journal, numbers: tuple[int, ...]
    ) -> None:
        first = await _a_full_life(journal, "a")
        entries = [msgspec.structs.replace(first[0], seq=number) for number in numbers]
        with pytest.raises(ValueError, match="event"):
            await journal.restore("b", entries)
        assert await journal.read("b") == []
        assert [info.session for info in await journal.sessions()] == ["a"]

    async def test_a_lifted_body_is_restored_as_todays_version(self, journal: Journal) -> None:
        await journal.append("a", [draft(note("1"))])
        [entry] = await journal.read("a")
        await journal.restore("b", [msgspec.structs.replace(entry, v=entry.v - 1)])
        assert await journal.read("b") == [entry]

    async def test_a_long_session_is_restored_whole(self, journal: Journal) -> None:
        drafts = [draft(note(str(n)), at=float(n), cmd=f"c{n}") for n in range(2_500)]
        for one in (drafts[:1000], drafts[1000:2000], drafts[2000:]):
            await journal.append("a", one)
        entries = await journal.read("a", limit=10_000)
        assert len(entries) == 2_500
        await journal.restore("b", entries)
        assert await journal.read("b", limit=10_000) == entries
        assert await journal.find("b", "c1999") == [entries[1999]]

    async def test_who_follows_hears_of_a_restored_session(self, journal: Journal) -> None:
        entries = await _a_full_life(journal, "a")
        follower = _Follower(journal, "b")
        await journal.restore("b", entries)
        await follower.until(len(entries))
        follower.unfollow()

    # News

    async def test_who_follows_learns_of_every_append(self, journal: Journal) -> None:
        for session in ("a", "b"):
            follower = _Follower(journal, session)
            for number in range(1, 4):
                await journal.append(session, [draft(note(str(number)))] * 2)
                await follower.until(2 * number)
            follower.unfollow()

    async def test_what_follows_an_append_in_between_is_learnt_as_well(
        self, journal: Journal
    ) -> None:
        follower = _Follower(journal, "a")
        await asyncio.gather(*(journal.append("a", [draft(note(str(n)))]) for n in range(50)))
        await follower.until(50)
        follower.unfollow()

    async def test_each_of_several_that_follow_learns_of_it_and_nobody_else(
        self, journal: Journal
    ) -> None:
        several = [_Follower(journal, "a") for _ in range(3)]
        other = _Follower(journal, "b")
        for number in (1, 2):
            await journal.append("a", [draft(note(str(number)))])
            for one in several:
                await one.until(number)
        assert [seq for seq in other.heard if seq is not None] == []
        for one in (*several, other):
            one.unfollow()

    async def test_who_follows_no_more_hears_nothing(self, journal: Journal) -> None:
        first, second = _Follower(journal, "a"), _Follower(journal, "a")
        await journal.append("a", [draft(note("1"))])
        await first.until(1)
        await second.until(1)
        first.unfollow()
        first.unfollow()
        first.heard.clear()
        await journal.append("a", [draft(note("2"))])
        await second.until(2)
        assert first.heard == []
        second.unfollow()

    async def test_who_follows_learns_of_an_erasure(self, journal: Journal) -> None:
        await journal.append("a", [draft(note("1"))])
        follower = _Follower(journal, "a")
        await journal.redact("a", {1: None}, draft(Erased(seat=None, events=(1,))))
        await follower.until(2)
        follower.unfollow()

    # The end

    async def test_closing_twice_is_closing_once_and_then_nothing_is_taken(
        self, journal: Journal
    ) -> None:
        await journal.append("a", [draft(note("1"))])
        await journal.close()
        await journal.close()
        with pytest.raises(JournalUnavailable):
            await journal.append("a", [draft(note("2"))])
        with pytest.raises(JournalUnavailable):
            await journal.claim("a", "one", LONG_S)
        with pytest.raises(JournalUnavailable):
            await journal.read("a")
        with pytest.raises(JournalUnavailable):
            await journal.sessions()

    async def test_what_was_asked_before_the_close_is_kept(self, open_journal: Open) -> None:
        journal = await open_journal()
        asked = [
            asyncio.ensure_future(journal.append("a", [draft(note(str(n)))])) for n in range(30)
        ]
        await asyncio.sleep(0)
        await journal.close()
        await asyncio.gather(*asked)
        journal = await open_journal()
        assert [entry.event for entry in await journal.read("a")] == [
            note(str(n)) for n in range(30)
        ]

    async def test_a_caller_that_goes_away_does_not_undo_its_append(
        self, open_journal: Open
    ) -> None:
        journal = await open_journal()
        asked = asyncio.ensure_future(journal.append("a", [draft(note("1"))]))
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])
        assert asked.cancelled()
        journal = await open_journal()
        assert len(await journal.read("a")) == 1

    async def test_a_note_of_any_text_survives(self, journal: Journal) -> None:
        strange = ["\x00\x1f", '"}\\', "  ", "가힣ㄱ", "🙂" * 1000, "a\u2028b", "x" * 40_000]
        await journal.append("a", [draft(note(text)) for text in strange])
        found = [entry.event for entry in await journal.read("a")]
        assert [event.note for event in found if isinstance(event, NoteAdded)] == strange
        assert decode_body("note_added", 1, encode_body(found[0]) + b"   ") == found[0]


class _Follower:
    """Reads whenever there are news, as they are meant: a hint that says little."""

    def __init__(self, journal: Journal, session: str) -> None:
        self._journal, self._session = journal, session
        self._has_news = asyncio.Event()
        self._seq = 0
        self.heard: list[int | None] = []
        self.unfollow = journal.follow(session, self._hear)

    def _hear(self, seq: int | None) -> None:
        self.heard.append(seq)
        self._has_news.set()

    async def until(self, seq: int) -> None:
        """Return when what was heard led to this seq."""
        async with asyncio.timeout(10):
            while self._seq < seq:
                await self._has_news.wait()
                self._has_news.clear()
                while page := await self._journal.read(self._session, self._seq):
                    self._seq = page[-1].seq


async def _a_full_life(journal: Journal, session: str) -> list[Entry]:
    """Return a session with every kind of event and of body; 3 and 4 are the command c's."""
    weather = WeatherNoticed(sky=msgspec.Raw(b'{"clouds": [1,  2.50], "\\uae30": null}'))
    await journal.append(session, [draft(CREATED), draft(note("비밀"), by="면접관_1", at=1.5)])
    both = [draft(note("3"), cmd="c", by="면접관_2"), draft(note("4"), cmd="c", by="면접관_2")]
    await journal.append(session, both)
    events = [event for event in ONE_OF_EACH if not isinstance(event, (SessionClosed, Erased))]
    await journal.append(session, [draft(event, at=2.25) for event in (*events, weather)])
    await journal.append(session, [draft(SessionClosed(), at=9.0)])
    receipt = draft(Erased(seat="지원자_1", events=(2,)), by=OPERATOR, at=10.0)
    await journal.redact(session, {2: None}, receipt)
    return await journal.read(session)


async def _claim_when_free(journal: Journal, session: str, holder: str) -> int:
    """Claim as soon as the lease of a millisecond has run out."""
    while True:
        try:
            return await journal.claim(session, holder, LONG_S)
        except Held:
            await asyncio.sleep(0.001)
