"""What the bench of cuts counts as lost, as said twice and as late, and what a page sends again."""

from typing import Any

import numpy as np
import pytest

from bench.corpus import Clip
from bench.cuts import compare, twice
from bench.passenger import Voice
from bench.train import Cut, Record, Talk
from bench.turns import Turn
from pipeline.audio import RATE_HZ, Samples, seconds
from tests.speech.clips import load

SAID = [
    "먼저 자기소개를 부탁드립니다",
    "저는 개발 프로젝트를 담당했습니다",
    "감사합니다 안녕히 계세요",
]


def clip(text: str) -> Clip:
    return Clip("nobody", text, np.zeros(RATE_HZ, np.float32))


def talk(cut: Cut) -> Talk:
    """Turns of two seconds, one every three."""
    turns = [
        Turn(3 * i * RATE_HZ, (3 * i + 2) * RATE_HZ, (clip(text),)) for i, text in enumerate(SAID)
    ]
    return Talk(turns, np.zeros(9 * RATE_HZ, np.float32), [], cut)


def final(
    came_s: float, start: float, text: str, *, is_late: bool = False
) -> tuple[float, dict[str, Any]]:
    words = [[start, start + 1, word] for word in text.split()]
    told = {"type": "utterance_final", "start": start, "end": start + 2, "is_late": is_late}
    return came_s, {**told, "segments": [{"words": words}]}


WHOLE = Record([final(3 * i + 3, 3 * i, text) for i, text in enumerate(SAID)])


def test_only_the_turns_that_a_cut_touches_are_compared() -> None:
    cut = Record(
        [
            final(3, 0, "무슨 말인지"),
            final(9, 3, SAID[1], is_late=True),
            final(10, 6, SAID[2]),
        ]
    )
    compared = compare(talk(Cut(4.0, 1.5)), WHOLE, cut)
    assert (compared.cut.errors, compared.uncut.errors) == (0, 0)
    assert compared.cut.characters == len(SAID[1].replace(" ", ""))
    assert (compared.twice, compared.overlaps, compared.late) == (0, 0, 1)
    assert compared.last_s == pytest.approx(9 - 5.5)


def test_words_that_were_lost_and_words_said_twice_are_counted() -> None:
    lost = Record([WHOLE.messages[0], final(9, 3, "저는 담당했습니다"), WHOLE.messages[2]])
    assert compare(talk(Cut(4.0, 1.5)), WHOLE, lost).cut.errors == len("개발프로젝트를")
    doubled = Record(
        [
            WHOLE.messages[0],
            final(8, 3, "저는 개발 프로젝트를"),
            final(9, 4, "개발 프로젝트를 담당했습니다"),
            WHOLE.messages[2],
        ]
    )
    compared = compare(talk(Cut(4.0, 1.5)), WHOLE, doubled)
    assert (compared.twice, compared.overlaps) == (1, 1)


def test_what_was_said_twice_indeed_is_not_said_twice_by_the_cut() -> None:
    assert twice("네 그렇습니다 네 그렇습니다", "네 그렇습니다 네 그렇습니다") == 0
    assert twice("네 그렇습니다 네 그렇습니다", "네 그렇습니다") == 1


def test_the_cut_begins_in_the_middle_of_a_sentence_and_people_talk_beyond_it() -> None:
    names = [f"applicant1_{what}.flac" for what in ("skills", "motive", "teamwork", "story")]
    speech = [Clip("a", one.text, one.samples) for one in map(load, names)] * 4
    for seed in range(3):
        chosen = Talk.of(speech, seed, 15.0)
        start_s = chosen.cut.start_s
        assert any(seconds(turn.start) < start_s < seconds(turn.end) for turn in chosen.turns)
        assert seconds(chosen.turns[-1].end) > chosen.cut.end_s


def spoken(size_s: float, since_s: float) -> Voice:
    sound: Samples = np.linspace(0, 1, int(size_s * RATE_HZ), dtype=np.float32)
    voice = Voice(sound, [])
    voice.began_s -= since_s
    return voice


def test_a_page_keeps_the_last_45_seconds() -> None:
    start_s, body = spoken(100.0, since_s=60.0).kept(5.0, 20.0)
    assert start_s == pytest.approx(15.0, abs=0.1)
    assert len(body) == pytest.approx(2 * 5 * RATE_HZ, abs=0.2 * RATE_HZ)


def test_a_page_has_nothing_from_before_it_came() -> None:
    start_s, body = spoken(4.0, since_s=4.0).kept(-2.0, 1.0)
    assert (start_s, len(body)) == (0.0, 2 * RATE_HZ)
