"""Make the clips again: ``python -m tests.speech.generate [FILE.flac ...]``, all without names.

The voice model comes from the model registry, which fetches it on first use. The result depends
only on texts.json, the model and the library versions; across processors samples differ slightly.
"""

import re
import sys
from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
import soundfile

from pipeline.audio import RATE_HZ, Samples, samples
from pipeline.models import Registry
from tests.speech.clips import FOLDER, Line, lines
from tests.speech.hangul import to_ipa
from tests.speech.kokoro import KokoroVoices, VoiceFiles

MODEL: Final = "kokoro-voices"
PEAK: Final = 0.7
"""About -3 dBFS, the same for every clip: the voices differ in level by 8 dB."""
EDGE_S: Final = 0.25
"""Silence before and after a clip."""
PAUSE_S: Final = 0.15
"""Silence put between two sentences, beside what is kept of their own."""
KEPT_S: Final = 0.15
"""Silence kept before and after sound. Inside a sentence the model stops for up to 0.7 s between
words, where an endpointer hears the end of an utterance; this leaves twice 0.15 s."""
SOUNDING: Final = 0.01
"""Quieter than this share of the peak (-40 dB) is the model's own silence."""

_SENTENCE = re.compile(r"[^.?!]+[.?!]")


def main(names: Sequence[str]) -> None:
    """Write the named clips, or all of them, beside this file."""
    script = lines()
    voices = KokoroVoices(VoiceFiles.in_folder(Registry.default().fetch(MODEL)))
    for name in names or script:
        clip = speak(voices, script[name])
        soundfile.write(FOLDER / name, clip, RATE_HZ, subtype="PCM_16")
        sys.stdout.write(f"{name} {clip.size / RATE_HZ:.2f} s\n")


def speak(voices: KokoroVoices, line: Line) -> Samples:
    """Say a line sentence by sentence, at a fixed level, with silence around it."""
    pause = np.zeros(samples(PAUSE_S), np.float32)
    sentences = (
        _tightened(voices.speak(to_ipa(sentence.strip()), line.voice, line.speed))
        for sentence in _SENTENCE.findall(line.text)
    )
    parts = list(chain.from_iterable((pause, sentence) for sentence in sentences))
    spoken = np.concatenate(parts[1:])
    return np.pad(spoken * (PEAK / np.abs(spoken).max()), samples(EDGE_S))


def _tightened(sentence: Samples) -> Samples:
    """Drop every sample that is further than ``KEPT_S`` from one that sounds."""
    reach = samples(KEPT_S)
    sounds = np.abs(sentence) > SOUNDING * np.abs(sentence).max()
    sounds_before = np.cumsum(np.pad(sounds, (reach + 1, reach)))
    is_near = sounds_before[2 * reach + 1 :] > sounds_before[: -2 * reach - 1]
    return sentence[is_near]


if __name__ == "__main__":
    main(sys.argv[1:])
