"""Silero and Whisper on generated Korean speech."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.audio import RATE_HZ, WINDOW, Samples, WindowCutter
from pipeline.endpointing import Ended, Endpointer, energies
from pipeline.engines.silero import SileroModel
from pipeline.engines.whisper import WhisperEngine, readable
from pipeline.guards import objection
from pipeline.jobs import EngineError, Job, JobKind, Priority, Result, decode_result, encode
from pipeline.models import Registry
from pipeline.transcription import Transcript, transcript_from_values
from tests.speech.clips import load

pytestmark = pytest.mark.model

CLIPS = ("applicant1_skills.flac", "applicant2_thanks.flac")


@pytest.fixture(scope="session")
def silero() -> SileroModel:
    return SileroModel(Registry.default().path("silero-vad"))


@pytest.fixture(scope="session")
def whisper() -> WhisperEngine:
    return WhisperEngine(Registry.default().path("whisper-base"))


@pytest.fixture(scope="session")
def transcripts(whisper: WhisperEngine) -> dict[str, tuple[Transcript, float]]:
    """What Whisper hears in `CLIPS`, decoded once, with the clips' seconds."""
    heard = {}
    for name in CLIPS:
        samples = load(name).samples
        result = whisper.run(job(samples))
        heard[name] = (transcript_from_values(result.values), samples.size / RATE_HZ)
    return heard


def job(samples: Samples, **params: str | int | float | bool) -> Job:
    return Job(
        id="j1",
        kind=JobKind.TRANSCRIBE,
        model="whisper-base",
        session="s1",
        priority=Priority.FINAL,
        arrays={"samples": samples},
        params=params,
    )


def pairs(text: str) -> set[tuple[str, str]]:
    """Neighbouring syllables, spaces and punctuation aside."""
    bare = [character for character in text if character.isalnum()]
    return set(pairwise(bare))


def windows_of(samples: Samples) -> Samples:
    cutter = WindowCutter()
    return np.concatenate((cutter.push(samples), cutter.flush()))


def test_window_by_window_equals_all_at_once(silero: SileroModel) -> None:
    windows = windows_of(load(CLIPS[1]).samples)
    one_by_one = silero.track()
    streamed = np.concatenate([one_by_one(windows[i : i + 1]) for i in range(len(windows))])
    np.testing.assert_allclose(streamed, silero.track()(windows), atol=1e-5)
    assert streamed.max() > 0.9


def test_tracks_of_one_model_do_not_hear_each_other(silero: SileroModel) -> None:
    windows = windows_of(load(CLIPS[1]).samples)
    alone = silero.track()(windows)
    first, second = silero.track(), silero.track()
    mixed = []
    for i in range(len(windows)):
        mixed.append(first(windows[i : i + 1]))
        second(-windows[i : i + 1])
    np.testing.assert_allclose(np.concatenate(mixed), alone, atol=1e-5)


def test_no_windows_give_no_probabilities(silero: SileroModel) -> None:
    assert silero.track()(np.zeros((0, WINDOW), np.float32)).shape == (0,)


def test_silence_and_noise_make_no_utterance(silero: SileroModel) -> None:
    noise = 0.05 * np.random.default_rng(1).standard_normal(5 * RATE_HZ).astype(np.float32)
    windows = windows_of(np.concatenate((np.zeros(5 * RATE_HZ, np.float32), noise)))
    endpointer = Endpointer()
    happened = [
        event
        for p, energy in zip(silero.track()(windows), energies(windows), strict=True)
        for event in endpointer.push(float(p), float(energy))
    ]
    assert [*happened, *endpointer.flush()] == []


def test_speech_between_silences_becomes_one_utterance(silero: SileroModel) -> None:
    silence = np.zeros(RATE_HZ, np.float32)
    windows = windows_of(np.concatenate((silence, load(CLIPS[1]).samples, silence)))
    endpointer = Endpointer()
    ended = [
        event
        for p, energy in zip(silero.track()(windows), energies(windows), strict=True)
        for event in endpointer.push(float(p), float(energy))
        if isinstance(event, Ended)
    ]
    assert len(ended) == 1
    assert ended[0].span.start > RATE_HZ // 4


def test_missing_vad_model_is_an_engine_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="could not be loaded"):
        SileroModel(tmp_path / "none.onnx")


def test_whisper_writes_down_what_is_said(
    transcripts: dict[str, tuple[Transcript, float]],
) -> None:
    for name, (transcript, duration_s) in transcripts.items():
        said, heard = pairs(load(name).text), pairs(transcript.text)
        assert len(said & heard) >= 0.6 * len(said), transcript.text
        assert objection(transcript, duration_s) is None


def test_words_are_spaced_korean_words_in_order_of_time(
    transcripts: dict[str, tuple[Transcript, float]],
) -> None:
    for transcript, duration_s in transcripts.values():
        assert [word.text for word in transcript.words] == transcript.text.split()
        edges = [edge for word in transcript.words for edge in (word.start, word.end)]
        assert edges == sorted(edges)
        assert edges[0] >= 0
        assert edges[-1] <= duration_s
        assert all(0 < word.p <= 1 for word in transcript.words)
        assert 0.3 < transcript.text_confidence <= 1


def test_first_word_begins_with_the_sound_not_with_the_silence_before(
    whisper: WhisperEngine,
) -> None:
    silence = np.zeros(RATE_HZ, np.float32)
    late = np.concatenate((silence, load(CLIPS[1]).samples))
    transcript = transcript_from_values(whisper.run(job(late, beam=1, min_pad_s=4)).values)
    assert transcript.words[0].start >= 1.0


def test_word_said_twice_is_written_twice(whisper: WhisperEngine) -> None:
    twice = np.concatenate((load(CLIPS[1]).samples, load(CLIPS[1]).samples))
    transcript = transcript_from_values(whisper.run(job(twice, min_pad_s=6)).values)
    assert transcript.text.count("감사합니다") == 2


def test_result_crosses_a_process(whisper: WhisperEngine) -> None:
    result = whisper.run(job(load(CLIPS[1]).samples, beam=1, min_pad_s=4, word_times=False))
    received: Result = decode_result(encode(result))
    transcript = transcript_from_values(received.values)
    assert transcript == transcript_from_values(result.values)
    assert transcript.text
    assert transcript.words == ()
    assert received.cpu_s > 0


def test_a_blink_of_sound_is_transcribed_without_failing(whisper: WhisperEngine) -> None:
    for size in (0, 1, 200):
        whisper.run(job(np.zeros(size, np.float32), beam=1, min_pad_s=4))


def test_too_long_utterance_is_an_engine_error(whisper: WhisperEngine) -> None:
    with pytest.raises(EngineError, match="at most 30 s"):
        whisper.run(job(np.zeros(31 * RATE_HZ, np.float32)))


def test_unknown_language_is_an_engine_error(whisper: WhisperEngine) -> None:
    with pytest.raises(EngineError, match="does not know the language 'xx'"):
        whisper.run(job(np.zeros(RATE_HZ, np.float32), language="xx", min_pad_s=4))


def test_job_without_samples_is_an_engine_error(whisper: WhisperEngine) -> None:
    empty = Job(id="j2", kind=JobKind.TRANSCRIBE, model="m", session="s", priority=Priority.FINAL)
    with pytest.raises(EngineError, match="no samples"):
        whisper.run(empty)


def test_missing_whisper_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(EngineError, match="has no file model.bin"):
        WhisperEngine(tmp_path)


def test_corrupt_whisper_model_is_an_engine_error(tmp_path: Path) -> None:
    for name in ("config.json", "model.bin", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(EngineError, match="could not be loaded"):
        WhisperEngine(tmp_path)


def test_half_a_syllable_is_not_shown() -> None:
    assert readable(" 운\ufffd항하는 개\ufffd") == "운항하는 개"
