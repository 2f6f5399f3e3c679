"""What losses on the way cost: our receiver and aiortc's on the same packets, in virtual time.

``python -m bench.loss [--clips 60] [--no-words] [--store]``: the measuring speech that
DAEDAM_SPEECH names, or else the generated clips of the tests, one after the other in one talk.
It is encoded as Chromium does when receiver reports tell it of the losses, goes through a seeded
network that loses packets one by one or in rows of three, and is written down clip by clip by the
engine of ``bench.accuracy``. The last words' delay is measured with DTX. In the last case some
packets come 60 ms late, which is longer than a hole is waited for at first: the first of them are
dropped, until the wait has grown.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.corpus import Clip, speech_folder
from bench.frame_distance import concealed, distances
from bench.impairment import Burst, Network
from bench.lossy import (
    FRAME,
    Arrived,
    Heard,
    Sent,
    heard_by_stock,
    heard_by_us,
    passed,
    voiced,
    without_silence,
)
from bench.results import Row, print_table, store
from bench.scoring import Errors, raw_errors
from bench.serving import percentile
from bench.turns import measuring_speech
from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.engines.whisper import DecodeOptions, WhisperEngine
from pipeline.models import Registry
from server.media.frames import Origin
from server.media.opus_packet import carries_previous

_DELAY_S = 0.03
_JITTER_S = 0.01
_OVERTAKEN_S = 0.06
_BURST = 3
_SEED = 5
_MARGIN = samples(0.1)
_LAST_WORD = samples(0.1)
_PATHS: dict[str, Callable[[Iterable[Arrived]], Heard]] = {
    "ours": heard_by_us,
    "stock": heard_by_stock,
}


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent through what."""

    loss_percent: int
    in_rows: bool = False
    overtaken_percent: int = 0
    fec: bool = True
    paths: tuple[str, ...] = tuple(_PATHS)

    @property
    def network(self) -> Network:
        loss = self.loss_percent / 100
        burst = Burst.of(loss, _BURST) if self.in_rows else None
        alone = 0.0 if self.in_rows else loss
        return Network(
            loss=alone,
            burst=burst,
            delay_s=_DELAY_S,
            jitter_s=_JITTER_S,
            reordered=self.overtaken_percent / 100,
            reordered_s=_OVERTAKEN_S,
        )


CASES = (
    *(Case(loss_percent) for loss_percent in (0, 1, 2, 5, 10)),
    Case(5, fec=False, paths=("ours",)),
    *(Case(loss_percent, in_rows=True) for loss_percent in (5, 10)),
    Case(5, overtaken_percent=2),
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A clip and where it lies in the talk, in samples."""

    clip: Clip
    start: int

    @property
    def end(self) -> int:
        return self.start + self.clip.audio.size


@dataclass(frozen=True)
class Talk:
    """Clips with pauses between them."""

    spoken: list[Spoken]
    sound: Samples

    @classmethod
    def of(cls, clips: list[Clip]) -> "Talk":
        """Join the clips; pauses are long enough for DTX to stop and begin again in each."""
        random = np.random.default_rng(_SEED)
        spoken, size = [], RATE_HZ
        for clip in clips:
            spoken.append(Spoken(clip, size))
            size += clip.audio.size + samples(random.uniform(0.8, 1.6))
        sound = np.zeros(size + 3 * RATE_HZ, np.float32)
        for one in spoken:
            sound[one.start : one.end] = one.clip.audio
        return cls(spoken, sound)

    @cached_property
    def last_words(self) -> list[range]:
        """The frames of each clip from 100 ms before its speech ends to the end of DTX' wait."""
        ends = (one.start + int(_loud(one.clip.audio)[-1]) for one in self.spoken)
        return [range((end - _LAST_WORD) // FRAME, end // FRAME + 20) for end in ends]


def _loud(audio: Samples) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    power = np.convolve(audio * audio, np.full(FRAME, 1 / FRAME, np.float32), "same")
    return np.flatnonzero(power > 0.002 * power.max())


def fates(sent: list[Sent], arrived: list[Arrived], heard: Heard) -> Row:
    """Count what became of the packets that came, and of those that did not.

    aiortc's buffer still holds four when the talk has ended; they count as dropped.
    """
    came = {one.sent.index for one in arrived}
    lost = {one.index for one in sent} - came
    recovered, hidden = heard.frames(Origin.RECOVERED), heard.frames(Origin.CONCEALED)
    repairable = isolated(sent, came)
    mended = len(repairable & recovered)
    return {
        "packets": len(sent),
        "lost": len(lost),
        "good_dropped": len(came) - heard.played,
        "recovered": len(lost & recovered),
        "concealed": len(lost & hidden),
        "gap": len(lost - recovered - hidden),
        "alone_with_copy": len(repairable),
        "of_these_recovered_percent": 100 * mended / len(repairable) if repairable else None,
    }


def isolated(sent: list[Sent], came: set[int]) -> set[int]:
    """Return the lost frames between two that came, the next of which carries a copy."""
    return {
        one.index - 1
        for one in sent
        if one.index in came
        and one.index - 1 not in came
        and one.index - 2 in came
        and carries_previous(one.payload)
    }


def last_words(talk: Talk, case: Case, path: str, loss_free: list[Sent]) -> Row:
    """Measure from a packet's arrival to its sound, where nothing more follows for a while."""
    sent = without_silence(loss_free, talk.sound)
    arrived = passed(sent, case.network, _SEED)
    came_s = {one.sent.index: one.at_s for one in arrived}
    out_s = _PATHS[path](arrived).out_s()
    frames = [i for span in talk.last_words for i in span if i in came_s]
    waits_ms = [1000 * (out_s[i] - came_s[i]) for i in frames if i in out_s]
    return {
        "last_word_p95_ms": percentile(waits_ms, 0.95),
        "last_word_max_ms": max(waits_ms),
        "last_word_never": sum(i not in out_s for i in frames),
    }


def written_down(engine: WhisperEngine, talk: Talk, track: Samples) -> list[Errors]:
    """Return each clip's errors, transcribed by itself as ``bench.accuracy`` does."""
    options = DecodeOptions(word_times=False)
    sounds = (track[one.start - _MARGIN : one.end + _MARGIN] for one in talk.spoken)
    texts = [engine.transcribe(sound, options).text for sound in sounds]
    return [raw_errors(one.clip.text, text) for one, text in zip(talk.spoken, texts, strict=True)]


def misheard(errors: list[Errors], without_loss: list[Errors]) -> Row:
    """Compare with the same path without losses, on the same clips.

    The standard error is that of other clips of the same kind (bootstrap, the clips in pairs).
    """
    table = np.array(
        [
            (mine.errors - other.errors, mine.characters)
            for mine, other in zip(errors, without_loss, strict=True)
        ]
    )
    drawn = np.random.default_rng(_SEED).integers(0, len(table), (1000, len(table)))
    more, characters = np.moveaxis(table[drawn].sum(axis=1), -1, 0)
    return {
        "cer_percent": sum(errors, Errors()).cer_percent,
        "points_more": 100 * float(table[:, 0].sum() / table[:, 1].sum()),
        "standard_error": 100 * float(np.std(more / characters)),
    }


def measure(talk: Talk, engine: WhisperEngine | None) -> list[Row]:
    rows: list[Row] = []
    without_loss: dict[str, list[Errors]] = {}
    for case in CASES:
        sent = voiced(talk.sound, case.loss_percent, fec=case.fec)
        arrived = passed(sent, case.network, _SEED)
        for path in case.paths:
            heard = _PATHS[path](arrived)
            words: Row = {}
            if engine:
                errors = written_down(engine, talk, heard.track(talk.sound.size))
                words = misheard(errors, without_loss.setdefault(path, errors))
            rows.append(
                {
                    "path": path,
                    "loss_percent": case.loss_percent,
                    "in_rows": "3 on average" if case.in_rows else "no",
                    "overtaken_percent": case.overtaken_percent,
                    "fec": "yes" if case.fec else "no",
                    **fates(sent, arrived, heard),
                    **words,
                    **last_words(talk, case, path, sent),
                }
            )
            print(*(f"{name}={value}" for name, value in rows[-1].items()), file=sys.stderr)
    return rows


def nearness(talk: Talk) -> list[Row]:
    """Compare lost frames with the lossless decode: recovered, and had they been concealed."""
    sent = voiced(talk.sound, 5, fec=True)
    arrived = passed(sent, Case(5).network, _SEED)
    came = {one.sent.index for one in arrived}
    whole = heard_by_us(passed(sent, Case(0).network, _SEED)).track(talk.sound.size)
    ways = {
        "recovered": heard_by_us(arrived).track(talk.sound.size),
        "concealed": concealed(sent, came),
    }
    frames = sorted(isolated(sent, came))
    return [{"frames": way, **distances(whole, track, frames)} for way, track in ways.items()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.loss")
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--no-words", action="store_true", help="leave Whisper out")
    parser.add_argument("--store", action="store_true")
    options = parser.parse_args()
    speech = measuring_speech(speech_folder())
    chosen = np.linspace(0, len(speech) - 1, min(options.clips, len(speech)))
    talk = Talk.of([speech[i] for i in chosen.astype(int)])
    model = None if options.no_words else WhisperEngine(Registry.default().path("whisper-base"))
    table = measure(talk, model)
    near = nearness(talk)
    for rows in (table, near):
        print_table(rows)
    if options.store:
        print(store("loss", table), store("loss_frames", near), file=sys.stderr)


if __name__ == "__main__":
    main()
