"""How written Korean is pronounced, as far as a test voice needs it.

Two steps, both pure. ``respell`` writes a text the way it sounds, still in Hangul, which is how
the National Institute of Korean Language prints its own examples (같이 [가치]); ``to_ipa`` spells
that in the International Phonetic Alphabet. The rules are those of 표준 발음법 (the Standard
Pronunciation, part 2 of 표준어 규정, 2017-14), applied inside a word, by article:

* 5: ㅢ after a consonant is ㅣ, ㅖ after one is ㅔ (but 례), and 져·쪄·쳐 lose their glide.
* 9-11: of all final consonants only seven sound: ㄱ ㄴ ㄷ ㄹ ㅁ ㅂ ㅇ.
* 12: final ㅎ makes the next ㄱ·ㄷ·ㅈ aspirated (격음화), ㅅ tense, and is silent before a vowel;
  an initial ㅎ makes the final stop before it aspirated.
* 13-14: a final consonant moves to an empty onset (연음), of two finals the second.
* 17: ㄷ·ㅌ before 이 become ㅈ·ㅊ (구개음화).
* 18-19: stops become nasal before ㄴ·ㅁ (비음화); ㄹ becomes ㄴ after a consonant other than ㄴ·ㄹ.
* 20: ㄴ next to ㄹ becomes ㄹ (유음화).
* 23 and 25: a plain onset becomes tense after a stop (경음화), and after final ㄼ·ㄾ.

What needs to know the grammar is left out, because a test text can avoid it: tensing after the verb
endings -ㄴ·-ㅁ·-ㄹ (articles 24, 26, 27), 사이시옷 and inserted ㄴ (28-30), ㄺ before ㄱ.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

ONSETS: Final = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS: Final = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
CODAS: Final = ("", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ")
FIRST: Final = ord("가")
"""Unicode lays the syllables out as onset x 21 vowels x 28 codas (Unicode Standard, 3.12)."""

SILENT: Final = "ㅇ"
"""The onset letter that stands for no consonant."""

PARTS: Final = {
    "ㄳ": "ㄱㅅ",
    "ㄵ": "ㄴㅈ",
    "ㄶ": "ㄴㅎ",
    "ㄺ": "ㄹㄱ",
    "ㄻ": "ㄹㅁ",
    "ㄼ": "ㄹㅂ",
    "ㄽ": "ㄹㅅ",
    "ㄾ": "ㄹㅌ",
    "ㄿ": "ㄹㅍ",
    "ㅀ": "ㄹㅎ",
    "ㅄ": "ㅂㅅ",
}
SOUNDING: Final = {
    letter: sound
    for sound, letters in {
        "ㄱ": "ㄱㄲㅋㄳㄺ",
        "ㄴ": "ㄴㄵㄶ",
        "ㄷ": "ㄷㅅㅆㅈㅊㅌㅎ",
        "ㄹ": "ㄹㄼㄽㄾㅀ",
        "ㅁ": "ㅁㄻ",
        "ㅂ": "ㅂㅍㅄㄿ",
        "ㅇ": "ㅇ",
    }.items()
    for letter in letters
}
ASPIRATED: Final = dict(zip("ㄱㄷㅂㅈ", "ㅋㅌㅍㅊ", strict=True))
TENSE: Final = dict(zip("ㄱㄷㅂㅅㅈ", "ㄲㄸㅃㅆㅉ", strict=True))
NASAL: Final = dict(zip("ㄱㄷㅂ", "ㅇㄴㅁ", strict=True))
PALATAL: Final = dict(zip("ㄷㅌ", "ㅈㅊ", strict=True))

ONSET_IPA: Final = dict(
    zip(ONSETS, "k k n t t ɾ m p p s s _ ʨ ʨ ʨʰ kʰ tʰ pʰ h".split(), strict=True)
) | {SILENT: ""}
VOWEL_IPA: Final = dict(
    zip(VOWELS, "a ɛ ja jɛ ʌ e jʌ je o wa wɛ we jo u wʌ we wi ju ɯ ɰi i".split(), strict=True)
)
CODA_IPA: Final = {"": ""} | dict(zip("ㄱㄴㄷㄹㅁㅂㅇ", "k n t l m p ŋ".split(), strict=True))
VOICED: Final = dict(zip("ㄱㄷㅂㅈ", "ɡ d b ʥ".split(), strict=True))
"""Plain consonants are voiced between voiced sounds."""

_TOKEN = re.compile(r"[가-힣]+|[.,?!]|\s+")


@dataclass(frozen=True, slots=True)
class Syllable:
    """One Hangul block: onset, vowel and coda as compatibility letters, coda "" for none."""

    onset: str
    vowel: str
    coda: str

    @classmethod
    def of(cls, block: str) -> "Syllable":
        rest, coda = divmod(ord(block) - FIRST, len(CODAS))
        onset, vowel = divmod(rest, len(VOWELS))
        return cls(ONSETS[onset], VOWELS[vowel], CODAS[coda])

    def __str__(self) -> str:
        row = ONSETS.index(self.onset) * len(VOWELS) + VOWELS.index(self.vowel)
        return chr(FIRST + row * len(CODAS) + CODAS.index(self.coda))


def respell(text: str) -> str:
    """Write ``text`` as it is pronounced: 협력 gives 혐녁.

    Raises:
        ValueError: the text holds something other than Hangul syllables, spaces and ``.,?!``.
    """
    return "".join(
        "".join(map(str, _pronounced(token))) if _is_word(token) else token
        for token in _tokens(text)
    )


def to_ipa(text: str) -> str:
    """Spell ``text`` in IPA, words separated by one space, punctuation kept.

    Raises:
        ValueError: as for ``respell``.
    """
    return "".join(
        _word_ipa(_pronounced(token)) if _is_word(token) else " " if token.isspace() else token
        for token in _tokens(text)
    )


def _is_word(token: str) -> bool:
    return token[0] >= "가"


def _tokens(text: str) -> list[str]:
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise ValueError(f"only Hangul, spaces and .,?! can be spoken: {text!r}")
    return tokens


def _pronounced(word: str) -> list[Syllable]:
    syllables = [_simplified(Syllable.of(block)) for block in word]
    for i in range(1, len(syllables)):
        syllables[i - 1 : i + 1] = _joined(*syllables[i - 1 : i + 1])
    last = syllables[-1]
    syllables[-1] = replace(last, coda=SOUNDING.get(last.coda, ""))
    return syllables


def _simplified(syllable: Syllable) -> Syllable:
    """Reduce the vowel after its own onset (article 5)."""
    onset, vowel = syllable.onset, syllable.vowel
    if vowel == "ㅢ" and onset != SILENT:
        return replace(syllable, vowel="ㅣ")
    if vowel == "ㅖ" and onset not in SILENT + "ㄹ":
        return replace(syllable, vowel="ㅔ")
    if vowel == "ㅕ" and onset in "ㅈㅉㅊ":
        return replace(syllable, vowel="ㅓ")
    return syllable


def _joined(left: Syllable, right: Syllable) -> tuple[Syllable, Syllable]:
    """Settle the boundary between two neighbours: afterwards the left coda is one that sounds."""
    coda, onset = left.coda, right.onset
    if coda in ("", SILENT):
        pair = coda, "ㄴ" if coda and onset == "ㄹ" else onset
    elif onset == SILENT:
        pair = _linked(coda)
    elif coda in "ㅎㄶㅀ" and onset in "ㄱㄷㅈㅅ":
        pair = _kept(coda), (ASPIRATED | {"ㅅ": "ㅆ"})[onset]
    elif onset == "ㅎ" and (moved := _aspirated(coda)):
        pair = _kept(coda), moved
    else:
        pair = _assimilated(coda, onset)
    if coda and coda in "ㄷㅌㄾ" and onset in SILENT + "ㅎ" and right.vowel == "ㅣ":
        # 붙이 and 굳히 alike: 구개음화 happens to the consonant that has moved.
        pair = pair[0], PALATAL.get(pair[1], pair[1])
    return replace(left, coda=pair[0]), replace(right, onset=pair[1])


def _kept(coda: str) -> str:
    """What stays of a coda whose last letter has merged into the next onset."""
    return PARTS[coda][0] if coda in PARTS else ""


def _linked(coda: str) -> tuple[str, str]:
    """Move a coda to the empty onset after it (articles 12.4, 13, 14)."""
    last = PARTS.get(coda, coda)[-1]
    kept = _kept(coda)
    if last == "ㅎ":
        return ("", kept) if kept else ("", SILENT)
    if kept and last == "ㅅ":
        return SOUNDING[kept], "ㅆ"
    return kept, last


def _aspirated(coda: str) -> str:
    """The onset a coda makes together with ㅎ (article 12.1), "" for codas that do not merge."""
    last = PARTS.get(coda, coda)[-1]
    if coda in "ㅈㄵ":
        return "ㅊ"
    return ASPIRATED.get(last if coda in PARTS else SOUNDING[coda], "")


def _assimilated(coda: str, onset: str) -> tuple[str, str]:
    """Let two consonants that both stay change each other (articles 18-20, 23, 25)."""
    sound = SOUNDING[coda]
    if onset == "ㄹ" and sound not in "ㄴㄹ":
        onset = "ㄴ"
    if onset in "ㄴㅁ":
        sound = NASAL.get(sound, sound)
    elif sound in NASAL or coda in "ㄼㄾㄵ":
        onset = TENSE.get(onset, onset)
    if {sound, onset} == {"ㄴ", "ㄹ"}:
        return "ㄹ", "ㄹ"
    return sound, onset


def _word_ipa(syllables: list[Syllable]) -> str:
    ipa = ""
    for previous, syllable in zip([None, *syllables], syllables, strict=False):
        follows_voiced = previous is not None and previous.coda not in NASAL
        follows_l = previous is not None and previous.coda == "ㄹ"
        ipa += _syllable_ipa(syllable, follows_voiced=follows_voiced, follows_l=follows_l)
    return ipa


def _syllable_ipa(syllable: Syllable, *, follows_voiced: bool, follows_l: bool) -> str:
    onset = ONSET_IPA[syllable.onset]
    vowel = VOWEL_IPA[syllable.vowel]
    if follows_voiced and syllable.onset in VOICED:
        onset = VOICED[syllable.onset]
    if follows_l and syllable.onset == "ㄹ":
        onset = "l"
    if onset == "s" and (vowel[0] in "ij" or vowel == "wi"):
        onset = "ɕ"
    if onset and onset[0] in "ɕʨʥ":
        vowel = vowel.removeprefix("j")
    return onset + vowel + CODA_IPA[syllable.coda]
