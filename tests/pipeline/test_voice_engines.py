"""Voices in generated Korean speech: who speaks when, how alike, and whole recordings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.audio import Samples
from pipeline.engines.campplus import EmbeddingEngine
from pipeline.engines.diarization import DiarizationEngine
from pipeline.engines.pyannote import SegmentationEngine
from pipeline.engines.torch_setup import torch
from pipeline.jobs import EngineError, Job, JobKind, Priority, Scalar, decode_result, encode
from pipeline.models import Registry
from tests.speech.clips import load

pytestmark = pytest.mark.model

TWO_VOICES = ("question_introduction.flac", "question_motive.flac", "question_disagreement.flac")
OTHER_VOICE = ("question_project.flac", "question_future.flac")


@pytest.fixture(scope="session")
def segmentation() -> SegmentationEngine:
    return SegmentationEngine(Registry.default().path("pyannote-segmentation"))


@pytest.fixture(scope="session")
def embedding() -> EmbeddingEngine:
    return EmbeddingEngine(Registry.default().path("campplus"))


def clips(*names: str) -> list[Samples]:
    return [load(name).samples for name in names]


def job(
    kind: JobKind, arrays: Mapping[str, Samples], params: Mapping[str, Scalar] | None = None
) -> Job:
    return Job(
        id="j1",
        kind=kind,
        model="m",
        session="s",
        priority=Priority.FINAL,
        arrays=arrays,
        params=params or {},
    )


# --- who speaks when ----------------------------------------------------------------------------


def test_speech_between_silences_is_where_somebody_speaks(segmentation: SegmentationEngine) -> None:
    (clip,) = clips("question_disagreement.flac")
    silence = np.zeros(16_000, np.float32)
    sound = np.concatenate((silence, clip, silence))
    result = segmentation.run(job(JobKind.ACTIVITY, {"sound": sound}))
    again = decode_result(encode(result))
    speakers, step = again.arrays["speakers"], again.values["step"]
    assert speakers.shape[1] == 3
    assert len(speakers) * step == pytest.approx(sound.size)
    assert set(np.unique(speakers)) == {0.0, 1.0}
    is_speech = speakers.sum(axis=1) > 0
    times = np.arange(len(speakers)) * step
    to_the_edge = np.minimum(times, sound.size - times)
    assert is_speech[to_the_edge > 20_000].mean() > 0.8
    assert is_speech[to_the_edge < 14_000].mean() < 0.1
    assert again.cpu_s > 0


def test_two_people_at_once_are_two_speakers(segmentation: SegmentationEngine) -> None:
    one, other = clips("question_disagreement.flac", "question_future.flac")
    one = one[: other.size]
    alone, _ = segmentation.speakers(one)
    both, _ = segmentation.speakers(one + other[: one.size])
    assert (alone.sum(axis=1) >= 2).mean() < 0.05
    assert (both.sum(axis=1) >= 2).mean() > 0.3


@pytest.mark.parametrize("size", [1, 1_000, 16_000])
def test_silence_of_any_length_is_nobody(segmentation: SegmentationEngine, size: int) -> None:
    speakers, _ = segmentation.speakers(np.zeros(size, np.float32))
    assert not speakers.any()


def test_sound_longer_than_the_network_hears_is_refused(segmentation: SegmentationEngine) -> None:
    with pytest.raises(EngineError, match="at most 10 s"):
        segmentation.speakers(np.zeros(160_001, np.float32))
    with pytest.raises(EngineError, match="no sound"):
        segmentation.run(job(JobKind.ACTIVITY, {}))


# --- how alike ----------------------------------------------------------------------------------


def test_one_voice_is_more_like_itself_than_like_another(embedding: EmbeddingEngine) -> None:
    voices = embedding.embed(clips(*TWO_VOICES, *OTHER_VOICE))
    alike = voices @ voices.T
    same = [alike[0, 1], alike[0, 2], alike[1, 2], alike[3, 4]]
    other = alike[:3, 3:]
    assert min(same) > 0.65
    assert other.max() < 0.55
    np.testing.assert_allclose(np.diag(alike), 1.0, atol=1e-5)


def test_pieces_of_different_lengths_keep_their_places(embedding: EmbeddingEngine) -> None:
    one, other = clips("question_motive.flac", "question_project.flac")
    pieces = [one[:24_000], other[:32_000], other[:24_000], one[:32_000], one[:16_000]]
    arrays = {str(number): piece for number, piece in enumerate(pieces)}
    together = decode_result(encode(embedding.run(job(JobKind.EMBED, arrays))))
    alone = np.concatenate([embedding.embed([piece]) for piece in pieces])
    np.testing.assert_allclose(together.arrays["embeddings"], alone, atol=1e-3)


def test_what_is_no_voice_is_refused_or_at_least_a_number(embedding: EmbeddingEngine) -> None:
    assert np.isfinite(embedding.embed([np.zeros(16_000, np.float32)])).all()
    with pytest.raises(EngineError, match="less than 0.2 s"):
        embedding.embed([np.zeros(1_000, np.float32)])
    with pytest.raises(EngineError, match="no numbers"):
        embedding.embed([np.full(16_000, np.nan, np.float32)])
    with pytest.raises(EngineError, match="no piece"):
        embedding.run(job(JobKind.EMBED, {"1": np.zeros(16_000, np.float32)}))


@pytest.mark.parametrize("engine", [SegmentationEngine, EmbeddingEngine, DiarizationEngine.load])
def test_a_model_that_is_none_is_one_sentence(engine: Any, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"nothing")
    with pytest.raises(EngineError, match="could not be loaded"):
        engine(tmp_path)


# --- whole recordings ---------------------------------------------------------------------------


class CampplusVoices:
    """CAM++ as pyannote's pipelines ask for voices: one for each mask over a window."""

    sample_rate = 16_000
    dimension = 192
    metric = "cosine"
    min_num_samples = 8_000

    def __init__(self, engine: EmbeddingEngine) -> None:
        self._engine = engine

    def __call__(self, waveforms: Any, masks: Any) -> np.ndarray[Any, Any]:
        return np.concatenate([self._voice(w[0], m) for w, m in zip(waveforms, masks, strict=True)])

    def _voice(self, wave: Any, mask: Any) -> np.ndarray[Any, Any]:
        places = np.linspace(0, len(mask) - 1, len(wave)).round().astype(int)
        spoken = wave.numpy()[mask.numpy()[places] > 0]
        if spoken.size < self.min_num_samples:
            return np.full((1, self.dimension), np.nan)
        return self._engine.embed([spoken])


@pytest.fixture(scope="session")
def two_checkpoints(embedding: EmbeddingEngine) -> DiarizationEngine:
    """A pipeline of pyannote's own kind, made of the two models that are here."""
    from pyannote.audio import Model
    from pyannote.audio.core.plda import PLDA
    from pyannote.audio.pipelines import SpeakerDiarization

    from pipeline.engines.torch_setup import quiet

    with quiet():
        model: Any = Model.from_pretrained(Registry.default().path("pyannote-segmentation"))
        pipeline: Any = SpeakerDiarization(
            segmentation=model,
            embedding=model,  # Replaced below: the voices are CAM++'s.
            plda=PLDA.__new__(PLDA),  # Another clustering than the one that needs it.
            clustering="AgglomerativeClustering",
            segmentation_step=0.25,
        )
        pipeline._embedding = CampplusVoices(embedding)
        pipeline.instantiate(
            {
                "segmentation": {"min_duration_off": 0.0},
                "clustering": {"method": "average", "threshold": 0.6, "min_cluster_size": 2},
            }
        )
    return DiarizationEngine(pipeline)


def test_a_pipeline_of_the_two_checkpoints_tells_two_people_apart(
    two_checkpoints: DiarizationEngine,
) -> None:
    first, second, third = clips(
        "question_disagreement.flac", "question_future.flac", "question_introduction.flac"
    )
    sound = np.concatenate((first, second, third))
    asked = job(JobKind.DIARIZE, {"sound": sound}, {"speakers": 3})
    turns = decode_result(encode(two_checkpoints.run(asked))).arrays["turns"]
    assert (np.diff(turns[:, 0]) >= 0).all()
    edges = np.cumsum([0, first.size, second.size, third.size]) / 16_000

    def speaker_at(moment_s: float) -> float:
        [speaker] = {turn[2] for turn in turns if turn[0] <= moment_s < turn[1]}
        return float(speaker)

    one, other, again = (
        speaker_at(float(a + b) / 2) for a, b in zip(edges, edges[1:], strict=False)
    )
    assert one == again != other


def test_a_silent_recording_has_no_turns(two_checkpoints: DiarizationEngine) -> None:
    assert two_checkpoints.turns(np.zeros(160_000, np.float32)).shape == (0, 3)
    with pytest.raises(EngineError, match="no sound"):
        two_checkpoints.run(job(JobKind.DIARIZE, {}))


def test_torch_uses_one_thread() -> None:
    assert torch.get_num_threads() == 1
