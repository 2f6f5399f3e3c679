"""Writes the WAV files that the browsers speak into their microphones, and what they say.

python -m tests.browser.voices FOLDER

It needs what `tools/environment --test` installs (`make test` does it first).
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import soundfile

from pipeline.audio import RATE_HZ
from tests.speech.clips import load

PAUSE_S: Final = 1.8
"""After every clip, long enough to end an utterance; the browsers play the file in a loop."""
VOICES: Final = {
    "applicant1": ("applicant1_skills.flac", "applicant1_motive.flac"),
    "applicant2": ("applicant2_experience.flac", "applicant2_leadership.flac"),
    # Short sentences, where somebody is waited for again and again.
    "applicant3": ("applicant3_weather.flac", "question_motive.flac"),
}


def write(folder: Path) -> dict[str, dict[str, object]]:
    """Write one file per voice and return where it is and which texts it says."""
    return {voice: _write(folder / f"{voice}.wav", clips) for voice, clips in VOICES.items()}


def _write(file: Path, names: Sequence[str]) -> dict[str, object]:
    clips = [load(name) for name in names]
    pause = np.zeros(int(PAUSE_S * RATE_HZ), np.float32)
    sound = np.concatenate([part for clip in clips for part in (clip.samples, pause)])
    soundfile.write(file, sound, RATE_HZ, subtype="PCM_16")
    return {
        "file": str(file),
        "texts": [clip.text for clip in clips],
        "every_s": sound.size / RATE_HZ / len(clips),
        "pause_s": PAUSE_S,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(write(Path(sys.argv[1])), ensure_ascii=False))
