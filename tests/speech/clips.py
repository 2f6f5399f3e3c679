"""The generated clips: ``load`` one by the file name in texts.json, or take ``all_clips``."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import soundfile

from pipeline.audio import RATE_HZ, Samples

FOLDER: Final = Path(__file__).parent


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one clip says, who says it in the interview, and how it was spoken."""

    voice: str
    speaker: str
    speed: float
    text: str


class _Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of texts.json."""

    clips: dict[str, Line]


@dataclass(frozen=True, slots=True)
class Clip:
    """One stored clip.

    Attributes:
        samples: shape (n,), float32 in [-1, 1], 16 kHz mono.
    """

    name: str
    samples: Samples
    text: str
    speaker: str
    voice: str


def lines() -> dict[str, Line]:
    """What every clip says, by file name, in the order of texts.json."""
    return msgspec.json.decode((FOLDER / "texts.json").read_bytes(), type=_Script).clips


def load(name: str) -> Clip:
    """Read one clip, for instance ``load("applicant2_thanks.flac")``.

    Raises:
        KeyError: texts.json names no such clip.
    """
    line = lines()[name]
    samples, rate_hz = soundfile.read(FOLDER / name, dtype="float32")
    assert rate_hz == RATE_HZ
    return Clip(name, samples, line.text, line.speaker, line.voice)


def all_clips() -> tuple[Clip, ...]:
    return tuple(load(name) for name in lines())
