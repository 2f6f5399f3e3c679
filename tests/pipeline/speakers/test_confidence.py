"""How sure a label is."""

from dataclasses import replace

from pipeline.speakers.confidence import Evidence, confidence

GOOD = Evidence(0.75, 0.2, 5.0, is_enrolled=True, is_exclusive=False)


def test_a_voice_like_its_enrolment_and_unlike_others_is_certain() -> None:
    assert 0.95 < confidence(GOOD) < 1.0


def test_less_likeness_or_less_margin_is_less_certain() -> None:
    assert confidence(replace(GOOD, cosine=0.6)) < confidence(GOOD)
    assert confidence(replace(GOOD, margin=0.02)) < confidence(GOOD)


def test_a_stranger_who_is_a_little_like_somebody_is_rather_not_them() -> None:
    assert confidence(replace(GOOD, cosine=0.55, margin=0.05)) < 0.5


def test_of_two_voices_that_fit_alike_neither_is_said_with_more_than_chance() -> None:
    twin = replace(GOOD, cosine=0.95, margin=0.0, is_exclusive=True)
    assert confidence(twin) < 0.5
    assert confidence(replace(twin, margin=-0.1)) < 0.5
    assert confidence(replace(twin, margin=0.05)) < 0.75
    assert confidence(replace(twin, margin=0.15)) > 0.95


def test_when_everybody_is_known_it_is_likelier_one_of_them() -> None:
    doubt = replace(GOOD, cosine=0.6, margin=0.08)
    assert confidence(replace(doubt, is_exclusive=True)) > confidence(doubt)


def test_one_word_is_never_certain() -> None:
    assert confidence(replace(GOOD, duration_s=0.3)) < 0.7


def test_a_voice_nobody_enrolled_is_never_certain() -> None:
    assert confidence(replace(GOOD, cosine=1.0, is_enrolled=False)) <= 0.75


def test_confidence_stays_a_probability_whatever_comes() -> None:
    for cosine in (-1.0, 0.0, 1.0):
        for margin in (-2.0, 0.0, 2.0):
            assert 0.0 <= confidence(replace(GOOD, cosine=cosine, margin=margin)) <= 1.0
