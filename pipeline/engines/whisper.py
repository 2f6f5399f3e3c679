"""Whisper through CTranslate2: one utterance in, words with times and probabilities out."""

import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from pipeline.audio import Samples, seconds
from pipeline.continuing import heard_to_the_end
from pipeline.jobs import EngineError, Job, Result, Scalar
from pipeline.transcription import Transcript, Word, transcript_to_values

_NEEDED_FILES = ("config.json", "model.bin", "tokenizer.json")

# The context sizes offered. The encoder's cost grows with the context; few sizes keep its
# buffers reusable.
_CONTEXTS_S = (4, 6, 8, 10, 15, 20, 25, 30)
_FRAMES_PER_S = 100
_TIMES_PER_S = 50  # alignment steps: two frames each
_MIN_SAMPLES = 400  # one analysis window of the log-mel spectrogram
_ONSET_FRAME = 320
_ONSET_POWER = 0.003  # 25 dB below the loudest frame: quiet consonants are above, a room below
_MAX_TOKENS = 448  # Whisper's text context

# Quick Korean is 6.5 tokens a second. CTranslate2 generates half of the length it is given, as
# Whisper keeps half of its context for the text before: twice the budget must be asked for.
_TOKENS = 8
_TOKENS_PER_S = 8

# Stops endless loops. The customary 3 would forbid a second "있습니다." (three tokens) in an
# utterance, and a word like "프로젝트를 진행했습니다." (seven) may well come twice in an answer.
_NO_REPEAT_NGRAM = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeOptions:
    """How to decode one utterance; the names are those of the job's parameters.

    Attributes:
        language: ISO 639-1 code.
        beam: hypotheses kept; 1 is greedy.
        min_pad_s: the model hears at least this long, silence appended: accuracy suffers below
            15 s, a first impression does not need it.
        word_times: align the words with the sound; without, the transcript has no words.
        to_the_end: decode on from where the words stop though the speech does not.
    """

    language: str = "ko"
    beam: int = 5
    min_pad_s: float = 15.0
    word_times: bool = True
    to_the_end: bool = True

    @classmethod
    def of(cls, params: Mapping[str, Scalar]) -> "DecodeOptions":
        """Read a job's parameters; what is absent has its default for finals."""
        return cls(
            language=str(params.get("language", "ko")),
            beam=int(params.get("beam") or 5),
            min_pad_s=float(params.get("min_pad_s") or 15.0),
            word_times=bool(params.get("word_times", True)),
            to_the_end=bool(params.get("to_the_end", True)),
        )


@dataclass(frozen=True, slots=True)
class _Piece:
    """A subword and when it was said."""

    text: str
    start: float
    end: float
    p: float


class WhisperEngine:
    """A `pipeline.jobs.Engine` for `JobKind.TRANSCRIBE`.

    Each job decodes ``arrays["samples"]`` on its own, at temperature 0 and without the text
    before it, so that equal jobs have equal results and an invention cannot spread.
    """

    def __init__(
        self, model_dir: Path, device: str = "cpu", compute_type: str = "int8", threads: int = 1
    ) -> None:
        """Load the model; one thread per job is the most efficient on a CPU.

        Raises:
            EngineError: the folder lacks a file or a file is corrupt.
        """
        # Checked first because the library fetches a missing tokenizer from the network.
        for name in _NEEDED_FILES:
            if not (model_dir / name).is_file():
                raise EngineError(f"The Whisper model {model_dir.name} has no file {name}.")
        try:
            self._model: Any = WhisperModel(
                str(model_dir), device=device, compute_type=compute_type, cpu_threads=threads
            )
        except Exception as error:  # The libraries' exceptions share no other base class.
            raise EngineError(f"The Whisper model {model_dir.name} could not be loaded.") from error
        self._tokenizer = lru_cache(maxsize=8)(self._make_tokenizer)

    def run(self, job: Job) -> Result:
        """Transcribe; ``values`` are those of `transcript_to_values`."""
        if "samples" not in job.arrays:
            raise EngineError(f"Whisper cannot do job {job.id} ({job.kind}): it has no samples.")
        began = time.process_time()
        try:
            transcript = self.transcribe(job.arrays["samples"], DecodeOptions.of(job.params))
        except EngineError:
            raise
        except Exception as error:  # The libraries' exceptions share no other base class.
            raise EngineError(f"Transcribing job {job.id} failed.") from error
        cpu_s = time.process_time() - began
        return Result(job=job.id, values=transcript_to_values(transcript), cpu_s=cpu_s)

    def transcribe(self, samples: Samples, options: DecodeOptions) -> Transcript:
        """Decode one utterance of at most 30 s.

        Raises:
            EngineError: the utterance is longer than the model hears.
        """
        duration_s = seconds(samples.size)
        if duration_s > _CONTEXTS_S[-1]:
            raise EngineError(f"Whisper hears at most 30 s at a time, not {duration_s:.1f} s.")
        if options.to_the_end:
            return heard_to_the_end(lambda sound: self._decode(sound, options), samples)
        return self._decode(samples, options)

    def _decode(self, samples: Samples, options: DecodeOptions) -> Transcript:
        duration_s = seconds(samples.size)
        encoded = self._encode(samples, options.min_pad_s)
        tokenizer = self._tokenizer(options.language)
        prompt = self._model.get_prompt(tokenizer, [], without_timestamps=True)
        budget = int(_TOKENS + _TOKENS_PER_S * duration_s)
        decoded = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=options.beam,
            sampling_temperature=0.0,
            no_repeat_ngram_size=_NO_REPEAT_NGRAM,
            max_length=min(_MAX_TOKENS, 2 * budget),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens: list[int] = decoded.sequences_ids[0]
        text = readable(tokenizer.decode(tokens))
        words: tuple[Word, ...] = ()
        if options.word_times and text:
            words = self._align(tokenizer, encoded, tokens, duration_s)
            words = _without_leading_silence(words, samples)
        return Transcript(
            words=words,
            text=text,
            # The score is the mean over the tokens without the end token, which Whisper's own
            # thresholds count as one more.
            avg_logprob=decoded.scores[0] * len(tokens) / (len(tokens) + 1),
            no_speech_p=decoded.no_speech_prob,
            compression_ratio=_compression_ratio(text),
        )

    def _make_tokenizer(self, language: str) -> Tokenizer:
        try:
            return Tokenizer(self._model.hf_tokenizer, True, "transcribe", language)
        except ValueError as error:
            raise EngineError(f"Whisper does not know the language {language!r}.") from error

    def _encode(self, samples: Samples, min_pad_s: float) -> Any:
        """Encode ``samples`` in the smallest offered context, not always the trained 30 s."""
        wanted_s = max(min_pad_s, seconds(samples.size) + 0.5)
        context_s = next((c for c in _CONTEXTS_S if c >= wanted_s), _CONTEXTS_S[-1])
        padded = np.pad(samples, (0, max(0, _MIN_SAMPLES - samples.size)))
        features = self._model.feature_extractor(padded)[:, : context_s * _FRAMES_PER_S]
        missing = context_s * _FRAMES_PER_S - features.shape[1]
        # Silence is the spectrogram's floor, as in training; faster-whisper appends zeros, which
        # are a faint noise: half a point of CER worse on our measuring speech.
        features = np.pad(features, ((0, 0), (0, missing)), constant_values=features.min())
        return self._model.encode(features.astype(np.float32))

    def _align(
        self, tokenizer: Tokenizer, encoded: Any, tokens: Sequence[int], duration_s: float
    ) -> tuple[Word, ...]:
        """Find when each word was said, from the decoder's attention to the sound."""
        text_tokens = [token for token in tokens if token < tokenizer.eot]
        aligned = self._model.model.align(
            encoded,
            tokenizer.sot_sequence,
            [text_tokens],
            round(duration_s * _FRAMES_PER_S),
            median_filter_width=7,
        )[0]
        starts = _token_starts(aligned.alignments, len(text_tokens)) / _TIMES_PER_S
        subwords, groups = tokenizer.split_tokens_on_unicode(text_tokens)
        edges = np.cumsum([0, *map(len, groups)])
        times = np.minimum(starts[edges], duration_s).tolist()
        pieces = [
            _Piece(text, times[i], times[i + 1], float(np.mean(aligned.text_token_probs[a:b])))
            for i, (text, (a, b)) in enumerate(zip(subwords, pairwise(edges), strict=True))
        ]
        return tuple(_words(pieces))


def readable(text: str) -> str:
    """Return ``text`` without halves of syllables.

    A Hangul syllable can take two tokens; a decode that stops or errs between them leaves bytes
    that are no character, which the tokenizer shows as U+FFFD.
    """
    return text.replace("\ufffd", "").strip()


def _token_starts(alignments: Sequence[tuple[int, int]], count: int) -> np.ndarray[Any, Any]:
    """Return the first time step of each of ``count`` tokens and of the end: shape (count + 1,)."""
    pairs = np.array(alignments, int).reshape(-1, 2)
    last = pairs[-1, 1] if len(pairs) else 0
    starts = np.full(count + 1, last)
    tokens, first = np.unique(pairs[:, 0], return_index=True)
    known = tokens <= count
    starts[tokens[known]] = pairs[first[known], 1]
    return np.maximum.accumulate(starts)


def _words(pieces: Sequence[_Piece]) -> list[Word]:
    """Join subwords into words delimited by spaces."""
    first = [i for i, piece in enumerate(pieces) if i == 0 or piece.text.startswith(" ")]
    edges = [*first, len(pieces)]
    joined = (_word(pieces[a:b]) for a, b in pairwise(edges))
    return [word for word in joined if word.text]


def _word(pieces: Sequence[_Piece]) -> Word:
    """Join the subwords of one word.

    Punctuation belongs to its text but not to its time, since it is "spoken" in the silence
    around the word, nor to its probability.
    """
    spoken = [piece for piece in pieces if any(map(str.isalnum, piece.text))] or pieces
    return Word(
        start=spoken[0].start,
        end=spoken[-1].end,
        text=readable("".join(piece.text for piece in pieces)),
        p=sum(piece.p for piece in spoken) / len(spoken),
    )


def _without_leading_silence(words: tuple[Word, ...], samples: Samples) -> tuple[Word, ...]:
    """Let the first word begin where sound does: alignment always begins it at zero."""
    frames = samples[: samples.size // _ONSET_FRAME * _ONSET_FRAME].reshape(-1, _ONSET_FRAME)
    if not words or not len(frames):
        return words
    powers = np.mean(frames * frames, axis=1)
    onset_s = seconds(int(np.argmax(powers >= _ONSET_POWER * powers.max())) * _ONSET_FRAME)
    first = words[0]
    return (replace(first, start=max(first.start, min(onset_s, first.end))), *words[1:])


def _compression_ratio(text: str) -> float:
    """How repetitive ``text`` is, as Whisper measures it.

    A Hangul syllable is three bytes of UTF-8 that share their lead byte, so Korean sentences
    reach 1.0 to 1.7 where English stays near 1; short ones stay below 1, zlib's header weighs.
    """
    data = text.encode()
    return len(data) / len(zlib.compress(data))
