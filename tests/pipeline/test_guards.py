"""Invented text is refused, real text survives, thresholds are exact."""

import zlib
from dataclasses import replace

import pytest

from pipeline.guards import DropReason, objection
from pipeline.transcription import Transcript, transcript_from_values, transcript_to_values

CLEAR = Transcript((), "저는 서버 개발을 삼 년 했습니다.", -0.3, 0.02, 0.9)


def said(text: str, logprob: float) -> Transcript:
    return replace(CLEAR, text=text, avg_logprob=logprob)


def test_clear_speech_is_kept() -> None:
    assert objection(CLEAR, 3.0) is None


@pytest.mark.parametrize("text", ["", " ", "...", "?!", "♪♪"])
def test_text_without_a_letter_is_empty(text: str) -> None:
    assert objection(said(text, -0.1), 3.0) is DropReason.EMPTY


def test_text_the_model_hardly_believes_is_refused() -> None:
    assert objection(said(CLEAR.text, -1.19), 3.0) is None
    assert objection(said(CLEAR.text, -1.21), 3.0) is DropReason.UNCERTAIN


def test_loop_of_one_phrase_is_refused() -> None:
    loop = "네 그렇습니다 " * 30
    ratio = len(loop.encode()) / len(zlib.compress(loop.encode()))
    looping = replace(CLEAR, text=loop, compression_ratio=ratio)
    assert objection(looping, 28.0) is DropReason.REPETITION


def test_likely_silence_is_refused_only_when_the_text_is_doubtful_too() -> None:
    assert objection(replace(CLEAR, no_speech_p=0.9), 3.0) is None
    silence = replace(CLEAR, no_speech_p=0.7, avg_logprob=-1.1)
    assert objection(silence, 3.0) is DropReason.NO_SPEECH


STOCK = [
    "시청해주셔서 감사합니다.",
    "지금까지 시청해 주셔서 고맙습니다",
    "구독과 좋아요 부탁드립니다!",
    "구독, 좋아요, 알림 설정까지 꾹 눌러주세요.",
    "MBC 뉴스 김철수입니다.",
    "다음 영상에서 만나요.",
    "한글자막 by 홍길동",
]


@pytest.mark.parametrize("text", STOCK)
def test_doubtful_stock_phrase_is_refused(text: str) -> None:
    assert objection(said(text, -0.8), 3.0) is DropReason.STOCK_PHRASE


@pytest.mark.parametrize("text", STOCK)
def test_stock_phrase_said_clearly_is_kept(text: str) -> None:
    assert objection(said(text, -0.6), 3.0) is None


@pytest.mark.parametrize(
    "text",
    [
        "감사합니다.",
        "네, 감사합니다.",
        "시청해주셔서 감사합니다라는 문구를 제가 만들었습니다.",
        "구독 서비스의 결제 모듈을 맡았습니다.",
        "자막 기능을 개발했고 좋아요 버튼도 만들었습니다.",
    ],
)
def test_words_of_an_interview_are_kept_even_when_doubtful(text: str) -> None:
    assert objection(said(text, -1.0), 4.0) is None


def test_more_syllables_than_a_mouth_can_say_are_refused() -> None:
    text = "안녕하십니까 저는 이번에 지원하게 된 지원자입니다 잘 부탁드립니다"
    assert objection(said(text, -0.3), 0.5) is DropReason.TOO_FAST
    assert objection(said(text, -0.3), 4.0) is None
    assert objection(said("네, 감사합니다.", -0.3), 0.4) is None


def test_transcript_survives_its_way_through_a_job() -> None:
    assert transcript_from_values(transcript_to_values(CLEAR)) == CLEAR
    with pytest.raises(ValueError, match="avg_logprob"):
        transcript_from_values({"words": [], "text": ""})
