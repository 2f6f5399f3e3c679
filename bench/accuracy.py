"""How many characters the ears get wrong, sentence by sentence and in made interviews.

``python -m bench.accuracy [--seeds 1-5] [--model DIR]``; speech comes from DAEDAM_SPEECH.
The target: interviews through VAD and endpointing are at most one point of CER worse than the
same model on the sentences one by one.
"""

import argparse
from itertools import groupby
from pathlib import Path

import numpy as np

from bench.corpus import Clip, clips, monologue, panel, speech_folder
from bench.hearing import CpuClock, Ears, Heard
from bench.results import Row, print_table, store
from bench.scoring import Errors, kocer_errors, raw_errors, split_like
from pipeline.audio import RATE_HZ, Samples, seconds
from pipeline.engines.whisper import DecodeOptions
from pipeline.models import Registry


def one_by_one(ears: Ears, spoken: list[Clip]) -> tuple[Row, Errors, Errors]:
    """Transcribe each clip whole: no VAD, no guards."""
    clock = CpuClock()
    texts = [ears.whisper.transcribe(clip.audio, DecodeOptions()).text for clip in spoken]
    pairs = [(clip.text, text) for clip, text in zip(spoken, texts, strict=True)]
    raw = sum((raw_errors(*pair) for pair in pairs), Errors())
    read = sum((kocer_errors(*pair) for pair in pairs), Errors())
    audio_s = sum(seconds(clip.audio.size) for clip in spoken)
    return _row("clips one by one", len(spoken), 0, (raw, read), clock.cpu_s / audio_s), raw, read


def interview(ears: Ears, spoken: list[Clip], seed: int) -> tuple[Row, Errors, Errors]:
    """Transcribe all clips as one interview and score its whole text."""
    order, recording = panel(spoken, seed)
    return _whole(ears, f"interview, seed {seed}", order, recording)


def without_pauses(ears: Ears, spoken: list[Clip]) -> Row:
    """Transcribe each voice's clips as speech without a pause, cut only for its length."""
    order = sorted(spoken, key=lambda clip: clip.speaker)
    voices = [list(group) for _, group in groupby(order, key=lambda clip: clip.speaker)]
    breath = np.zeros(RATE_HZ, np.float32)
    recording = np.concatenate([part for voice in voices for part in (monologue(voice), breath)])
    return _whole(ears, "without pauses", order, recording)[0]


def _whole(
    ears: Ears, name: str, order: list[Clip], recording: Samples
) -> tuple[Row, Errors, Errors]:
    clock = CpuClock()
    heard = ears.listen(recording)
    cpu_s = clock.cpu_s
    references = [clip.text for clip in order]
    text = _kept_text(heard)
    raw = raw_errors(" ".join(references), text)
    read = sum(map(kocer_errors, references, split_like(references, text)), Errors())
    dropped = sum(one.dropped is not None for one in heard)
    row = _row(name, len(heard), dropped, (raw, read), cpu_s / seconds(recording.size))
    return row, raw, read


def _kept_text(heard: list[Heard]) -> str:
    return " ".join(one.transcript.text for one in heard if one.dropped is None)


def _row(
    name: str, utterances: int, dropped: int, errors: tuple[Errors, Errors], rate: float
) -> Row:
    return {
        "what": name,
        "utterances": utterances,
        "dropped": dropped,
        "characters": errors[0].characters,
        "cer_raw_percent": errors[0].cer_percent,
        "cer_kocer_percent": errors[1].cer_percent,
        "cpu_s_per_audio_s": rate,
    }


def measure(ears: Ears, spoken: list[Clip], seeds: list[int]) -> list[Row]:
    """Return one row per run and the pooled interviews, printing each as it is done."""
    alone, raw_alone, read_alone = one_by_one(ears, spoken)
    print_table([alone])
    rows: list[Row] = []
    raw, read = Errors(), Errors()
    for seed in seeds:
        row, seed_raw, seed_read = interview(ears, spoken, seed)
        rows.append(row)
        raw, read = raw + seed_raw, read + seed_read
        print_table([row])
    utterances, dropped = (sum(int(row[key] or 0) for row in rows) for key in _COUNTS)
    rate = sum(float(row["cpu_s_per_audio_s"] or 0) for row in rows) / len(seeds)
    pooled = _row("interviews pooled", utterances, dropped, (raw, read), rate)
    difference: Row = {
        **dict.fromkeys(pooled),
        "what": "pooled minus one by one",
        "cer_raw_percent": raw.cer_percent - raw_alone.cer_percent,
        "cer_kocer_percent": read.cer_percent - read_alone.cer_percent,
    }
    return [alone, *rows, pooled, difference, without_pauses(ears, spoken)]


_COUNTS = ("utterances", "dropped")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="1-5", help="first-last, default 1-5")
    parser.add_argument("--model", type=Path, help="a Whisper folder, default whisper-base")
    arguments = parser.parse_args()
    folder = speech_folder()
    if folder is None:
        print("DAEDAM_SPEECH names no folder of measuring speech; nothing to measure.")
        return
    first, _, last = arguments.seeds.partition("-")
    seeds = list(range(int(first), int(last or first) + 1))
    model = arguments.model or Registry.default().path("whisper-base")
    rows = measure(Ears(model), clips(folder), seeds)
    print_table(rows)
    print(f"stored in {store('accuracy', rows)}")


if __name__ == "__main__":
    main()
