"""A decode that stops early goes on; one that is whole is left alone."""

import numpy as np

from pipeline.audio import RATE_HZ, Samples, seconds
from pipeline.continuing import heard_to_the_end, unheard_from
from pipeline.transcription import Transcript, Word


def speech(duration_s: float, power: float = 0.01) -> Samples:
    noise = np.random.default_rng(1).standard_normal(round(duration_s * RATE_HZ), np.float32)
    return noise * np.float32(power**0.5)


def heard(*words: tuple[float, float, str], logprob: float = -0.2) -> Transcript:
    return Transcript(
        words=tuple(Word(start, end, text, 0.9) for start, end, text in words),
        text=" ".join(word[2] for word in words),
        avg_logprob=logprob,
        no_speech_p=0.1,
        compression_ratio=1.0,
    )


class Decoder:
    """Says what it was told to, one decode after the other."""

    def __init__(self, *transcripts: Transcript) -> None:
        self._transcripts = list(transcripts)
        self.lengths_s: list[float] = []

    def __call__(self, sound: Samples) -> Transcript:
        self.lengths_s.append(seconds(sound.size))
        return self._transcripts.pop(0)


def test_words_up_to_the_end_are_decoded_once() -> None:
    decode = Decoder(heard((0.1, 2.0, "처음"), (2.0, 9.7, "끝")))
    assert heard_to_the_end(decode, speech(10)).text == "처음 끝"
    assert decode.lengths_s == [10.0]


def test_a_decode_that_stops_in_mid_speech_goes_on_from_there() -> None:
    decode = Decoder(heard((0.1, 4.0, "처음")), heard((0.5, 5.5, "나중")))
    whole = heard_to_the_end(decode, speech(10))
    assert decode.lengths_s == [10.0, 6.0]
    assert whole.text == "처음 나중"
    assert [(word.start, word.end) for word in whole.words] == [(0.1, 4.0), (4.5, 9.5)]


def test_a_rest_that_the_guards_doubt_is_left_out() -> None:
    decode = Decoder(heard((0.1, 4.0, "처음")), heard((0.5, 5.5, "나중"), logprob=-2.0))
    assert heard_to_the_end(decode, speech(10)).text == "처음"


def test_silence_after_the_last_word_is_no_speech() -> None:
    sound = np.concatenate((speech(4), speech(6, power=0.00001)))
    assert unheard_from(heard((0.1, 4.0, "처음")), sound) is None


def test_no_words_at_all_are_the_guards_business() -> None:
    assert unheard_from(heard(), speech(10)) is None
