"""The pronunciation rules, on words whose pronunciation the standard settles."""

import pytest

from tests.speech.hangul import respell, to_ipa


def assert_pronounced(examples: dict[str, str]) -> None:
    assert {word: respell(word) for word in examples} == examples


def test_a_final_consonant_moves_to_an_empty_onset() -> None:
    assert_pronounced({"옷이": "오시", "깎아": "까까", "책임": "채김", "강아지": "강아지"})


def test_of_two_finals_the_second_moves() -> None:
    assert_pronounced(
        {"읽어": "일거", "앉아": "안자", "값이": "갑씨", "넋이": "넉씨", "핥아": "할타"}
    )


def test_only_seven_finals_sound() -> None:
    assert_pronounced(
        {"꽃": "꼳", "부엌": "부억", "앞": "압", "닭": "닥", "삶": "삼", "여덟": "여덜"}
    )


def test_d_and_t_before_i_become_palatal() -> None:
    assert_pronounced({"같이": "가치", "굳이": "구지", "붙이다": "부치다", "훑이다": "훌치다"})
    assert_pronounced({"굳히다": "구치다", "닫히다": "다치다"})


def test_other_finals_before_i_stay_as_they_are() -> None:
    assert_pronounced({"옷이다": "오시다", "밭에": "바테", "꽃이": "꼬치"})


def test_stops_become_nasal_before_a_nasal() -> None:
    assert_pronounced({"국물": "궁물", "닫는": "단는", "있는": "인는", "앞마당": "암마당"})
    assert_pronounced({"없는": "엄는", "읽는": "잉는", "합니다": "함니다"})


def test_r_becomes_n_after_other_consonants_which_then_become_nasal() -> None:
    assert_pronounced({"담력": "담녁", "강릉": "강능", "협력": "혐녁", "막론": "망논"})


def test_n_beside_l_becomes_l() -> None:
    assert_pronounced({"신라": "실라", "칼날": "칼랄", "뚫는": "뚤른", "닳는": "달른"})


def test_h_and_a_plain_stop_become_aspirated_in_either_order() -> None:
    assert_pronounced({"좋다": "조타", "많고": "만코", "놓지": "노치", "싫다": "실타"})
    assert_pronounced({"입학": "이팍", "못하다": "모타다", "앉히다": "안치다", "밝히다": "발키다"})
    assert_pronounced({"꽂히다": "꼬치다", "넓히다": "널피다"})


def test_h_is_silent_before_a_vowel_and_a_nasal() -> None:
    assert_pronounced({"좋아": "조아", "많아": "마나", "싫어": "시러"})
    assert_pronounced({"놓는": "논는", "않는": "안는"})


def test_h_makes_s_tense() -> None:
    assert_pronounced({"닿소": "다쏘", "많소": "만쏘", "싫소": "실쏘"})


def test_a_plain_onset_becomes_tense_after_a_stop() -> None:
    assert_pronounced({"국밥": "국빱", "옷고름": "옫꼬름", "있습니다": "읻씀니다", "없다": "업따"})
    assert_pronounced({"앉고": "안꼬", "넓다": "널따"})


def test_a_plain_onset_stays_plain_after_a_vowel_or_a_sonorant() -> None:
    assert_pronounced({"나무다리": "나무다리", "감기": "감기", "알고": "알고"})


def test_reduced_vowels_after_a_consonant() -> None:
    assert_pronounced({"희망": "히망", "계획": "게획", "가져": "가저"})
    assert_pronounced({"의견": "의견", "예의": "예의", "차례": "차례"})


def test_a_changed_syllable_can_change_the_next_one() -> None:
    assert_pronounced({"못했습니다": "모탣씀니다", "앉았는": "안잔는", "급행열차": "그팽열차"})


def test_rules_stop_at_a_space() -> None:
    assert respell("꽃 이름, 값 나무.") == "꼳 이름, 갑 나무."


def test_plain_consonants_are_voiced_only_between_voiced_sounds() -> None:
    assert to_ipa("가구") == "kaɡu"
    assert to_ipa("감독") == "kamdok"
    assert to_ipa("박자 다리") == "pakʨa taɾi"


def test_r_is_a_flap_between_vowels_and_doubled_l_is_long() -> None:
    assert to_ipa("나라") == "naɾa"
    assert to_ipa("달라") == "talla"


def test_s_is_palatal_before_i_and_glides() -> None:
    assert to_ipa("시사") == "ɕisa"
    assert to_ipa("쉬") == "ɕwi"
    assert to_ipa("셔") == "ɕʌ"


def test_a_sentence_keeps_its_punctuation_and_single_spaces() -> None:
    assert to_ipa("네,  감사합니다.") == "ne, kamsahamnida."


@pytest.mark.parametrize("text", ["3년", "CPU", "가ㅋㅋ", "안녕;", "『가』"])
def test_what_cannot_be_pronounced_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="only Hangul"):
        to_ipa(text)


def test_nothing_is_nothing() -> None:
    assert to_ipa("") == ""
