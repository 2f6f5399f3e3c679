"""The stored clips are what texts.json says, and the generator still makes them."""

import itertools

import kocer
import numpy as np
import pytest
import soundfile

from pipeline.audio import RATE_HZ, seconds
from pipeline.engines.whisper import DecodeOptions, WhisperEngine
from pipeline.models import Registry
from tests.speech.clips import FOLDER, all_clips, lines, load
from tests.speech.generate import MODEL, speak
from tests.speech.hangul import to_ipa
from tests.speech.kokoro import KokoroVoices, VoiceFiles

BUDGET_BYTES = 3_000_000
REGENERATED = "question_motive.flac"


def test_every_clip_has_a_text_and_every_text_a_clip() -> None:
    assert {path.name for path in FOLDER.glob("*.flac")} == set(lines())


def test_the_clips_are_small_16_khz_mono_16_bit() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.flac")) <= BUDGET_BYTES
    for path in FOLDER.glob("*.flac"):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (RATE_HZ, 1, "PCM_16")


def test_the_clips_are_equally_loud_and_last_at_most_22_s() -> None:
    for clip in all_clips():
        assert 1 <= seconds(clip.samples.size) <= 22
        assert np.abs(clip.samples).max() == pytest.approx(0.7, abs=0.01)


def test_every_speaker_has_a_voice_of_their_own() -> None:
    pairs = {(clip.speaker, clip.voice) for clip in all_clips()}
    assert len(pairs) == 5
    for one, other in itertools.combinations(pairs, 2):
        assert one[0] != other[0]
        assert one[1] != other[1]


def test_every_text_can_be_pronounced() -> None:
    for line in lines().values():
        to_ipa(line.text)


@pytest.mark.model
def test_a_regenerated_clip_sounds_like_the_stored_one() -> None:
    registry = Registry.default()
    stored = load(REGENERATED)
    voices = KokoroVoices(VoiceFiles.in_folder(registry.path(MODEL)))

    made = speak(voices, lines()[REGENERATED])

    # Processors round differently, so neither samples nor bytes are compared.
    assert made.size == pytest.approx(stored.samples.size, rel=0.02)
    whisper = WhisperEngine(registry.path("whisper-base"))
    heard = whisper.transcribe(made, DecodeOptions(word_times=False))
    assert kocer.cer(stored.text, heard.text) <= 0.15
