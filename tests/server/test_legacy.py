"""The shapes existing clients read, as the protocol's table names them."""

import re
from datetime import datetime
from typing import Any

import msgspec
import pytest

from pipeline.evaluation.keywords import LEGACY_KEYWORDS, KeywordEvaluator
from server import decisions, legacy
from server.entries import Entry
from server.events import (
    ConsentGiven,
    ConsentWithdrawn,
    Erased,
    Event,
    Gap,
    Joined,
    NoteAdded,
    RoomConfirmed,
    UtteranceDropped,
    VoiceAssigned,
    VoicesMerged,
)
from server.reports import Backlog, ChunkResult
from server.session import Session, fold
from tests.server.stories import CREATED, WALL, entry, interview, note, said, seated, story

KEYWORD = re.compile(r"(기술|경험|인성|동기): [1-9][0-9]*개")
IDLE: Backlog = {"queued": 0, "running": 0, "lag_s": 0.0, "chunks": 0}


def told(*events: Event | tuple[str, Event]) -> Session:
    return fold("s", story(*events))


def evaluated(*events: Event) -> Session:
    """Return the session with the evaluations of what was said."""
    session = told(CREATED, seated("v1", "지원자_1"), seated("v2", "지원자_2"), *events)
    for event in decisions.evaluations(session, KeywordEvaluator(), 30.0):
        session.apply(entry(session.seq + 1, event))
    return session


@pytest.fixture
def session() -> Session:
    return fold("interview", interview())


# final_result


def test_the_final_result_has_every_field_of_the_protocol(session: Session) -> None:
    found = legacy.result(session, 99.0)
    assert found["session_id"] == "interview"
    assert found["start_time"] == "2025-07-20T08:26:41.000+00:00"
    assert found["end_time"] == "2025-07-20T08:27:41.500+00:00"
    assert found["duration"] == 61.5
    assert (found["total_transcripts"], found["total_evaluations"]) == (3, 2)
    assert found["average_score"] == 25.0
    assert found["revision"] == 1
    assert found["consent"] == "external"
    msgspec.json.encode(found)


def test_the_final_result_says_where_a_microphone_was_not_heard() -> None:
    gap = Gap(track="지원자_1", start=4.0, end=6.5, reason="reconnected")
    assert legacy.result(told(CREATED, gap), 9.0)["gaps"] == [
        {"track": "지원자_1", "start": 4.0, "end": 6.5, "reason": "reconnected"}
    ]


def test_the_final_result_says_when_consent_came_and_went() -> None:
    session = told(
        CREATED,
        ConsentGiven(seat="지원자_1"),
        RoomConfirmed(),
        ConsentWithdrawn(seat="지원자_1"),
        ConsentGiven(seat="지원자_1", keep_audio_days=30),
    )
    assert legacy.result(session, 99.0)["consents"] == [
        {"seat": "지원자_1", "at": 2.0, "is_given": True, "keep_audio_days": 0},
        {"seat": "지원자_1", "at": 4.0, "is_given": False, "keep_audio_days": 0},
        {"seat": "지원자_1", "at": 5.0, "is_given": True, "keep_audio_days": 30},
    ]


def test_the_final_result_says_where_speech_was_lost() -> None:
    lost = UtteranceDropped(utterance="u1", track="지원자_1", start=3.0, end=4.5, reason="failed")
    found = legacy.result(told(CREATED, lost), 99.0)
    assert found["dropped"] == [{"track": "지원자_1", "start": 3.0, "end": 4.5, "reason": "failed"}]
    assert found["dropped_utterances"] == 1


def test_times_are_iso_with_a_zone_or_unix_seconds(session: Session) -> None:
    found = legacy.result(session, 99.0)
    for time in (found["start_time"], found["end_time"]):
        assert datetime.fromisoformat(str(time)).tzinfo is not None
    stamps = [item["timestamp"] for item in found["transcripts"] + found["evaluations"]]
    assert all(WALL <= stamp < WALL + 100 for stamp in stamps)


def test_words_that_came_late_say_so_and_others_are_as_they_always_were() -> None:
    late = msgspec.structs.replace(said("u2", "늦은 말", start=3.0), is_late=True)
    found = legacy.result(told(CREATED, said("u1", "제때 한 말"), late), 9.0)["transcripts"]
    assert [transcript.get("is_late") for transcript in found] == [None, True]


def test_transcripts_stand_where_they_were_spoken(session: Session) -> None:
    found = legacy.result(session, 99.0)["transcripts"]
    assert [(item["speaker"], item["text"]) for item in found] == [
        ("지원자_1", "저는 개발 업무를 담당했습니다"),
        ("지원자_2", "제 목표는 소통입니다"),
        ("unknown", "누구세요"),
    ]
    assert [item["timestamp"] - session.created_wall for item in found] == [3.0, 6.0, 9.0]
    late = told(CREATED, said("u2", "둘", start=8.0), said("u1", "하나", start=2.0))
    assert [item["text"] for item in legacy.result(late, 9.0)["transcripts"]] == ["하나", "둘"]


def test_notes_are_listed_under_whom_they_are_about(session: Session) -> None:
    found = legacy.result(session, 99.0)["speaker_notes"]
    assert list(found) == ["지원자_1", "지원자_2"]
    [own], [stamped] = found.values()
    assert (own["note"], own["by"], own["timestamp"]) == ("자신감 있음", "면접관_1", WALL + 2)
    # The client's own timestamp comes back as it was sent.
    assert (stamped["note"], stamped["timestamp"]) == ("침착함", "2025-07-20 17:27")


def test_a_timestamp_of_zero_is_the_clients_and_not_missing() -> None:
    stamped = NoteAdded(note="1", about="지원자_1", media_at=1.0, client_timestamp=0)
    found = told(CREATED, stamped)
    assert legacy.result(found, 9.0)["speaker_notes"]["지원자_1"][0]["timestamp"] == 0
    assert legacy.summary(found, 9.0)["speaker_stats"]["지원자_1"]["last_note_timestamp"] == 0


def test_a_live_sessions_result_has_no_end_and_lasts_until_now() -> None:
    found = legacy.result(told(CREATED), 12.3456)
    assert (found["end_time"], found["duration"], found["revision"]) == (None, 12.346, 0)


def test_evaluations_carry_the_legacy_numbers_and_where_they_came_from(session: Session) -> None:
    one, two = legacy.result(session, 99.0)["evaluations"]
    assert (one["speaker"], one["score"], one["keywords"]) == (
        "지원자_1",
        30,
        ["기술: 1개", "경험: 2개"],
    )
    assert (two["speaker"], two["score"], two["keywords"]) == (
        "지원자_2",
        20,
        ["인성: 1개", "동기: 1개"],
    )
    assert one["timestamp"] == WALL + 30
    assert one["levels"] == dict.fromkeys(LEGACY_KEYWORDS)
    assert (one["evaluator"], one["criteria"], one["through_seq"]) == ("keywords/1", "legacy/1", 7)


# Scores


def test_a_keyword_counts_once_however_often_it_is_said() -> None:
    session = evaluated(said("u1", "개발 개발 개발"), said("u2", "개발"))
    assert legacy.result(session, 99.0)["evaluations"][0]["score"] == 10


def test_a_score_never_passes_hundred() -> None:
    words = " ".join(dict.fromkeys(word for words in LEGACY_KEYWORDS.values() for word in words))
    [found] = legacy.result(evaluated(said("u1", words)), 99.0)["evaluations"]
    assert found["score"] == 100
    assert all(KEYWORD.fullmatch(keyword) for keyword in found["keywords"])
    assert len(found["keywords"]) == 4


def test_nothing_to_score_is_zero_says_why_and_lowers_no_average() -> None:
    session = evaluated(said("u1", "네 그렇습니다"), said("u2", "개발", voice="v2"))
    one, two = legacy.result(session, 99.0)["evaluations"]
    assert (one["score"], one["keywords"]) == (0, [])
    assert one["feedback"] == ["평가할 근거가 부족합니다."]
    assert two["feedback"] == ["키워드 1개가 언급되었습니다."]
    assert legacy.average_score(session) == 10.0
    assert legacy.average_score(told(CREATED)) == 0.0


def test_evidence_whose_words_were_erased_counts_no_more() -> None:
    entries = interview()
    blanked = [
        msgspec.structs.replace(item, event=Erased(seat="지원자_1", events=()))
        if item.seq == 4
        else item
        for item in entries
    ]
    session = fold("s", blanked)
    assert legacy.score(session.newest["지원자_1"]) == 0


def test_the_newest_evaluation_is_the_one_that_is_averaged() -> None:
    session = evaluated(said("u1", "개발"))
    session.apply(entry(session.seq + 1, said("u2", "경험")))
    for event in decisions.evaluations(session, KeywordEvaluator(), 60.0):
        session.apply(entry(session.seq + 1, event))
    assert [e["score"] for e in legacy.result(session, 99.0)["evaluations"]] == [10, 20]
    assert legacy.average_score(session) == 20.0


# evaluation_summary


def test_the_summary_has_every_field_of_the_protocol(session: Session) -> None:
    found = legacy.summary(session, 99.0)
    assert (found["session_id"], found["duration"]) == ("interview", 61.5)
    assert (found["total_transcripts"], found["total_evaluations"]) == (3, 2)
    assert found["average_score"] == 25.0
    assert found["speaker_stats"]["지원자_1"] == {
        "total_notes": 1,
        "last_note": "자신감 있음",
        "last_note_timestamp": WALL + 2,
    }
    assert found["speech_stats"]["unknown"] == {"segments": 1, "speech_s": 0.4}
    assert found["applicants"]["지원자_2"]["score"] == 20
    assert (found["life"], found["revision"], found["seq"]) == ("review", 1, session.seq)


def test_the_last_note_about_a_seat_is_the_newest() -> None:
    found = legacy.summary(told(CREATED, note("하나"), note("둘"), note("셋", "지원자_2")), 9.0)
    assert found["speaker_stats"]["지원자_1"]["last_note"] == "둘"
    assert found["speaker_stats"]["지원자_1"]["total_notes"] == 2
    assert found["duration"] == 9.0


# status


def test_the_status_has_every_field_of_the_protocol() -> None:
    joined = Joined(connection="c1", role="interviewer", seat="면접관_1")
    operator = Joined(connection="c2", role="operator")
    session = told(CREATED, joined, operator, note("1"), note("2", "지원자_2"), note("3"))
    found = legacy.status(session, is_active=True, at=7.12345, lag=IDLE)
    assert found["session_id"] == "s"
    assert found["is_active"] is True
    assert found["start_time"] == "2025-07-20T08:26:41.000+00:00"
    assert found["duration"] == 7.123
    assert (found["total_transcripts"], found["total_evaluations"]) == (0, 0)
    assert found["speakers"] == ["지원자_1", "지원자_2"]
    assert found["present"] == ["operator", "면접관_1"]
    assert found["pipeline"] == IDLE


# audio_processed


def chunk(session: Session, speaker: str | None, **changes: object) -> ChunkResult:
    options: dict[str, Any] = {
        "timestamp": 1753.5,
        "speaker": speaker,
        "shows_words": True,
        "shows_evaluation": True,
        **changes,
    }
    return legacy.audio_processed(session, session.spoken, **options)


def heard(voice: str | None) -> Session:
    return told(
        CREATED,
        seated("v1", "지원자_1"),
        said("u1", "개발 경험이", voice=voice, start=1.0),
        said("u2", "있습니다", voice=voice, start=3.0),
    )


def test_a_chunk_of_an_applicant_is_answered_with_words_speaker_and_score() -> None:
    assert chunk(heard("v1"), "지원자_1") == {
        "timestamp": 1753.5,
        "transcription": {
            "text": "개발 경험이 있습니다",
            "success": True,
            "segments": legacy.result(heard("v1"), 9.0)["transcripts"],
        },
        "diarization": {"current_speaker": "지원자_1", "voice_confidence": 1.0},
        "evaluation": {
            "speaker": "지원자_1",
            "text": "개발 경험이 있습니다",
            "timestamp": 1753.5,
            "score": 20,
            "feedback": ["키워드 2개가 언급되었습니다."],
            "keywords": ["기술: 1개", "경험: 1개"],
        },
        "success": True,
    }


@pytest.mark.parametrize(
    ("speaker", "shown", "why"),
    [
        (None, "unknown", "화자가 확인되지 않아 평가하지 않았습니다."),
        ("면접관_1", "면접관_1", "지원자의 발언이 아니어서 평가하지 않았습니다."),
    ],
)
def test_words_that_are_no_applicants_score_nothing_and_the_feedback_says_why(
    speaker: str | None, shown: str, why: str
) -> None:
    found = chunk(heard(None), speaker)
    assert found["diarization"] == {"current_speaker": shown, "voice_confidence": 0.0}
    assert (found["evaluation"]["score"], found["evaluation"]["keywords"]) == (0, [])
    assert found["evaluation"]["feedback"] == [why]
    assert found["evaluation"]["speaker"] == shown
    assert found["transcription"]["text"] == "개발 경험이 있습니다"


def test_who_may_not_see_words_or_scores_gets_neither() -> None:
    found = chunk(heard("v1"), "지원자_1", shows_evaluation=False)
    assert found["evaluation"] == {}
    found = chunk(heard("v1"), "지원자_1", shows_evaluation=False, shows_words=False)
    assert found["transcription"] == {"text": "", "success": True, "segments": []}
    assert "개발" not in str(found)


def test_bytes_that_are_no_audio_are_no_success_and_say_why() -> None:
    found = chunk(told(CREATED), "지원자_1", error="Das ist kein Ton.")
    assert found["success"] is False
    assert found["error"] == "Das ist kein Ton."
    assert found["transcription"] == {"text": "", "success": False, "segments": []}
    assert found["diarization"]["voice_confidence"] == 0.0
    assert found["evaluation"]["score"] == 0


def test_silence_is_a_success_without_words() -> None:
    found = chunk(told(CREATED), "지원자_1")
    assert found["success"] is True
    assert "error" not in found
    assert found["transcription"]["text"] == ""


def test_the_result_says_whose_each_voice_is_and_merged_ones_are_one() -> None:
    session = told(
        CREATED,
        VoiceAssigned(voice="v1", seat="지원자_1", reason="own_microphone"),
        VoiceAssigned(voice="v2", seat="지원자_2", reason="enrolment"),
        VoiceAssigned(voice="v3", seat=None, reason="heard"),
        VoiceAssigned(voice="v4", seat=None, reason="heard"),
        said("u1", "누구 말일까요", voice="v4"),
        ("operator", VoicesMerged(voice="v3", into="v4")),
    )
    assert legacy.result(session, 9.0)["voices"] == [
        {"voice": "v4", "seat": None, "letter": "B", "is_own": False},
        {"voice": "v1", "seat": "지원자_1", "letter": "", "is_own": True},
        {"voice": "v2", "seat": "지원자_2", "letter": "", "is_own": False},
    ]


def test_every_view_can_be_sent() -> None:
    entries: list[Entry] = interview()
    for length in range(1, len(entries) + 1):
        session = fold("s", entries[:length])
        msgspec.json.encode(legacy.result(session, 1.0))
        msgspec.json.encode(legacy.summary(session, 1.0))
        msgspec.json.encode(legacy.status(session, is_active=False, at=1.0, lag=IDLE))
