"""Words and voices in processes of their own, with the models there, missing or damaged."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from blockbuster import blockbuster_ctx

from pipeline import routing
from pipeline.inference import Backlog, JobTranscriber
from pipeline.jobs import EngineError
from pipeline.models import Registry, default_folder
from pipeline.processes import LocalConfig
from pipeline.routing import VOICE_MODELS, RoutedExecutor, voice_problem
from pipeline.speakers.job_models import JobVoiceModels
from tests.speech.clips import load

SECOND = np.zeros(16_000, np.float32)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with the voice models, to be spoilt; no words are understood from it."""
    for name in VOICE_MODELS:
        shutil.copytree(default_folder() / name, tmp_path / name)
    return tmp_path


@pytest.fixture
async def executor(models: Path) -> AsyncIterator[RoutedExecutor]:
    with blockbuster_ctx("pipeline"):
        async with RoutedExecutor(LocalConfig(models=models, workers=1)) as running:
            yield running


@pytest.fixture
def _short_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "VOICE_IDLE_S", 0.2)


def test_a_missing_model_is_a_problem_with_its_command(tmp_path: Path) -> None:
    sentence = voice_problem(Registry.default(tmp_path))
    assert sentence is not None
    assert "run: daedam models fetch pyannote-segmentation" in sentence


def test_missing_libraries_are_a_problem(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert voice_problem(Registry.default(models)) is None
    monkeypatch.setattr(routing, "LIBRARIES", ("torch", "no_such_library"))
    sentence = voice_problem(Registry.default(models))
    assert sentence is not None
    assert "not installed" in sentence


@pytest.mark.process
async def test_voices_without_models_fail_at_once_and_words_do_not_notice(
    tmp_path: Path,
) -> None:
    shutil.copytree(default_folder() / "whisper-base", tmp_path / "whisper-base")
    async with RoutedExecutor(LocalConfig(models=tmp_path, workers=1)) as executor:
        with pytest.raises(EngineError, match="daedam models fetch pyannote-segmentation"):
            await JobVoiceModels(executor, "s").activity(SECOND)
        with pytest.raises(EngineError, match="daedam models fetch campplus"):
            await JobVoiceModels(executor, "s").embed([SECOND])
        assert executor.problems() == {}
        await executor.wait_ready(60)
        assert executor.is_able
        assert (await executor.voice_problem() or "").endswith("fetch pyannote-segmentation")


@pytest.mark.process
async def test_a_damaged_network_is_never_run(models: Path, executor: RoutedExecutor) -> None:
    network = models / "campplus" / "camplusplus.py"
    text = await asyncio.to_thread(network.read_text)
    await asyncio.to_thread(network.write_text, "x" + text[1:])
    with pytest.raises(EngineError, match="damaged; run: daedam models fetch campplus"):
        await JobVoiceModels(executor, "s").embed([SECOND])


@pytest.mark.model
@pytest.mark.process
@pytest.mark.usefixtures("_short_sleep")
async def test_voices_are_told_apart_in_a_process_that_comes_and_goes(
    executor: RoutedExecutor,
) -> None:
    models = JobVoiceModels(executor, "s", key="track")
    await models.warm()
    story = load("applicant1_story.flac").samples
    activity = await models.activity(story[:160_000])
    assert activity.speakers.shape[1] == 3
    assert len(activity.speakers) * activity.step == pytest.approx(160_000)
    # One of each kind under one key: neither takes the other's place.
    _, voices = await asyncio.gather(
        models.activity(story[:80_000]), models.embed([story[:24_000], story[:32_000]])
    )
    assert voices[0] @ voices[1] > 0.8
    assert executor.backlog() == Backlog(0, 0, 0.0)
    assert await executor.voice_problem() is None
    with pytest.raises(EngineError, match="no engine for transcribe jobs|whisper-base"):
        await JobTranscriber(executor, "s")(SECOND)
