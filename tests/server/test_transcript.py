"""What `daedam transcribe` writes, and how ``--speakers`` and ``--enrol`` read; no models."""

import argparse
import json
from pathlib import Path

import pytest

from pipeline.audio import samples
from pipeline.speakers.turns import VoiceTurn
from pipeline.transcription import Word
from server.cli.transcript import Line, Names, as_json, piece, rttm, voiced
from server.cli.voices import Party, Reading, check_readings, party, reading
from server.errors import ClientError

WORDS = (Word(0.1, 0.4, "네,", 0.5), Word(0.4, 0.9, "맞습니다.", 1.0))


def turn(voice: str | None, start_s: float, end_s: float) -> VoiceTurn:
    return VoiceTurn(voice, samples(start_s), samples(end_s), 0.5)


def test_seats_keep_their_names_and_others_get_letters_as_they_come() -> None:
    names = Names(["면접관_1"])
    shown = [names.shown(voice) for voice in ("v9", "면접관_1", "v2", None, "v9")]
    assert shown == ["미확인 A", "면접관_1", "미확인 B", "미확인", "미확인 A"]
    assert [names.plain(voice) for voice in ("v2", "면접관_1", None)] == [
        "unknown_B",
        "면접관_1",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("text", "[00:01:00] 미확인 A: 네, 맞습니다.\n"),
        ("srt", "1\n00:01:00,100 --> 00:01:00,900\n미확인 A: 네, 맞습니다.\n"),
        ("vtt", "WEBVTT\n\n00:01:00.100 --> 00:01:00.900\n<v 미확인 A>네, 맞습니다.\n"),
        ("json", ""),
        ("rttm", ""),
    ],
)
def test_a_line_says_who_spoke(to: str, expected: str) -> None:
    assert piece(Line(WORDS, 60.0, "v3", 0.6), 1, to, Names([])) == expected


def test_without_speakers_nobody_is_named() -> None:
    assert piece(Line(WORDS, 0.0), 1, "text", None) == "[00:00:00] 미확인: 네, 맞습니다.\n"


def test_json_tells_the_voice_and_how_sure_it_is() -> None:
    names = Names(["지원자_2"])
    told = json.loads(
        as_json([Line(WORDS, 2.0, "지원자_2", 0.876)], [voiced(turn("v1", 2, 3.5), names)], names)
    )
    assert told["segments"] == [
        {
            "start": 2.1,
            "end": 2.9,
            "speaker": "지원자_2",
            "text": "네, 맞습니다.",
            "text_confidence": 0.75,
            "voice_confidence": 0.876,
            "words": [[2.1, 2.4, "네,", 0.5], [2.4, 2.9, "맞습니다.", 1.0]],
        }
    ]
    assert told["speech"] == [
        {"start": 2.0, "end": 3.5, "speaker": "unknown_A", "voice_confidence": 0.5}
    ]


def test_json_without_speakers_has_no_voice_confidence() -> None:
    told = json.loads(as_json([Line(WORDS, 0.0)], [], Names([])))
    assert "voice_confidence" not in told["segments"][0]
    assert told["segments"][0]["speaker"] == "unknown"


def test_rttm_has_ten_columns_whatever_the_file_is_called() -> None:
    turns = [turn("면접관_1", 0.5, 2.25), turn(None, 3, 4)]
    assert rttm(turns, Names(["면접관_1"]), "첫 면접") == (
        "SPEAKER 첫_면접 1 0.500 1.750 <NA> <NA> 면접관_1 <NA> <NA>\n"
        "SPEAKER 첫_면접 1 3.000 1.000 <NA> <NA> unknown <NA> <NA>\n"
    )


def test_speakers_are_counted_by_kind_or_together() -> None:
    assert party("2+1") == Party(3, ("면접관_1", "면접관_2", "지원자_1"))
    assert party("0+2").seats == ("지원자_1", "지원자_2")
    assert party("6").most == 6
    assert len(party("4").seats) == 6


@pytest.mark.parametrize("text", ["", "0", "0+0", "4+1", "7", "3+3+3", "three", "-1", "3+", "²"])
def test_no_other_number_of_speakers_is_taken(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="3\\+3"):
        party(text)


def test_a_reading_is_a_seat_and_a_file() -> None:
    assert reading("면접관_1=a=b.wav") == Reading("면접관_1", Path("a=b.wav"))
    for text in ("면접관_1", "면접관_1="):
        with pytest.raises(argparse.ArgumentTypeError, match="면접관_1=FILE"):
            reading(text)


@pytest.mark.parametrize(
    ("seats", "who", "says"),
    [
        (["면접관_1"], None, "needs --speakers"),
        (["면접관_9"], "3+3", "There is no 면접관_9 here"),
        (["지원자_3"], "1+2", "지원자_1, 지원자_2"),
        (["지원자_1", "지원자_1"], "1+2", "enrolled twice"),
        (["지원자_1", "지원자_2"], "1", "at most 1"),
    ],
)
def test_readings_of_nobody_are_refused_in_a_sentence(
    seats: list[str], who: str | None, says: str
) -> None:
    readings = [Reading(seat, Path("voice.wav")) for seat in seats]
    with pytest.raises(ClientError, match=says.replace("+", "\\+")):
        check_readings(readings, party(who) if who else None)


def test_readings_of_people_who_may_speak_are_taken() -> None:
    check_readings([Reading("면접관_1", Path("a")), Reading("지원자_1", Path("b"))], party("1+1"))
    check_readings([], None)
