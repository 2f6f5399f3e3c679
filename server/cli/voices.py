"""Who may speak in a recording, and whose voices are known: ``--speakers`` and ``--enrol``."""

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from pipeline.audio import Samples, samples
from pipeline.containers import NotAudio, decode
from pipeline.jobs import EngineError
from pipeline.speakers.enrolment import LONGEST_S, Refusal, Refused, check
from pipeline.speakers.gallery import Gallery
from pipeline.speakers.models import VoiceModels
from server.errors import ClientError, ErrorCode
from server.events import SEATS

MOST_SPEAKERS: Final = 6
MOST_OF_A_KIND: Final = 3
_ALIKE: Final = 0.75
"""Cosine from which two readings may be taken for each other."""

_REFUSED: Final = {
    Refusal.TOO_SHORT: "holds too little speech; about eight seconds are needed",
    Refusal.CLIPPED: "is distorted; it was recorded too loud",
    Refusal.NOISY: "is too noisy",
    Refusal.SHARED: "holds another voice as well",
}


@dataclass(frozen=True, slots=True)
class Party:
    """Who may speak: how many at most, and the seats they may have."""

    most: int
    seats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A recording of the one voice of a seat."""

    seat: str
    file: Path


def party(text: str) -> Party:
    """Read ``3+3`` (interviewers and applicants) or ``6``."""
    sentence = f"{text} is not like 3+3 (interviewers+applicants) or 6; at most six speak"
    parts = text.split("+")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise argparse.ArgumentTypeError(sentence)
    counts = [int(part) for part in parts]
    if not 1 <= sum(counts) <= MOST_SPEAKERS or (len(counts) == 2 and max(counts) > MOST_OF_A_KIND):
        raise argparse.ArgumentTypeError(sentence)
    if len(counts) == 1:
        return Party(counts[0], SEATS)
    interviewers, applicants = (SEATS[:MOST_OF_A_KIND], SEATS[MOST_OF_A_KIND:])
    return Party(sum(counts), (*interviewers[: counts[0]], *applicants[: counts[1]]))


def reading(text: str) -> Reading:
    """Read ``SEAT=FILE``."""
    seat, mark, file = text.partition("=")
    if not mark or not file:
        raise argparse.ArgumentTypeError(f"{text} is not like {SEATS[0]}=FILE")
    return Reading(seat, Path(file))


def check_readings(readings: Iterable[Reading], who: Party | None) -> None:
    """Refuse readings of nobody, before any work is done.

    Raises:
        ClientError: the sentence says what is wrong.
    """
    seen: set[str] = set()
    for one in readings:
        if who is None:
            raise _wrong("--enrol needs --speakers, for instance --speakers 3+3.")
        if one.seat not in who.seats:
            raise _wrong(f"There is no {one.seat} here; there are: {', '.join(who.seats)}.")
        if one.seat in seen:
            raise _wrong(f"{one.seat} is enrolled twice; one recording is enough.")
        seen.add(one.seat)
    if who is not None and len(seen) > who.most:
        raise _wrong(f"{len(seen)} people are enrolled, but at most {who.most} speak.")


def load(file: Path) -> Samples:
    """Decode as much of ``file`` as a voice is learnt from; blocking.

    Raises:
        ClientError: it is no audio.
        OSError: it cannot be read.
    """
    blocks: list[Samples] = []
    wanted = samples(LONGEST_S)
    try:
        with file.open("rb") as source:
            for block in decode(source):
                blocks.append(block)
                wanted -= block.size
                if wanted <= 0:
                    break
    except NotAudio as error:
        raise _wrong(f"{file}: {error}") from error
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


async def enrol(
    gallery: Gallery, sounds: Sequence[tuple[Reading, Samples]], models: VoiceModels
) -> list[str]:
    """Learn every voice under the name of its seat; return warnings about voices that are alike.

    Raises:
        ClientError: a recording is no good; the sentence says why.
        EngineError: a model failed or is missing.
    """
    warnings: list[str] = []
    for one, sound in sounds:
        learnt = await check(sound, models)
        if isinstance(learnt, Refused):
            raise _wrong(f"{one.file} {_REFUSED[learnt.reason]}: {one.seat} cannot be recognised.")
        if alike := gallery.alike(learnt.embedding, _ALIKE):
            warnings.append(f"{one.seat} sounds like {', '.join(alike)}; they may be confused.")
        gallery.enrol(one.seat, learnt.embedding)
    return warnings


def not_told_apart(error: EngineError | str) -> str:
    """Return what somebody reads whose recording is transcribed without speakers."""
    return f"Speakers are not told apart: {error}"


def _wrong(sentence: str) -> ClientError:
    return ClientError(ErrorCode.BAD_REQUEST, sentence)
