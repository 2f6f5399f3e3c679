"""The record in the formats other programs open."""

import json
import time
from collections.abc import Iterator

import msgspec
import pytest

from server import legacy
from server.events import (
    Blank,
    ConsentGiven,
    ConsentWithdrawn,
    Gap,
    SeatConfig,
    Segment,
    SegmentEdited,
    SessionConfig,
    SessionCreated,
    UtteranceDropped,
    UtteranceFinal,
)
from server.export import Format, lines, render, srt, vtt
from server.session import fold
from tests.server.stories import CREATED, interview, note, read_line, said, seated, story

CUES = [
    (0.0, 1.5, "지원자_1 김하나", "안녕하세요"),
    (3725.0305, 3726.9996, None, "누구세요"),
]


def test_subrip_counts_its_cues_and_has_a_comma_before_the_milliseconds() -> None:
    assert srt(CUES) == (
        "1\n00:00:00,000 --> 00:00:01,500\n지원자_1 김하나: 안녕하세요\n\n"
        "2\n01:02:05,030 --> 01:02:07,000\n미확인: 누구세요\n"
    )


def test_webvtt_begins_with_its_name_and_gives_every_cue_a_voice() -> None:
    assert vtt(CUES) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:01.500\n<v 지원자_1 김하나>안녕하세요\n\n"
        "01:02:05.030 --> 01:02:07.000\n<v 미확인>누구세요\n"
    )


def test_webvtt_escapes_what_would_be_markup() -> None:
    text = vtt([(0.0, 1.0, "A<b>&", "R&D <i>--> 끝")])
    assert "<v A&lt;b&gt;&amp;>R&amp;D &lt;i&gt;--&gt; 끝\n" in text
    assert text.count("-->") == 1


def test_a_line_break_in_a_name_or_in_words_cannot_begin_a_new_cue() -> None:
    cues = [(0.0, 1.0, "김\n\n2", "하나\n\n00:00:01.000 --> 00:00:09.000\n<v 남>거짓")]
    for text in (vtt(cues), srt(cues)):
        blocks = [block for block in text.strip().split("\n\n") if "-->" in block]
        assert len(blocks) == 1
    assert lines(cues).count("\n") == 1


def test_nothing_said_is_an_empty_record_in_every_format() -> None:
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n"
    assert lines([]) == ""


@pytest.fixture
def in_seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_seoul")
def test_the_text_names_people_and_shows_notes_where_they_belong() -> None:
    entries = interview()
    text = render(fold("interview", entries), entries, Format.TEXT)
    assert text == (
        "대담 interview\n백엔드 개발자 면접\n"
        "2025-07-20 17:26 UTC+09:00, 00:01:01, 제1판, 이 서버 밖에서 동의\n\n"
        "[00:00:02] 면접관_1 → 지원자_1: 자신감 있음\n"
        "[00:00:03] 지원자_1 김하나: 저는 개발 업무를 담당했습니다\n"
        "[00:00:06] 지원자_2 이두리: 제 목표는 소통입니다\n"
        "[00:00:09] 미확인: 누구세요\n"
        "[00:00:31] 운영자 → 지원자_2: 침착함\n"
    )


def test_the_text_says_where_a_microphone_was_not_heard() -> None:
    gap = Gap(track="지원자_1", start=62.04, end=66.5, reason="no_packets")
    entries = story(CREATED, gap)
    text = render(fold("s", entries), entries, Format.TEXT)
    assert text.endswith("\n[00:01:02] 지원자_1: (소리 없음, 4.5초)\n")


def test_the_text_marks_words_that_were_sent_again() -> None:
    late = msgspec.structs.replace(said("u2", "늦은 말", start=5.0), is_late=True)
    entries = story(CREATED, seated("v1", "지원자_1"), said("u1", "네", start=3.0), late)
    text = render(fold("s", entries), entries, Format.TEXT)
    assert text.split("\n\n")[1].splitlines() == [
        "[00:00:03] 지원자_1 김하나: 네",
        "[00:00:05] 지원자_1 김하나: 늦은 말 (늦게 도착)",
    ]


def test_webvtt_notes_where_a_microphone_was_not_heard() -> None:
    entries = story(
        CREATED,
        seated("v1", "지원자_1"),
        said("u1", "네", start=3.0),
        said("u2", "또", start=9.0),
        Gap(track="지원자_1", start=4.0, end=8.5, reason="no_packets"),
    )
    text = render(fold("s", entries), entries, Format.VTT)
    assert text == (
        "WEBVTT\n\n"
        "00:00:03.000 --> 00:00:03.400\n<v 지원자_1 김하나>네\n\n"
        "NOTE [00:00:04] 지원자_1: (소리 없음, 4.5초)\n\n"
        "00:00:09.000 --> 00:00:09.400\n<v 지원자_1 김하나>또\n"
    )


def test_consent_gaps_and_lost_speech_stand_where_they_happened() -> None:

    def lost(track: str) -> UtteranceDropped:
        return UtteranceDropped(utterance="u2", track=track, start=6.0, end=7.0, reason="failed")

    entries = story(
        CREATED,
        ConsentGiven(seat="지원자_1"),
        seated("v1", "지원자_1"),
        said("u1", "네", start=5.0),
        lost("지원자_1"),
        lost("room-1"),
        Gap(track="지원자_1", start=3.0, end=4.0, reason="no_packets"),
        ConsentWithdrawn(seat="지원자_1"),
        note("좋음", at=5.5),
    )
    text = render(fold("s", entries), entries, Format.TEXT)
    assert text.split("\n\n")[1].splitlines() == [
        "[00:00:02] 지원자_1: (동의함)",
        "[00:00:03] 지원자_1: (소리 없음, 1.0초)",
        "[00:00:05] 지원자_1 김하나: 네",
        "[00:00:05] system → 지원자_1: 좋음",
        "[00:00:06] 지원자_1: (말소리를 글로 옮기지 못함)",
        "[00:00:06] 회의실 마이크: (말소리를 글로 옮기지 못함)",
        "[00:00:08] 지원자_1: (동의를 철회함)",
    ]


def test_consent_to_keeping_is_told_where_it_came_and_went() -> None:
    no, yes = ConsentGiven(seat="지원자_1"), ConsentGiven(seat="지원자_1", keep_audio_days=30)
    entries = story(CREATED, no, yes, no, no, yes, ConsentWithdrawn(seat="지원자_1"), no)
    text = render(fold("s", entries), entries, Format.TEXT)
    assert [line.partition(": ")[2] for line in text.split("\n\n")[1].splitlines()] == [
        "(동의함)",
        "(동의함, 녹음을 30일 동안 보관하는 데도 동의함)",
        "(녹음 보관 동의를 거둠)",
        "(동의함)",
        "(동의함, 녹음을 30일 동안 보관하는 데도 동의함)",
        "(동의를 철회함)",
        "(동의함)",
    ]


def test_characters_that_turn_text_around_stay_out_of_every_line() -> None:
    cues = [(0.0, 1.0, "\u202e김\u2066하나", "저는\u202e \u2069개발자")]
    for text in (srt(cues), vtt(cues), lines(cues)):
        assert not set(text) & {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A))}
        assert "김하나" in text
        assert "저는 개발자" in text
    config = SessionConfig(title="\u202e면접\u2067")
    entries = story(SessionCreated(config=config))
    assert "\n면접\n" in render(fold("s", entries), entries, Format.TEXT)


def test_a_note_of_several_lines_cannot_pretend_to_be_somebodys_words() -> None:
    entries = story(CREATED, note("좋음\n[00:00:09] 지원자_1: 저는 못합니다"))
    text = render(fold("s", entries), entries, Format.TEXT)
    assert not any(line.startswith("[00:00:09]") for line in text.splitlines())


def test_cues_run_from_the_first_word_to_the_last() -> None:
    entries = interview()
    text = render(fold("s", entries), entries, Format.SRT)
    assert "1\n00:00:03,000 --> 00:00:04,900\n지원자_1 김하나: 저는" in text
    assert text.count("-->") == 3


def test_a_segment_without_length_is_still_shown() -> None:
    segment = Segment(
        segment="u1.1",
        voice=None,
        words=((2.0, 2.0, "네", 0.9),),
        text_confidence=0.9,
        voice_confidence=0.0,
    )
    final = UtteranceFinal(utterance="u1", track="t", start=2.0, end=2.0, segments=(segment,))
    entries = story(CREATED, final)
    assert "00:00:02.000 --> 00:00:02.100" in render(fold("s", entries), entries, Format.VTT)


def test_json_is_the_result_existing_clients_get() -> None:
    entries = interview()
    session = fold("s", entries)
    text = render(session, entries, Format.JSON)
    assert json.loads(text) == json.loads(msgspec.json.encode(legacy.result(session, session.at)))
    assert "지원자_1" in text


def test_the_journal_is_one_line_an_event_and_folds_to_the_same_session() -> None:
    entries = interview()
    exported = render(fold("s", entries), entries, Format.JOURNAL)
    assert exported.endswith("}\n")
    assert [read_line(line) for line in exported.splitlines()] == entries


def test_a_person_without_a_name_is_called_by_the_seat() -> None:
    for name in (None, ""):
        config = SessionConfig(seats=(SeatConfig(seat="지원자_1", name=name),))
        entries = story(SessionCreated(config=config), seated("v1", "지원자_1"), said("u1", "네"))
        assert "] 지원자_1: 네\n" in render(fold("s", entries), entries, Format.TEXT)


def test_an_erased_session_can_be_exported_in_every_format() -> None:
    entries = [msgspec.structs.replace(item, event=Blank()) for item in interview()]
    session = fold("s", entries)
    for form in Format:
        text = render(session, entries, form)
        assert "김하나" not in text
        assert "개발" not in text


def test_the_text_says_which_words_were_put_right_and_which_voice_is_not_known() -> None:
    entries = story(
        CREATED,
        seated("v1", "지원자_1"),
        said("u1", "틀린 말", start=3.0),
        ("operator", SegmentEdited(segment="u1.1", text="맞는 말")),
        said("u2", "누구", voice="v8", start=5.0),
        said("u3", "또 누구", voice="v9", start=6.0),
        said("u4", "모름", voice=None, start=7.0),
    )
    text = render(fold("s", entries), entries, Format.TEXT)
    assert text.split("\n\n")[1].splitlines() == [
        "[00:00:03] 지원자_1 김하나: 맞는 말 (고쳐 씀)",
        "[00:00:05] 미확인 A: 누구",
        "[00:00:06] 미확인 B: 또 누구",
        "[00:00:07] 미확인: 모름",
    ]


def test_the_text_says_what_an_own_microphone_heard_of_others() -> None:
    heard = msgspec.structs.replace(
        said("u1", "네", start=3.0), track="지원자_1", suppressed=((1.0, 2.25),)
    )
    entries = story(CREATED, seated("v1", "지원자_1"), heard)
    text = render(fold("s", entries), entries, Format.TEXT)
    assert text.split("\n\n")[1].splitlines() == [
        "[00:00:01] 지원자_1: (다른 사람의 말소리라서 뺌, 1.2초)",
        "[00:00:03] 지원자_1 김하나: 네",
    ]
    record = json.loads(render(fold("s", entries), entries, Format.JSON))
    assert record["suppressed"] == [{"track": "지원자_1", "start": 1.0, "end": 2.25}]
