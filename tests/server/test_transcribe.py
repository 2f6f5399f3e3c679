"""``daedam transcribe``: a recording in, its words out, with the real models."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench.scoring import raw_errors
from pipeline.audio import RATE_HZ, samples
from tests.containers import encode
from tests.server.terminal import daedam, environment
from tests.speech.clips import load

pytestmark = pytest.mark.model

FIRST, SECOND = load("applicant1_skills.flac"), load("applicant2_thanks.flac")
PAUSE_S = 2.0
MAX_CER_PERCENT = 15.0


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> None:
    """Stand in for the watch on blocking calls: this command's loop serves nobody else."""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Two sentences with a pause between, as browsers record them."""
    pause = np.zeros(samples(PAUSE_S), np.float32)
    path = tmp_path / "면접.webm"
    path.write_bytes(encode(np.concatenate((FIRST.samples, pause, SECOND.samples)), "webm"))
    return path


def test_every_format_says_the_same_and_progress_stays_on_stderr(
    capsys: pytest.CaptureFixture[str], recording: Path, tmp_path: Path
) -> None:
    found = daedam(capsys, "transcribe", recording, "--format", "json")
    assert found.status == 0
    assert recording.name in found.err, "the bar names the file"
    assert "100%" in found.err
    told = json.loads(found.out)
    assert set(told) == {"segments", "speech"}
    said = [segment["text"] for segment in told["segments"]]
    errors = raw_errors(f"{FIRST.text} {SECOND.text}", " ".join(said))
    assert errors.cer_percent <= MAX_CER_PERCENT
    first_s, end_s = len(FIRST.samples) / RATE_HZ, 0.0
    for segment in told["segments"]:
        assert set(segment) == {"start", "end", "speaker", "text", "text_confidence", "words"}
        assert segment["speaker"] == "unknown"
        assert 0 < segment["text_confidence"] <= 1
        assert end_s <= segment["start"] < segment["end"]
        assert segment["start"] == segment["words"][0][0]
        assert segment["end"] == segment["words"][-1][1] == (end_s := segment["end"])
        assert " ".join(word[2] for word in segment["words"]) == segment["text"]
    assert told["segments"][0]["end"] <= first_s + 0.5
    assert told["segments"][-1]["start"] >= first_s + PAUSE_S - 0.5
    assert {span["speaker"] for span in told["speech"]} == {"unknown"}
    assert all(span["start"] < span["end"] for span in told["speech"])


@pytest.mark.parametrize(
    ("to", "begins"),
    [("text", "[00:00:0"), ("srt", "1\n00:00:0"), ("vtt", "WEBVTT\n\n00:00:0")],
)
def test_a_result_goes_to_a_file_and_leaves_stdout_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, to: str, begins: str
) -> None:
    source, output = tmp_path / "thanks", tmp_path / "words"
    if to == "text":
        source.write_bytes(encode(SECOND.samples, "wav"))
    else:
        file = io.BytesIO()
        soundfile.write(file, SECOND.samples, RATE_HZ, format="FLAC")
        source.write_bytes(file.getvalue())
    found = daedam(capsys, "transcribe", source, "--format", to, "--output", output)
    assert (found.status, found.out) == (0, "")
    written = output.read_text("utf-8")
    assert written.startswith(begins)
    assert "감사합니다" in written


@pytest.mark.parametrize("content", [b"", b"no sound at all" * 1000, b"\x1a\x45\xdf\xa3" * 100])
def test_a_file_that_is_no_audio_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes
) -> None:
    source = tmp_path / "letter.txt"
    source.write_bytes(content)
    found = daedam(capsys, "transcribe", source)
    assert (found.status, found.out) == (1, "")
    assert found.err.splitlines()[-1].startswith("daedam: ")
    assert "Traceback" not in found.err


def test_a_file_that_is_not_there_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sentence = daedam(capsys, "transcribe", tmp_path / "gone.webm").sentence()
    assert "gone.webm" in sentence


def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    source = tmp_path / "thanks.wav"
    source.write_bytes(encode(SECOND.samples, "wav"))
    output = tmp_path / "nowhere" / "words.txt"
    assert "nowhere" in daedam(capsys, "transcribe", source, "--output", output).sentence()


def test_a_missing_model_is_one_sentence_that_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAEDAM_MODELS", str(tmp_path / "no models"))
    source = tmp_path / "thanks.wav"
    source.write_bytes(encode(SECOND.samples, "wav"))
    sentence = daedam(capsys, "transcribe", source).sentence()
    assert "run: daedam models fetch whisper-base" in sentence
