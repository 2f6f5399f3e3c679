"""``daedam transcribe --speakers``: who says what in a recording, with the real models."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from pipeline.audio import RATE_HZ, Samples, samples
from tests.containers import encode
from tests.server.terminal import daedam, environment
from tests.speech.clips import load

pytestmark = pytest.mark.model

FIRST, SECOND = "지원자_1", "지원자_2"


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def nothing_blocks_the_loop() -> None:
    """Stand in for the watch on blocking calls: this command's loop serves nobody else."""


def joined(parts: list[Samples], pause_s: float) -> Samples:
    pause = np.zeros(samples(pause_s), np.float32)
    return np.concatenate([part for each in parts for part in (each, pause)])


@pytest.fixture(scope="module")
def interview(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people in turn, and beside it a reading of each that is not part of it."""
    folder = tmp_path_factory.mktemp("interview")
    names = ("1_motive", "2_goal", "1_skills", "2_experience")
    turns = [load(f"applicant{name}.flac").samples for name in names]
    (folder / "interview.wav").write_bytes(encode(joined(turns, 0.8), "wav"))
    for name in ("1_teamwork", "2_leadership"):
        reading = load(f"applicant{name}.flac").samples
        soundfile.write(folder / f"{name[0]}.flac", reading, RATE_HZ)
    return folder


def test_enrolled_people_are_named_in_their_turns(
    capsys: pytest.CaptureFixture[str], interview: Path
) -> None:
    found = daedam(
        capsys,
        *("transcribe", interview / "interview.wav", "--speakers", "1+2", "--format", "json"),
        *("--enrol", f"{FIRST}={interview / '1.flac'}"),
        *("--enrol", f"{SECOND}={interview / '2.flac'}"),
    )
    assert found.status == 0, found.err
    told = json.loads(found.out)
    spoke = [segment["speaker"] for segment in told["segments"]]
    assert [one for i, one in enumerate(spoke) if i == 0 or spoke[i - 1] != one] == 2 * [
        FIRST,
        SECOND,
    ]
    assert all(segment["voice_confidence"] > 0.5 for segment in told["segments"])
    assert {span["speaker"] for span in told["speech"]} == {FIRST, SECOND}


def test_without_enrolment_two_people_are_two_unknown_voices(
    capsys: pytest.CaptureFixture[str], interview: Path, tmp_path: Path
) -> None:
    output = tmp_path / "who.rttm"
    found = daedam(
        capsys,
        *("transcribe", interview / "interview.wav", "--speakers", "3+3"),
        *("--format", "rttm", "--output", output),
    )
    assert (found.status, found.out) == (0, "")
    rows = [line.split() for line in output.read_text("utf-8").splitlines()]
    assert {tuple(row[:3]) for row in rows} == {("SPEAKER", "interview", "1")}
    changes = [row[7] for i, row in enumerate(rows) if i == 0 or rows[i - 1][7] != row[7]]
    assert changes == 2 * ["unknown_A", "unknown_B"]


def test_a_recording_in_which_nobody_speaks_has_nobody(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    silence = tmp_path / "silence.wav"
    silence.write_bytes(encode(np.zeros(5 * RATE_HZ, np.float32), "wav"))
    found = daedam(capsys, "transcribe", silence, "--speakers", "2", "--format", "rttm")
    assert (found.status, found.out) == (0, "")
    assert found.err.endswith("No speech was found.\n")


def test_a_reading_that_is_too_short_is_refused_in_a_sentence(
    capsys: pytest.CaptureFixture[str], interview: Path, tmp_path: Path
) -> None:
    file = io.BytesIO()
    soundfile.write(file, load("applicant2_thanks.flac").samples, RATE_HZ, format="WAV")
    (short := tmp_path / "short.wav").write_bytes(file.getvalue())
    sentence = daedam(
        capsys,
        *("transcribe", interview / "interview.wav", "--speakers", "1+1"),
        *("--enrol", f"{FIRST}={short}"),
    ).sentence()
    assert "short.wav holds too little speech" in sentence
    assert FIRST in sentence


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--format", "rttm"), "needs --speakers"),
        (("--enrol", "면접관_1=gone.wav"), "needs --speakers"),
        (("--speakers", "1+1", "--enrol", "면접관_2=gone.wav"), "There is no 면접관_2"),
        (("--speakers", "1+1", "--enrol", "면접관_1=gone.wav"), "gone.wav: No such file"),
    ],
)
def test_wrong_wishes_are_refused_before_the_work(
    capsys: pytest.CaptureFixture[str], interview: Path, arguments: tuple[str, ...], says: str
) -> None:
    recording = interview / "interview.wav"
    assert says in daedam(capsys, "transcribe", recording, *arguments).sentence()


def test_a_damaged_model_of_voices_is_no_success_where_only_voices_were_wanted(
    capsys: pytest.CaptureFixture[str],
    interview: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = Path(os.environ.get("DAEDAM_MODELS", Path.home() / ".cache/daedam/models"))
    for name in ("whisper-base", "silero-vad"):
        (tmp_path / name).symlink_to(models / name)
    for name in ("pyannote-segmentation", "campplus"):
        (tmp_path / name).mkdir()
        for file in (models / name).iterdir():
            (tmp_path / name / file.name).write_bytes(bytes(file.stat().st_size))
    monkeypatch.setenv("DAEDAM_MODELS", str(tmp_path))
    asked = ("transcribe", interview / "interview.wav", "--speakers", "1+2", "--format", "rttm")
    enrolled = ("--enrol", f"{FIRST}={interview / '1.flac'}")
    for more in ((), enrolled):
        found = daedam(capsys, *asked, *more)
        assert found.status == 1
        assert "daedam models fetch" in found.err
        assert "Traceback" not in found.err


def test_without_the_models_of_voices_words_are_written_all_the_same(
    capsys: pytest.CaptureFixture[str],
    interview: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = Path(os.environ.get("DAEDAM_MODELS", Path.home() / ".cache/daedam/models"))
    for name in ("whisper-base", "silero-vad"):
        (tmp_path / name).symlink_to(models / name)
    monkeypatch.setenv("DAEDAM_MODELS", str(tmp_path))
    found = daedam(capsys, "transcribe", interview / "interview.wav", "--speakers", "1+2")
    assert found.status == 0
    assert "Speakers are not told apart: " in found.err
    assert "daedam models fetch pyannote-segmentation" in found.err
    assert "미확인: " in found.out
